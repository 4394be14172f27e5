/** What is mounted is governed as what is local: no upstream hears of what a rule forbids. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Gateway, startGateway, warehousePrefix } from '../../support/gateway.ts'
import { type Granting, openGranting } from '../../support/granting.ts'
import { eve } from '../../support/tenants.ts'
import { newTable } from '../../support/wire.ts'

let granting: Granting
/** A real gateway, where nobody is asked who he is: the upstream. */
let inner: Gateway
let table: string
let tables: string

const call: Granting['call'] = (line, ask) => granting.call(line, ask)
const tagged = (tag: string) => `/warehouse/${granting.warehouse}/table/${table}/tags/${tag}`
const restriction = () => `/warehouse/${granting.warehouse}/table/${table}/read-restriction`
const commit = () =>
  call(`POST ${tables}/orders`, {
    ...eve,
    body: { requirements: [], updates: [{ action: 'set-properties', updates: { a: 'b' } }] },
  })

beforeAll(async () => {
  ;[granting, inner] = await Promise.all([openGranting(), startGateway()])
  const upstream = await warehousePrefix(inner)
  const headers = { 'content-type': 'application/json' }
  for (const [path, body] of [
    ['/namespaces', { namespace: ['sales'] }],
    ['/namespaces/sales/tables', newTable('orders')],
  ] as const)
    await fetch(`${upstream}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  const { 'connection-id': connection } = await granting.create('POST /connection', {
    'connection-name': 'upstream',
    kind: 'iceberg-rest',
    config: { uri: inner.catalog, warehouse: 'default', auth: { kind: 'none' } },
  })
  const mount = { namespace: ['far'], 'connection-id': connection }
  await granting.create(`POST /warehouse/${granting.warehouse}/mount`, mount)
  const named = { kind: 'table', namespace: ['far', 'sales'], name: 'orders' }
  table = String((await granting.create(`POST /warehouse/${granting.warehouse}/objects`, named))['id'])
  tables = `${granting.catalog}/namespaces/far%1Fsales/tables`
  for (const name of ['quarantine', 'schema-frozen']) {
    const body = { name, 'value-kind': 'marker', scope: ['namespace', 'table'] }
    await granting.create('POST /tag-definition', body)
  }
})
afterAll(async () => {
  await granting?.[Symbol.asyncDispose]()
  await inner?.discard()
})

describe('a mounted table', () => {
  test('is under the rules of its tags', async () => {
    expect((await commit()).status).toBe(200)
    expect((await call(`PUT ${tagged('quarantine')}`, { ...eve, body: {} })).status).toBe(200)
    expect((await commit()).status).toBe(403)
    expect((await call(`GET ${tables}/orders`, eve)).status).toBe(200)
    expect((await call(`DELETE ${tagged('quarantine')}`, eve)).status).toBe(204)
    expect((await commit()).status).toBe(200)
  })

  test('keeps its tags and its restriction when it is renamed through us', async () => {
    const rename = (from: string, to: string) =>
      call(`POST ${granting.catalog}/tables/rename`, {
        ...eve,
        body: {
          source: { namespace: ['far', 'sales'], name: from },
          destination: { namespace: ['far', 'sales'], name: to },
        },
      })
    const set = await call(`PUT ${restriction()}`, { ...eve, body: { columns: [{ 'field-id': 1 }] } })
    expect(set.status, set.text).toBe(200)
    const before = await call(`GET ${tables}/orders`, eve)
    expect((await rename('orders', 'moved')).status).toBe(204)
    const explain = {
      principal: { user: 'oidc~eve' },
      action: 'describe',
      object: {
        type: 'table',
        'warehouse-id': granting.warehouse,
        namespace: ['far', 'sales'],
        name: 'moved',
      },
    }
    const { body } = await call('POST /decisions/explain', { ...eve, body: explain })
    expect(body).toMatchObject({ allowed: true, data: 'none', restricted: true })
    const loaded = await call(`GET ${tables}/moved`, eve)
    expect(loaded.body['metadata']).toEqual(before.body['metadata'])
    expect(loaded.body['config']).toEqual({})
    expect((await rename('moved', 'orders')).status).toBe(204)
    expect((await call(`DELETE ${restriction()}`, eve)).status).toBe(204)
  })
})
