/** Two gateways whose grants an OpenFGA server evaluates: the same answers, and none while it is away. */
import { setTimeout as delay } from 'node:timers/promises'
import { CredentialsMethod, OpenFgaClient } from '@openfga/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { json, type Lake, openLake } from '../../support/lake.ts'
import { hasOpenFga, type OpenFga, startOpenFga } from '../../support/openfga.ts'

let server: OpenFga
let lake: Lake

const client = (storeId?: string): OpenFgaClient =>
  new OpenFgaClient({
    apiUrl: server.url,
    ...(storeId === undefined ? {} : { storeId }),
    credentials: { method: CredentialsMethod.ApiToken, config: { token: server.token } },
  })

/** What the server itself holds for somebody. */
const held = async (user: string): Promise<readonly string[]> => {
  const { stores } = await client().listStores()
  const found: string[] = []
  for (const { id } of stores) {
    const { tuples } = await client(id).read({}, { pageSize: 100 })
    found.push(...tuples.filter(({ key }) => key.user === user).map(({ key }) => key.relation))
  }
  return found.sort()
}

const until = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition())) await delay(50)
}

const load = async (as: string, name: string): Promise<readonly number[]> => {
  const statuses: number[] = []
  for (const at of [lake.here, lake.there])
    statuses.push((await lake.ask(`GET /namespaces/sales/tables/${name}`, { as, at })).status)
  return statuses
}

const granted = async (name: string, relation: string, who: string): Promise<string> => {
  await lake.makeTable(['sales'], name)
  const path = await lake.pathOf({ kind: 'table', namespace: ['sales'], name })
  await lake.grant(path, relation, who)
  return path
}

const restart = async (): Promise<void> => {
  const { port } = new URL(server.url)
  server = await startOpenFga({ port: Number(port) })
}

describe.skipIf(!hasOpenFga())('grants that an OpenFGA server evaluates', () => {
  beforeAll(async () => {
    server = await startOpenFga()
    const openfga = { url: server.url, token: 'env:TEST_OPENFGA_KEY' }
    lake = await openLake(
      ['alice', 'bob', 'carol', 'dave'],
      { policy: { openfga } },
      { TEST_OPENFGA_KEY: server.token },
    )
    await lake.make('POST /namespaces', { namespace: ['sales'] })
  }, 180_000)
  afterAll(async () => {
    await lake?.[Symbol.asyncDispose]()
    await server?.stop()
  })

  test('are told of by the name of the engine', async () => {
    const { text } = await lake.ask('GET /management/v1/info')
    expect(JSON.parse(text)).toMatchObject({ 'authz-backend': 'openfga' })
  })

  test('count with the next request on every gateway, and no longer once they are taken back', async () => {
    const path = await granted('orders', 'select', 'bob')
    expect(await load('bob', 'orders')).toEqual([200, 200])
    expect(await load('carol', 'orders')).toEqual([404, 404])
    await lake.revoke(path, 'select', 'bob')
    expect(await load('bob', 'orders')).toEqual([404, 404])
  })

  test('come to be held by the server, which then answers', async () => {
    await granted('held', 'modify', 'carol')
    await until(async () => (await held('principal:oidc~carol')).includes('modify'))
    expect(await load('carol', 'held')).toEqual([200, 200])
    expect(await lake.names('GET /namespaces/sales/tables', { as: 'carol' })).toEqual(['held'])
  })

  test('are worth nothing while the server is away, and what was granted meanwhile is told when it is back', async () => {
    await granted('before', 'select', 'dave')
    await until(async () => (await held('principal:oidc~dave')).includes('select'))
    await server.stop()
    const refused = await lake.ask('GET /namespaces/sales/tables/before', { as: 'dave' })
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).not.toBeNull()
    const path = await lake.pathOf({ kind: 'table', namespace: ['sales'], name: 'before' })
    await lake.grant(path, 'describe', 'bob')
    expect(await load('bob', 'before'), 'our own store alone allows nothing').toEqual([503, 503])
    const recorded = async (): Promise<readonly unknown[]> => {
      const found = await lake.ask('GET /management/v1/server/audit?status=503&operation=loadTable')
      return json<{ entries: { principal: string; decision: string }[] }>(found).entries.map(
        ({ principal, decision }) => `${principal} ${decision}`,
      )
    }
    await until(async () => (await recorded()).length >= 3)
    expect(new Set(await recorded())).toEqual(new Set(['oidc~dave failed', 'oidc~bob failed']))
    // Empty, as one that was lost.
    await restart()
    await until(async () => (await load('dave', 'before')).every((status) => status === 200))
    expect(await load('bob', 'before')).toEqual([200, 200])
    await until(async () => (await load('alice', 'before')).every((status) => status === 404))
    await until(async () => (await held('principal:oidc~dave')).includes('select'))
    expect(await held('principal:oidc~bob')).toContain('describe')
  })
})
