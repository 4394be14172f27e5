/** Partition specs: JSON, binding to a schema, equality (format specification, "Partitioning"). */

import type { JsonObject, JsonValue } from '#model/json.ts'
import { asArray, asArrayOf, asInt, asObject, asString, optional } from '#model/json-read.ts'
import { illegal, invalid } from './errors.ts'
import { objectOf, unknownMembers } from './members.ts'
import type { Schema } from './schema.ts'
import { checkOnlyStructsAround } from './schema-index.ts'
import { checkTransform, parseTransform, type Transform } from './transforms.ts'
import { formatType } from './types.ts'

/** Ids of partition fields start here; in a v1 table they are consecutive. */
export const firstPartitionFieldId = 1000

export interface PartitionField {
  readonly name: string
  readonly transform: Transform
  /** The first source where a transform of several arguments has `source-ids`. */
  readonly sourceId: number
  /** Absent in a request that leaves the numbering to the catalog. */
  readonly fieldId?: number
  /** Members other than those above, `source-ids` included. */
  readonly unknown?: JsonObject
}

export interface PartitionSpec {
  readonly id: number
  readonly fields: readonly PartitionField[]
  readonly unknown?: JsonObject
}

const fieldMembers = new Set(['name', 'transform', 'source-id', 'field-id'])
const specMembers = new Set(['spec-id', 'fields'])

/** `source-id`, or the first of `source-ids` (version 3). */
export const readSourceId = (field: JsonObject, path: string): number => {
  if (field['source-id'] !== undefined || field['source-ids'] === undefined)
    return asInt(field['source-id'], `${path}.source-id`)
  const [first] = asArrayOf(asInt)(field['source-ids'], `${path}.source-ids`)
  if (first === undefined) throw illegal(`Cannot parse empty list: ${path}.source-ids`)
  return first
}

const parseField = (json: JsonValue, path: string): PartitionField => {
  const object = asObject(json, path)
  const fieldId = optional(asInt, object['field-id'], `${path}.field-id`)
  const unknown = unknownMembers(object, fieldMembers)
  return {
    name: asString(object['name'], `${path}.name`),
    transform: parseTransform(asString(object['transform'], `${path}.transform`)),
    sourceId: readSourceId(object, path),
    ...(fieldId === undefined ? {} : { fieldId }),
    ...(unknown === undefined ? {} : { unknown }),
  }
}

/** Reads the array of fields alone, as the `partition-spec` of an old v1 document has them. */
export const parsePartitionFields = (
  json: JsonValue | undefined,
  path: string,
): readonly PartitionField[] => {
  const fields = asArray(json, path).map((field, i) => parseField(field, `${path}[${i}]`))
  const numbered = fields.filter((field) => field.fieldId !== undefined).length
  if (numbered !== 0 && numbered !== fields.length)
    throw illegal(
      `Cannot parse spec with missing field IDs: ${fields.length - numbered} missing of ${fields.length} fields.`,
    )
  return fields
}

/** Reads a spec. Its id is advisory in requests; several clients leave it out. */
export const parsePartitionSpec = (json: JsonValue | undefined, path = 'spec'): PartitionSpec => {
  const object = asObject(json, path)
  const unknown = unknownMembers(object, specMembers)
  return {
    id: optional(asInt, object['spec-id'], `${path}.spec-id`) ?? 0,
    fields: parsePartitionFields(object['fields'], `${path}.fields`),
    ...(unknown === undefined ? {} : { unknown }),
  }
}

const encodeField = (field: PartitionField): JsonObject =>
  objectOf([
    ['name', field.name],
    ['transform', field.transform.text],
    ['source-id', field.sourceId],
    ['field-id', field.fieldId],
    ...Object.entries(field.unknown ?? {}),
  ])

export const encodePartitionFields = (spec: PartitionSpec): readonly JsonObject[] =>
  spec.fields.map(encodeField)

export const encodePartitionSpec = (spec: PartitionSpec): JsonObject =>
  objectOf([
    ['spec-id', spec.id],
    ['fields', encodePartitionFields(spec)],
    ...Object.entries(spec.unknown ?? {}),
  ])

