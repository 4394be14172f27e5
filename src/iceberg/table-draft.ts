/** A table's metadata while a commit changes it: scalars decoded, lists raw until touched. */
import { type DocumentIndex, decodeMember, decodeSpan, indexSpan, type Span } from '#model/document.ts'
import type { JsonObject } from '#model/json.ts'
import { asString, type Id } from '#model/json-read.ts'
import { asTime, hasMember, longOfItem, required, stringMember } from './document-read.ts'
import { createItemList, type ItemCodec, type ItemList } from './item-list.ts'
import { objectOf } from './members.ts'
import { createNamedEntries, type NamedEntries } from './named-entries.ts'
import {
  encodePartitionSpec,
  firstPartitionFieldId,
  highestFieldId,
  type PartitionSpec,
  parsePartitionFields,
  parsePartitionSpec,
} from './partition-spec.ts'
import { encodeSchema, parseSchema, type Schema } from './schema.ts'
import type { AddedSnapshot } from './snapshot.ts'
import {
  branchOf,
  encodeSnapshotRef,
  mainBranch,
  parseSnapshotRef,
  type SnapshotRef,
} from './snapshot-ref.ts'
import { encodeSortOrder, parseSortOrder, type SortOrder } from './sort-order.ts'
import { readTableValues, type TableValues } from './table-values.ts'

/** An item that is known by its snapshot; `json` for what this commit adds. */
export interface OfSnapshot {
  readonly snapshotId: Id
  readonly json?: JsonObject
}

export interface SnapshotLogEntry {
  readonly timestampMs: number
  readonly snapshotId: Id
}

interface MetadataLogEntry {
  readonly timestampMs: number
  readonly file: string
}

export interface EncryptionKey {
  readonly keyId: string
  readonly json?: JsonObject
}

/** Values that every document has once it is opened or begun. */
export type DraftValues = TableValues & {
  lastSequenceNumber: Id
  currentSchemaId: number
  defaultSpecId: number
  lastPartitionId: number
  defaultSortOrderId: number
  nextRowId: Id
}

export interface TableDraft {
  /** The document that is being changed; undefined for one that is being created. */
  readonly index: DocumentIndex | undefined
  /** The scalars as the document has them. */
  readonly original: TableValues | undefined
  readonly values: DraftValues
  readonly schemas: ItemList<Schema>
  readonly specs: ItemList<PartitionSpec>
  readonly sortOrders: ItemList<SortOrder>
  readonly snapshots: ItemList<OfSnapshot>
  readonly statistics: ItemList<OfSnapshot>
  readonly partitionStatistics: ItemList<OfSnapshot>
  readonly encryptionKeys: ItemList<EncryptionKey>
  readonly snapshotLog: ItemList<SnapshotLogEntry>
  readonly metadataLog: ItemList<MetadataLogEntry>
  readonly refs: NamedEntries<SnapshotRef>
  readonly properties: NamedEntries<string>
  /** Epoch milliseconds of this commit. */
  readonly now: number
  readonly changes: Changes
}

/** What this commit did, as far as later updates and the logs depend on it. */
interface Changes {
  /** True as soon as one update was more than a no-op. */
  any: boolean
  lastAddedSchemaId: number | undefined
  lastAddedSpecId: number | undefined
  lastAddedSortOrderId: number | undefined
  readonly addedSnapshots: Map<Id, AddedSnapshot>
  /** Ids of added snapshots that `main` was set to, in order. */
  readonly setAsMain: Id[]
  removedSnapshots: boolean
}

const ofSnapshot: ItemCodec<OfSnapshot> = {
  read: (index, span) => ({ snapshotId: longOfItem(index, span, 'snapshot-id') }),
  write: (item) => item.json ?? objectOf([['snapshot-id', item.snapshotId]]),
  key: (item) => item.snapshotId,
}

const timeOf = (index: DocumentIndex, span: Span): number =>
  asTime(longOfItem(index, span, 'timestamp-ms'), 'timestamp-ms')

const snapshotLogCodec: ItemCodec<SnapshotLogEntry> = {
  read: (index, span) => ({
    timestampMs: timeOf(index, span),
    snapshotId: longOfItem(index, span, 'snapshot-id'),
  }),
  write: (entry) => ({ 'timestamp-ms': entry.timestampMs, 'snapshot-id': entry.snapshotId }),
  key: (entry) => entry.snapshotId,
}

const metadataLogCodec: ItemCodec<MetadataLogEntry> = {
  read: (index, span) => ({
    timestampMs: timeOf(index, span),
    file: required(stringMember(indexSpan(index, span), 'metadata-file'), 'metadata-file'),
  }),
  write: (entry) => ({ 'timestamp-ms': entry.timestampMs, 'metadata-file': entry.file }),
  key: (entry) => entry.file,
}

const encryptionKeyCodec: ItemCodec<EncryptionKey> = {
  read: (index, span) => ({ keyId: required(stringMember(indexSpan(index, span), 'key-id'), 'key-id') }),
  write: (key) => key.json ?? objectOf([['key-id', key.keyId]]),
  key: (key) => key.keyId,
}

const schemaCodec: ItemCodec<Schema> = {
  read: (index, span) => parseSchema(decodeSpan(index, span), 'schemas'),
  write: encodeSchema,
  key: (schema) => schema.id,
}

const specCodec: ItemCodec<PartitionSpec> = {
  read: (index, span) => parsePartitionSpec(decodeSpan(index, span), 'partition-specs'),
  write: encodePartitionSpec,
  key: (spec) => spec.id,
}

