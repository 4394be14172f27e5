/** Updates of schemas, partition specs and sort orders (format specification, "Schemas", "Partitioning", "Sorting"). */
import { illegal, invalid } from './errors.ts'
import {
  checkSequentialIds,
  checkSpec,
  highestFieldId,
  type PartitionSpec,
  specIdFor,
  withFieldIds,
} from './partition-spec.ts'
import { checkSchemaVersion, type Schema, schemaIdFor } from './schema.ts'
import { checkSortOrder, type SortOrder, sortOrderIdFor } from './sort-order.ts'
import { schemaById, sortOrderById, specById, type TableDraft } from './table-draft.ts'

/** Stands for what the same commit added last. */
const lastAdded = -1

export const addSchema = (draft: TableDraft, schema: Schema): void => {
  const { values, changes } = draft
  checkSchemaVersion(schema, values.formatVersion)
  const id = schemaIdFor(schema, draft.schemas.items(), values.currentSchemaId)
  const lastColumnId = Math.max(values.lastColumnId, schema.index.highestId)
  const known = schemaById(draft, id) !== undefined
  changes.lastAddedSchemaId = id
  if (known && lastColumnId === values.lastColumnId) return
  values.lastColumnId = lastColumnId
  if (!known) draft.schemas.add({ ...schema, id })
  changes.any = true
}

export const setCurrentSchema = (draft: TableDraft, schemaId: number): void => {
  const { values, changes } = draft
  const id = schemaId === lastAdded ? changes.lastAddedSchemaId : schemaId
  if (id === undefined) throw invalid('Cannot set last added schema: no schema has been added')
  if (id === values.currentSchemaId) return
  if (schemaById(draft, id) === undefined) throw illegal(`Cannot set current schema to unknown schema: ${id}`)
  values.currentSchemaId = id
  changes.any = true
}

export const removeSchemas = (draft: TableDraft, ids: readonly number[]): void => {
  const removed = new Set(ids)
  if (removed.has(draft.values.currentSchemaId)) throw illegal('Cannot remove the current schema')
  if (removed.size === 0) return
  for (const id of removed) draft.schemas.remove(id)
  draft.changes.any = true
}

const currentSchema = (draft: TableDraft, what: string): Schema => {
  const schema = schemaById(draft, draft.values.currentSchemaId)
  if (schema === undefined) throw invalid(`Attempting to add a ${what} before a schema is added`)
  return schema
}

export const addSpec = (draft: TableDraft, requested: PartitionSpec): void => {
  const { values, changes } = draft
  checkSpec(requested, currentSchema(draft, 'partition spec'))
  const existing = draft.specs.items()
  const id = specIdFor(requested, existing)
  changes.lastAddedSpecId = id
  if (specById(draft, id) !== undefined) return
  const numbering = { formatVersion: values.formatVersion, existing, lastPartitionId: values.lastPartitionId }
  const spec = { ...withFieldIds(requested, numbering), id }
  if (values.formatVersion === 1) checkSequentialIds(spec)
  values.lastPartitionId = Math.max(values.lastPartitionId, highestFieldId(spec))
  draft.specs.add(spec)
  changes.any = true
}

export const setDefaultSpec = (draft: TableDraft, specId: number): void => {
  const { values, changes } = draft
  const id = specId === lastAdded ? changes.lastAddedSpecId : specId
  if (id === undefined) throw invalid('Cannot set last added spec: no spec has been added')
  if (id === values.defaultSpecId) return
  if (specById(draft, id) === undefined)
    throw illegal(`Cannot set default partition spec to unknown spec: ${id}`)
  values.defaultSpecId = id
  changes.any = true
}

export const removeSpecs = (draft: TableDraft, ids: readonly number[]): void => {
  const removed = new Set(ids)
  if (removed.has(draft.values.defaultSpecId)) throw illegal('Cannot remove the default partition spec')
  if (removed.size === 0) return
  for (const id of removed) draft.specs.remove(id)
  draft.changes.any = true
}

export const addSortOrder = (draft: TableDraft, order: SortOrder): void => {
  const { changes } = draft
  checkSortOrder(order, currentSchema(draft, 'sort order'))
  const id = sortOrderIdFor(order, draft.sortOrders.items())
  changes.lastAddedSortOrderId = id
  if (sortOrderById(draft, id) !== undefined) return
  draft.sortOrders.add({ ...order, id })
  changes.any = true
}

export const setDefaultSortOrder = (draft: TableDraft, orderId: number): void => {
  const { values, changes } = draft
  const id = orderId === lastAdded ? changes.lastAddedSortOrderId : orderId
  if (id === undefined) throw invalid('Cannot set last added sort order: no sort order has been added')
  if (id === values.defaultSortOrderId) return
  if (sortOrderById(draft, id) === undefined)
    throw illegal(`Cannot set default sort order to unknown sort order: ${id}`)
  values.defaultSortOrderId = id
  changes.any = true
}
