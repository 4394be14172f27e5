/** Rules and tags that one process takes are in force there at once, and on others within five seconds. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gateway, scratchFolder } from '../../support/gateway.ts'
import { type IdentityReplicas, manage, startIdentityReplicas } from '../../support/identity-replicas.ts'
import { newTable } from '../../support/wire.ts'

let replicas: IdentityReplicas
let here: Gateway
let there: Gateway
let catalog: string
let token: string

const made = async (line: string, body: unknown): Promise<Record<string, unknown>> => {
  const { status, text } = await manage(here, line, { body })
  expect(status, text).toBeLessThan(300)
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
}

/** `line`: method and path within the warehouse. */
const ask = async (gateway: Gateway, line: string, body?: object): Promise<number> => {
  const [method = '', path = ''] = line.split(' ')
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const sent = body === undefined ? {} : { body: JSON.stringify(body) }
  return (await fetch(`${gateway.origin}${catalog}${path}`, { method, headers, ...sent })).status
}

const commit = (gateway: Gateway) =>
  ask(gateway, 'POST /namespaces/sales/tables/orders', {
    requirements: [],
    updates: [{ action: 'set-properties', updates: { a: 'b' } }],
  })

let warehouse: string
beforeAll(async () => {
  replicas = await startIdentityReplicas([{ id: 'alice', secret: 'alice' }])
  ;[here, there] = replicas.gateways
  token = await replicas.provider.token('alice')
  await manage(here, 'GET /whoami', { token })
  await made('POST /project/default/members', { members: [{ type: 'user', id: 'oidc~alice' }] })
  const profile = { type: 'file', location: `file://${await scratchFolder()}` }
  const lake = await made('POST /warehouse', { 'warehouse-name': 'lake', 'storage-profile': profile })
  warehouse = String(lake['warehouse-id'])
  catalog = `/catalog/v1/${warehouse}`
  expect(await ask(here, 'POST /namespaces', { namespace: ['sales'] })).toBe(200)
  expect(await ask(here, 'POST /namespaces/sales/tables', newTable('orders'))).toBe(200)
  await made('POST /tag-definition', { name: 'read-only', 'value-kind': 'marker', scope: ['warehouse'] })
}, 180_000)
afterAll(() => replicas?.[Symbol.asyncDispose]())

const soon = { timeout: 5_000, interval: 50 }

test('a tag, of local content, at once on both: the pointer tells the epoch', async () => {
  await expect.poll(() => commit(there), { timeout: 20_000, interval: 100 }).toBe(200)
  const path = `/warehouse/${warehouse}/tags/read-only`
  expect((await manage(here, `PUT ${path}`, { body: {} })).status).toBe(200)
  expect([await commit(here), await commit(there)]).toEqual([403, 403])
  expect((await manage(here, `DELETE ${path}`)).status).toBe(204)
  expect([await commit(here), await commit(there)]).toEqual([200, 200])
})

test('a set of rules, elsewhere within five seconds', async () => {
  const list = (gateway: Gateway) => ask(gateway, 'GET /namespaces')
  expect([await list(here), await list(there)]).toEqual([200, 200])
  const sources = {
    'open.cedar': '@id("open") permit(principal, action, resource);',
    'shut.cedar':
      '@id("shut") forbid(principal == User::"oidc~alice", action == Action::"list", resource is Warehouse);',
    'shut.decisions.yaml':
      'cases: [{ name: shut, who: { kind: user, id: oidc~alice }, does: list, to: { kind: warehouse }, expect: deny, by: [shut] }]',
  }
  await made('PUT /rules', { sources })
  expect(await list(here)).toBe(403)
  await expect.poll(() => list(there), soon).toBe(403)
})
