/** Golden payloads: the exact JSON of each small answer, and metadata that passes through byte for byte. */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Catalog } from '#catalog/catalog.ts'
import { createMemoryCatalog } from '../support/memory-catalog.ts'
import { type MemoryGateway, startMemoryGateway, warehouseId } from '../support/memory-gateway.ts'
import { call, exchange, fill, wireText } from '../support/wire.ts'

/** What no parser may touch: long ids, float spellings, odd spaces, unknown fields. */
const odd = Buffer.from(
  '{ "format-version" : 2,"table-uuid":"0190a1b2-0000-7000-8000-00000000000f",' +
    '"current-snapshot-id":9223372036854775807, "x":[1.0,1e3,-0], "späße":"\\u0041" }',
)
const secretConfig = {
  's3.endpoint': 'https://store.example',
  's3.region': 'eu-1',
  'client.region': 'eu-1',
  's3.path-style-access': 'true',
  token: 'canary',
  'urn:ietf:params:oauth:token-type:jwt': 'canary',
  credential: 'canary:canary',
  uri: 'https://canary.example',
  prefix: 'canary',
  'header.Authorization': 'canary',
  's3.access-key-id': 'canary',
  's3.secret-access-key': 'canary',
  's3.session-token': 'canary',
  's3.signer.uri': 'https://canary.example',
  'client.refresh-credentials-endpoint': 'canary',
  'adls.sas-token.account': 'canary',
  'gcs.oauth2.token': 'canary',
  'io-impl': 'com.canary.FileIO',
  'gcs.service.host': 'https://user:canary@store.example',
}

const oddCatalog = (): Catalog => {
  const catalog = createMemoryCatalog()
  const loaded = {
    metadataLocation: 'file:///lake/"quoted"/1.metadata.json',
    metadata: [odd.subarray(0, 10), odd.subarray(10)],
    config: secretConfig,
    version: 'v1',
  }
  return { ...catalog, tables: { ...catalog.tables, load: async () => loaded, find: async () => [] } }
}

let gateway: MemoryGateway
let strange: MemoryGateway
beforeAll(async () => {
  gateway = await startMemoryGateway()
  await fill(gateway)
  strange = await startMemoryGateway({ local: oddCatalog() })
})
afterAll(async () => {
  await gateway.stop()
  await strange.stop()
})

describe('the configuration', () => {
  test('has both objects always, the prefix, and the lines of every operation that a catalog serves', async () => {
    const { json } = await call(gateway, `GET ${gateway.origin}/catalog/v1/config?warehouse=lake`)
    const { endpoints, ...rest } = json as { endpoints: readonly string[] }
    expect(rest).toEqual({
      defaults: {},
      overrides: { prefix: warehouseId, 'namespace-separator': '%1F' },
      'idempotency-key-lifetime': 'PT30M',
    })
    expect(endpoints).toHaveLength(26)
    for (const line of endpoints) expect(line).toMatch(/^[A-Z]+ \/v1\/\S+$/)
  })

  test('of a catalog that lacks members advertises the rest', async () => {
    const { views: _, transactions: __, ...plain } = createMemoryCatalog()
    const { unregister: ___, register: ____, reportMetrics: _____, ...tables } = plain.tables
    const lesser = await startMemoryGateway({ local: { ...plain, tables } })
    const { json } = await call(lesser, `GET ${lesser.origin}/catalog/v1/config`)
    const { endpoints } = json as { endpoints: readonly string[] }
    expect(endpoints.filter((line) => /view|transaction|register|metrics/.test(line))).toEqual([])
    expect(endpoints).toHaveLength(14)
    expect((await call(lesser, 'POST /namespaces/a/tables/t/unregister')).status).toBe(406)
    await lesser.stop()
  })
})

describe('small answers', () => {
  test.each<[string, unknown, unknown]>([
    ['GET /namespaces', undefined, { 'next-page-token': null, namespaces: [['a']] }],
    ['GET /namespaces?parent=', undefined, { 'next-page-token': null, namespaces: [['a']] }],
    ['GET /namespaces?parent=a', undefined, { 'next-page-token': null, namespaces: [] }],
    ['GET /namespaces/a', undefined, { namespace: ['a'], properties: { owner: 'me' } }],
    [
      'POST /namespaces',
      { namespace: ['n'], properties: { k: 'v' } },
      { namespace: ['n'], properties: { k: 'v' } },
    ],
    [
      'POST /namespaces/a/properties',
      { removals: ['nope'], updates: { x: '1' } },
      { updated: ['x'], removed: [], missing: ['nope'] },
    ],
    [
      'GET /namespaces/a/tables',
      undefined,
      { 'next-page-token': null, identifiers: [{ namespace: ['a'], name: 't' }] },
    ],
    [
      'GET /namespaces/a/views',
      undefined,
      { 'next-page-token': null, identifiers: [{ namespace: ['a'], name: 'v' }] },
    ],
  ])('%s', async (line, body, wanted) => {
    const reply = await call(gateway, line, body === undefined ? {} : { body })
    expect([reply.status, reply.json]).toEqual([200, wanted])
  })

  test.each(['true', 'True', 'TRUE', 'false', 'False', ''])(
    'a drop takes purgeRequested=%s as clients spell it',
    async (flag) => {
      await call(gateway, 'POST /namespaces/a/register', { body: {} })
      const made = await call(gateway, 'POST /namespaces/a/tables', {
        body: { name: 'gone', schema: { type: 'struct', fields: [] } },
      })
      expect(made.status).toBe(200)
      const reply = await call(gateway, `DELETE /namespaces/a/tables/gone?purgeRequested=${flag}`)
      expect([reply.status, reply.text]).toEqual([204, ''])
    },
  )

  test('a staged create has no metadata location', async () => {
    const body = { name: 's', schema: { type: 'struct', fields: [] }, 'stage-create': true }
    const { json } = await call(gateway, 'POST /namespaces/a/tables', { body })
    expect(Object.keys(json as object)).toEqual(['metadata', 'config'])
  })
})

