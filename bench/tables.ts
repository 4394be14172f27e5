/** Tables of a wanted metadata size, and what creates them over Iceberg REST. */

export interface Target {
  /** Base of the catalog, without `/v1`. */
  readonly uri: string
  /** As `GET /v1/config` gave it, with a trailing slash, or empty. */
  readonly prefix: string
  /** Sent with each request. */
  readonly headers: Readonly<Record<string, string>>
}

const fieldBytes = 130

/** A create request whose metadata document is about `bytes` long: many documented columns. */
export const createRequest = (name: string, bytes: number): object => ({
  name,
  schema: {
    type: 'struct',
    'schema-id': 0,
    fields: Array.from({ length: Math.max(1, Math.floor(bytes / fieldBytes)) }, (_, i) => ({
      id: i + 1,
      name: `column_${i}`,
      required: false,
      type: 'string',
      doc: `the meaning of column ${i}, in words enough for ${'x'.repeat(20)}`,
    })),
  },
})

/** One commit that changes a single property. */
export const propertyCommit = (value: string): object => ({
  requirements: [],
  updates: [{ action: 'set-properties', updates: { touched: value } }],
})

/** A document of about `bytes` with many snapshots, as a long-lived table has. */
export const largeMetadata = (location: string, bytes: number): string => {
  const snapshot = (i: number) => ({
    'snapshot-id': 3051729675574597004n + BigInt(i),
    'sequence-number': i + 1,
    'timestamp-ms': 1700000000000 + i,
    'manifest-list': `${location}/metadata/snap-${i}-${'0'.repeat(36)}.avro`,
    summary: {
      operation: 'append',
      'added-data-files': '1',
      'total-records': String(i),
      note: 'x'.repeat(700),
    },
    'schema-id': 0,
  })
  const print = (value: unknown) =>
    JSON.stringify(value, (_key, one) => (typeof one === 'bigint' ? `#${one}#` : one)).replaceAll(
      /"#(\d+)#"/g,
      '$1',
    )
  const count = Math.floor(bytes / print(snapshot(0)).length)
  const last = 3051729675574597004n + BigInt(count - 1)
  return print({
    'format-version': 2,
    'table-uuid': '0b1c2d3e-4f50-4a6b-8c7d-9e8f7a6b5c4d',
    location,
    'last-sequence-number': count,
    'last-updated-ms': 1700000000000 + count,
    'last-column-id': 1,
    'current-schema-id': 0,
    schemas: [
      { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'id', required: false, type: 'long' }] },
    ],
    'default-spec-id': 0,
    'partition-specs': [{ 'spec-id': 0, fields: [] }],
    'last-partition-id': 999,
    'default-sort-order-id': 0,
    'sort-orders': [{ 'order-id': 0, fields: [] }],
    properties: {},
    'current-snapshot-id': last,
    refs: { main: { 'snapshot-id': last, type: 'branch' } },
    snapshots: Array.from({ length: count }, (_, i) => snapshot(i)),
    statistics: [],
    'partition-statistics': [],
    'snapshot-log': [{ 'snapshot-id': last, 'timestamp-ms': 1700000000000 + count - 1 }],
    'metadata-log': [],
  })
}

type Headers = Target['headers']

const post = async (url: string, body: object, headers: Headers): Promise<void> => {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${text.slice(0, 500)}`)
}

/** Asks `GET /v1/config` where this catalog's objects are. */
export const target = async (uri: string, headers: Headers = {}): Promise<Target> => {
  const answer = await fetch(`${uri}/v1/config`, { headers })
  const config = (await answer.json()) as { overrides?: { prefix?: string }; defaults?: { prefix?: string } }
  const prefix = config.overrides?.prefix ?? config.defaults?.prefix
  return { uri, headers, prefix: prefix === undefined ? '' : `${prefix}/` }
}

export const createNamespace = (to: Target, namespace: readonly string[]): Promise<void> =>
  post(`${to.uri}/v1/${to.prefix}namespaces`, { namespace, properties: {} }, to.headers)

export const tablesUrl = (to: Target, namespace: readonly string[]): string =>
  `${to.uri}/v1/${to.prefix}namespaces/${namespace.join('%1F')}/tables`

export const createTable = (to: Target, namespace: readonly string[], request: object): Promise<void> =>
  post(tablesUrl(to, namespace), request, to.headers)

export const registerTable = (
  to: Target,
  namespace: readonly string[],
  request: { readonly name: string; readonly 'metadata-location': string },
): Promise<void> =>
  post(`${to.uri}/v1/${to.prefix}namespaces/${namespace.join('%1F')}/register`, request, to.headers)
