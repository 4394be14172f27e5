/** Random updates of tables, one function an update kind of the specification. */
import type { JsonObject, JsonValue } from '../../../src/model/json.ts'
import type { Random } from './random.ts'
import { evolvedSchema, newOrder, newSchema, newSpec } from './schemas.ts'
import { type Drafting, snapshotUpdates } from './snapshots.ts'
import { currentSchema, numberOf, objects, type TwinObject, type World } from './world.ts'

type Maker = (draft: Drafting) => JsonObject[]

const idsIn = (table: TwinObject, list: string, id: string): number[] =>
  objects(table.metadata, list).map((item) => numberOf(item, id, 0))

/** A known id, -1 for "last added", or one that is unknown. */
const reference = (random: Random, known: readonly number[]): number =>
  random.weighted([
    [5, -1],
    [known.length === 0 ? 0 : 5, known.length === 0 ? 0 : random.pick(known)],
    [0.5, 17],
    [0.2, -2],
  ])

const schemaWish = ({ table }: Drafting): { formatVersion: number; firstId: number } => ({
  formatVersion: numberOf(table.metadata, 'format-version', 2),
  firstId: numberOf(table.metadata, 'last-column-id', 0) + 1,
})

const addSchema: Maker = (draft) => {
  const { random, table } = draft
  const base = random.chance(0.8)
    ? currentSchema(table.metadata)
    : random.pick([...objects(table.metadata, 'schemas'), {}])
  const schema = random.chance(0.1)
    ? newSchema(random, schemaWish(draft))
    : evolvedSchema(random, base, schemaWish(draft))
  const last = random.chance(0.3) ? { 'last-column-id': random.pick([0, 3, 50]) } : {}
  const set = random.chance(0.6) ? [{ action: 'set-current-schema', 'schema-id': -1 }] : []
  return [{ action: 'add-schema', schema, ...last }, ...set]
}

const setCurrentSchema: Maker = ({ random, table }) => [
  { action: 'set-current-schema', 'schema-id': reference(random, idsIn(table, 'schemas', 'schema-id')) },
]

const addSpec: Maker = ({ random, table }) => {
  const older = objects(table.metadata, 'partition-specs').flatMap((spec) => objects(spec, 'fields'))
  const lastPartitionId = numberOf(table.metadata, 'last-partition-id', 999)
  const spec = random.chance(0.15)
    ? random.pick([...objects(table.metadata, 'partition-specs'), { fields: [] }])
    : newSpec(random, { schema: currentSchema(table.metadata), lastPartitionId, older, numbered: true })
  const set = random.chance(0.6) ? [{ action: 'set-default-spec', 'spec-id': -1 }] : []
  return [{ action: 'add-spec', spec }, ...set]
}

const setDefaultSpec: Maker = ({ random, table }) => [
  { action: 'set-default-spec', 'spec-id': reference(random, idsIn(table, 'partition-specs', 'spec-id')) },
]

const addOrder: Maker = ({ random, table }) => {
  const order = random.chance(0.15)
    ? random.pick([...objects(table.metadata, 'sort-orders'), { 'order-id': 0, fields: [] }])
    : newOrder(random, currentSchema(table.metadata))
  const set = random.chance(0.6) ? [{ action: 'set-default-sort-order', 'sort-order-id': -1 }] : []
  return [{ action: 'add-sort-order', 'sort-order': order }, ...set]
}

const setDefaultOrder: Maker = ({ random, table }) => [
  {
    action: 'set-default-sort-order',
    'sort-order-id': reference(random, idsIn(table, 'sort-orders', 'order-id')),
  },
]

const upgrade: Maker = ({ random, table }) => {
  const version = numberOf(table.metadata, 'format-version', 2)
  return [
    {
      action: 'upgrade-format-version',
      'format-version': random.pick([version, version, Math.min(version + 1, 3), version - 1, 3, 3, 0, 9]),
    },
  ]
}

