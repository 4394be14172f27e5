/**
 * Warehouses lie apart: none at, above or below another one's location; and no project reaches into another one's by the
 * further locations that a warehouse allows.
 */
import { CatalogError } from '#model/errors.ts'
import { isInside } from '#model/location.ts'
import type { Transaction } from './database.ts'
import { type Lock, lock } from './entries-write.ts'

export interface WarehousePlace {
  readonly projectId: string
  readonly name: string
  readonly storage: { readonly location: string; readonly settings: Readonly<Record<string, unknown>> }
  readonly allowedLocations?: readonly string[]
}

const storeOf = ({ storage }: WarehousePlace): unknown => storage.settings['endpoint'] ?? null

const isSame = (one: WarehousePlace, other: WarehousePlace): boolean =>
  one.projectId === other.projectId && one.name === other.name

const touch = (one: string, other: string): boolean => isInside(one, other) || isInside(other, one)

const isRival = (wanted: WarehousePlace, other: WarehousePlace): boolean => {
  if (isSame(other, wanted) || storeOf(other) !== storeOf(wanted)) return false
  if (touch(wanted.storage.location, other.storage.location)) return true
  if (other.projectId === wanted.projectId) return false
  const { allowedLocations = [] } = wanted
  return (
    allowedLocations.some((location) => touch(location, other.storage.location)) ||
    (other.allowedLocations ?? []).some((location) => touch(wanted.storage.location, location))
  )
}

/**
 * BadRequest for a location at, above or below another warehouse's: what may reach the one would reach the other. One
 * of the same name is no rival: that the name is taken is said elsewhere.
 */
export const checkApart = (others: readonly WarehousePlace[], wanted: WarehousePlace): void => {
  const { location } = wanted.storage
  const rival = others.find((other) => isRival(wanted, other))
  if (rival === undefined) return
  const whose = rival.projectId === wanted.projectId ? `warehouse ${rival.name}` : 'another warehouse'
  throw new CatalogError(
    'BadRequestException',
    `Invalid storage-profile: ${location} is at, above or below the location of ${whose}`,
  )
}

const placesLock: Lock = { order: '5 warehouse places', exclusive: true }

/**
 * Lets one transaction after the other decide where a warehouse lies, each with what the one before it has committed.
 * Taken before any row is locked, so that nobody waits in a ring.
 */
export const lockPlaces = (tx: Transaction): Promise<void> => lock(tx, [placesLock])
