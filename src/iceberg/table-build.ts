/** Finishes a draft: last checks, logs, time, bytes and facts. */
import type { Id } from '#model/json-read.ts'
import { checkFormatVersion } from './change-attributes.ts'
import type { Built, TableFacts } from './engine.ts'
import { illegal } from './errors.ts'
import { extendMetadataLog, trimSnapshotLog, updateTime } from './logs.ts'
import { checkSpecSources } from './partition-spec.ts'
import { checkSortOrder } from './sort-order.ts'
import { schemaById, sortOrderById, specById, type TableDraft } from './table-draft.ts'
import { writeTable } from './table-write.ts'

const touchedStructure = (draft: TableDraft): boolean =>
  draft.schemas.touched() ||
  draft.specs.touched() ||
  draft.sortOrders.touched() ||
  draft.original?.currentSchemaId !== draft.values.currentSchemaId ||
  draft.original?.defaultSpecId !== draft.values.defaultSpecId ||
  draft.original?.defaultSortOrderId !== draft.values.defaultSortOrderId

/** The current schema, default spec and default order exist and fit each other. */
const checkStructure = (draft: TableDraft): void => {
  const { values } = draft
  const schema = schemaById(draft, values.currentSchemaId)
  const spec = specById(draft, values.defaultSpecId)
  const order = sortOrderById(draft, values.defaultSortOrderId)
  if (schema === undefined)
    throw illegal(`Cannot find schema with current-schema-id=${values.currentSchemaId}`)
  if (draft.specs.size() === 0) throw illegal('Partition specs cannot be null or empty')
  if (spec === undefined)
    throw illegal(`Cannot find partition spec with default-spec-id=${values.defaultSpecId}`)
  if (draft.sortOrders.size() === 0) throw illegal('Sort orders cannot be null or empty')
  if (order === undefined)
    throw illegal(`Cannot find sort order with default-sort-order-id=${values.defaultSortOrderId}`)
  checkSpecSources(spec, schema)
  checkSortOrder(order, schema)
}

const checkIdentity = (draft: TableDraft): void => {
  const { formatVersion, uuid, location } = draft.values
  checkFormatVersion(formatVersion)
  if (uuid === undefined && formatVersion > 1) throw illegal(`UUID is required in format v${formatVersion}`)
  if (location === undefined) throw illegal(`Table location is required in format v${formatVersion}`)
}

const factRefs = (draft: TableDraft): TableFacts['refs'] => {
  const refs: Record<string, { snapshotId: Id; type: 'branch' | 'tag' }> = Object.create(null)
  for (const [name, { snapshotId, type }] of draft.refs.entries()) refs[name] = { snapshotId, type }
  return refs
}

const factProperties = (draft: TableDraft): TableFacts['properties'] => {
  const properties: Record<string, string> = Object.create(null)
  for (const [key, value] of draft.properties.entries()) properties[key] = value
  return properties
}

/** What others need to know of the draft as it stands. */
export const factsOf = (draft: TableDraft): TableFacts => ({
  uuid: draft.values.uuid ?? '',
  formatVersion: draft.values.formatVersion,
  location: draft.values.location ?? '',
  lastUpdatedMs: draft.values.lastUpdatedMs ?? 0,
  currentSnapshotId: draft.values.currentSnapshotId,
  currentSchemaId: draft.values.currentSchemaId,
  refs: factRefs(draft),
  properties: factProperties(draft),
  previousMetadata: draft.metadataLog.items().map((entry) => entry.file),
})

/** Finishes a changed draft. `previousFile`: where the document that it replaces lies; null for a new table. */
export const buildTable = (draft: TableDraft, previousFile: string | null): Built<TableFacts> => {
  checkIdentity(draft)
  if (touchedStructure(draft)) checkStructure(draft)
  trimSnapshotLog(draft)
  if (previousFile !== null) extendMetadataLog(draft, previousFile)
  draft.values.lastUpdatedMs = updateTime(draft)
  return { bytes: writeTable(draft), facts: factsOf(draft), changed: true }
}
