/** Fields of a schema by id and by name, and rules that need the way from the root to a field. */
import { illegal, invalid } from './errors.ts'
import { type ColumnType, childrenOf, type Field, formatField, formatType, type StructType } from './types.ts'

export interface IndexedField {
  readonly field: Field
  /** Full name: levels joined by dots, `element`, `key` and `value` included. */
  readonly name: string
  readonly parent: IndexedField | undefined
}

export interface SchemaIndex {
  readonly fields: ReadonlyMap<number, IndexedField>
  /** 0 where there are no fields. */
  readonly highestId: number
  /** By full name, or by the short name without `element` and `value` of nested structs where it is free. */
  find(name: string): Field | undefined
}

interface Level {
  readonly parent: IndexedField | undefined
  readonly shortName: string
}

interface Indexing {
  readonly fields: Map<number, IndexedField>
  readonly full: Map<string, Field>
  readonly short: Map<string, Field>
}

const joined = (prefix: string, name: string): string => (prefix === '' ? name : `${prefix}.${name}`)

/** `locations.latitude` instead of `locations.element.latitude`: a struct in a list or map value adds no level. */
const addsShortLevel = (field: Field, container: ColumnType): boolean =>
  field.type.kind !== 'struct' ||
  !(container.kind === 'list' || (container.kind === 'map' && field === container.value))

const addField = (indexing: Indexing, entry: IndexedField, shortName: string): void => {
  const { field, name } = entry
  const taken = indexing.full.get(name)
  if (taken !== undefined)
    throw invalid(`Invalid schema: multiple fields for name ${name}: ${taken.id} and ${field.id}`)
  if (indexing.fields.has(field.id)) throw illegal(`Invalid schema: multiple fields with id ${field.id}`)
  indexing.full.set(name, field)
  indexing.fields.set(field.id, entry)
  if (!indexing.short.has(shortName)) indexing.short.set(shortName, field)
}

const addChildren = (indexing: Indexing, type: ColumnType, level: Level): void => {
  for (const field of childrenOf(type)) {
    const name = joined(level.parent?.name ?? '', field.name)
    const entry = { field, name, parent: level.parent }
    const shortName = joined(level.shortName, field.name)
    addField(indexing, entry, shortName)
    const next = addsShortLevel(field, type) ? shortName : level.shortName
    addChildren(indexing, field.type, { parent: entry, shortName: next })
  }
}

/** Indexes a struct; two fields of one id or of one full name are refused. */
export const indexStruct = (struct: StructType): SchemaIndex => {
  const indexing: Indexing = { fields: new Map(), full: new Map(), short: new Map() }
  addChildren(indexing, struct, { parent: undefined, shortName: '' })
  let highestId = 0
  for (const id of indexing.fields.keys()) highestId = Math.max(highestId, id)
  const find = (name: string): Field | undefined => indexing.full.get(name) ?? indexing.short.get(name)
  return { fields: indexing.fields, highestId, find }
}

/** The containers of a field, outermost first. */
const ancestorsOf = (entry: IndexedField): readonly IndexedField[] => {
  const ancestors: IndexedField[] = []
  for (let at = entry.parent; at !== undefined; at = at.parent) ancestors.unshift(at)
  return ancestors
}

const checkIdentifierField = (entry: IndexedField): void => {
  const { field } = entry
  const refusal = `Cannot add field ${field.name} as an identifier field:`
  if (field.type.kind !== 'primitive' || field.type.name === 'variant')
    throw illegal(`${refusal} not a primitive type field`)
  if (!field.required) throw illegal(`${refusal} not a required field`)
  if (field.type.name === 'float' || field.type.name === 'double')
    throw illegal(`${refusal} must not be float or double field`)
  for (const { field: parent } of ancestorsOf(entry)) {
    if (parent.type.kind !== 'struct')
      throw illegal(`${refusal} must not be nested in ${formatField(parent)}`)
    if (!parent.required)
      throw illegal(`${refusal} must not be nested in an optional field ${formatField(parent)}`)
  }
}

/** Identifier fields are required primitives, no floats, inside required structs only (format specification, "Identifier Field IDs"). */
export const checkIdentifierFields = (index: SchemaIndex, ids: readonly number[]): void => {
  for (const id of ids) {
    const entry = index.fields.get(id)
    if (entry === undefined)
      throw illegal(`Cannot add fieldId ${id} as an identifier field: field does not exist`)
    checkIdentifierField(entry)
  }
}

/** A source of a partition field lies in structs only, never in a list or map. */
export const checkOnlyStructsAround = (entry: IndexedField): void => {
  for (const { field } of ancestorsOf(entry))
    if (field.type.kind !== 'struct')
      throw invalid(`Invalid partition field parent: ${formatType(field.type)}`)
}
