/** Requests that a gateway may meet: the endpoints of every face with names, queries, headers and bodies gone wrong. */
import { samples } from '../iceberg-requests.ts'
import type { Random } from '../twin/random.ts'
import { newTable, newView, schema, viewVersion } from '../wire.ts'
import { spoil } from './json.ts'

export interface FuzzRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: string | undefined
}

const spec = {
  'spec-id': 0,
  fields: [{ name: 'p', transform: 'bucket[4]', 'source-id': 1, 'field-id': 1000 }],
}
const snapshot = {
  'snapshot-id': 1,
  'sequence-number': 1,
  'timestamp-ms': 1_700_000_000_000,
  'manifest-list': 'file:///x/snap.avro',
  summary: { operation: 'append' },
  'schema-id': 0,
}
const statistics = {
  'snapshot-id': 1,
  'statistics-path': 'file:///x/s.puffin',
  'file-size-in-bytes': 1,
  'file-footer-size-in-bytes': 1,
  'blob-metadata': [],
}
const key = { 'key-id': 'k', 'encrypted-key-metadata': 'YQ==' }

/** Every update of the specification, and one that it does not know. */
const updates: readonly object[] = [
  { action: 'assign-uuid', uuid: '0190a1b2-0000-7000-8000-000000000009' },
  { action: 'upgrade-format-version', 'format-version': 3 },
  { action: 'add-schema', schema, 'last-column-id': 1 },
  { action: 'set-current-schema', 'schema-id': -1 },
  { action: 'remove-schemas', 'schema-ids': [7] },
  { action: 'add-spec', spec },
  { action: 'set-default-spec', 'spec-id': -1 },
  { action: 'remove-partition-specs', 'spec-ids': [9] },
  { action: 'add-sort-order', 'sort-order': { 'order-id': 0, fields: [] } },
  { action: 'set-default-sort-order', 'sort-order-id': -1 },
  { action: 'add-snapshot', snapshot },
  { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': 1 },
  { action: 'remove-snapshot-ref', 'ref-name': 'main' },
  { action: 'remove-snapshots', 'snapshot-ids': [1] },
  { action: 'set-location', location: 'file:///tmp/elsewhere' },
  { action: 'set-properties', updates: { a: 'b' } },
  { action: 'remove-properties', removals: ['a'] },
  { action: 'set-statistics', 'snapshot-id': 1, statistics },
  { action: 'remove-statistics', 'snapshot-id': 1 },
  {
    action: 'set-partition-statistics',
    'partition-statistics': { 'snapshot-id': 1, 'statistics-path': 'x', 'file-size-in-bytes': 1 },
  },
  { action: 'remove-partition-statistics', 'snapshot-id': 1 },
  { action: 'add-encryption-key', 'encryption-key': key },
  { action: 'remove-encryption-key', 'key-id': 'k' },
  { action: 'add-view-version', 'view-version': viewVersion },
  { action: 'set-current-view-version', 'view-version-id': -1 },
  { action: 'reticulate-splines' },
]

const requirements: readonly object[] = [
  { type: 'assert-create' },
  { type: 'assert-table-uuid', uuid: '0190a1b2-0000-7000-8000-000000000009' },
  { type: 'assert-view-uuid', uuid: '0190a1b2-0000-7000-8000-000000000009' },
  { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': null },
  { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 1 },
  { type: 'assert-current-schema-id', 'current-schema-id': 0 },
  { type: 'assert-last-assigned-partition-id', 'last-assigned-partition-id': 999 },
  { type: 'assert-default-spec-id', 'default-spec-id': 0 },
  { type: 'assert-default-sort-order-id', 'default-sort-order-id': 0 },
  { type: 'assert-nothing' },
]

const commit = (random: Random): object => ({
  requirements: random.chance(1 / 4) ? null : random.chance(1 / 2) ? [] : [random.pick(requirements)],
  updates: Array.from({ length: random.int(4) }, () => random.pick(updates)),
})

const names: readonly string[] = [
  'a',
  'b',
  't',
  'v',
  'a%1Ft',
  'a%2Eb',
  'a+b',
  '%20',
  '%2F',
  '%2e%2e',
  '..',
  '.',
  '',
  '%00',
  '%1F',
  '%ff',
  '%',
  '%zz',
  '%C3%BC',
  '%F0%9F%98%80',
  '%ED%A0%80',
  'x'.repeat(300),
  '%1F'.repeat(40),
  'a%1F'.repeat(30),
  '%252F',
  'system',
  'information_schema',
  '__proto__',
  'constructor',
  'null',
  "'; drop table entry_head; --",
  '$' + '{7*7}',
].map((name) => name.replaceAll(/[^\x21-\x7e]/g, encodeURIComponent))

const queries: readonly string[] = [
  'pageToken=',
  'pageToken=garbage',
  'pageToken=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  'pageSize=1',
  'pageSize=0',
  'pageSize=-1',
  'pageSize=1e9',
  'pageSize=999999999999',
  'parent=a',
  'parent=',
  'parent=%1F',
  'parent=%FF',
  'parent=a%251Fb',
  'parent=%00',
  'snapshots=refs',
  'snapshots=all',
  'snapshots=%ZZ',
  'purgeRequested=True',
  'purgeRequested=maybe',
  'warehouse=default',
  'warehouse=%00',
  'warehouse=a/b/c',
  'warehouse=default@main',
  '&&==&',
  '%',
  '?',
  `x=${'y'.repeat(3000)}`,
  'a[]=1&a[]=2',
]

const headerChoices: readonly (readonly [string, string | string[]])[] = [
  ['idempotency-key', '018f9c3a-0000-7000-8000-00000000000a'],
  ['idempotency-key', 'not-a-uuid'],
  ['if-none-match', '*'],
  ['if-none-match', 'W/"a.AAAA", "b"'],
  ['accept-encoding', 'gzip'],
  ['accept-encoding', 'br;q=nope, *;q='],
  ['accept-encoding', 'zstd'],
  ['x-iceberg-access-delegation', 'vended-credentials,remote-signing,x'],
  ['authorization', 'Bearer None'],
  ['authorization', 'Basic Og=='],
  ['x-request-id', 'fuzz-1'],
  ['x-request-id', '<>'],
  ['lakegate-hops', 'someone.1'],
  ['lakegate-hops', ',,,'],
  ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
  ['traceparent', 'zz'],
  ['origin', 'https://evil.example'],
  ['content-encoding', 'gzip'],
  ['x-iceberg-access-delegation', ['a', 'b']],
  ['accept', 'text/html'],
  ['x-forwarded-for', '127.0.0.1'],
]

const contentTypes: readonly string[] = [
  ...Array<string>(20).fill('application/json'),
  'application/json; charset=utf-8',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  ';;;',
  '',
]

const methods = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'PROPFIND',
  'TRACE',
  'LINK',
  'SEARCH',
]

const icebergBody = (random: Random, operation: string): unknown => {
  if (operation === 'updateTable' || operation === 'replaceView') return commit(random)
  if (operation === 'commitTransaction')
    return { 'table-changes': [{ identifier: { namespace: ['a'], name: 't' }, ...commit(random) }] }
  return samples[operation]?.body
}

const operations = Object.keys(samples)

/** Management: ids that lead nowhere, so that the warehouse under test stays. */
const management: readonly (readonly [string, unknown])[] = [
  ['GET /management/v1/info', undefined],
  ['GET /management/v1/warehouse', undefined],
  [
    'POST /management/v1/warehouse',
    { 'warehouse-name': 'x', 'storage-profile': { type: 'file', path: '/nowhere' } },
  ],
  ['GET /management/v1/warehouse/{id}', undefined],
  ['DELETE /management/v1/warehouse/{id}', undefined],
  ['POST /management/v1/warehouse/{id}/rename', { 'new-name': 'y' }],
  ['GET /management/v1/connection', undefined],
  [
    'POST /management/v1/connection',
    { name: 'c', kind: 'iceberg-rest', config: { uri: 'http://127.0.0.1:1' } },
  ],
  ['GET /management/v1/connection/{id}', undefined],
  ['DELETE /management/v1/connection/{id}', undefined],
  ['POST /management/v1/warehouse/{id}/mount', { namespace: ['m'], 'connection-id': 'x' }],
  ['GET /health/ready', undefined],
  ['GET /metrics', undefined],
]

interface Outline {
  readonly line: string
  readonly body: unknown
}

const outline = (random: Random, prefix: string): Outline => {
  if (random.chance(1 / 8)) {
    const [line, body] = random.pick(management)
    const id = random.pick(['x', '00000000-0000-0000-0000-000000000000', random.pick(names)])
    return { line: line.replace('{id}', () => id), body }
  }
  const operation = random.pick(operations)
  const [method, path = ''] = (samples[operation]?.line ?? '').split(' ')
  const base = random.chance(1 / 10) ? random.pick(['/catalog/v1', '/catalog/v1/nope', '/catalog']) : prefix
  const full = path.startsWith('~') ? path.replace('~', '/catalog') : base + path
  return { line: `${method} ${full}`, body: icebergBody(random, operation) }
}

/** Puts another name in the place of one or two segments. */
const respell = (random: Random, path: string): string => {
  const segments = path.split('/')
  const from = Math.min(4, segments.length - 1)
  if (random.chance(1 / 2) || segments.length <= from) return path
  segments[from + random.int(segments.length - from)] = random.pick(names)
  if (random.chance(1 / 6))
    segments.splice(1 + random.int(segments.length), random.int(2), random.pick(names))
  return segments.join('/')
}

const headersOf = (random: Random): FuzzRequest['headers'] => {
  if (random.chance(1 / 3)) return { 'content-type': 'application/json' }
  const contentType = random.pick(contentTypes)
  const chosen = Array.from({ length: random.int(4) }, () => random.pick(headerChoices))
  return {
    ...(contentType === '' ? {} : { 'content-type': contentType }),
    ...Object.fromEntries(chosen),
  }
}

/** `prefix`: the path of the warehouse under test, e.g. `/catalog/v1/<uuid>`. */
export const nextRequest = (random: Random, prefix: string): FuzzRequest => {
  const { line, body } = outline(random, prefix)
  const [method = 'GET', target = '/'] = line.split(' ')
  const [path = '', query] = target.split('?')
  const extra = Array.from({ length: random.int(3) }, () => random.pick(queries))
  const search = [...(query === undefined ? [] : [query]), ...extra].join('&')
  const plain = random.chance(1 / 3)
  return {
    method: random.chance(1 / 12) ? random.pick(methods) : method,
    path: `${plain ? path : respell(random, path)}${search === '' ? '' : `?${search}`}`,
    headers: headersOf(random),
    body: body === undefined && !random.chance(1 / 10) ? undefined : spoil(random, body),
  }
}

/** What makes sense to act on: the objects that the samples name, again and again since they get dropped. */
export const seeds: readonly Outline[] = [
  { line: 'POST /namespaces', body: { namespace: ['a'], properties: {} } },
  { line: 'POST /namespaces/a/tables', body: newTable('t') },
  { line: 'POST /namespaces/a/views', body: newView('v') },
]

const pieces: readonly string[] = [
  'GET ',
  'POST ',
  '/catalog/v1/config',
  ' HTTP/1.1\r\n',
  ' HTTP/9.9\r\n',
  'Host: a\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: -5\r\n',
  'Content-Length: 99999999999999\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Expect: 100-continue\r\n',
  'Expect: the worst\r\n',
  'Upgrade: h2c\r\nConnection: Upgrade\r\n',
  'Connection: close\r\n',
  '\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  'ffffffffffffffff\r\n',
  '\n\n',
  '\u0000',
  'x'.repeat(500),
  'X: \u00ff\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
  '\u0016\u0003\u0001\u0002\u0000',
]

/** Bytes for a bare socket: pieces of HTTP in any order. */
export const nextGarbage = (random: Random): Buffer =>
  Buffer.from(Array.from({ length: 1 + random.int(8) }, () => random.pick(pieces)).join(''), 'latin1')
