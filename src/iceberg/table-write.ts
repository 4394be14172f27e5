/** Writes a changed draft: members in their place, those that did not change byte for byte. */
import { encodeMembers, joinChunks, type Replacement, replaceMembers } from '#model/document.ts'
import type { JsonValue } from '#model/json.ts'
import type { ItemList } from './item-list.ts'
import { encodePartitionFields } from './partition-spec.ts'
import { encodeSchema } from './schema.ts'
import { schemaById, specById, type TableDraft } from './table-draft.ts'
import type { TableValues } from './table-values.ts'

const unchanged = Symbol('unchanged')

/** A member's new value, undefined for none, or `unchanged`. */
type Output = Replacement | typeof unchanged

const scalar = (draft: TableDraft, key: keyof TableValues): Output => {
  const value: JsonValue | undefined = draft.values[key]
  return draft.original !== undefined && draft.original[key] === value ? unchanged : value
}

type Container = Pick<ItemList<unknown>, 'touched' | 'replacement'>

/** Members of an array or object type; those that a document must have are written even when they are empty. */
const container = (draft: TableDraft, content: Container): Output =>
  draft.index === undefined || content.touched() ? content.replacement() : unchanged

const sinceVersion = (draft: TableDraft, version: number, output: () => Output): Output =>
  draft.values.formatVersion >= version ? output() : undefined

/** Version 1 repeats the current schema and the default spec for old readers. */
const untilVersionOne = (draft: TableDraft, touched: boolean, output: () => Output): Output => {
  if (draft.values.formatVersion > 1) return draft.original?.formatVersion === 1 ? undefined : unchanged
  return touched ? output() : unchanged
}

const currentSchema = (draft: TableDraft): Output => {
  const touched = draft.schemas.touched() || scalar(draft, 'currentSchemaId') !== unchanged
  return untilVersionOne(draft, touched, () => {
    const schema = schemaById(draft, draft.values.currentSchemaId)
    return schema === undefined ? undefined : encodeSchema(schema)
  })
}

const defaultSpec = (draft: TableDraft): Output => {
  const touched = draft.specs.touched() || scalar(draft, 'defaultSpecId') !== unchanged
  return untilVersionOne(draft, touched, () => {
    const spec = specById(draft, draft.values.defaultSpecId)
    return spec === undefined ? undefined : encodePartitionFields(spec)
  })
}

/** Version 3 writes null where older ones write -1. */
const currentSnapshot = (draft: TableDraft): Output => {
  const { formatVersion, currentSnapshotId } = draft.values
  const upgraded = formatVersion >= 3 && draft.original !== undefined && draft.original.formatVersion < 3
  if (currentSnapshotId !== null || !upgraded) {
    const output = scalar(draft, 'currentSnapshotId')
    return output === null && formatVersion < 3 ? -1 : output
  }
  return null
}

const encryptionKeys = (draft: TableDraft): Output => {
  if (draft.encryptionKeys.size() === 0) return undefined
  return container(draft, draft.encryptionKeys)
}

/** All members in the order of the reference. */
const outputs = (draft: TableDraft): readonly (readonly [string, Output])[] => [
  ['format-version', scalar(draft, 'formatVersion')],
  ['table-uuid', scalar(draft, 'uuid')],
  ['location', scalar(draft, 'location')],
  ['last-sequence-number', sinceVersion(draft, 2, () => scalar(draft, 'lastSequenceNumber'))],
  ['last-updated-ms', scalar(draft, 'lastUpdatedMs')],
  ['last-column-id', scalar(draft, 'lastColumnId')],
  ['schema', currentSchema(draft)],
  ['current-schema-id', scalar(draft, 'currentSchemaId')],
  ['schemas', container(draft, draft.schemas)],
  ['partition-spec', defaultSpec(draft)],
  ['default-spec-id', scalar(draft, 'defaultSpecId')],
  ['partition-specs', container(draft, draft.specs)],
  ['last-partition-id', scalar(draft, 'lastPartitionId')],
  ['default-sort-order-id', scalar(draft, 'defaultSortOrderId')],
  ['sort-orders', container(draft, draft.sortOrders)],
  ['properties', container(draft, draft.properties)],
  ['current-snapshot-id', currentSnapshot(draft)],
  ['next-row-id', sinceVersion(draft, 3, () => scalar(draft, 'nextRowId'))],
  ['encryption-keys', encryptionKeys(draft)],
  ['refs', container(draft, draft.refs)],
  ['snapshots', container(draft, draft.snapshots)],
  ['statistics', container(draft, draft.statistics)],
  ['partition-statistics', container(draft, draft.partitionStatistics)],
  ['snapshot-log', container(draft, draft.snapshotLog)],
  ['metadata-log', container(draft, draft.metadataLog)],
]

/** The bytes of the document as the draft has it. */
export const writeTable = (draft: TableDraft): Uint8Array => {
  const changed = outputs(draft).filter((entry): entry is [string, Replacement] => entry[1] !== unchanged)
  const chunks =
    draft.index === undefined ? encodeMembers(changed) : replaceMembers(draft.index, new Map(changed))
  return joinChunks(chunks)
}
