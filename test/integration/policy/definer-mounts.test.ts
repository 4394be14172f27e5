/** Definers of views that lie behind a mount: what their upstream says of them opens nothing that lies elsewhere. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type Asking, json, type Lake, openLake } from '../../support/lake.ts'
import {
  definedView,
  definerSettings,
  makeView,
  ownerProperty,
  referencedBy,
  through,
} from '../../support/policy/definers.ts'
import { openRecordingProxy, type RecordingProxy } from '../../support/recording-proxy.ts'
import {
  hasReferenceServer,
  type ReferenceServer,
  startReferenceServer,
} from '../../support/reference-server.ts'
import { newTable } from '../../support/wire.ts'

let lake: Lake
let upstream: ReferenceServer
let proxy: RecordingProxy

const far = ['far', 'sales']
const orders = '/namespaces/far%1Fsales/tables/orders'
const salaries = '/namespaces/staff/tables/salaries'
const atUpstream = async (line: string, body?: object): Promise<void> => {
  const [method = 'GET', path = ''] = line.split(' ')
  const answer = await fetch(`${upstream.uri}/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  expect(answer.status, await answer.text()).toBeLessThan(300)
}
const makeUpstream = (name: string, sql: string, owner?: string): Promise<void> =>
  atUpstream(
    'POST /namespaces/sales/views',
    definedView(['sales'], { name, sql, ...(owner ? { owner } : {}) }),
  )
const grant = async (namespace: readonly string[], name: string, relation: string): Promise<void> =>
  lake.grant(await lake.pathOf({ kind: 'view', namespace, name }), relation, 'bob')
const by = (path: string, ...views: readonly (readonly string[])[]): string =>
  `GET ${path}${referencedBy(...views)}`
const statusOf = async (line: string, asking: Asking): Promise<number> =>
  (await lake.ask(line, asking)).status
const reasonOf = async ({ headers }: Answer): Promise<string | undefined> => {
  const path = `GET /management/v1/server/audit?requestId=${headers.get('x-request-id')}`
  const find = async () =>
    json<{ entries: { detail: { reason: string } }[] }>(await lake.ask(path)).entries[0]?.detail.reason
  await expect.poll(find, { timeout: 20_000 }).toBeDefined()
  return find()
}
const expectRefused = async (line: string, reason: string): Promise<void> => {
  const answer = await lake.ask(line, through('bob'))
  expect([answer.status, await reasonOf(answer)]).toEqual([404, expect.stringContaining(reason)])
}

const open = async (): Promise<void> => {
  ;[lake, upstream] = await Promise.all([
    openLake(['alice', 'bob', 'trino', 'plain'], definerSettings),
    startReferenceServer({ port: 31_010 }),
  ])
  proxy = await openRecordingProxy(upstream.uri, 31_011)
  await atUpstream('POST /namespaces', { namespace: ['sales'] })
  await atUpstream('POST /namespaces/sales/tables', newTable('orders'))
  // As the source of our own catalog is called: the one must not be taken for the other.
  await lake.mount('far', { uri: proxy.uri }, 'local')
  for (const name of ['staff', 'home']) await lake.make('POST /namespaces', { namespace: [name] })
  await lake.makeTable(['staff'], 'salaries')
  for (const namespace of [far, ['staff'], ['home']]) {
    const path = await lake.pathOf({ kind: 'namespace', namespace })
    await lake.grant(path, 'select', 'alice')
    await lake.grant(path, 'create', 'trino')
  }
}

describe.skipIf(!hasReferenceServer)('a view behind a mount', () => {
  beforeAll(open, 120_000)
  afterAll(async () => {
    await lake?.[Symbol.asyncDispose]()
    await proxy?.[Symbol.asyncDispose]()
    await upstream?.stop()
  })

  test('lends its definer’s rights to what lies there, in the names of the gateway and of the upstream', async () => {
    await makeView(lake, far, { name: 'ours', sql: 'select * from "far.sales".orders', owner: 'alice' })
    await makeUpstream('theirs', 'select * from orders', 'alice')
    for (const name of ['ours', 'theirs']) {
      await grant(far, name, 'select')
      expect(await statusOf(by(orders, [...far, name]), through('bob')), name).toBe(200)
    }
    expect(await statusOf(`GET ${orders}`, through('bob'))).toBe(404)
    expect(proxy.lines().join('\n')).not.toContain('referenced-by')
  })

  test('is not asked for before its reader is known to have a right to it', async () => {
    await makeUpstream('closed', 'select * from orders', 'alice')
    proxy.lines()
    await expectRefused(by(orders, [...far, 'closed']), 'through far.sales.closed, as oidc~bob')
    await expectRefused(by(orders, [...far, 'nothing']), 'through far.sales.nothing, as oidc~bob')
    expect(proxy.lines()).toEqual([])
  })

  test('lends nothing that lies elsewhere, also not over another view', async () => {
    await makeUpstream('reaching', 'select * from staff.salaries', 'alice')
    await makeUpstream('sideways', 'select * from home.inside', 'alice')
    await makeView(lake, ['home'], { name: 'inside', sql: 'select * from staff.salaries' })
    for (const name of ['reaching', 'sideways']) await grant(far, name, 'select')
    await expectRefused(by(salaries, [...far, 'reaching']), 'what a view behind local lends ends there')
    await expectRefused(by(salaries, [...far, 'sideways'], ['home', 'inside']), 'ends there')
    expect(await statusOf(by(salaries, [...far, 'reaching']), through('alice'))).toBe(200)
  })

  test('is a way for what a view of our own lends, and none back', async () => {
    await makeUpstream('plainly', 'select * from orders join staff.salaries')
    await makeView(lake, ['home'], { name: 'lent', sql: 'select * from "far.sales".plainly', owner: 'alice' })
    await makeView(lake, ['home'], { name: 'near', sql: 'select * from far.sales.orders', owner: 'alice' })
    for (const name of ['lent', 'near']) await grant(['home'], name, 'select')
    const way = [
      ['home', 'lent'],
      [...far, 'plainly'],
    ]
    expect(await statusOf(by(orders, ['home', 'near']), through('bob'))).toBe(200)
    expect(await statusOf(by(orders, ...way), through('bob'))).toBe(200)
    await expectRefused(by(salaries, ...way), 'what a view behind local lends ends there')
  })

  test('lends nothing once another view has its name', async () => {
    await makeUpstream('anew', 'select * from orders', 'alice')
    await grant(far, 'anew', 'select')
    expect(await statusOf(by(orders, [...far, 'anew']), through('bob'))).toBe(200)
    await atUpstream('DELETE /namespaces/sales/views/anew')
    await makeUpstream('anew', 'select * from orders', 'alice')
    await expectRefused(by(orders, [...far, 'anew']), 'through far.sales.anew: View does not exist')
    const events = await lake.replicas.db.database.query(
      "select data from outbox where type = 'grant.suspended'",
    )
    expect(events).toHaveLength(1)
    await expectRefused(by(orders, [...far, 'anew']), 'through far.sales.anew, as oidc~bob')
  })

  test('gets no other query under the name of its definer, and nothing is sent', async () => {
    await makeUpstream('kept', 'select * from orders', 'alice')
    await grant(far, 'kept', 'modify')
    const { 'view-version': version } = definedView(far, {
      name: 'kept',
      sql: 'select * from staff.salaries',
    })
    const query = [
      { action: 'add-view-version', 'view-version': { ...(version as object), 'version-id': 7 } },
      { action: 'set-current-view-version', 'view-version-id': -1 },
    ]
    const change = (asking: Asking, ...updates: readonly object[]): Promise<number> =>
      statusOf('POST /namespaces/far%1Fsales/views/kept', { ...asking, body: { requirements: [], updates } })
    const owned = (owner: string, property = ownerProperty) => ({
      ...{ action: 'set-properties', updates: { [property]: owner } },
    })
    proxy.lines()
    for (const asking of [{ as: 'bob' }, through('bob')]) {
      expect(await change(asking, ...query)).toBe(403)
      expect(await change(asking, owned('alice'))).toBe(403)
    }
    expect(await change(through('bob'), ...query, owned('bob', ownerProperty.toUpperCase()))).toBe(403)
    expect(proxy.lines().filter((line) => line.startsWith('POST'))).toEqual([])
    expect(await change({ as: 'bob' }, { action: 'set-properties', updates: { comment: 'his' } })).toBe(200)
    expect(await change(through('bob'), ...query, owned('bob'))).toBe(200)
  })

  test('is registered with whatever definer its file names by the engine alone', async () => {
    const namespace = await lake.pathOf({ kind: 'namespace', namespace: far })
    await lake.grant(namespace, 'create', 'bob')
    const body = { name: 'brought', 'metadata-location': 'file:///nowhere/v.metadata.json' }
    const line = 'POST /namespaces/far%1Fsales/register-view'
    proxy.lines()
    for (const asking of [{ as: 'bob' }, through('bob')])
      expect(await statusOf(line, { ...asking, body })).toBe(403)
    expect(proxy.lines()).toEqual([])
    expect(await statusOf(line, { as: 'trino', body })).not.toBe(403)
  })
})
