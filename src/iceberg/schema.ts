/** Schemas: JSON, indexes by id and name, and what makes one valid (format specification, "Schemas"). */

import { type JsonObject, type JsonValue, stringifyJson } from '#model/json.ts'
import { asArrayOf, asInt, asObject, optional } from '#model/json-read.ts'
import { illegal, invalid } from './errors.ts'
import { excerpt, objectOf, unknownMembers } from './members.ts'
import { minFormatVersion } from './primitives.ts'
import { checkIdentifierFields, indexStruct, type SchemaIndex } from './schema-index.ts'
import { encodeFields, type Field, formatField, formatType, parseStruct, type StructType } from './types.ts'

export interface Schema {
  readonly id: number
  readonly struct: StructType
  readonly identifierFieldIds: readonly number[]
  readonly index: SchemaIndex
  /** Members that the specification does not name (yet). */
  readonly unknown?: JsonObject
}

const schemaMembers = new Set(['type', 'schema-id', 'identifier-field-ids', 'fields'])

/** Reads and checks a schema; its id is 0 where none is given. */
export const parseSchema = (json: JsonValue | undefined, path = 'schema'): Schema => {
  const object = asObject(json, path)
  if (object['type'] !== 'struct') throw illegal(`Cannot create schema, not a struct type: ${excerpt(json)}`)
  const struct = parseStruct(object, path)
  const index = indexStruct(struct)
  const identifierFieldIds = [
    ...new Set(optional(asArrayOf(asInt), object['identifier-field-ids'], `${path}.identifier-field-ids`)),
  ]
  checkIdentifierFields(index, identifierFieldIds)
  const unknown = unknownMembers(object, schemaMembers)
  return {
    id: optional(asInt, object['schema-id'], `${path}.schema-id`) ?? 0,
    struct,
    identifierFieldIds,
    index,
    ...(unknown === undefined ? {} : { unknown }),
  }
}

export const encodeSchema = (schema: Schema): JsonObject =>
  objectOf([
    ['type', 'struct'],
    ['schema-id', schema.id],
    ['identifier-field-ids', schema.identifierFieldIds.length === 0 ? undefined : schema.identifierFieldIds],
    ['fields', encodeFields(schema.struct)],
    ...Object.entries(schema.unknown ?? {}),
  ])

const keys = new WeakMap<Schema, string>()

/** Equal for schemas that differ in id or in members unknown to the specification only. Remembered: updates may be many. */
const schemaKey = (schema: Schema): string => {
  const known = keys.get(schema)
  if (known !== undefined) return known
  const key = stringifyJson([
    schema.identifierFieldIds.toSorted((a, b) => a - b),
    schema.struct.fields.map((field) => keyOfField(field)),
  ])
  keys.set(schema, key)
  return key
}

const keyOfField = (field: Field): JsonValue => [
  field.id,
  field.name,
  field.required,
  keyOfType(field),
  field.doc ?? null,
  field.initialDefault ?? null,
  field.writeDefault ?? null,
]

const keyOfType = ({ type }: Field): JsonValue => {
  // Reference systems of spatial types compare ignoring case.
  if (type.kind === 'primitive') return type.text.toLowerCase()
  if (type.kind === 'struct') return ['struct', ...type.fields.map(keyOfField)]
  if (type.kind === 'list') return ['list', keyOfField(type.element)]
  return ['map', keyOfField(type.key), keyOfField(type.value)]
}

const problemsOf = (field: Field, name: string, formatVersion: number): string[] => {
  const problems: string[] = []
  const { type, initialDefault } = field
  if (type.kind === 'primitive' && formatVersion < minFormatVersion(type.name))
    problems.push(
      `Invalid type for ${name}: ${formatType(type)} is not supported until v${minFormatVersion(type.name)}`,
    )
  if (initialDefault !== undefined && formatVersion < 3)
    problems.push(
      `Invalid initial default for ${name}: non-null default (${excerpt(initialDefault)}) is not supported until v3`,
    )
  return problems
}

/** Refuses (400) types and defaults that the format version does not know. */
export const checkSchemaVersion = (schema: Schema, formatVersion: number): void => {
  const entries = [...schema.index.fields.values()].toSorted((a, b) => a.field.id - b.field.id)
  const problems = entries.flatMap(({ field, name }) => problemsOf(field, name, formatVersion))
  if (problems.length > 0) throw invalid(`Invalid schema for v${formatVersion}:\n- ${problems.join('\n- ')}`)
}

/** A schema as messages show it. */
export const formatSchema = (schema: Schema): string => {
  const ids = new Set(schema.identifierFieldIds)
  const lines = schema.struct.fields.map(
    (field) => `  ${formatField(field)}${ids.has(field.id) ? ' (id)' : ''}`,
  )
  return `table {\n${lines.join('\n')}\n}`
}

/** The id of an equal schema, else one more than the highest (0 for the first). */
export const schemaIdFor = (schema: Schema, existing: readonly Schema[], floor: number): number => {
  const key = schemaKey(schema)
  const same = existing.find((other) => schemaKey(other) === key)
  return same?.id ?? existing.reduce((next, other) => Math.max(next, other.id + 1), floor)
}