const sortOrderCodec: ItemCodec<SortOrder> = {
  read: (index, span) => parseSortOrder(decodeSpan(index, span), 'sort-orders'),
  write: encodeSortOrder,
  key: (order) => order.id,
}

const unsorted: SortOrder = { id: 0, fields: [] }

/** What a v1 document without the lists means by its single schema and spec. */
const olderLists = (index: DocumentIndex | undefined) => {
  if (index === undefined) return { schemas: [], specs: [], sortOrders: [] }
  const { schemas, specs } = {
    schemas: hasMember(index, 'schemas') ? [] : [parseSchema(decodeMember(index, 'schema'))],
    specs: hasMember(index, 'partition-specs')
      ? []
      : [{ id: 0, fields: parsePartitionFields(decodeMember(index, 'partition-spec'), 'partition-spec') }],
  }
  // Before partition fields had ids they counted from 1000.
  const numbered = specs.map((spec) => ({
    ...spec,
    fields: spec.fields.map((field, i) => ({
      ...field,
      fieldId: field.fieldId ?? firstPartitionFieldId + i,
    })),
  }))
  return { schemas, specs: numbered, sortOrders: hasMember(index, 'sort-orders') ? [] : [unsorted] }
}

const openLists = (index: DocumentIndex | undefined) => {
  const older = olderLists(index)
  return {
    schemas: createItemList({ index, member: 'schemas', codec: schemaCodec, initial: older.schemas }),
    specs: createItemList({ index, member: 'partition-specs', codec: specCodec, initial: older.specs }),
    sortOrders: createItemList({
      index,
      member: 'sort-orders',
      codec: sortOrderCodec,
      initial: older.sortOrders,
    }),
    snapshots: createItemList({ index, member: 'snapshots', codec: ofSnapshot }),
    statistics: createItemList({ index, member: 'statistics', codec: ofSnapshot }),
    partitionStatistics: createItemList({ index, member: 'partition-statistics', codec: ofSnapshot }),
    encryptionKeys: createItemList({ index, member: 'encryption-keys', codec: encryptionKeyCodec }),
    snapshotLog: createItemList({ index, member: 'snapshot-log', codec: snapshotLogCodec }),
    metadataLog: createItemList({ index, member: 'metadata-log', codec: metadataLogCodec }),
  }
}

type Lists = ReturnType<typeof openLists>

const openRefs = (
  index: DocumentIndex | undefined,
  currentSnapshotId: Id | null,
): NamedEntries<SnapshotRef> =>
  createNamedEntries({
    index,
    member: 'refs',
    read: parseSnapshotRef,
    write: encodeSnapshotRef,
    initial: new Map(currentSnapshotId === null ? [] : [[mainBranch, branchOf(currentSnapshotId)]]),
  })

const noChanges = (): Changes => ({
  any: false,
  lastAddedSchemaId: undefined,
  lastAddedSpecId: undefined,
  lastAddedSortOrderId: undefined,
  addedSnapshots: new Map(),
  setAsMain: [],
  removedSnapshots: false,
})

const lastPartitionIdOf = (lists: Lists): number =>
  lists.specs.items().reduce((last, spec) => Math.max(last, highestFieldId(spec)), firstPartitionFieldId - 1)

const completed = (values: TableValues, lists: Lists): DraftValues => ({
  ...values,
  lastSequenceNumber: values.lastSequenceNumber ?? 0,
  currentSchemaId: values.currentSchemaId ?? lists.schemas.items()[0]?.id ?? 0,
  defaultSpecId: values.defaultSpecId ?? 0,
  lastPartitionId: values.lastPartitionId ?? lastPartitionIdOf(lists),
  defaultSortOrderId: values.defaultSortOrderId ?? 0,
  nextRowId: values.nextRowId ?? 0,
})

const openDraft = (
  index: DocumentIndex | undefined,
  original: TableValues | undefined,
  values: (lists: Lists) => DraftValues,
): Omit<TableDraft, 'now'> => {
  const lists = openLists(index)
  return {
    index,
    original,
    values: values(lists),
    ...lists,
    refs: openRefs(index, original?.currentSnapshotId ?? null),
    properties: createNamedEntries({ index, member: 'properties', read: asString, write: (value) => value }),
    changes: noChanges(),
  }
}

/** Opens a document; ValidationException when its scalars are no table metadata. */
export const openTable = (index: DocumentIndex, now: number): TableDraft => {
  const original = readTableValues(index)
  return { ...openDraft(index, original, (lists) => completed(original, lists)), now }
}

/** Begins the metadata of a new table. */
export const beginTable = (formatVersion: number, now: number): TableDraft => ({
  ...openDraft(undefined, undefined, () => ({
    formatVersion,
    uuid: undefined,
    location: undefined,
    lastSequenceNumber: 0,
    lastUpdatedMs: undefined,
    lastColumnId: 0,
    currentSchemaId: 0,
    defaultSpecId: 0,
    lastPartitionId: 0,
    defaultSortOrderId: 0,
    currentSnapshotId: null,
    nextRowId: 0,
  })),
  now,
})

export const schemaById = (draft: TableDraft, id: number): Schema | undefined => draft.schemas.find(id)

export const specById = (draft: TableDraft, id: number): PartitionSpec | undefined => draft.specs.find(id)

export const sortOrderById = (draft: TableDraft, id: number): SortOrder | undefined =>
  draft.sortOrders.find(id)
