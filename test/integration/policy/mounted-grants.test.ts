/** Grants on tables of a real upstream: revoked on every gateway, and worth nothing for what is made anew under a name. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { json, type Lake, openLake } from '../../support/lake.ts'
import {
  hasReferenceServer,
  type ReferenceServer,
  startReferenceServer,
} from '../../support/reference-server.ts'
import { newTable } from '../../support/wire.ts'

let lake: Lake
let upstream: ReferenceServer

const atUpstream = async (line: string, body?: object): Promise<void> => {
  const [method = 'GET', path = ''] = line.split(' ')
  const answer = await fetch(`${upstream.uri}/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  expect(answer.status, await answer.text()).toBeLessThan(300)
}
const recreate = async (name: string): Promise<void> => {
  await atUpstream(`DELETE /namespaces/sales/tables/${name}`)
  await atUpstream('POST /namespaces/sales/tables', newTable(name))
}

const at = (name: string): string => `/namespaces/far%1Fsales/tables/${name}`
const load = async (name: string, where = lake.here) =>
  (await lake.ask(`GET ${at(name)}`, { as: 'bob', at: where })).status
const granted = async (name: string, relation: string): Promise<string> => {
  const path = await lake.pathOf({ kind: 'table', namespace: ['far', 'sales'], name })
  await lake.grant(path, relation, 'bob')
  return path
}
const promptly = { timeout: 5_000, interval: 100 }

describe.skipIf(!hasReferenceServer)('a grant on a table of the reference server', () => {
  beforeAll(async () => {
    ;[lake, upstream] = await Promise.all([openLake(['bob']), startReferenceServer({ port: 21_450 })])
    await atUpstream('POST /namespaces', { namespace: ['sales'] })
    for (const name of ['revoked', 'anew', 'dropped'])
      await atUpstream('POST /namespaces/sales/tables', newTable(name))
    await lake.mount('far', { uri: upstream.uri }, 'reference')
  }, 120_000)
  afterAll(async () => {
    await lake?.[Symbol.asyncDispose]()
    await upstream?.stop()
  })

  test('what is revoked is refused here at once, and by another gateway within five seconds', async () => {
    const path = await granted('revoked', 'select')
    expect([await load('revoked'), await load('revoked', lake.there)]).toEqual([200, 200])
    await lake.revoke(path, 'select', 'bob')
    expect(await load('revoked')).toBe(404)
    await expect.poll(() => load('revoked', lake.there), promptly).toBe(404)
  })

  test('what it lies in is listed, and nothing beside it', async () => {
    const path = await granted('revoked', 'select')
    const as = 'bob'
    expect(await lake.names('GET /namespaces', { as })).toEqual(['far'])
    expect(await lake.names('GET /namespaces?parent=far', { as })).toEqual(['far.sales'])
    expect(await lake.names('GET /namespaces/far%1Fsales/tables', { as })).toEqual(['revoked'])
    expect(await lake.names('GET /namespaces/far%1Fsales/tables', {})).toHaveLength(3)
    await lake.revoke(path, 'select', 'bob')
  })

  test('a table made anew upstream is missing, on record as what it is, on every gateway', async () => {
    await granted('anew', 'modify')
    // Else the project would not be his any more, and he would be told of no warehouse.
    await granted('revoked', 'select')
    expect(await load('anew')).toBe(200)
    await recreate('anew')
    const answer = await lake.ask(`GET ${at('anew')}`, { as: 'bob', headers: { 'x-request-id': 'anew' } })
    const missing = await lake.ask(`GET ${at('enew')}`, { as: 'bob', headers: { 'x-request-id': 'anew' } })
    expect([answer.status, answer.text]).toEqual([404, missing.text.replace('enew', 'anew')])
    const { database } = lake.replicas.db
    const events = await database.query<{ data: { found: string } }>(
      "select data from outbox where type = 'grant.suspended'",
    )
    expect(events).toHaveLength(1)
    await expect.poll(() => load('anew', lake.there), promptly).toBe(404)
    const changes = [
      [`DELETE ${at('anew')}`, undefined],
      [
        `POST ${at('anew')}`,
        { requirements: [], updates: [{ action: 'set-properties', updates: { k: '1' } }] },
      ],
    ] as const
    for (const [line, body] of changes) expect((await lake.ask(line, { as: 'bob', body })).status).toBe(404)
    // A member of the project sees it as it is; so does whoever administers by the token.
    expect((await lake.ask(`GET ${at('anew')}`)).status).toBe(200)
  })

  test('a drop and a commit look first at what is there', async () => {
    await granted('dropped', 'modify')
    await recreate('dropped')
    const updates = [{ action: 'set-properties', updates: { k: '1' } }]
    const commit = { as: 'bob', body: { requirements: [], updates } }
    expect((await lake.ask(`POST ${at('dropped')}`, commit)).status).toBe(404)
    expect((await lake.ask(`DELETE ${at('dropped')}`, { as: 'bob' })).status).toBe(404)
    const loaded = json<{ metadata: { properties: object } }>(await lake.ask(`GET ${at('dropped')}`))
    expect(loaded.metadata.properties).not.toHaveProperty('k')
  })
})
