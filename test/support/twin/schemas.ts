/** Random schemas, partition specs and sort orders, mostly sound, sometimes not. */
import type { JsonObject, JsonValue } from '../../../src/model/json.ts'
import { JsonNumber } from '../../../src/model/json.ts'
import type { Random } from './random.ts'

const oldTypes = [
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'string',
  'uuid',
  'binary',
  'fixed[8]',
  'decimal(9, 2)',
]
const newTypes = ['timestamp_ns', 'timestamptz_ns', 'variant', 'unknown', 'geometry', 'geography']
const wrongTypes = ['varchar', 'decimal(50, 2)', 'fixed[]', 'struct', '', 'INT']

export interface SchemaWish {
  readonly formatVersion: number
  /** Ids are taken upwards from here. */
  readonly firstId: number
}

/** The next free id, shared by all fields of one schema. */
interface Ids {
  next: number
}

const primitive = (random: Random, wish: SchemaWish): string => {
  if (random.chance(0.01)) return random.pick(wrongTypes)
  const newer = wish.formatVersion >= 3 ? 0.2 : 0.02
  return random.pick(random.chance(newer) ? newTypes : oldTypes)
}

const type = (random: Random, ids: Ids, wish: SchemaWish & { readonly depth: number }): JsonValue => {
  const nested = { ...wish, depth: wish.depth + 1 }
  const id = (): number => ids.next++
  if (wish.depth >= 2 || random.chance(0.8)) return primitive(random, wish)
  const kind = random.pick(['struct', 'list', 'map'])
  if (kind === 'struct') return { type: 'struct', fields: fields(random, ids, nested) }
  if (kind === 'list') {
    const elementId = id()
    return {
      type: 'list',
      'element-id': elementId,
      element: type(random, ids, nested),
      'element-required': random.chance(0.5),
    }
  }
  const [keyId, valueId] = [id(), id()]
  return {
    type: 'map',
    'key-id': keyId,
    key: type(random, ids, nested),
    'value-id': valueId,
    value: type(random, ids, nested),
    'value-required': random.chance(0.5),
  }
}

const sampleDefault: Readonly<Record<string, JsonValue>> = {
  boolean: true,
  int: 7,
  long: 9_007_199_254_740_993n,
  float: new JsonNumber('1.5'),
  double: new JsonNumber('2.0'),
  date: '2024-02-29',
  time: '10:11:12.131415',
  timestamp: '2024-02-29T10:11:12.131415',
  timestamptz: '2024-02-29T10:11:12.131415+00:00',
  string: 'häß',
  uuid: 'f79c3e09-677c-4bbd-a479-3f349cb785e7',
  binary: '010203',
  'fixed[8]': '0102030405060708',
  'decimal(9, 2)': '14.20',
}

const defaults = (random: Random, of: JsonValue, formatVersion: number): JsonObject => {
  if (typeof of !== 'string' || !random.chance(formatVersion >= 3 ? 0.15 : 0.01)) return {}
  const value = random.chance(0.03) ? [] : (sampleDefault[of] ?? 'x')
  const initial = random.chance(0.7) ? { 'initial-default': value } : {}
  return { ...initial, ...(random.chance(0.7) ? { 'write-default': value } : {}) }
}

const names = ['id', 'data', 'ts', 'category', 'amount', 'point', 'tags', 'a.b', 'Ünï', 'x y']

const field = (random: Random, ids: Ids, wish: SchemaWish & { readonly depth: number }): JsonObject => {
  const id = ids.next++
  const name = random.chance(0.05) ? random.pick(names) : `${random.pick(names)}_${id}`
  const of = type(random, ids, wish)
  const doc = random.chance(0.15) ? { doc: `about ${name}` } : {}
  return {
    id: random.chance(0.01) ? random.int(4) : id,
    name,
    required: random.chance(0.3),
    type: of,
    ...doc,
    ...defaults(random, of, wish.formatVersion),
  }
}

const fields = (random: Random, ids: Ids, wish: SchemaWish & { readonly depth: number }): JsonObject[] =>
  Array.from({ length: 1 + random.int(3) }, () => field(random, ids, wish))

const schemaId = (random: Random): JsonObject =>
  random.chance(0.6) ? { 'schema-id': random.pick([0, 0, 1, 2, 7, -1]) } : {}

const fieldsOf = (schema: JsonObject): readonly JsonObject[] =>
  Array.isArray(schema['fields']) ? (schema['fields'] as readonly JsonObject[]) : []

const identifiers = (random: Random, schema: JsonObject): JsonObject => {
  if (!random.chance(0.2)) return {}
  const sound = fieldsOf(schema).filter((f) => f['required'] === true && typeof f['type'] === 'string')
  const from = random.chance(0.85) ? sound : fieldsOf(schema)
  return { 'identifier-field-ids': random.some(from.map((f) => f['id'] ?? null)) }
}

export const newSchema = (random: Random, wish: SchemaWish): JsonObject => {
  const ids = { next: wish.firstId + (random.chance(0.2) ? random.int(5) : 0) }
  const list = fields(random, ids, { ...wish, depth: 0 })
  const schema = { type: 'struct', ...schemaId(random), fields: random.chance(0.05) ? [] : list }
  return { ...schema, ...identifiers(random, schema) }
}

