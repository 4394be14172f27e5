/** Sort orders: JSON, binding to a schema, equality (format specification, "Sorting"). */

import type { JsonObject, JsonValue } from '#model/json.ts'
import { asArray, asInt, asObject, asString, optional } from '#model/json-read.ts'
import { illegal, invalid } from './errors.ts'
import { objectOf, unknownMembers } from './members.ts'
import { readSourceId } from './partition-spec.ts'
import type { Schema } from './schema.ts'
import { checkTransform, parseTransform, type Transform } from './transforms.ts'
import { formatType } from './types.ts'

export interface SortField {
  readonly transform: Transform
  readonly sourceId: number
  readonly direction: 'asc' | 'desc'
  readonly nullOrder: 'nulls-first' | 'nulls-last'
  readonly unknown?: JsonObject
}

export interface SortOrder {
  /** 0 for the unsorted order and for no other. */
  readonly id: number
  readonly fields: readonly SortField[]
  readonly unknown?: JsonObject
}

const fieldMembers = new Set(['transform', 'source-id', 'direction', 'null-order'])
const orderMembers = new Set(['order-id', 'fields'])

const readDirection = (text: string): SortField['direction'] => {
  const lower = text.toLowerCase()
  if (lower === 'asc' || lower === 'desc') return lower
  throw illegal(`Invalid sort direction: ${text}`)
}

const readNullOrder = (text: string): SortField['nullOrder'] => {
  const lower = text.toLowerCase()
  if (lower === 'nulls-first' || lower === 'nulls-last') return lower
  throw illegal(`Unexpected null order: ${text}`)
}

const parseField = (json: JsonValue, path: string): SortField => {
  const object = asObject(json, path)
  const unknown = unknownMembers(object, fieldMembers)
  return {
    transform: parseTransform(asString(object['transform'], `${path}.transform`)),
    sourceId: readSourceId(object, path),
    direction: readDirection(asString(object['direction'], `${path}.direction`)),
    nullOrder: readNullOrder(asString(object['null-order'], `${path}.null-order`)),
    ...(unknown === undefined ? {} : { unknown }),
  }
}

const orderId = (given: number | undefined, fields: readonly SortField[]): number => {
  if (fields.length === 0) {
    if (given !== undefined && given !== 0) throw illegal('Unsorted order ID must be 0')
    return 0
  }
  if (given === 0) throw illegal('Sort order ID 0 is reserved for unsorted order')
  return given ?? 1
}

/** Reads a sort order. */
export const parseSortOrder = (json: JsonValue | undefined, path = 'sort-order'): SortOrder => {
  const object = asObject(json, path)
  const given = optional(asInt, object['order-id'], `${path}.order-id`)
  const fields = asArray(object['fields'], `${path}.fields`).map((field, i) =>
    parseField(field, `${path}.fields[${i}]`),
  )
  const unknown = unknownMembers(object, orderMembers)
  return { id: orderId(given, fields), fields, ...(unknown === undefined ? {} : { unknown }) }
}

const encodeField = (field: SortField): JsonObject =>
  objectOf([
    ['transform', field.transform.text],
    ['source-id', field.sourceId],
    ['direction', field.direction],
    ['null-order', field.nullOrder],
    ...Object.entries(field.unknown ?? {}),
  ])

export const encodeSortOrder = (order: SortOrder): JsonObject =>
  objectOf([
    ['order-id', order.id],
    ['fields', order.fields.map(encodeField)],
    ...Object.entries(order.unknown ?? {}),
  ])

const formatField = (field: SortField): string =>
  `${field.transform.text}(${field.sourceId}) ${field.direction.toUpperCase()} ${field.nullOrder.replace('-', ' ').toUpperCase()}`

const checkField = (field: SortField, schema: Schema): void => {
  const source = schema.index.fields.get(field.sourceId)?.field
  if (source === undefined) throw invalid(`Cannot find source column for sort field: ${formatField(field)}`)
  checkTransform(field.transform, source.type)
  if (source.type.kind !== 'primitive' || source.type.name === 'variant')
    throw invalid(`Cannot sort by non-primitive source field: ${formatType(source.type)}`)
}

/** Refuses (400) an order whose sources are missing in the schema or unfit for their transforms. */
export const checkSortOrder = (order: SortOrder, schema: Schema): void => {
  for (const field of order.fields) checkField(field, schema)
}

const orderKey = (order: SortOrder): string =>
  JSON.stringify(order.fields.map((f) => [f.transform.text, f.sourceId, f.direction, f.nullOrder]))

/** 0 for the unsorted order, else the id of an equal order, else one more than the highest (1 for the first). */
export const sortOrderIdFor = (order: SortOrder, existing: readonly SortOrder[]): number => {
  if (order.fields.length === 0) return 0
  const key = orderKey(order)
  const same = existing.find((other) => orderKey(other) === key)
  return same?.id ?? existing.reduce((next, other) => Math.max(next, other.id + 1), 1)
}
