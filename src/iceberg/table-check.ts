/** Whether a document that someone else wrote is table metadata that can be served and committed to. */
import { invalid } from './errors.ts'
import { checkSpecSources } from './partition-spec.ts'
import { mainBranch } from './snapshot-ref.ts'
import { checkSortOrder } from './sort-order.ts'
import { schemaById, sortOrderById, specById, type TableDraft } from './table-draft.ts'

const checkStructure = (draft: TableDraft): void => {
  const { currentSchemaId, defaultSpecId, defaultSortOrderId } = draft.values
  const schema = schemaById(draft, currentSchemaId)
  const spec = specById(draft, defaultSpecId)
  const order = sortOrderById(draft, defaultSortOrderId)
  if (schema === undefined)
    throw invalid(`Cannot find schema with current-schema-id=${currentSchemaId} from schemas`)
  if (spec === undefined) throw invalid(`Cannot find partition spec with default-spec-id=${defaultSpecId}`)
  checkSpecSources(spec, schema)
  if (order === undefined)
    throw invalid(`Cannot find sort order with default-sort-order-id=${defaultSortOrderId}`)
  checkSortOrder(order, schema)
}

const checkSnapshots = (draft: TableDraft): void => {
  const ids = new Set(draft.snapshots.items().map((snapshot) => snapshot.snapshotId))
  if (ids.size !== draft.snapshots.size()) throw invalid('Invalid table metadata: two snapshots of one id')
  for (const [name, ref] of draft.refs.entries())
    if (!ids.has(ref.snapshotId))
      throw invalid(`Snapshot for reference ${name} does not exist in the existing snapshots list`)
  const { currentSnapshotId } = draft.values
  const main = draft.refs.get(mainBranch)?.snapshotId
  if (main !== undefined && main !== currentSnapshotId)
    throw invalid(`Current snapshot ID does not match main branch (${currentSnapshotId} != ${main})`)
  if (currentSnapshotId !== null && !ids.has(currentSnapshotId))
    throw invalid('Invalid table metadata: Cannot find current version')
}

/** Refuses (ValidationException) what the reference could not read either. Unknown members are no fault. */
export const checkTable = (draft: TableDraft): void => {
  checkStructure(draft)
  checkSnapshots(draft)
  draft.metadataLog.items()
  draft.snapshotLog.items()
}
