/** Random updates around snapshots: adding, referring, removing, statistics, keys. */
import type { JsonObject, JsonValue } from '../../../src/model/json.ts'
import type { Random } from './random.ts'
import { currentSchema, numberOf, objects, type TwinObject, type World } from './world.ts'

export interface Drafting {
  readonly random: Random
  readonly world: World
  readonly table: TwinObject
  /** Ids of snapshots that this very commit adds. */
  readonly added: bigint[]
  /** What earlier updates of this commit have used up. */
  sequence: number
  nextRowId: number
}

type Maker = (draft: Drafting) => JsonObject[]

const snapshotIds = ({ table, added }: Drafting): JsonValue[] => [
  ...objects(table.metadata, 'snapshots').map((s) => s['snapshot-id'] ?? null),
  ...added,
]

const someSnapshot = (draft: Drafting): JsonValue => {
  const known = snapshotIds(draft)
  return known.length === 0 || draft.random.chance(0.06)
    ? draft.random.pick([draft.random.long(), 3])
    : draft.random.pick(known)
}

/** Mostly about now, as real writers do; sometimes long ago. */
const timestamp = ({ random, world }: Drafting): number =>
  random.chance(0.85)
    ? world.startedAt + world.counter++
    : world.startedAt - 864_000_000 + 1000 * world.counter++

const lineage = (draft: Drafting): JsonObject => {
  const version = numberOf(draft.table.metadata, 'format-version', 2)
  if (version < 3 && !draft.random.chance(0.02)) return {}
  const rows = draft.random.int(50)
  const first =
    draft.nextRowId +
    draft.random.weighted([
      [20, 0],
      [1, -1],
      [1, 10],
    ])
  draft.nextRowId = Math.max(draft.nextRowId, first) + rows
  const both = { 'first-row-id': first, 'added-rows': rows }
  if (!draft.random.chance(0.08)) return both
  return draft.random.pick<JsonObject>([
    { 'first-row-id': first },
    { 'added-rows': rows },
    {},
    { ...both, 'added-rows': -1 },
  ])
}

const sequenceNumber = (draft: Drafting): JsonObject => {
  const version = numberOf(draft.table.metadata, 'format-version', 2)
  if (version === 1) return draft.random.chance(0.3) ? { 'sequence-number': 0 } : {}
  const next = draft.random.chance(0.08) ? draft.sequence + draft.random.pick([-1, 0, 5]) : draft.sequence + 1
  draft.sequence = Math.max(draft.sequence, next)
  return draft.random.chance(0.03) ? {} : { 'sequence-number': next }
}

const addSnapshot: Maker = (draft) => {
  const { random, table } = draft
  const parent = random.weighted<JsonObject>([
    [6, { 'parent-snapshot-id': someSnapshot(draft) }],
    [4, {}],
    [0.1, { 'parent-snapshot-id': null }],
  ])
  const id = random.chance(0.03)
    ? someSnapshot(draft)
    : random.chance(0.1)
      ? BigInt(1000 + draft.world.counter++)
      : random.long()
  const key = BigInt(id as bigint | number)
  const written: JsonValue = key <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(key) : key
  draft.added.push(key)
  const schema = random.chance(0.8)
    ? { 'schema-id': numberOf(currentSchema(table.metadata), 'schema-id', 0) }
    : {}
  const snapshot = {
    'snapshot-id': written,
    ...parent,
    ...sequenceNumber(draft),
    'timestamp-ms': timestamp(draft),
    'manifest-list': `@root@/manifests/snap-${key}.avro`,
    summary: summary(random),
    ...schema,
    ...lineage(draft),
    ...(random.chance(0.03) ? { 'key-id': 'key-1' } : {}),
  }
  const follow = random.chance(0.7) ? [mainRef(written)] : []
  return [{ action: 'add-snapshot', snapshot }, ...follow]
}

const summary = (random: Random): JsonObject => {
  const operation = random.pick(['append', 'append', 'overwrite', 'delete', 'replace'])
  return random.chance(0.02)
    ? { 'added-records': '3' }
    : { operation, 'added-records': String(random.int(100)) }
}

