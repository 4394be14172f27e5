/** Column types (format specification, "Schemas and Data Types"): the model, and its JSON in both directions. */

import { isJsonObject, type JsonObject, type JsonValue } from '#model/json.ts'
import { asArray, asBoolean, asInt, asObject, asString } from '#model/json-read.ts'
import { checkDefault } from './defaults.ts'
import { illegal } from './errors.ts'
import { excerpt, objectOf, unknownMembers } from './members.ts'
import { type PrimitiveType, primitiveOf } from './primitives.ts'

export interface Field {
  readonly id: number
  readonly name: string
  readonly required: boolean
  readonly type: ColumnType
  readonly doc?: string
  /** As spelled in the request: a reader may insist on `1.0`. */
  readonly initialDefault?: JsonValue
  readonly writeDefault?: JsonValue
  /** Members that the specification does not name (yet). */
  readonly unknown?: JsonObject
}

export interface StructType {
  readonly kind: 'struct'
  readonly fields: readonly Field[]
}

interface ListType {
  readonly kind: 'list'
  readonly element: Field
}

interface MapType {
  readonly kind: 'map'
  readonly key: Field
  readonly value: Field
}

export type ColumnType = PrimitiveType | StructType | ListType | MapType

const fieldMembers = new Set(['id', 'name', 'required', 'type', 'doc', 'initial-default', 'write-default'])

/** The fields directly inside a type. */
export const childrenOf = (type: ColumnType): readonly Field[] => {
  if (type.kind === 'struct') return type.fields
  if (type.kind === 'list') return [type.element]
  return type.kind === 'map' ? [type.key, type.value] : []
}

/** A default as it is to be kept; none where it is absent or null. */
const readDefault = (type: ColumnType, value: JsonValue | undefined): JsonValue | undefined => {
  if (value === undefined || value === null) return undefined
  if (type.kind !== 'primitive')
    throw illegal(`Invalid default value for ${formatType(type)}: ${excerpt(value)} (must be null)`)
  checkDefault(type, value)
  return value
}

const newField = (field: Field): Field => {
  if (field.required && field.type.kind === 'primitive' && field.type.name === 'unknown')
    throw illegal(`Cannot create required field with unknown type: ${field.name}`)
  return field
}

const parseField = (json: JsonValue, path: string): Field => {
  const object = asObject(json, path)
  const id = asInt(object['id'], `${path}.id`)
  const name = asString(object['name'], `${path}.name`)
  const type = parseType(object['type'], `${path}.type`)
  const doc =
    object['doc'] === undefined || object['doc'] === null ? undefined : asString(object['doc'], path)
  const initialDefault = readDefault(type, object['initial-default'])
  const writeDefault = readDefault(type, object['write-default'])
  const unknown = unknownMembers(object, fieldMembers)
  return newField({
    id,
    name,
    required: asBoolean(object['required'], `${path}.required`),
    type,
    ...(doc === undefined ? {} : { doc }),
    ...(initialDefault === undefined ? {} : { initialDefault }),
    ...(writeDefault === undefined ? {} : { writeDefault }),
    ...(unknown === undefined ? {} : { unknown }),
  })
}

/** Reads a struct type; BadRequest or IllegalArgument when it is none. */
export const parseStruct = (object: JsonObject, path: string): StructType => ({
  kind: 'struct',
  fields: asArray(object['fields'], `${path}.fields`).map((field, i) =>
    parseField(field, `${path}.fields[${i}]`),
  ),
})

const parseList = (object: JsonObject, path: string): ListType => ({
  kind: 'list',
  element: newField({
    id: asInt(object['element-id'], `${path}.element-id`),
    name: 'element',
    required: asBoolean(object['element-required'], `${path}.element-required`),
    type: parseType(object['element'], `${path}.element`),
  }),
})

const parseMap = (object: JsonObject, path: string): MapType => ({
  kind: 'map',
  key: newField({
    id: asInt(object['key-id'], `${path}.key-id`),
    name: 'key',
    required: true,
    type: parseType(object['key'], `${path}.key`),
  }),
  value: newField({
    id: asInt(object['value-id'], `${path}.value-id`),
    name: 'value',
    required: asBoolean(object['value-required'], `${path}.value-required`),
    type: parseType(object['value'], `${path}.value`),
  }),
})

/** Reads a type, primitive (a string) or nested (an object). */
const parseType = (json: JsonValue | undefined, path: string): ColumnType => {
  if (typeof json === 'string') return primitiveOf(json)
  if (isJsonObject(json)) {
    if (json['type'] === 'struct') return parseStruct(json, path)
    if (json['type'] === 'list') return parseList(json, path)
    if (json['type'] === 'map') return parseMap(json, path)
  }
  throw illegal(`Cannot parse type from json: ${excerpt(json)}`)
}

const encodeField = (field: Field): JsonObject =>
  objectOf([
    ['id', field.id],
    ['name', field.name],
    ['required', field.required],
    ['type', encodeType(field.type)],
    ['doc', field.doc],
    ['initial-default', field.initialDefault],
    ['write-default', field.writeDefault],
    ...Object.entries(field.unknown ?? {}),
  ])

export const encodeFields = (struct: StructType): readonly JsonValue[] => struct.fields.map(encodeField)

/** The JSON of a type, in the canonical spelling of the reference (`decimal(9, 2)`). */
const encodeType = (type: ColumnType): JsonValue => {
  if (type.kind === 'primitive') return type.text
  if (type.kind === 'struct') return { type: 'struct', fields: encodeFields(type) }
  if (type.kind === 'list') {
    const { id, required, type: element } = type.element
    return { type: 'list', 'element-id': id, element: encodeType(element), 'element-required': required }
  }
  return {
    type: 'map',
    'key-id': type.key.id,
    key: encodeType(type.key.type),
    'value-id': type.value.id,
    value: encodeType(type.value.type),
    'value-required': type.value.required,
  }
}

/** A field as messages show it: `1: id: required int (doc)`. */
export const formatField = (field: Field): string => {
  const doc = field.doc === undefined ? '' : ` (${field.doc})`
  return `${field.id}: ${field.name}: ${field.required ? 'required' : 'optional'} ${formatType(field.type)}${doc}`
}

/** A type as messages show it. */
export const formatType = (type: ColumnType): string => {
  if (type.kind === 'primitive') return type.text
  if (type.kind === 'struct') return `struct<${type.fields.map(formatField).join(', ')}>`
  if (type.kind === 'list') return `list<${formatType(type.element.type)}>`
  return `map<${formatType(type.key.type)}, ${formatType(type.value.type)}>`
}
