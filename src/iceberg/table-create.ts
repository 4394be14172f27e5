/** A create request as the specification gives it (REST specification, "CreateTableRequest"): all ids assigned anew. */

import type { JsonObject, JsonValue } from '#model/json.ts'
import { asObject, asString, asStringMap, optional } from '#model/json-read.ts'
import { checkFormatVersion, setLocation, setProperties } from './change-attributes.ts'
import { addSchema, addSortOrder, addSpec, setDefaultSortOrder } from './change-schemas.ts'
import type { Built, EngineInputs, TableFacts } from './engine.ts'
import { illegal, invalid } from './errors.ts'
import { assignFreshIds, freshIdOf } from './fresh-ids.ts'
import { checkSpec, firstPartitionFieldId, type PartitionSpec, parsePartitionSpec } from './partition-spec.ts'
import {
  checkNewTableProperties,
  integerProperty,
  newTableProperties,
  type Properties,
} from './properties.ts'
import { parseSchema, type Schema } from './schema.ts'
import { checkSortOrder, parseSortOrder, type SortOrder } from './sort-order.ts'
import { buildTable } from './table-build.ts'
import { beginTable } from './table-draft.ts'

const defaultFormatVersion = 2

interface CreateRequest {
  readonly schema: Schema
  readonly spec: PartitionSpec
  readonly sortOrder: SortOrder
  readonly properties: Properties
}

/** A new table has no columns that are gone: even `void` needs its source. */
const checkSources = (fields: readonly { readonly sourceId: number }[], schema: Schema): void => {
  for (const { sourceId } of fields)
    if (!schema.index.fields.has(sourceId)) throw invalid(`Cannot find source column: ${sourceId}`)
}

const readSpec = (json: JsonValue | undefined, schema: Schema): PartitionSpec => {
  if (json === undefined || json === null) return { id: 0, fields: [] }
  const spec = parsePartitionSpec(json, 'partition-spec')
  checkSpec(spec, schema)
  checkSources(spec.fields, schema)
  return spec
}

const readSortOrder = (json: JsonValue | undefined, schema: Schema): SortOrder => {
  if (json === undefined || json === null) return { id: 0, fields: [] }
  const order = parseSortOrder(json, 'write-order')
  checkSortOrder(order, schema)
  checkSources(order.fields, schema)
  return order
}

const readRequest = (request: JsonObject): CreateRequest => {
  const json = asObject(request, 'request')
  const name = json['name']
  if (name !== undefined) asString(name, 'name')
  if (json['schema'] === undefined || json['schema'] === null) throw illegal('Invalid schema: null')
  const schema = parseSchema(json['schema'])
  return {
    schema,
    spec: readSpec(json['partition-spec'], schema),
    sortOrder: readSortOrder(json['write-order'], schema),
    properties: optional(asStringMap, json['properties'], 'properties') ?? {},
  }
}

/** The spec on the new column ids; its fields are numbered from 1000 whatever the request says. */
const rebindSpec = (spec: PartitionSpec, schema: Schema, fresh: Schema): PartitionSpec => ({
  ...spec,
  id: 0,
  fields: spec.fields.map((field, i) => ({
    ...field,
    sourceId: freshIdOf(schema, fresh.index, field.sourceId),
    fieldId: firstPartitionFieldId + i,
  })),
})

const rebindSortOrder = (order: SortOrder, schema: Schema, fresh: Schema): SortOrder => ({
  ...order,
  fields: order.fields.map((field) => ({
    ...field,
    sourceId: freshIdOf(schema, fresh.index, field.sourceId),
  })),
})

/** Builds the first metadata of a table; for a staged create as well. */
export const createTable = (request: JsonObject, inputs: EngineInputs): Built<TableFacts> => {
  const { schema, spec, sortOrder, properties } = readRequest(request)
  const formatVersion = integerProperty(properties, 'format-version', defaultFormatVersion)
  checkFormatVersion(formatVersion)
  const stored = newTableProperties(properties)
  checkNewTableProperties(stored, schema, formatVersion)
  const { schema: fresh } = assignFreshIds(schema)
  const draft = beginTable(formatVersion, inputs.now)
  draft.values.uuid = inputs.uuid
  addSchema(draft, fresh)
  addSpec(draft, rebindSpec(spec, schema, fresh))
  addSortOrder(draft, rebindSortOrder(sortOrder, schema, fresh))
  setDefaultSortOrder(draft, -1)
  if (inputs.location !== undefined) setLocation(draft, inputs.location)
  setProperties(draft, stored)
  return buildTable(draft, null)
}
