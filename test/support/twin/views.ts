/** Random requests around views. */
import type { JsonObject, JsonValue } from '../../../src/model/json.ts'
import { someIdentifier } from './names.ts'
import type { Random } from './random.ts'
import { newRequirements } from './requirements.ts'
import { evolvedSchema, newSchema } from './schemas.ts'
import {
  metadataOf,
  nameKey,
  newKey,
  numberOf,
  objects,
  ofKind,
  type TwinIdentifier,
  type TwinObject,
  type TwinRequest,
  type World,
} from './world.ts'

const viewPath = (id: TwinIdentifier): (string | readonly string[])[] => [
  'namespaces',
  id.namespace,
  'views',
  id.name,
]

const representations = (random: Random): JsonObject[] => {
  const dialects = random.some(['spark', 'trino', 'Trino'], 0.45)
  const chosen = dialects.length === 0 ? ['spark'] : random.chance(0.02) ? [] : dialects
  const list: JsonObject[] = chosen.map((dialect) => ({
    type: 'sql',
    sql: `select ${random.int(4)}`,
    dialect,
  }))
  return random.chance(0.02) ? [...list, { type: 'plan', bytes: 'AA==' }] : list
}

const version = (random: Random, world: World, schemaId: number): JsonObject => ({
  'version-id': random.pick([1, 1, 2, 3, 5]),
  'timestamp-ms': random.chance(0.8)
    ? world.startedAt + world.counter++
    : world.startedAt - 864_000_000 + world.counter++,
  'schema-id': schemaId,
  summary: random.chance(0.5) ? {} : { 'engine-name': random.pick(['spark', 'trino']) },
  representations: representations(random),
  ...(random.chance(0.3) ? { 'default-catalog': 'prod' } : {}),
  'default-namespace': random.pick([['x'], ['x'], [], ['x', 'y']]),
})

const newViewProperties = (random: Random, world: World): JsonObject =>
  Object.fromEntries(
    random.some(
      [
        ['comment', random.pick(['one', 'two', ''])],
        ['version.history.num-entries', random.pick(['1', '2', '3', '0', 'x'])],
        ['replace.drop-dialect.allowed', random.pick(['true', 'false', 'TRUE'])],
        ['write.metadata.compression-codec', random.pick(['none', 'gzip'])],
        ['write.metadata.path', `@root@/meta/${world.root}/${world.counter}`],
        ['gc.enabled', 'false'],
        ['ünï', 'çödé'],
      ],
      0.25,
    ),
  )

export const createView = (random: Random, world: World): TwinRequest => {
  const id = someIdentifier(random, world)
  const schema = newSchema(random, { formatVersion: 2, firstId: random.pick([1, 1, 30]) })
  const location = random.chance(0.2) ? { location: `@root@/custom/${world.root}/${world.counter++}` } : {}
  const key = newKey(world)
  return {
    name: 'createView',
    method: 'POST',
    path: ['namespaces', id.namespace, 'views'],
    body: {
      name: id.name,
      schema,
      'view-version': { ...version(random, world, 0), summary: { made: 'by create' } },
      properties: newViewProperties(random, world),
      ...location,
    },
    subject: { key, newHome: !('location' in location) },
    settle: (into, answer) =>
      into.live.set(nameKey(id), { key, kind: 'view', id, metadata: metadataOf(answer) }),
  }
}

interface ViewDraft {
  readonly random: Random
  readonly world: World
  readonly view: TwinObject
}

type Maker = (draft: ViewDraft) => JsonObject[]

const someSchemaId = ({ random, view }: ViewDraft): number => {
  const known = objects(view.metadata, 'schemas').map((schema) => numberOf(schema, 'schema-id', 0))
  return random.weighted([
    [6, known.length > 0 ? random.pick(known) : 0],
    [0.4, -1],
    [0.3, 40],
  ])
}

const someVersionId = ({ random, view }: ViewDraft): number => {
  const known = objects(view.metadata, 'versions').map((v) => numberOf(v, 'version-id', 1))
  return random.weighted([
    [5, -1],
    [4, random.pick([...known, 1])],
    [0.4, 40],
  ])
}

const addSchema: Maker = ({ random, view }) => {
  const base = random.pick([...objects(view.metadata, 'schemas'), { fields: [] }])
  return [{ action: 'add-schema', schema: evolvedSchema(random, base, { formatVersion: 2, firstId: 60 }) }]
}

