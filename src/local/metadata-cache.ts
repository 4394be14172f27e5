/** Metadata files in memory: immutable, because only what we wrote or read ourselves comes in; bounded by bytes. */
import { LRUCache } from 'lru-cache'

export interface MetadataCache {
  /** `scope` tells apart stores in which one location may mean two files. */
  get(scope: string, location: string): Uint8Array | undefined
  set(scope: string, location: string, bytes: Uint8Array): void
  /** From memory, else by `read`; callers that ask at the same time wait for one reading. */
  fetch(scope: string, location: string, read: () => Promise<Uint8Array>): Promise<Uint8Array>
}

/** What an entry costs beside its bytes, roughly. */
const overheadBytes = 256

export const createMetadataCache = (options: { readonly maxBytes: number }): MetadataCache => {
  const files = new LRUCache<string, Uint8Array>({
    maxSize: options.maxBytes,
    sizeCalculation: (bytes, key) => bytes.byteLength + key.length * 2 + overheadBytes,
  })
  const reading = new Map<string, Promise<Uint8Array>>()

  const readOnce = async (key: string, read: () => Promise<Uint8Array>): Promise<Uint8Array> => {
    try {
      const bytes = await read()
      files.set(key, bytes)
      return bytes
    } finally {
      reading.delete(key)
    }
  }

  return {
    get: (scope, location) => files.get(`${scope} ${location}`),
    set: (scope, location, bytes) => {
      files.set(`${scope} ${location}`, bytes)
    },
    fetch: async (scope, location, read) => {
      const key = `${scope} ${location}`
      const known = files.get(key) ?? reading.get(key)
      if (known !== undefined) return known
      const started = readOnce(key, read)
      reading.set(key, started)
      return started
    },
  }
}
