/** Random requests around tables. */
import type { JsonObject, JsonValue } from '../../../src/model/json.ts'
import { isJsonObject } from '../../../src/model/json.ts'
import { someIdentifier } from './names.ts'
import type { Random } from './random.ts'
import { newRequirements } from './requirements.ts'
import { setsReserved } from './reserved.ts'
import { newOrder, newSchema, newSpec } from './schemas.ts'
import { newProperties, newUpdates, startDraft } from './updates.ts'
import {
  metadataOf,
  nameKey,
  newKey,
  objects,
  ofKind,
  type TwinIdentifier,
  type TwinObject,
  type TwinRequest,
  type World,
} from './world.ts'

const tablePath = (id: TwinIdentifier): (string | readonly string[])[] => [
  'namespaces',
  id.namespace,
  'tables',
  id.name,
]

export const wire = (id: TwinIdentifier): JsonObject => ({ namespace: id.namespace, name: id.name })

const place = (random: Random, world: World): JsonObject =>
  random.chance(0.2)
    ? { location: `@root@/custom/${world.root}/${world.counter++}${random.pick(['', '', '/'])}` }
    : {}

const createBody = (random: Random, world: World, name: string): JsonObject => {
  const version = random.weighted([
    [4, 0],
    [2, 1],
    [2, 2],
    [4, 3],
    [0.2, 7],
  ])
  const schema = newSchema(random, { formatVersion: version === 0 ? 2 : version, firstId: 1 })
  const spec = newSpec(random, { schema, lastPartitionId: 999, older: [], numbered: false })
  const properties = {
    ...newProperties(random, world),
    ...(version > 0 ? { 'format-version': String(version) } : {}),
  }
  return {
    name,
    schema,
    ...place(random, world),
    ...(random.chance(0.5) ? { 'partition-spec': spec } : {}),
    ...(random.chance(0.4) ? { 'write-order': newOrder(random, schema) } : {}),
    ...(Object.keys(properties).length > 0 || random.chance(0.3) ? { properties } : {}),
  }
}

export const createTable = (random: Random, world: World): TwinRequest => {
  const id = someIdentifier(random, world)
  const stage = random.chance(0.25)
  const body = { ...createBody(random, world, id.name), ...(stage ? { 'stage-create': true } : {}) }
  const key = newKey(world)
  return {
    name: stage ? 'createTable staged' : 'createTable',
    method: 'POST',
    path: ['namespaces', id.namespace, 'tables'],
    body,
    subject: { key, newHome: !('location' in body) },
    settle: (into, answer) => {
      const object: TwinObject = { key, kind: 'table', id, metadata: metadataOf(answer) }
      if (stage) into.staged.push(object)
      else into.live.set(nameKey(id), object)
    },
  }
}

/** What a client sends after a staged create: everything, with final ids. */
const stagedUpdates = (random: Random, world: World, staged: TwinObject): JsonObject[] => {
  const { metadata } = staged
  const each = (list: string, action: string, field: string): JsonObject[] =>
    objects(metadata, list).map((item) => ({ action, [field]: item }))
  const all: JsonObject[] = [
    { action: 'assign-uuid', uuid: `@uuid:${staged.key}@` },
    { action: 'upgrade-format-version', 'format-version': metadata['format-version'] ?? 2 },
    ...each('schemas', 'add-schema', 'schema'),
    { action: 'set-current-schema', 'schema-id': -1 },
    ...each('partition-specs', 'add-spec', 'spec'),
    { action: 'set-default-spec', 'spec-id': -1 },
    ...each('sort-orders', 'add-sort-order', 'sort-order'),
    { action: 'set-default-sort-order', 'sort-order-id': -1 },
    { action: 'set-location', location: `@home:${staged.key}@` },
    { action: 'set-properties', updates: withoutServerProperties(metadata) },
  ]
  const sent = random.chance(0.12) ? all.filter(() => random.chance(0.85)) : all
  return random.chance(0.4) ? [...sent, ...newUpdates(startDraft(random, world, staged))] : sent
}

const withoutServerProperties = (metadata: JsonObject): JsonObject => {
  const { 'created-at': _, ...rest } = (metadata['properties'] ?? {}) as JsonObject
  return rest
}

export const commitStaged = (random: Random, world: World): TwinRequest | undefined => {
  const staged = world.staged.pop()
  if (staged === undefined) return undefined
  const more = random.chance(0.05) ? [{ type: 'assert-current-schema-id', 'current-schema-id': 0 }] : []
  const updates = stagedUpdates(random, world, staged)
  return {
    name: 'commitTable staged create',
    method: 'POST',
    path: tablePath(staged.id),
    body: { requirements: [{ type: 'assert-create' }, ...more], updates },
    subject: { key: staged.key },
    settle: (into, answer) => into.live.set(nameKey(staged.id), { ...staged, metadata: metadataOf(answer) }),
  }
}