/** Sometimes a version that is there already, with another id and time. */
const addVersion: Maker = (draft) => {
  const { random, world, view } = draft
  const known = objects(view.metadata, 'versions').filter((v) => numberOf(v, 'version-id', 1) > 1)
  const fresh = version(random, world, someSchemaId(draft))
  const again = known.length > 0 && random.chance(0.25) ? random.pick(known) : undefined
  const sent = again === undefined ? fresh : { ...again, 'version-id': fresh['version-id'] ?? 1 }
  const set = random.chance(0.7) ? [{ action: 'set-current-view-version', 'view-version-id': -1 }] : []
  return [{ action: 'add-view-version', 'view-version': sent }, ...set]
}

const addBoth: Maker = (draft) => {
  const [schema] = addSchema(draft)
  const made = { ...version(draft.random, draft.world, -1) }
  return [
    ...(schema === undefined ? [] : [schema]),
    { action: 'add-view-version', 'view-version': made },
    { action: 'set-current-view-version', 'view-version-id': -1 },
  ]
}

const setCurrent: Maker = (draft) => [
  { action: 'set-current-view-version', 'view-version-id': someVersionId(draft) },
]

const viewUpdates: readonly (readonly [number, Maker])[] = [
  [3, addSchema],
  [8, addVersion],
  [4, addBoth],
  [3, setCurrent],
  [3, ({ random, world }) => [{ action: 'set-properties', updates: newViewProperties(random, world) }]],
  [
    1.5,
    ({ random }) => [
      {
        action: 'remove-properties',
        removals: random.some(['comment', 'version.history.num-entries', 'no']),
      },
    ],
  ],
  [
    1,
    ({ random, world }) => [
      {
        action: 'set-location',
        location: `@root@/moved/${world.root}/${random.int(100)}${random.pick(['', '/'])}`,
      },
    ],
  ],
  [
    0.7,
    ({ random, view }) => [
      { action: 'assign-uuid', uuid: random.chance(0.7) ? `@uuid:${view.key}@` : random.uuid() },
    ],
  ],
  [0.5, ({ random }) => [{ action: 'upgrade-format-version', 'format-version': random.pick([1, 1, 0, 2]) }]],
  [0.3, () => [{ action: 'set-current-schema', 'schema-id': 0 }]],
  [0.3, () => [{ action: 'remove-snapshot-ref', 'ref-name': 'main' }]],
  [0.2, () => [{ action: 'no-such-thing' }]],
]

export const commitView = (random: Random, world: World): TwinRequest | undefined => {
  const views = ofKind(world, 'view')
  if (views.length === 0) return undefined
  const view = random.pick(views)
  const id = random.chance(0.03) ? someIdentifier(random, world) : view.id
  const count = random.weighted([
    [0.5, 0],
    [10, 1],
    [4, 2],
    [1, 4],
  ])
  const updates = Array.from({ length: count }, () =>
    random.weighted(viewUpdates)({ random, world, view }),
  ).flat()
  const requirements: JsonValue = random.chance(0.02) ? null : newRequirements(random, view)
  return {
    name: `replaceView ${updates.map((update) => String(update['action'])).join(' ')}`,
    method: 'POST',
    path: viewPath(id),
    body: { ...(requirements === null && random.chance(0.5) ? {} : { requirements }), updates },
    ...(id === view.id ? { subject: { key: view.key } } : {}),
    settle: (into, answer) => {
      const held = into.live.get(nameKey(id))
      if (held !== undefined) into.live.set(nameKey(id), { ...held, metadata: metadataOf(answer) })
    },
  }
}

/** The reference server deletes the file of a dropped view unless `gc.enabled` is false. */
export const registerView = (random: Random, world: World): TwinRequest | undefined => {
  const gone = world.dropped.filter((object) => object.kind === 'view' && keepsFiles(object))
  if (gone.length === 0) return undefined
  const of = random.pick(gone)
  const id = someIdentifier(random, world)
  return {
    name: 'registerView',
    method: 'POST',
    path: ['namespaces', id.namespace, 'register-view'],
    body: { name: id.name, 'metadata-location': `@file:${of.key}@` },
    subject: { key: of.key },
    settle: (into, answer) => {
      into.dropped.splice(into.dropped.indexOf(of), 1)
      into.live.set(nameKey(id), { ...of, id, metadata: metadataOf(answer) })
    },
  }
}

const keepsFiles = ({ metadata }: TwinObject): boolean =>
  (metadata['properties'] as JsonObject | undefined)?.['gc.enabled'] === 'false'

export const loadView = (random: Random, world: World): TwinRequest => {
  const views = ofKind(world, 'view')
  const known = views.length > 0 && random.chance(0.8) ? random.pick(views) : undefined
  const id = known?.id ?? someIdentifier(random, world)
  return {
    name: 'loadView',
    method: 'GET',
    path: viewPath(id),
    ...(known === undefined ? {} : { subject: { key: known.key } }),
  }
}
