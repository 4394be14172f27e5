/** Documents and requests for the tests of the table engine. */
import type { Built, CommitRequest, EngineInputs, TableFacts } from '#iceberg/engine.ts'
import { tableEngine } from '#iceberg/table.ts'
import { isCatalogError } from '#model/errors.ts'
import { type JsonObject, parseJsonObject } from '#model/json.ts'

export const now = 1_700_000_000_000
export const uuid = '9c12d441-03fe-4693-9a96-a0705ddf69c1'
export const location = 's3://bucket/wh/t'
export const baseFile = `${location}/metadata/00003-aaaa.metadata.json`
/** Beyond 2^53, as real snapshot ids are. */
export const first = '3051729675574597004'
export const second = '3055729675574597005'

/** JSON as the codec reads it: numbers keep their spelling. */
export const json = (value: unknown): JsonObject =>
  parseJsonObject(typeof value === 'string' ? value : JSON.stringify(value))

export const text = (built: { readonly bytes: Uint8Array }): string => Buffer.from(built.bytes).toString()
export const parsed = (built: { readonly bytes: Uint8Array }): JsonObject => parseJsonObject(built.bytes)

export const schema0 =
  '{"type":"struct","schema-id":0,"x-owner":"a","fields":[{"id":1,"name":"id","required":true,"type":"long"},{"id":2,"name":"data","required":false,"type":"string","x-tag":1.50},{"id":3,"name":"ts","required":false,"type":"timestamptz"}]}'

/** A snapshot as JSON text; `more` replaces members by raw JSON, or leaves one out (undefined). */
const snapshot = (id: string | number, more: Record<string, string | number | undefined> = {}): string => {
  const members = {
    'snapshot-id': id,
    'sequence-number': 2,
    'timestamp-ms': now - 500,
    summary: '{"operation":"append"}',
    'manifest-list': '"s3://bucket/wh/t/metadata/snap.avro"',
    'schema-id': 0,
    ...more,
  }
  const present = Object.entries(members).filter(([, value]) => value !== undefined)
  return `{${present.map(([name, value]) => `"${name}":${value}`).join(',')}}`
}

export const addSnapshot = (
  id: string | number,
  more: Record<string, string | number | undefined> = {},
): string => `{"action":"add-snapshot","snapshot":${snapshot(id, more)}}`

export const setRef = (name: string, id: string | number, more = ''): string =>
  `{"action":"set-snapshot-ref","ref-name":"${name}","type":"branch","snapshot-id":${id}${more}}`

/** A v2 document as another writer may have left it: unknown members, spaces, numbers spelled their own way. */
export const documentV2 = `{
  "format-version": 2, "x-before": 1.0, "table-uuid": "${uuid}",
  "location": "${location}", "last-sequence-number": 1, "last-updated-ms": ${now - 1000},
  "last-column-id": 3, "current-schema-id": 0, "schemas": [ ${schema0} ],
  "default-spec-id": 0, "partition-specs": [{"spec-id":0,"fields":[]}], "last-partition-id": 999,
  "default-sort-order-id": 0, "sort-orders": [{"order-id":0,"fields":[]}],
  "properties": {"owner":"me","caf\\u00e9":"1e3"},
  "current-snapshot-id": ${first},
  "refs": {"main": {"snapshot-id": ${first}, "type": "branch", "x-note": 2.0}},
  "snapshots": [ {"snapshot-id":${first},"sequence-number":1,"timestamp-ms":${now - 1000},"summary":{"operation":"append"},"manifest-list":"s3://b/l","x-cost":1e3} ],
  "snapshot-log": [ {"timestamp-ms": ${now - 1000}, "snapshot-id": ${first}} ],
  "metadata-log": [ {"metadata-file":"${location}/metadata/00002-aaaa.metadata.json","timestamp-ms":${now - 2000}} ],
  "x-after": {"a": [1, 2.50, null]}
}`

export const documentV3 = documentV2
  .replace('"format-version": 2', '"format-version": 3')
  .replace('"x-after"', '"next-row-id": 10, "x-after"')

/** A document as writers before schema and spec lists left it. */
export const documentV1 = `{"format-version":1,"location":"${location}","last-updated-ms":${now - 1000},"last-column-id":3,"schema":{"type":"struct","fields":[{"id":1,"name":"id","required":true,"type":"long"},{"id":2,"name":"data","required":false,"type":"string"},{"id":3,"name":"ts","required":false,"type":"timestamptz"}]},"partition-spec":[{"name":"ts_day","transform":"day","source-id":3}],"properties":{},"current-snapshot-id":-1,"snapshots":[]}`

export interface CommitOptions {
  readonly base?: string
  readonly requirements?: readonly unknown[]
  readonly inputs?: Partial<EngineInputs>
}

const requestOf = (updates: readonly unknown[], requirements: readonly unknown[]): CommitRequest => ({
  requirements: requirements.map(json),
  updates: updates.map(json),
})

/** Commits updates (JSON text or plain values) on a document. */
export const commit = (updates: readonly unknown[], options: CommitOptions = {}): Built<TableFacts> =>
  tableEngine.commit(
    { bytes: Buffer.from(options.base ?? documentV2), metadataLocation: baseFile },
    requestOf(updates, options.requirements ?? []),
    { now, ...options.inputs },
  )

/** Commits a staged create. */
export const commitStaged = (
  updates: readonly unknown[],
  inputs: Partial<EngineInputs> = {},
): Built<TableFacts> =>
  tableEngine.commit(null, requestOf(updates, [{ type: 'assert-create' }]), { now, uuid, ...inputs })

/** `Type: message` of the CatalogError that a call throws; anything else is thrown on. */
export const refusal = (call: () => unknown): string => {
  try {
    call()
  } catch (error) {
    if (isCatalogError(error)) return `${error.type}: ${error.message}`
    throw error
  }
  return 'accepted'
}

export const column = (id: number, type: unknown, more: Record<string, unknown> = {}) => ({
  id,
  name: `c${id}`,
  required: false,
  type,
  ...more,
})

export const struct = (...fields: unknown[]) => ({ type: 'struct', fields })

/** What a staged create of an unpartitioned table sends. */
export const stagedUpdates: readonly unknown[] = [
  { action: 'assign-uuid', uuid },
  { action: 'upgrade-format-version', 'format-version': 2 },
  { action: 'add-schema', schema: struct(column(1, 'long')), 'last-column-id': 1 },
  { action: 'set-current-schema', 'schema-id': -1 },
  { action: 'add-spec', spec: { 'spec-id': 0, fields: [] } },
  { action: 'set-default-spec', 'spec-id': -1 },
  { action: 'add-sort-order', 'sort-order': { 'order-id': 0, fields: [] } },
  { action: 'set-default-sort-order', 'sort-order-id': -1 },
  { action: 'set-location', location },
  { action: 'set-properties', updates: { a: 'b' } },
]