const someTable = (random: Random, world: World): TwinObject | undefined => {
  const tables = ofKind(world, 'table')
  return tables.length === 0 ? undefined : random.pick(tables)
}

export const commitTable = (random: Random, world: World): TwinRequest | undefined => {
  const table = someTable(random, world)
  if (table === undefined) return undefined
  const updates = newUpdates(startDraft(random, world, table))
  const requirements: JsonValue = random.chance(0.02) ? null : newRequirements(random, table)
  const id = random.chance(0.02) ? someIdentifier(random, world) : table.id
  const named = random.chance(0.3) ? { identifier: wire(id) } : {}
  return {
    name: `commitTable ${updates.map((update) => String(update['action'])).join(' ')}`,
    method: 'POST',
    path: tablePath(id),
    body: { ...named, requirements, updates },
    ...(id === table.id ? { subject: { key: table.key } } : {}),
    settle: (into, answer) => {
      const held = into.live.get(nameKey(id))
      if (held !== undefined) into.live.set(nameKey(id), { ...held, metadata: metadataOf(answer) })
    },
  }
}

export const loadTable = (random: Random, world: World): TwinRequest => {
  const known = random.chance(0.8) ? someTable(random, world) : undefined
  const id = known?.id ?? someIdentifier(random, world)
  const query = random.weighted<Record<string, string> | undefined>([
    [5, undefined],
    [3, { snapshots: 'refs' }],
    [1, { snapshots: 'all' }],
  ])
  return {
    name: `loadTable ${query?.['snapshots'] ?? ''}`,
    method: 'GET',
    path: tablePath(id),
    ...(query === undefined ? {} : { query }),
    ...(known === undefined ? {} : { subject: { key: known.key } }),
  }
}

/** Reads back what a change without an answer has done. */
const readBack = (object: TwinObject, after: string): TwinRequest => ({
  name: `loadTable after ${after}`,
  method: 'GET',
  path: tablePath(object.id),
  subject: { key: object.key },
  settle: (into, answer) => into.live.set(nameKey(object.id), { ...object, metadata: metadataOf(answer) }),
})

export const registerTable = (random: Random, world: World): TwinRequest => {
  const id = someIdentifier(random, world)
  const gone = world.dropped.filter((object) => object.kind === 'table')
  const of = gone.length > 0 && random.chance(0.85) ? random.pick(gone) : undefined
  const location = of === undefined ? '@root@/nowhere/00000-c1e47000.metadata.json' : `@file:${of.key}@`
  return {
    name: 'registerTable',
    method: 'POST',
    path: ['namespaces', id.namespace, 'register'],
    body: {
      name: id.name,
      'metadata-location': location,
      ...(random.chance(0.25) ? { overwrite: random.chance(0.3) } : {}),
    },
    ...(of === undefined ? {} : { subject: { key: of.key } }),
    settle: (into, answer) => {
      if (of === undefined) return
      into.dropped.splice(into.dropped.indexOf(of), 1)
      into.live.set(nameKey(id), { ...of, id, metadata: metadataOf(answer) })
    },
  }
}

export const reportMetrics = (random: Random, world: World): TwinRequest => {
  const id = someTable(random, world)?.id ?? someIdentifier(random, world)
  const counter = { 'added-records': { unit: 'count', value: random.int(1000) } }
  return {
    name: 'reportMetrics',
    method: 'POST',
    path: [...tablePath(id), 'metrics'],
    body: {
      'report-type': 'commit-report',
      'table-name': id.name,
      'snapshot-id': 12,
      'sequence-number': 1,
      operation: 'append',
      metrics: counter,
    },
  }
}

export const commitTransaction = (random: Random, world: World): TwinRequest | undefined => {
  const tables = random.some(ofKind(world, 'table'), 0.6).slice(0, 3)
  if (tables.length === 0) return undefined
  const changes = tables.map((table) => ({
    identifier: wire(table.id),
    requirements: newRequirements(random, table).filter((r) => r['type'] !== 'assert-create'),
    // Its effects are read back later, where nobody could tell why they differ.
    updates: newUpdates(startDraft(random, world, table)).filter((update) => !setsReserved(update)),
  }))
  const missing = { identifier: wire(someIdentifier(random, world)), requirements: [], updates: [] }
  const sent = random.chance(0.04) ? [...changes, missing] : changes
  return {
    name: `commitTransaction of ${sent.length}`,
    method: 'POST',
    path: ['transactions', 'commit'],
    body: { 'table-changes': sent.filter(isJsonObject) },
    settle: (into) => into.followUps.push(...tables.map((table) => readBack(table, 'a transaction'))),
    refused: (into) =>
      into.followUps.push(...tables.map((table) => readBack(table, 'a refused transaction'))),
  }
}
