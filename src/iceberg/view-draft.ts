/** A view's metadata while a commit changes it: scalars decoded, lists raw until touched. */
import { type DocumentIndex, decodeSpan, indexDocument, indexSpan } from '#model/document.ts'
import { asString, type Id } from '#model/json-read.ts'
import { hasMember, intMember, longMember, required, stringMember } from './document-read.ts'
import { invalid } from './errors.ts'
import { createItemList, type ItemCodec, type ItemList } from './item-list.ts'
import { createNamedEntries, type NamedEntries } from './named-entries.ts'
import { encodeSchema, parseSchema, type Schema } from './schema.ts'
import { parseViewVersion, type ViewVersion } from './view-version.ts'

/** The only version of the view specification. */
export const supportedViewFormatVersion = 1

interface VersionLogEntry {
  readonly timestampMs: Id
  readonly versionId: number
}

/** Members whose value is one number or string. */
export interface ViewValues {
  readonly uuid: string
  formatVersion: number
  location: string
  currentVersionId: number
}

export interface ViewDraft {
  /** The document that is being changed; undefined for one that is being created. */
  readonly index: DocumentIndex | undefined
  /** The scalars as the document has them. */
  readonly original: Readonly<ViewValues> | undefined
  readonly values: ViewValues
  readonly schemas: ItemList<Schema>
  readonly versions: ItemList<ViewVersion>
  readonly log: ItemList<VersionLogEntry>
  readonly properties: NamedEntries<string>
  /** Epoch milliseconds of this commit. */
  readonly now: number
  readonly changes: ViewChanges
}

/** What this commit did, as far as later updates and the log depend on it. */
interface ViewChanges {
  /** True as soon as one update was more than a no-op. */
  any: boolean
  lastAddedSchemaId: number | undefined
  lastAddedVersionId: number | undefined
  readonly addedVersions: Set<number>
  /** One entry a commit: the last version that became current. */
  logEntry: VersionLogEntry | undefined
}

const schemaCodec: ItemCodec<Schema> = {
  read: (index, span) => parseSchema(decodeSpan(index, span), 'schemas'),
  write: encodeSchema,
  key: (schema) => schema.id,
}

const versionCodec: ItemCodec<ViewVersion> = {
  read: (index, span) => parseViewVersion(decodeSpan(index, span), 'versions'),
  write: (version) => version.json,
  key: (version) => version.id,
}

const logCodec: ItemCodec<VersionLogEntry> = {
  read: (index, span) => {
    const entry = indexSpan(index, span)
    return {
      timestampMs: required(longMember(entry, 'timestamp-ms'), 'timestamp-ms'),
      versionId: required(intMember(entry, 'version-id'), 'version-id'),
    }
  },
  write: (entry) => ({ 'timestamp-ms': entry.timestampMs, 'version-id': entry.versionId }),
  key: (entry) => entry.versionId,
}

const readValues = (index: DocumentIndex): ViewValues => {
  const formatVersion = required(intMember(index, 'format-version'), 'format-version')
  if (formatVersion < 1 || formatVersion > supportedViewFormatVersion)
    throw invalid(`Unsupported format version: ${formatVersion}`)
  for (const name of ['schemas', 'versions', 'version-log'])
    if (!hasMember(index, name)) throw invalid(`Cannot parse missing field: ${name}`)
  return {
    uuid: required(stringMember(index, 'view-uuid'), 'view-uuid'),
    formatVersion,
    location: required(stringMember(index, 'location'), 'location'),
    currentVersionId: required(intMember(index, 'current-version-id'), 'current-version-id'),
  }
}

const open = (index: DocumentIndex | undefined, values: ViewValues): Omit<ViewDraft, 'original' | 'now'> => ({
  index,
  values,
  schemas: createItemList({ index, member: 'schemas', codec: schemaCodec }),
  versions: createItemList({ index, member: 'versions', codec: versionCodec }),
  log: createItemList({ index, member: 'version-log', codec: logCodec }),
  properties: createNamedEntries({ index, member: 'properties', read: asString, write: (value) => value }),
  changes: {
    any: false,
    lastAddedSchemaId: undefined,
    lastAddedVersionId: undefined,
    addedVersions: new Set(),
    logEntry: undefined,
  },
})

/** Opens a document; ValidationException when its scalars are no view metadata. */
export const openView = (bytes: Uint8Array, now: number): ViewDraft => {
  const index = indexDocument(bytes)
  const original = readValues(index)
  return { ...open(index, { ...original }), original, now }
}

/** Begins the metadata of a new view. */
export const beginView = (uuid: string, location: string, now: number): ViewDraft => ({
  ...open(undefined, {
    uuid,
    location,
    formatVersion: supportedViewFormatVersion,
    currentVersionId: 0,
  }),
  original: undefined,
  now,
})

export const versionById = (draft: ViewDraft, id: number): ViewVersion | undefined => draft.versions.find(id)