describe('a load', () => {
  test('hands metadata on as the bytes that the catalog gave', async () => {
    const answer = await exchange(
      strange.port,
      wireText(`GET /catalog/v1/${warehouseId}/namespaces/a/tables/t`),
    )
    expect(answer.split('\r\n\r\n')[1]).toBe(
      `{"metadata-location":"file:///lake/\\"quoted\\"/1.metadata.json","metadata":${odd},` +
        '"config":{"s3.endpoint":"https://store.example","s3.region":"eu-1","client.region":"eu-1",' +
        '"s3.path-style-access":"true"}}',
    )
  })

  test('lets no secret of an upstream pass', async () => {
    expect((await call(strange, 'GET /namespaces/a/tables/t')).text).not.toMatch(/canary/)
  })
})

describe('compression', () => {
  const big = {
    properties: Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, `value ${i}`])),
  }
  const sizes = { small: {}, middle: { properties: { k: 'x'.repeat(3000) } }, large: big }
  beforeAll(async () => {
    for (const [name, over] of Object.entries(sizes))
      await call(gateway, 'POST /namespaces/a/tables', {
        body: { name, schema: { type: 'struct', fields: [] }, ...over },
      })
  })

  const decoders = { gzip: gunzipSync, zstd: zstdDecompressSync, br: brotliDecompressSync }
  const fetchRaw = async (name: string, accept: string) => {
    const chunks: Buffer[] = []
    const { request } = await import('node:http')
    return new Promise<{ coding: string | undefined; bytes: Buffer }>((resolve, reject) => {
      request(
        `${gateway.base}/namespaces/a/tables/${name}`,
        { headers: { 'accept-encoding': accept } },
        (answer) => {
          answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject)
          answer.on('end', () =>
            resolve({ coding: answer.headers['content-encoding'], bytes: Buffer.concat(chunks) }),
          )
        },
      )
        .on('error', reject)
        .end()
    })
  }

  test('that is sent in pieces after a change is not waited for by more than a connection should have', async () => {
    const warnings: string[] = []
    const note = ({ name }: Error): unknown => warnings.push(name)
    process.on('warning', note)
    const body = { name: 'larger', schema: { type: 'struct', fields: [] }, ...big }
    const made = await call(gateway, 'POST /namespaces/a/tables', {
      body,
      headers: { 'accept-encoding': 'gzip' },
    })
    process.off('warning', note)
    expect([made.status, warnings]).toEqual([200, []])
  })

  const codings = Object.entries(decoders)
  const matrix = codings.flatMap(([coding, decode]) =>
    ['middle', 'large'].map((size) => ({ coding, decode, size })),
  )
  test.each(matrix)(
    '$coding of a $size answer gives back the same bytes',
    async ({ coding, decode, size }) => {
      const plain = await fetchRaw(size, 'identity')
      const packed = await fetchRaw(size, coding)
      expect(packed.coding).toBe(coding)
      expect(decode(packed.bytes).equals(plain.bytes)).toBe(true)
      expect(packed.bytes.length).toBeLessThan(plain.bytes.length)
    },
  )

  test.each([
    ['small', 'gzip', undefined],
    ['middle', '', undefined],
    ['middle', 'identity', undefined],
    ['middle', 'compress, sdch', undefined],
    ['middle', 'gzip;q=0', undefined],
    ['middle', 'gzip;q=0.5, br;q=1', 'br'],
    ['middle', 'gzip, deflate', 'gzip'],
    ['middle', 'x-gzip', 'gzip'],
    ['middle', '*', 'zstd'],
    ['middle', '*, zstd;q=0', 'gzip'],
    ['middle', 'gzip, deflate, br, zstd', 'zstd'],
    ['middle', 'gzip;q=abc', undefined],
  ])('of a %s answer, where the client says "%s", is %s', async (size, accept, coding) => {
    expect((await fetchRaw(size, accept)).coding).toBe(coding)
  })
})