const assignUuid: Maker = ({ random, table }) => [
  { action: 'assign-uuid', uuid: random.chance(0.93) ? `@uuid:${table.key}@` : random.uuid() },
]

const setLocation: Maker = ({ random, world, table }) => [
  {
    action: 'set-location',
    location: random.chance(0.4)
      ? `@home:${table.key}@`
      : `@root@/moved/${world.root}/${world.counter++}${random.pick(['', '/'])}`,
  },
]

/** Properties that the server itself looks at, and others. */
const meaningful = (random: Random, world: World): (readonly [string, JsonValue])[] => [
  ['owner', random.pick(['alice', 'bob', ''])],
  ['write.format.default', 'orc'],
  ['write.metadata.previous-versions-max', random.pick(['1', '2', '3', '0', 'many'])],
  ['write.metadata.compression-codec', random.pick(['gzip', 'none', 'GZIP', 'zstd'])],
  ['write.metadata.path', `@root@/meta/${world.root}/${world.counter}`],
  ['commit.retry.num-retries', random.pick(['2', '5', '-1'])],
  ['write.metadata.metrics.column.data', 'full'],
  ['ünï', 'çödé'],
  [random.pick(['format-version', 'uuid', 'snapshot-count', 'current-schema', 'default-sort-order']), '1'],
]

export const newProperties = (random: Random, world: World): JsonObject =>
  Object.fromEntries(random.some(meaningful(random, world).slice(0, random.chance(0.1) ? 9 : 8), 0.2))

const setProperties: Maker = ({ random, world }) => [
  { action: 'set-properties', [random.chance(0.05) ? 'updated' : 'updates']: newProperties(random, world) },
]

const removeProperties: Maker = ({ random, world }) => {
  const names = random.some(
    meaningful(random, world).map(([name]) => name),
    0.3,
  )
  return [{ action: 'remove-properties', [random.chance(0.05) ? 'removed' : 'removals']: names }]
}

const removeSpecs: Maker = ({ random, table }) => [
  {
    action: 'remove-partition-specs',
    'spec-ids': random.some([...idsIn(table, 'partition-specs', 'spec-id'), 17], 0.3),
  },
]

const removeSchemas: Maker = ({ random, table }) => [
  { action: 'remove-schemas', 'schema-ids': random.some([...idsIn(table, 'schemas', 'schema-id'), 17], 0.3) },
]

const odd: Maker = ({ random }) => [
  random.pick<JsonObject>([
    { action: 'paint-it-black' },
    { action: 'set-current-view-version', 'view-version-id': 1 },
    { action: 'SET-PROPERTIES', updates: { shouted: 'yes' } },
    { updates: { a: 'b' } },
    { action: 'set-properties', updates: { a: null } },
    { action: 'set-properties', updates: { a: 1 } },
    { action: 'add-schema' },
    { action: 'remove-properties', removals: 'owner' },
    { action: 'set-location', location: null },
  ]),
]

const updateKinds: readonly (readonly [number, Maker])[] = [
  ...snapshotUpdates,
  [5, addSchema],
  [1.5, setCurrentSchema],
  [4, addSpec],
  [1, setDefaultSpec],
  [2.5, addOrder],
  [1, setDefaultOrder],
  [1, upgrade],
  [0.7, assignUuid],
  [1, setLocation],
  [2.5, setProperties],
  [1.5, removeProperties],
  [1, removeSpecs],
  [1, removeSchemas],
  [0.4, odd],
]

export const startDraft = (random: Random, world: World, table: TwinObject): Drafting => ({
  random,
  world,
  table,
  added: [],
  sequence: numberOf(table.metadata, 'last-sequence-number', 0),
  nextRowId: numberOf(table.metadata, 'next-row-id', 0),
})

export const newUpdates = (draft: Drafting): JsonObject[] => {
  const { random } = draft
  const count = random.weighted([
    [1, 0],
    [10, 1],
    [5, 2],
    [2, 3],
    [1, 6],
  ])
  return Array.from({ length: count }, () => random.weighted(updateKinds)(draft)).flat()
}
