/** Where files of a table or view lie (format specification, "File System Tables", names as the reference gives them). */
import { illegal } from './errors.ts'

/** What the name of a metadata file depends on; facts of tables and of views alike. */
export interface MetadataHome {
  readonly location: string
  readonly properties: Readonly<Record<string, string>>
  /** How metadata is compressed where `write.metadata.compression-codec` is not set: not at all, or (views) `gzip`. */
  readonly defaultCodec?: 'none' | 'gzip'
}

/** A location without trailing slashes, except those of a bare scheme (`s3://`). */
export const stripTrailingSlash = (location: string): string => {
  if (location === '') throw illegal('path must not be null or empty')
  let end = location.length
  while (end > 0 && location[end - 1] === '/' && !location.startsWith('://', end - 3)) end--
  return location.slice(0, end)
}

type Home = Pick<MetadataHome, 'location' | 'properties'>

const folderOf = ({ location, properties }: Home, key: string, name: string): string => {
  const path = properties[key]
  return path === undefined || path === ''
    ? `${stripTrailingSlash(location)}/${name}`
    : stripTrailingSlash(path)
}

/** `write.metadata.path`, or `metadata` below the location. */
const metadataFolder = (home: Home): string => folderOf(home, 'write.metadata.path', 'metadata')

/** Where a client writes first: manifests and metadata, and data (`write.data.path`, or `data` below the location). */
export const writtenFolders = (home: Home): readonly string[] => [
  metadataFolder(home),
  folderOf(home, 'write.data.path', 'data'),
]

/** The number in front of a file name; -1 where there is none. */
const versionOf = (metadataLocation: string): number => {
  const name = metadataLocation.slice(metadataLocation.lastIndexOf('/') + 1)
  const digits = /^(\d{1,10})-/.exec(name)?.[1]
  return digits === undefined ? -1 : Number(digits)
}

const extensions: Readonly<Record<string, string>> = { none: '', gzip: '.gz' }

const extensionOf = (codec: string): string => {
  const extension = Object.hasOwn(extensions, codec.toLowerCase())
    ? extensions[codec.toLowerCase()]
    : undefined
  if (extension === undefined) throw illegal(`Invalid codec name: ${codec}`)
  return `${extension}.metadata.json`
}

/**
 * The location of the next metadata file: `00000-<uuid>.metadata.json` for a new object, else one more than
 * the number of the file that it replaces. The name says whether the file is compressed.
 */
export const nextMetadataLocation = (
  home: MetadataHome,
  baseLocation: string | null,
  uuid: string,
): string => {
  const version = baseLocation === null ? 0 : versionOf(baseLocation) + 1
  const codec = home.properties['write.metadata.compression-codec'] ?? home.defaultCodec ?? 'none'
  return `${metadataFolder(home)}/${String(version).padStart(5, '0')}-${uuid}${extensionOf(codec)}`
}
