/** Upstreams that take more than one spelling of a name for the same: none of them leads around what governs a table. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Lake, openLake } from '../../support/lake.ts'
import {
  hasReferenceServer,
  type ReferenceServer,
  startReferenceServer,
} from '../../support/reference-server.ts'
import { newTable } from '../../support/wire.ts'

let lake: Lake
let upstream: ReferenceServer

const bodyOf = async (request: IncomingMessage): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(request))

/** As Hive, Glue and Unity Catalog: names are what they are in small letters. */
const answerFolded = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const [path = '', query = ''] = (request.url ?? '').split('?')
  const folded = path.split('/').map((part) => encodeURIComponent(decodeURIComponent(part).toLowerCase()))
  const body = await bodyOf(request)
  const answer = await fetch(`${upstream.uri}${folded.join('/')}?${query}`, {
    method: request.method ?? 'GET',
    headers: { 'content-type': 'application/json' },
    ...(body.length > 0 ? { body } : {}),
  })
  const text = await answer.text()
  response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text)
}

const folding: Server = createServer((request, response) => {
  answerFolded(request, response).catch(() => response.destroy())
})

const atUpstream = async (line: string, body: object): Promise<void> => {
  const [method = 'GET', path = ''] = line.split(' ')
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${upstream.uri}/v1${path}`, { method, headers, body: JSON.stringify(body) })
  expect(answer.status, await answer.text()).toBeLessThan(300)
}

/** Levels below the mount, and the name. */
const spellings = [
  ['sales%1Feu', 'secret'],
  ['SALES%1Feu', 'secret'],
  ['sales%1FEu', 'SECRET'],
  ['sales.eu', 'secret'],
  ['sales.EU', 'Secret'],
] as const

const commit = (point: string, [levels, name]: readonly [string, string], at = lake.here) =>
  lake.ask(`POST /namespaces/${point}%1F${levels}/tables/${name}`, {
    ...{ as: 'bob', at },
    body: { requirements: [], updates: [{ action: 'set-properties', updates: { a: 'b' } }] },
  })

const reached = async (point: string, at = lake.here): Promise<readonly string[]> => {
  const through: string[] = []
  for (const spelling of spellings)
    if ((await commit(point, spelling, at)).status === 200) through.push(spelling.join(' '))
  return through
}

const idOf = async (object: Parameters<Lake['pathOf']>[0]): Promise<string> =>
  (await lake.pathOf(object)).split('/').at(-1) ?? ''
const inWarehouse = (path: string): string => `/management/v1/warehouse/${lake.warehouse}/${path}`

describe.skipIf(!hasReferenceServer)('a table that is known by several spellings', () => {
  beforeAll(async () => {
    ;[lake, upstream] = await Promise.all([openLake(['bob']), startReferenceServer()])
    await new Promise<void>((done) => {
      folding.listen(0, '127.0.0.1', done)
    })
    await atUpstream('POST /namespaces', { namespace: ['sales'] })
    await atUpstream('POST /namespaces', { namespace: ['sales', 'eu'] })
    await atUpstream('POST /namespaces/sales.eu/tables', newTable('secret'))
    await lake.mount('far', { uri: upstream.uri })
    const { port } = folding.address() as AddressInfo
    await lake.mount('folding', { uri: `http://127.0.0.1:${port}` })
    const scope = ['namespace', 'table']
    await lake.make('POST /management/v1/tag-definition', {
      ...{ name: 'quarantine', 'value-kind': 'marker', scope },
    })
    await lake.grant(`warehouse/${lake.warehouse}`, 'modify', 'bob')
  }, 120_000)
  afterAll(async () => {
    await lake?.[Symbol.asyncDispose]()
    await upstream?.stop()
    folding.close()
  })

  test('is asked for by its own where the upstream tells them apart', async () => {
    expect(await reached('far')).toEqual(['sales%1Feu secret'])
  })

  test.each([
    ['table', { kind: 'table', name: 'secret' }],
    ['namespace', { kind: 'namespace' }],
  ])('is under the tags of its %s in each of them, on every gateway', async (kind, object) => {
    const id = await idOf({ namespace: ['folding', 'sales', 'eu'], ...object })
    const line = inWarehouse(`${kind}/${id}/tags/quarantine`)
    expect(await reached('folding')).toEqual(['sales%1Feu secret', 'SALES%1Feu secret', 'sales%1FEu SECRET'])
    await lake.make(`PUT ${line}`, {})
    expect(await reached('folding')).toEqual([])
    await expect.poll(() => reached('folding', lake.there), { timeout: 6_000 }).toEqual([])
    expect(await reached('far')).toEqual(['sales%1Feu secret'])
    await lake.make(`DELETE ${line}`)
    expect(await reached('folding')).toHaveLength(3)
  })

  test('is restricted in each of them', async () => {
    const id = await idOf({ kind: 'table', namespace: ['folding', 'sales', 'eu'], name: 'secret' })
    await lake.make(`PUT ${inWarehouse(`table/${id}/read-restriction`)}`, { columns: [{ 'field-id': 1 }] })
    for (const [levels, name] of spellings.slice(0, 3)) {
      const line = `/namespaces/folding%1F${levels}/tables/${name}`
      expect((await lake.ask(`GET ${line}`, { as: 'bob' })).status).toBe(200)
      expect((await lake.ask(`DELETE ${line}`, { as: 'bob' })).status, line).toBe(403)
    }
    const at = { namespace: ['folding', 'sales', 'eu'] }
    for (const name of ['SECRET', 'Secret']) {
      const moved = { source: { ...at, name }, destination: { ...at, name: 'freed' } }
      expect((await lake.ask('POST /tables/rename', { as: 'bob', body: moved })).status).toBe(403)
    }
  })
})
