/** An object store in memory: a fake that passes the same contract suite as the real ones. */
import { isInside, normalLocation } from '#model/location.ts'
import { alreadyExists, notFound, outside, tooLarge } from '#storage/errors.ts'
import type { ObjectStore, StoredObject } from '#storage/object-store.ts'

export interface MemoryStore extends ObjectStore {
  /** By normal form without its trailing slash. */
  readonly objects: Map<string, Uint8Array>
}

async function* listObjects(objects: Map<string, Uint8Array>, prefix: string): AsyncGenerator<StoredObject> {
  for (const [location, bytes] of objects)
    if (location.startsWith(prefix)) yield { location, bytes: bytes.byteLength, modifiedAt: Date.now() }
}

export const createMemoryStore = (root: string): MemoryStore => {
  const objects = new Map<string, Uint8Array>()
  const keyOf = (location: string, signal?: AbortSignal): string => {
    signal?.throwIfAborted()
    if (!isInside(location, root)) throw outside(location)
    return normalLocation(location).slice(0, -1)
  }
  return {
    objects,
    read: async (location, { maxBytes, signal }) => {
      const bytes = objects.get(keyOf(location, signal))
      if (bytes === undefined) throw notFound(location)
      if (bytes.byteLength > maxBytes) throw tooLarge(location, maxBytes)
      return bytes
    },
    writeIfAbsent: async (location, bytes, signal) => {
      const key = keyOf(location, signal)
      if (objects.has(key)) throw alreadyExists(location)
      objects.set(key, bytes)
    },
    delete: async (location, signal) => {
      objects.delete(keyOf(location, signal))
    },
    exists: async (location, signal) => objects.has(keyOf(location, signal)),
    makeFolder: async (location, signal) => {
      keyOf(location, signal)
    },
    list: (prefix) => listObjects(objects, `${keyOf(prefix)}/`),
    [Symbol.asyncDispose]: async () => {},
  }
}