/** A field as messages show it: `1000: day: day(2)`. */
const formatField = (field: PartitionField): string =>
  `${field.fieldId ?? 'null'}: ${field.name}: ${field.transform.text}(${field.sourceId})`

const checkName = (schema: Schema, field: PartitionField, names: Set<string>): void => {
  const { name } = field
  const column = schema.index.find(name)
  if (schema.index.fields.has(field.sourceId) && column !== undefined && column.id !== field.sourceId)
    throw illegal(`Cannot create identity partition sourced from different field in schema: ${name}`)
  if (name === '') throw illegal('Cannot use empty partition name: ')
  if (names.has(name)) throw illegal(`Cannot use partition name more than once: ${name}`)
  names.add(name)
}

const checkSource = (schema: Schema, field: PartitionField): void => {
  // A v1 spec keeps a field whose column is gone as `void`, which fits anything.
  if (field.transform.name === 'void') return
  const entry = schema.index.fields.get(field.sourceId)
  if (entry === undefined)
    throw invalid(`Cannot find source column for partition field: ${formatField(field)}`)
  const { type } = entry.field
  checkTransform(field.transform, type)
  if (type.kind !== 'primitive' || type.name === 'variant')
    throw invalid(`Cannot partition by non-primitive source field: ${formatType(type)}`)
  checkOnlyStructsAround(entry)
}

/** Refuses (400) a spec whose sources are missing in the schema or unfit for their transforms. */
export const checkSpecSources = (spec: PartitionSpec, schema: Schema): void => {
  for (const field of spec.fields) checkSource(schema, field)
}

/** Refuses (400) a new spec that does not bind to the schema. */
export const checkSpec = (spec: PartitionSpec, schema: Schema): void => {
  const names = new Set<string>()
  for (const field of spec.fields) checkName(schema, field, names)
  checkSpecSources(spec, schema)
}

/** Equal for specs with the same sources, transforms and names in order; ids do not count. */
const specKey = (spec: PartitionSpec): string =>
  JSON.stringify(spec.fields.map((field) => [field.sourceId, field.transform.text, field.name]))

/** The id of an equal spec, else one more than the highest. */
export const specIdFor = (spec: PartitionSpec, existing: readonly PartitionSpec[]): number => {
  const key = specKey(spec)
  const same = existing.find((other) => specKey(other) === key)
  return same?.id ?? existing.reduce((next, other) => Math.max(next, other.id + 1), 0)
}

/** The highest field id of a spec; 999 for one without fields. */
export const highestFieldId = (spec: PartitionSpec): number =>
  spec.fields.reduce((highest, field) => Math.max(highest, field.fieldId ?? 0), firstPartitionFieldId - 1)

export interface Numbering {
  readonly formatVersion: number
  readonly existing: readonly PartitionSpec[]
  readonly lastPartitionId: number
}

const sourceKey = (field: PartitionField): string => JSON.stringify([field.sourceId, field.transform.text])

/**
 * Gives ids to the fields of a spec that came without them: from 1000 in v1, else that of the same source and
 * transform in an older spec, else the next one.
 */
export const withFieldIds = (spec: PartitionSpec, numbering: Numbering): PartitionSpec => {
  if (spec.fields.every((field) => field.fieldId !== undefined)) return spec
  if (numbering.formatVersion === 1)
    return {
      ...spec,
      fields: spec.fields.map((field, i) => ({ ...field, fieldId: firstPartitionFieldId + i })),
    }
  const known = new Map<string, number>()
  for (const field of numbering.existing.flatMap((other) => other.fields))
    if (field.fieldId !== undefined) known.set(sourceKey(field), field.fieldId)
  let last = Math.max(numbering.lastPartitionId, firstPartitionFieldId - 1)
  const fields = spec.fields.map((field) => ({ ...field, fieldId: known.get(sourceKey(field)) ?? ++last }))
  return { ...spec, fields }
}

/** Version 1 numbers partition fields from 1000 without gaps. */
export const checkSequentialIds = (spec: PartitionSpec): void => {
  if (spec.fields.some((field, i) => field.fieldId !== firstPartitionFieldId + i))
    throw invalid(
      `Spec does not use sequential IDs that are required in v1: [${spec.fields.map(formatField).join(', ')}]`,
    )
}