const mainRef = (id: JsonValue): JsonObject => ({
  action: 'set-snapshot-ref',
  'ref-name': 'main',
  type: 'branch',
  'snapshot-id': id,
})

const retention = (random: Random, type: string): JsonObject => {
  const value = (): number | bigint =>
    random.weighted<number | bigint>([
      [8, 1 + random.int(1e6)],
      [1, 0],
      [0.5, -1],
      [1, 2n ** 63n - 1n],
    ])
  const own = random.chance(0.3) ? { 'max-ref-age-ms': value() } : {}
  if (type === 'tag' && !random.chance(0.1)) return own
  return {
    ...own,
    ...(random.chance(0.2) ? { 'max-snapshot-age-ms': value() } : {}),
    ...(random.chance(0.2) ? { 'min-snapshots-to-keep': random.pick([1, 5, 0, 100]) } : {}),
  }
}

const setRef: Maker = (draft) => {
  const { random } = draft
  const name = random.pick(['main', 'dev', 'audit', 'v1', 'ünï code'])
  const type = random.weighted([
    [8, 'branch'],
    [name === 'main' ? 0.3 : 6, 'tag'],
    [0.2, 'twig'],
    [0.3, 'TAG'],
  ])
  const fields = { 'ref-name': name, type, 'snapshot-id': someSnapshot(draft) }
  return [{ action: 'set-snapshot-ref', ...fields, ...retention(random, type) }]
}

const removeRef: Maker = ({ random }) => [
  { action: 'remove-snapshot-ref', 'ref-name': random.pick(['main', 'dev', 'audit', 'v1', 'never']) },
]

const removeSnapshots: Maker = (draft) => {
  const ids = draft.random.some(snapshotIds(draft), 0.3)
  return [{ action: 'remove-snapshots', 'snapshot-ids': draft.random.chance(0.1) ? [...ids, 12345] : ids }]
}

const statistics: Maker = (draft) => {
  const id = someSnapshot(draft)
  const { random } = draft
  const blob = { type: 'apache-datasketches-theta-v1', 'snapshot-id': id, 'sequence-number': 1, fields: [1] }
  const file = {
    'snapshot-id': id,
    'statistics-path': `@root@/stats/${draft.world.counter++}.puffin`,
    'file-size-in-bytes': random.int(1000),
    'file-footer-size-in-bytes': random.int(100),
    'blob-metadata': random.chance(0.5)
      ? [{ ...blob, ...(random.chance(0.5) ? { properties: { ndv: '3' } } : {}) }]
      : [],
  }
  const old = random.weighted<JsonObject>([
    [5, {}],
    [2, { 'snapshot-id': id }],
    [0.3, { 'snapshot-id': 77 }],
  ])
  return [{ action: 'set-statistics', ...old, statistics: file }]
}

const partitionStatistics: Maker = (draft) => [
  {
    action: 'set-partition-statistics',
    'partition-statistics': {
      'snapshot-id': someSnapshot(draft),
      'statistics-path': `@root@/stats/${draft.world.counter++}.parquet`,
      'file-size-in-bytes': draft.random.int(1000),
    },
  },
]

const removeStatistics: Maker = (draft) => [
  {
    action: draft.random.pick(['remove-statistics', 'remove-partition-statistics']),
    'snapshot-id': someSnapshot(draft),
  },
]

const keys: Maker = ({ random }) => {
  const id = random.pick(['key-1', 'key-2'])
  if (random.chance(0.4)) return [{ action: 'remove-encryption-key', 'key-id': id }]
  const by = random.chance(0.3) ? { 'encrypted-by-id': 'kms' } : {}
  const extra = random.chance(0.3) ? { properties: { a: 'b' } } : {}
  const key = {
    'key-id': id,
    'encrypted-key-metadata': random.pick(['c2VjcmV0', 'b3RoZXI=']),
    ...by,
    ...extra,
  }
  return [{ action: 'add-encryption-key', 'encryption-key': key }]
}

export const snapshotUpdates: readonly (readonly [number, Maker])[] = [
  [10, addSnapshot],
  [5, setRef],
  [2, removeRef],
  [2, removeSnapshots],
  [2, statistics],
  [1, partitionStatistics],
  [1.5, removeStatistics],
  [0.6, keys],
]
