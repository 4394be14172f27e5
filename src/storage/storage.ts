/** The object store of one warehouse: each location goes to the store of its scheme, and only below the profile's locations. */
import { type Location, parseLocation } from '#model/location.ts'
import { outside } from './errors.ts'
import { createFileStore } from './file-store.ts'
import type { ObjectStore } from './object-store.ts'
import type { StorageProfile, StorageTools } from './profile.ts'
import { createS3Store } from './s3-store.ts'

/**
 * Opens nothing yet: a store is reached when first asked. BadRequest for a location that is malformed.
 * A profile may mix schemes (data in S3, an allowed `file:` folder beside it).
 */
export const openStorage = (profile: StorageProfile, tools: StorageTools): ObjectStore => {
  const locations = [profile.location, ...profile.allowedLocations]
  const rootsOf = (store: Location['store']): readonly string[] =>
    locations.filter((location) => parseLocation(location).store === store)
  const s3Roots = rootsOf('s3')
  const fileRoots = rootsOf('file')
  const stores: Partial<Record<Location['store'], ObjectStore>> = {
    ...(fileRoots.length > 0 ? { file: createFileStore(fileRoots) } : {}),
    ...(s3Roots.length > 0
      ? { s3: createS3Store({ roots: s3Roots, settings: profile.s3 ?? {} }, tools) }
      : {}),
  }
  const storeOf = (location: string): ObjectStore => {
    const store = stores[parseLocation(location).store]
    if (store === undefined) throw outside(location)
    return store
  }
  return {
    read: async (location, options) => storeOf(location).read(location, options),
    writeIfAbsent: async (location, bytes, signal) =>
      storeOf(location).writeIfAbsent(location, bytes, signal),
    delete: async (location, signal) => storeOf(location).delete(location, signal),
    exists: async (location, signal) => storeOf(location).exists(location, signal),
    makeFolder: async (location, signal) => storeOf(location).makeFolder(location, signal),
    list: (prefix, signal) => storeOf(prefix).list(prefix, signal),
    [Symbol.asyncDispose]: async () => {
      for (const store of Object.values(stores)) await store[Symbol.asyncDispose]()
    },
  }
}
