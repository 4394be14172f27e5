/** From a warehouse's recorded storage to what the storage room opens, and whether it may be opened here. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { StorageRecord } from '#gateway/operations/management/registry.ts'
import { CatalogError, isCatalogError } from '#model/errors.ts'
import { parseLocation } from '#model/location.ts'
import { isUnder, realPathOf } from '#storage/file-roots.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import type { S3Settings, StorageProfile, StorageTools } from '#storage/profile.ts'
import { openStorage } from '#storage/storage.ts'

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const s3Settings = ({ settings }: StorageRecord): S3Settings => {
  const endpoint = textOf(settings['endpoint'])
  const region = textOf(settings['region'])
  const accessKeyId = textOf(settings['access-key-id'])
  const secretAccessKey = textOf(settings['secret-access-key'])
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(settings['path-style-access'] === true ? { pathStyle: true } : {}),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey } }),
  }
}

export const profileOf = (storage: StorageRecord, allowedLocations: readonly string[]): StorageProfile => ({
  location: storage.location,
  allowedLocations,
  ...(storage.kind === 's3' ? { s3: s3Settings(storage) } : {}),
})

export const endpointOf = (storage: StorageRecord): string | undefined => textOf(storage.settings['endpoint'])

export interface StorageRules {
  readonly tools: StorageTools
  /** False where clients of other machines come and do not see these files. */
  readonly filesAllowed: boolean
  /** The gateway's own: database, server key, default warehouse. Absolute. */
  readonly dataFolder: string
}

/** Refuses (400) `file:` locations that clients elsewhere could not reach. */
export const checkFileLocations = (profile: StorageProfile, filesAllowed: boolean): void => {
  const locations = [profile.location, ...profile.allowedLocations]
  const location = locations.find((one) => parseLocation(one).store === 'file')
  if (location === undefined || filesAllowed) return
  throw new CatalogError(
    'BadRequestException',
    `The location ${location} is on this machine, and clients of other machines may come: set server.shared-filesystem: true where they see the same files, or use an object store`,
  )
}

/** The one folder of the data folder that is a warehouse's: what the first start makes. */
export const defaultWarehouseFolder = (dataFolder: string): string => join(dataFolder, 'warehouse')

/** Links are followed where the disk lets us; what cannot be looked at is taken as it is spelled. */
const followed = (folder: string): Promise<string> => realPathOf(folder).catch(() => folder)

/**
 * Refuses (400) the whole disk and the gateway's own data folder, which holds its key and its database: whoever may
 * place tables would write there. Above it a warehouse may not lie either; an allowed location (`/tmp`) may.
 */
const checkApartFromData = async (profile: StorageProfile, dataFolder: string): Promise<void> => {
  const [data, own] = await Promise.all([followed(dataFolder), followed(defaultWarehouseFolder(dataFolder))])
  for (const location of [profile.location, ...profile.allowedLocations]) {
    const { store, path } = parseLocation(location)
    if (store !== 'file') continue
    const folder = await followed(`/${path}`)
    const inData = isUnder(folder, data) && !isUnder(folder, own)
    const aboveData = location === profile.location && folder !== data && isUnder(data, folder)
    if (folder === '/' || inData || aboveData)
      throw new CatalogError(
        'BadRequestException',
        `Invalid location: ${location} is the whole disk, or at, in or above the data folder of the gateway`,
      )
  }
}

const within = (location: string, name: string): string => `${location.replace(/\/$/, '')}/${name}`

const probeSteps = (store: ObjectStore, location: string) => {
  // One folder for all probes: a file system keeps it when the probe is gone.
  const folder = within(location, '.lakegate-probe')
  const file = within(folder, randomUUID())
  return [
    ['write', () => store.writeIfAbsent(file, Buffer.from('probe'))],
    ['read', () => store.read(file, { maxBytes: 1024 })],
    ['list', () => Array.fromAsync(store.list(folder))],
    ['delete', () => store.delete(file)],
  ] as const
}

/** Only our own sentences are handed on: an SDK's may hold more than a client should read. */
const reasonOf = (error: unknown): string =>
  isCatalogError(error) ? error.message : 'see the log of the server'

/** Writes, reads, lists and deletes a probe object; BadRequest naming the step that failed, or a place that may not be. */
export const checkStorage = async (profile: StorageProfile, rules: StorageRules): Promise<void> => {
  checkFileLocations(profile, rules.filesAllowed)
  await checkApartFromData(profile, rules.dataFolder)
  await using store = openStorage(profile, rules.tools)
  for (const [step, run] of probeSteps(store, profile.location)) {
    try {
      await run()
    } catch (cause) {
      throw new CatalogError(
        'BadRequestException',
        `Cannot ${step} under ${profile.location}: ${reasonOf(cause)}`,
        { cause },
      )
    }
  }
}