const promoted: Readonly<Record<string, string>> = { int: 'long', float: 'double', date: 'timestamp' }

const edits: readonly ((random: Random, list: JsonObject[], wish: SchemaWish) => JsonObject[])[] = [
  (random, list, wish) => [...list, field(random, { next: wish.firstId }, { ...wish, depth: 0 })],
  (random, list) => list.filter((_, i) => i !== random.int(list.length)),
  (random, list) => random.shuffle(list),
  (random, list) =>
    list.map((f) => (random.chance(0.3) ? { ...f, name: `${String(f['name'])}_renamed` } : f)),
  (_random, list) =>
    list.map((f) => ({
      ...f,
      type: promoted[typeof f['type'] === 'string' ? f['type'] : ''] ?? f['type'] ?? null,
    })),
  (random, list) => list.map((f) => ({ ...f, required: random.chance(0.5) })),
  (random, list) => list.map((f) => (random.chance(0.3) ? { ...f, doc: 'told anew' } : f)),
]

/** The schema as a client would send it after a change; the same schema with some probability. */
export const evolvedSchema = (random: Random, base: JsonObject, wish: SchemaWish): JsonObject => {
  let list = [...fieldsOf(base)]
  const count = random.chance(0.2) ? 0 : 1 + random.int(2)
  for (let i = 0; i < count; i++) list = random.pick(edits)(random, list, wish)
  const kept = random.chance(0.8) ? base['identifier-field-ids'] : undefined
  const schema = {
    type: 'struct',
    ...schemaId(random),
    ...(kept === undefined ? {} : { 'identifier-field-ids': kept }),
    fields: list,
  }
  return random.chance(0.1) ? { ...schema, ...identifiers(random, schema) } : schema
}

interface Leaf {
  readonly id: number
  readonly type: string
}

/** Primitive columns, those within structs included. */
const leaves = (schema: JsonObject): Leaf[] =>
  fieldsOf(schema).flatMap((f): Leaf[] => {
    const of = f['type']
    if (typeof of === 'string') return [{ id: Number(f['id']), type: of }]
    return typeof of === 'object' && of !== null && 'fields' in of ? leaves(of as JsonObject) : []
  })

const transforms = (type: string): string[] => {
  const common = ['identity', 'bucket[16]', 'truncate[4]', 'void']
  if (type === 'date') return [...common, 'year', 'month', 'day']
  if (type.startsWith('timestamp')) return [...common, 'year', 'month', 'day', 'hour']
  return common
}

const transform = (random: Random, type: string): string => {
  if (random.chance(0.04))
    return random.pick(['hour', 'zorder[3]', 'bucket[0]', 'bucket', 'Identity', 'alwaysNull'])
  return random.pick(transforms(type))
}

const source = (random: Random, schema: JsonObject): Leaf => {
  const known = leaves(schema)
  if (known.length === 0 || random.chance(0.03)) return { id: 40 + random.int(100), type: 'int' }
  return random.pick(known)
}

export interface SpecWish {
  readonly schema: JsonObject
  readonly lastPartitionId: number
  /** Fields of older specs, some of which are taken over. */
  readonly older: readonly JsonObject[]
  /** Clients number the fields of a spec that they add to a table; in a create the catalog does. */
  readonly numbered: boolean
}

const fieldIds = (random: Random, list: readonly JsonObject[], wish: SpecWish): JsonObject[] => {
  const mode = random.weighted([
    [wish.numbered ? 0.4 : 5, 'none'],
    [wish.numbered ? 8 : 3, 'all'],
    [0.2, 'some'],
    [0.2, 'wild'],
  ])
  if (mode === 'none') return list.map(({ 'field-id': _, ...rest }) => rest)
  let next = wish.lastPartitionId
  return list.map((f) => {
    if (mode === 'some' && random.chance(0.5)) return f
    const own = mode === 'wild' ? random.pick([0, 1, 999, 1000, 1001, 5000]) : (f['field-id'] ?? ++next)
    return { ...f, 'field-id': own }
  })
}

export const newSpec = (random: Random, wish: SpecWish): JsonObject => {
  const fresh = Array.from({ length: random.int(3) }, (_, i): JsonObject => {
    const { id, type: of } = source(random, wish.schema)
    const name = random.chance(0.03) ? 'id' : `p_${i}_${random.int(20)}`
    return { name, transform: transform(random, of), 'source-id': id }
  })
  const list = [...(random.chance(0.5) ? random.some(wish.older) : []), ...fresh]
  const specId = random.chance(0.96) ? { 'spec-id': random.pick([0, 0, 1, 3, -1]) } : {}
  return { ...specId, fields: fieldIds(random, list, wish) }
}

export const newOrder = (random: Random, schema: JsonObject): JsonObject => {
  const list = Array.from({ length: random.int(3) }, (): JsonObject => {
    const { id, type: of } = source(random, schema)
    return {
      transform: transform(random, of),
      'source-id': id,
      direction: random.pick(['asc', 'desc', 'desc', 'asc', 'ASC']),
      'null-order': random.pick(['nulls-first', 'nulls-last']),
    }
  })
  return { 'order-id': random.pick([0, 1, 1, 2, 2, 9]), fields: list }
}
