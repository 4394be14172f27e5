/** Engines whose word is taken on the user for whom they ask, and everybody else who says the same. */
import { once } from 'node:events'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { json, type Lake, openLake } from '../../support/lake.ts'

type Asking = NonNullable<Parameters<Lake['ask']>[1]>

const people = ['alice', 'bob', 'carol', 'trino', 'spark', 'plain']

let lake: Lake
beforeAll(async () => {
  lake = await openLake(people, {
    'trusted-engines': [
      { name: 'trino', identities: ['oidc~trino'], 'user-header': 'X-Trino-User' },
      { name: 'spark', identities: ['oidc~spark'], 'user-header': 'X-Spark-User' },
      { name: 'plain', identities: ['oidc~plain'] },
    ],
  })
  await lake.make('POST /namespaces', { namespace: ['sales'] })
  await lake.make('POST /namespaces', { namespace: ['staff'] })
  await lake.makeTable(['sales'], 'orders')
  await lake.makeTable(['staff'], 'salaries')
  await lake.grant(await namespacePath('sales'), 'select', 'alice')
  await lake.grant(await namespacePath('staff'), 'select', 'carol')
}, 120_000)
afterAll(() => lake?.[Symbol.asyncDispose]())

const namespacePath = (name: string) => lake.pathOf({ kind: 'namespace', namespace: [name] })
const orders = '/namespaces/sales/tables/orders'
const through = (user: string, as = 'trino', header = 'X-Trino-User'): Asking => ({
  ...{ as, headers: { [header]: user } },
})
const statusOf = async (line: string, asking: Asking): Promise<number> =>
  (await lake.ask(line, asking)).status

/** With headers that `fetch` would put together. */
const statusWith = async (as: string, headers: readonly string[]): Promise<number> => {
  const token = await lake.replicas.provider.token(as)
  const url = `${lake.here.origin}/catalog/v1/${lake.warehouse}${orders}`
  const sent = request(url, { headers: ['host', 'x', 'authorization', `Bearer ${token}`, ...headers] }).end()
  const [answer] = await once(sent, 'response')
  answer.resume()
  return answer.statusCode
}

interface Entry {
  readonly principal: string
  readonly detail: {
    readonly engine?: { readonly name: string; readonly id: string }
    readonly reason: string
  }
}

const entryOf = async (requestId: string | null): Promise<Entry | undefined> => {
  const find = async () =>
    json<{ entries: Entry[] }>(await lake.ask(`GET /management/v1/server/audit?requestId=${requestId}`))
      .entries
  await expect.poll(find, { timeout: 20_000 }).not.toEqual([])
  return (await find())[0]
}

describe('a trusted engine', () => {
  test('shows each user what the user may see, and nothing more', async () => {
    expect(await lake.names('GET /namespaces', through('alice'))).toEqual(['sales'])
    expect(await lake.names('GET /namespaces', through('carol'))).toEqual(['staff'])
    expect(await statusOf(`GET ${orders}`, through('alice'))).toBe(200)
    expect(await statusOf(`GET ${orders}`, through('bob'))).toBe(404)
  })

  test('is itself where it names nobody', async () => {
    expect(await statusOf(`GET ${orders}`, { as: 'trino' })).toBe(404)
  })

  test('is on record with the user for whom it asked', async () => {
    const { headers } = await lake.ask(`GET ${orders}`, through('alice'))
    const entry = await entryOf(headers.get('x-request-id'))
    expect([entry?.principal, entry?.detail.engine]).toEqual([
      'oidc~alice',
      { name: 'trino', id: 'oidc~trino' },
    ])
  })

  test('opens what is tagged to be reached through engines alone', async () => {
    const tag = { name: 'trusted-engine-only', 'value-kind': 'marker', scope: ['table'] }
    await lake.make('POST /management/v1/tag-definition', tag)
    await lake.makeTable(['sales'], 'guarded')
    const path = await lake.pathOf({ kind: 'table', namespace: ['sales'], name: 'guarded' })
    await lake.make(`PUT /management/v1/${path}/tags/trusted-engine-only`, {})
    await lake.grant(path, 'modify', 'alice')
    const guarded = '/namespaces/sales/tables/guarded'
    const append = { requirements: [], updates: [{ action: 'set-properties', updates: { a: 'b' } }] }
    expect(await statusOf(`POST ${guarded}`, { as: 'alice', body: append })).toBe(403)
    expect(await statusOf(`POST ${guarded}`, { ...through('alice'), body: append })).toBe(200)
  })

  test('administers nothing in the name of somebody who may', async () => {
    await lake.grant(await namespacePath('sales'), 'manage_grants', 'alice')
    const path = `/management/v1/permissions/${await namespacePath('sales')}/assignments`
    expect(await statusOf(`GET ${path}`, { as: 'alice' })).toBe(200)
    const body = { writes: [{ type: 'select', user: 'oidc~bob' }] }
    expect(await statusOf(`POST ${path}`, { ...through('alice'), body })).toBe(403)
    expect(await statusOf(`GET ${orders}`, { as: 'bob' })).toBe(404)
    await lake.make('POST /management/v1/permissions/server/assignments', {
      writes: [{ type: 'admin', user: 'oidc~carol' }],
    })
    expect(await statusOf('GET /management/v1/user', { as: 'carol' })).toBe(200)
    expect(
      await statusOf('POST /management/v1/project', { ...through('carol'), body: { 'project-name': 'p' } }),
    ).toBe(403)
  })
})

