/** Metadata files over an object store: compressed and decompressed on the way, off the event loop, within limits. */
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { CatalogError } from '#model/errors.ts'
import { tooLarge } from './errors.ts'
import type { ObjectStore } from './object-store.ts'

/** Meets the shapes that the catalog room and the local catalog declare for it. */
export interface MetadataFiles {
  read(location: string, signal?: AbortSignal): Promise<Uint8Array>
  writeIfAbsent(location: string, bytes: Uint8Array): Promise<void>
  delete(location: string): Promise<void>
  exists(location: string): Promise<boolean>
  makeFolder(location: string): Promise<void>
}

export interface MetadataFilesOptions {
  /** Of a file as stored and, apart from that, of what it expands to. */
  readonly maxBytes?: number
}

const defaultMaxBytes = 256 * 1024 * 1024

const compress = promisify(gzip)
const expand = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(gunzip)

/** `.gz.metadata.json`, and `.metadata.json.gz` as older writers spelled it. */
const isGzipName = (location: string): boolean =>
  /\.(?:gz\.metadata\.json|metadata\.json\.gz)$/.test(location)

/** The bytes decide when reading: some writers compress without saying so in the name, some say so and do not. */
const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b

const expandWithin = async (location: string, bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> => {
  try {
    return await expand(bytes, { maxOutputLength: maxBytes })
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge(location, maxBytes)
    throw new CatalogError('BadRequestException', `Cannot decompress file: ${location}`, { cause })
  }
}

export const createMetadataFiles = (
  store: ObjectStore,
  options: MetadataFilesOptions = {},
): MetadataFiles => {
  const maxBytes = options.maxBytes ?? defaultMaxBytes
  return {
    read: async (location, signal) => {
      const bytes = await store.read(location, signal === undefined ? { maxBytes } : { maxBytes, signal })
      return isGzip(bytes) ? await expandWithin(location, bytes, maxBytes) : bytes
    },
    writeIfAbsent: async (location, bytes) =>
      store.writeIfAbsent(location, isGzipName(location) ? await compress(bytes) : bytes),
    delete: (location) => store.delete(location),
    exists: (location) => store.exists(location),
    makeFolder: (location) => store.makeFolder(location),
  }
}
