/** Reassigns all column ids of a new table's schema: 1, 2, …, all fields of a struct before what is nested in them. */

import type { Schema } from './schema.ts'
import { checkIdentifierFields, indexStruct } from './schema-index.ts'
import { type ColumnType, childrenOf, type Field } from './types.ts'

export interface FreshSchema {
  readonly schema: Schema
  readonly lastColumnId: number
}

const rebuilt = (type: ColumnType, fields: readonly Field[]): ColumnType => {
  const [first, second] = fields
  if (type.kind === 'struct') return { kind: 'struct', fields }
  if (type.kind === 'list' && first !== undefined) return { kind: 'list', element: first }
  if (type.kind === 'map' && first !== undefined && second !== undefined)
    return { kind: 'map', key: first, value: second }
  return type
}

const withFreshIds = (type: ColumnType, nextId: () => number): ColumnType => {
  const numbered = childrenOf(type).map((field) => ({ field, id: nextId() }))
  return rebuilt(
    type,
    numbered.map(({ field, id }) => ({ ...field, id, type: withFreshIds(field.type, nextId) })),
  )
}

/** The schema with id 0 and fresh column ids; identifier fields are mapped along. */
export const assignFreshIds = (schema: Schema): FreshSchema => {
  let lastColumnId = 0
  const struct = withFreshIds(schema.struct, () => ++lastColumnId)
  if (struct.kind !== 'struct') throw new TypeError('a schema is a struct')
  const index = indexStruct(struct)
  const identifierFieldIds = schema.identifierFieldIds.map((id) => freshIdOf(schema, index, id))
  checkIdentifierFields(index, identifierFieldIds)
  return { schema: { ...schema, id: 0, struct, index, identifierFieldIds }, lastColumnId }
}

/** The new id of the column that had `id` in the request, found by its full name. */
export const freshIdOf = (schema: Schema, fresh: Schema['index'], id: number): number => {
  const name = schema.index.fields.get(id)?.name
  return (name === undefined ? undefined : fresh.find(name)?.id) ?? id
}