describe('no user is taken from', () => {
  test('whoever is no engine, whatever its headers say', async () => {
    expect(await statusOf(`GET ${orders}`, through('alice', 'bob'))).toBe(404)
    expect(await statusOf(`GET ${orders}`, through('no such\tname', 'alice'))).toBe(200)
    const entry = await entryOf(
      (await lake.ask(`GET ${orders}`, through('alice', 'bob'))).headers.get('x-request-id'),
    )
    expect([entry?.principal, entry?.detail.engine]).toEqual(['oidc~bob', undefined])
  })

  test('the header of another engine, and from an engine that has none', async () => {
    expect(await statusOf(`GET ${orders}`, through('alice', 'trino', 'X-Spark-User'))).toBe(404)
    expect(await statusOf(`GET ${orders}`, through('alice', 'plain'))).toBe(404)
    expect(await statusOf(`GET ${orders}`, through('alice', 'spark', 'X-Spark-User'))).toBe(200)
  })
})

describe('an engine is refused', () => {
  test.each([
    ['nobody knows', 'mallory'],
    ['is written otherwise', 'Alice'],
    ['brings its provider along', 'oidc~alice'],
    ['is empty', ''],
    ['are two in one header', 'alice, bob'],
    ['holds a space', 'alice bob'],
    ['looks like another one', Buffer.from('аlice').toString('latin1')],
    ['is beyond ASCII', 'alic\u00e9'],
    ['is long beyond reason', 'a'.repeat(300)],
    ['is another engine’s', 'spark'],
    ['is its own', 'trino'],
  ])('a name that %s', async (_, name) => {
    expect(await statusOf(`GET ${orders}`, through(name))).toBe(403)
  })

  test('two headers, also where both say the same', async () => {
    expect(await statusWith('trino', ['X-Trino-User', 'alice'])).toBe(200)
    expect(await statusWith('trino', ['X-Trino-User', 'alice', 'x-trino-user', 'alice'])).toBe(403)
    expect(await statusWith('trino', ['X-Trino-User', 'bob', 'X-Trino-User', 'alice'])).toBe(403)
  })

  test('a user who has been deactivated, at once; and is on record as itself', async () => {
    expect(await statusOf('GET /namespaces', through('bob'))).toBe(404)
    await lake.make('POST /management/v1/user/oidc~bob/deactivate')
    const { status, headers, text } = await lake.ask('GET /namespaces', through('bob'))
    expect([status, text]).toEqual([403, expect.stringContaining('Not allowed: to act for oidc~bob')])
    expect((await entryOf(headers.get('x-request-id')))?.principal).toBe('oidc~trino')
  })

  test('a service account in the place of a user', async () => {
    await lake.make('POST /management/v1/service-account', { name: 'robot' })
    expect(await statusOf('GET /namespaces', through('robot'))).toBe(403)
  })
})
