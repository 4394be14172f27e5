/** What Trino asks of a mounted table counts for the table that was granted on, not for another one of its name. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gateway, startGateway, warehousePrefix } from '../../support/gateway.ts'
import { type Lake, openLake } from '../../support/lake.ts'
import { newTable } from '../../support/wire.ts'

let lake: Lake
let inner: Gateway
let upstream: string

const atUpstream = async (line: string, body?: object): Promise<void> => {
  const [method = '', path = ''] = line.split(' ')
  const headers = { 'content-type': 'application/json' }
  const sent = body === undefined ? {} : { headers, body: JSON.stringify(body) }
  const answer = await fetch(`${upstream}${path}`, { method, ...sent })
  expect(answer.status, await answer.text()).toBeLessThan(300)
}

beforeAll(async () => {
  ;[lake, inner] = await Promise.all([
    openLake(['alice', 'trino'], {
      'trusted-engines': [{ name: 'trino', identities: ['oidc~trino'], catalogs: { iceberg: 'lake' } }],
      egress: { allow: ['127.0.0.0/8'] },
    }),
    startGateway(),
  ])
  upstream = await warehousePrefix(inner)
  await atUpstream('POST /namespaces', { namespace: ['sales'] })
  await atUpstream('POST /namespaces/sales/tables', newTable('orders'))
  await lake.mount('far', { uri: inner.catalog, warehouse: 'default' })
  const table = { kind: 'table', namespace: ['far', 'sales'], name: 'orders' }
  await lake.grant(await lake.pathOf(table), 'select', 'alice')
}, 120_000)
afterAll(async () => {
  await lake?.[Symbol.asyncDispose]()
  await inner?.discard()
})

const ask = async (): Promise<unknown> => {
  const token = await lake.replicas.provider.token('trino')
  const table = { catalogName: 'iceberg', schemaName: 'far.sales', tableName: 'orders', columns: ['id'] }
  const action = { operation: 'SelectFromColumns', resource: { table } }
  const input = { context: { identity: { user: 'alice', groups: [] } }, action }
  const answer = await fetch(`${lake.here.origin}/opa/v1/data/trino/allow`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ input }),
  })
  return answer.status === 200 ? ((await answer.json()) as { result: boolean }).result : answer.status
}

test('is denied where the table has gone, and where another one has its name', async () => {
  expect(await ask()).toBe(true)
  await atUpstream('DELETE /namespaces/sales/tables/orders')
  expect(await ask()).toBe(false)
  await atUpstream('POST /namespaces/sales/tables', newTable('orders'))
  expect(await ask()).toBe(404)
  expect(await ask()).toBe(false)
})
