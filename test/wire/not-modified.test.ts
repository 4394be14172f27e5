/** ETags and 304: what changes the tag, what does not, and that a 304 is given for nothing else. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMemoryCatalog } from '../support/memory-catalog.ts'
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts'
import { type WatchedCatalog, watchCatalog } from '../support/watched-catalog.ts'
import { call, fill } from '../support/wire.ts'

let gateway: MemoryGateway
let watched: WatchedCatalog
beforeAll(async () => {
  watched = watchCatalog(createMemoryCatalog())
  gateway = await startMemoryGateway({ local: watched.catalog })
  await fill(gateway)
})
afterAll(() => gateway.stop())

const table = 'GET /namespaces/a/tables/t'
const modes: Readonly<Record<string, readonly [string, Record<string, string>]>> = {
  plain: [table, {}],
  'all snapshots by name': [`${table}?snapshots=all`, {}],
  'refs only': [`${table}?snapshots=refs`, {}],
  'vended credentials wished': [table, { 'x-iceberg-access-delegation': 'vended-credentials' }],
  'signing wished': [table, { 'x-iceberg-access-delegation': 'remote-signing' }],
  'both wished': [table, { 'x-iceberg-access-delegation': 'remote-signing,vended-credentials, x' }],
}
const alike = new Set(['plain / all snapshots by name', 'all snapshots by name / plain'])

const tagOf = async (mode: string): Promise<string> => {
  const [line, headers] = modes[mode] ?? [table, {}]
  return (await call(gateway, line, { headers })).headers.get('etag') ?? ''
}

const pairs = Object.keys(modes).flatMap((held) => Object.keys(modes).map((asked) => [held, asked] as const))

describe('a load', () => {
  test.each(pairs)('with the tag of "%s" held, asked for "%s"', async (held, asked) => {
    const tag = await tagOf(held)
    const [line, headers] = modes[asked] ?? [table, {}]
    const reply = await call(gateway, line, { headers: { ...headers, 'if-none-match': tag } })
    const same = held === asked || alike.has(`${held} / ${asked}`)
    expect(reply.status).toBe(same ? 304 : 200)
    expect(gateway.audited.at(-1)).toMatchObject({ decision: 'allowed', status: reply.status })
    if (same) expect([reply.text, reply.headers.get('etag')]).toEqual(['', tag])
  })

  test.each([
    ['several tags', (tag: string) => `"x", ${tag}, W/"y"`],
    ['the tag without its weakness', (tag: string) => tag.replace('W/', '')],
    ['the bare text of the tag', (tag: string) => tag.slice(3, -1)],
    ['a star', () => '*'],
  ])('knows its tag among %s', async (_, spell) => {
    const tag = await tagOf('plain')
    const reply = await call(gateway, table, { headers: { 'if-none-match': spell(tag) } })
    expect([reply.status, reply.headers.get('etag')]).toEqual([304, tag])
    expect(gateway.audited.at(-1)).toMatchObject({ decision: 'allowed', status: 304 })
  })

  test.each(['', '"', '"a."', 'W/"a.!!!"', '"a.AAAA"', 'x'.repeat(5000), '""', 'a-b'])(
    'is whole for a tag that we never gave: %s',
    async (tag) => {
      expect((await call(gateway, table, { headers: { 'if-none-match': tag } })).status).toBe(200)
    },
  )

  test('asks the catalog only whether the version still stands', async () => {
    const tag = await tagOf('plain')
    watched.reached.length = 0
    await call(gateway, table, { headers: { 'if-none-match': tag } })
    expect(watched.reached).toEqual(['tables.load'])
  })

  test('of a view has a tag too', async () => {
    const view = 'GET /namespaces/a/views/v'
    const tag = (await call(gateway, view)).headers.get('etag') ?? ''
    expect((await call(gateway, view, { headers: { 'if-none-match': tag } })).status).toBe(304)
  })
})

describe('a change', () => {
  const commit = (value: string) =>
    call(gateway, 'POST /namespaces/a/tables/t', {
      body: { requirements: [], updates: [{ action: 'set-properties', updates: { k: value } }] },
    })

  test('changes the tag, and answers with the one that the next load has', async () => {
    const before = await tagOf('plain')
    const committed = (await commit('1')).headers.get('etag')
    expect(committed).not.toBe(before)
    expect(await tagOf('plain')).toBe(committed)
    expect((await call(gateway, table, { headers: { 'if-none-match': before } })).status).toBe(200)
  })

  test('is never answered 304, whatever tag it carries', async () => {
    const tag = await tagOf('plain')
    const reply = await call(gateway, 'POST /namespaces/a/tables/t', {
      body: { requirements: [], updates: [] },
      headers: { 'if-none-match': tag },
    })
    expect(reply.status).toBe(200)
  })
})
