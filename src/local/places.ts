/** Where tables and views may lie: under the warehouse's location or an allowed one, in a form that cannot step out. */
import { CatalogError } from '#model/errors.ts'
import { checkText } from '#model/identifier.ts'
import type { JsonObject } from '#model/json.ts'
import { isInside, normalLocation, parseLocation } from '#model/location.ts'
import { type ClaimedPath, storeName } from '#store/claims.ts'
import type { Facts, LocalWarehouse } from './deps.ts'

export interface Places {
  /** The place of a new table: by its own uuid, so that a rename leaves no trap for the next table of the name. */
  defaultLocation(namespaceLocation: string | undefined, uuid: string): string
  /** Where a namespace without a location of its own has its tables put by clients that choose the place. */
  namespaceLocation(contentId: string): string
  /** BadRequest for a location that tables may not have. */
  check(location: string): void
  /** BadRequest for a place at which a namespace's tables may not be put. */
  checkParent(location: string): void
  /** BadRequest for a location, or a path in the properties, that this document may not have. */
  checkFacts(facts: Facts): void
  /** The normal form that is claimed. */
  claimOf(location: string): ClaimedPath
}

/** Properties that send data or metadata files elsewhere. */
const pathProperties = [
  'write.data.path',
  'write.metadata.path',
  'write.object-storage.path',
  'write.folder-storage.path',
] as const

/** Where, apart from its location, an object's files may be sent. */
export const filePathsOf = ({ properties }: Facts): readonly string[] =>
  pathProperties.flatMap((key) => properties[key] ?? [])

/** Every place that is an object's own. */
export const placesOf = (facts: Facts): readonly string[] => [facts.location, ...filePathsOf(facts)]

export const withoutTrailingSlashes = (location: string): string => location.replace(/(?<=[^/:])\/+$/, '')

export const createPlaces = (warehouse: LocalWarehouse): Places => {
  const roots = [warehouse.location, ...warehouse.allowedLocations].map(normalLocation)

  const checkParent = (location: string): void => {
    checkText(location, 'location')
    if (!roots.some((root) => isInside(location, root)))
      throw new CatalogError(
        'BadRequestException',
        `Invalid location: ${location} is not under a location that the warehouse allows`,
      )
  }
  const check = (location: string): void => {
    checkParent(location)
    // At the root itself it would leave no place for another table.
    if (roots.includes(normalLocation(location)))
      throw new CatalogError(
        'BadRequestException',
        `Invalid location: ${location} is where the warehouse's tables lie, and cannot be one table's`,
      )
  }

  const below = (parent: string, id: string): string => `${withoutTrailingSlashes(parent)}/${id}`

  return {
    defaultLocation: (namespaceLocation, uuid) => below(namespaceLocation ?? warehouse.location, uuid),
    namespaceLocation: (contentId) => below(warehouse.location, contentId),
    check,
    checkParent,
    checkFacts: (facts) => {
      for (const place of placesOf(facts)) check(place)
    },
    claimOf: (location) => {
      const { store, bucket, path } = parseLocation(location)
      const { endpoint } = warehouse
      return { store: storeName({ scheme: store, bucket, endpoint }), path: path === '' ? '/' : `/${path}/` }
    },
  }
}

/** True where a commit may move the table or its files. What stands already is not judged again by later settings. */
export const movesPlaces = (updates: readonly JsonObject[]): boolean =>
  updates.some(({ action, updates: set, updated }) => {
    const kind = typeof action === 'string' ? action.toLowerCase() : ''
    return kind === 'set-location' || (kind === 'set-properties' && (setsPath(set) || setsPath(updated)))
  })

const setsPath = (properties: JsonObject[string] | undefined): boolean =>
  typeof properties === 'object' && properties !== null && pathProperties.some((key) => key in properties)
