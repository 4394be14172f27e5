/** Grants on what is mounted stand for the table of their time: another one under its name has none of them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Gateway, startGateway, warehousePrefix } from '../../support/gateway.ts'
import { type Granting, openGranting } from '../../support/granting.ts'
import { type Ask, eve } from '../../support/tenants.ts'
import { newTable, schema } from '../../support/wire.ts'

let granting: Granting
/** A real gateway, where nobody is asked who he is: the upstream. */
let inner: Gateway
let upstream: string
let tables: string

const call: Granting['call'] = (line, ask) => granting.call(line, ask)
const as = (name: string): Ask => ({ as: name, project: 'east' })
const to = (name: string, ...types: readonly string[]) =>
  types.map((type) => ({ type, user: `oidc~${name}` }))

const atUpstream = async (line: string, body?: object): Promise<void> => {
  const [method = '', path = ''] = line.split(' ')
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${upstream}${path}`, {
    method,
    ...(body === undefined ? {} : { headers, body: JSON.stringify(body) }),
  })
  expect(answer.status, await answer.text()).toBeLessThan(300)
}

const mount = async (uri: string, namespace: string): Promise<string> => {
  const { 'connection-id': connection } = await granting.create('POST /connection', {
    'connection-name': `upstream of ${namespace}`,
    kind: 'iceberg-rest',
    config: { uri, warehouse: 'default', auth: { kind: 'none' } },
  })
  const made = await granting.create(`POST /warehouse/${granting.warehouse}/mount`, {
    namespace: [namespace],
    'connection-id': connection,
  })
  return String(made['mount-id'])
}

const resolve = (name: string) =>
  call(`POST /warehouse/${granting.warehouse}/objects`, {
    ...eve,
    body: { kind: 'table', namespace: ['far', 'sales'], name },
  })
const pathOf = async (name: string): Promise<string> => {
  const { status, text, body } = await resolve(name)
  expect(status, text).toBe(200)
  return `warehouse/${granting.warehouse}/table/${body['id']}`
}
const load = async (name: string, ask: Ask) => (await call(`GET ${tables}/${name}`, ask)).status

beforeAll(async () => {
  ;[granting, inner] = await Promise.all([openGranting(), startGateway()])
  upstream = await warehousePrefix(inner)
  await atUpstream('POST /namespaces', { namespace: ['sales'] })
  for (const name of ['orders', 'again', 'moved', 'dropped'])
    await atUpstream('POST /namespaces/sales/tables', newTable(name))
  await mount(inner.catalog, 'far')
  tables = `${granting.catalog}/namespaces/far%1Fsales/tables`
})
afterAll(async () => {
  await granting?.[Symbol.asyncDispose]()
  await inner?.discard()
})

describe('a grant on a mounted table', () => {
  test('lets in who has it, and shows the way there', async () => {
    expect(await load('orders', as('bob'))).toBe(404)
    const path = await pathOf('orders')
    expect((await granting.give(path, to('bob', 'select'))).status).toBe(204)
    expect(await load('orders', as('bob'))).toBe(200)
    expect(await load('again', as('bob'))).toBe(404)
    expect(await granting.shown(path)).toEqual(to('bob', 'select'))
    await granting.take(path, to('bob', 'select'))
    expect(await load('orders', as('bob'))).toBe(404)
  })

  test('is not given on what the upstream does not have', async () => {
    expect((await resolve('none')).status).toBe(404)
    const path = await pathOf('dropped')
    await atUpstream('DELETE /namespaces/sales/tables/dropped')
    expect((await granting.give(path, to('bob', 'select'))).status).toBe(404)
    expect(await granting.shown(path)).toEqual([])
  })

  test('does not stand for another table of the name, until somebody confirms it', async () => {
    const path = await pathOf('again')
    await granting.give(path, to('bob', 'select'))
    expect(await load('again', as('bob'))).toBe(200)
    await atUpstream('DELETE /namespaces/sales/tables/again')
    await atUpstream('POST /namespaces/sales/tables', newTable('again'))
    expect(await load('again', as('bob'))).toBe(404)
    expect(await load('again', eve)).toBe(200)
    expect((await granting.give(path, to('cleo', 'select'))).status).toBe(409)
    const body = { kind: 'table', namespace: ['far', 'sales'], name: 'again' }
    const confirm = (ask: Ask) =>
      call(`POST /warehouse/${granting.warehouse}/objects/confirm`, { ...ask, body })
    expect((await confirm(as('bob'))).status).toBe(404)
    const confirmed = await confirm(eve)
    expect(confirmed.status, confirmed.text).toBe(204)
    expect(await load('again', as('bob'))).toBe(200)
    await granting.take(path, to('bob', 'select'))
  })

  test('is given anew once those for another table have been taken back', async () => {
    const path = await pathOf('again')
    await granting.give(path, to('bob', 'select'))
    await atUpstream('DELETE /namespaces/sales/tables/again')
    await atUpstream('POST /namespaces/sales/tables', newTable('again'))
    expect((await granting.give(path, to('cleo', 'select'))).status).toBe(409)
    expect((await granting.take(path, to('bob', 'select'))).status).toBe(204)
    expect((await granting.give(path, to('cleo', 'select'))).status).toBe(204)
    expect(await load('again', as('cleo'))).toBe(200)
    expect(await load('again', as('bob'))).toBe(404)
  })

  test('follows a rename that goes through us, and ends with a drop', async () => {
    await granting.give(await pathOf('moved'), to('bob', 'select'))
    const at = (name: string) => ({ namespace: ['far', 'sales'], name })
    const rename = { source: at('moved'), destination: at('here') }
    expect((await call(`POST ${granting.catalog}/tables/rename`, { ...eve, body: rename })).status).toBe(204)
    expect(await load('here', as('bob'))).toBe(200)
    expect((await call(`DELETE ${tables}/here`, eve)).status).toBe(204)
    await atUpstream('POST /namespaces/sales/tables', newTable('here'))
    expect(await granting.shown(await pathOf('here'))).toEqual([])
    expect(await load('here', as('bob'))).toBe(404)
  })

  test('is the creator’s own where the table was made through us', async () => {
    await granting.give('project/east', to('cleo', 'create'))
    const made = await call(`POST ${tables}`, { ...as('cleo'), body: newTable('own') })
    expect(made.status, made.text).toBe(200)
    expect(await granting.shown(await pathOf('own'))).toEqual(to('cleo', 'ownership'))
    await granting.take('project/east', to('cleo', 'create'))
    expect(await load('own', as('cleo'))).toBe(200)
    await atUpstream('DELETE /namespaces/sales/tables/own')
    await atUpstream('POST /namespaces/sales/tables', newTable('own'))
    expect(await load('own', as('cleo'))).toBe(404)
  })
})

describe('a transaction through a mount', () => {
  const staged = async (name: string) => {
    const { metadata } = (
      await call(`POST ${tables}`, { ...as('cleo'), body: { ...newTable(name), 'stage-create': true } })
    ).body as { metadata: Record<string, unknown> }
    return [
      { action: 'assign-uuid', uuid: metadata['table-uuid'] },
      { action: 'upgrade-format-version', 'format-version': 2 },
      { action: 'add-schema', schema },
      { action: 'set-current-schema', 'schema-id': -1 },
      { action: 'add-spec', spec: { 'spec-id': 0, fields: [] } },
      { action: 'set-default-spec', 'spec-id': -1 },
      { action: 'add-sort-order', 'sort-order': { 'order-id': 0, fields: [] } },
      { action: 'set-default-sort-order', 'sort-order-id': -1 },
      { action: 'set-location', location: metadata['location'] },
    ]
  }
  const creation = (name: string, updates: readonly object[]) => ({
    identifier: { namespace: ['far', 'sales'], name },
    requirements: [{ type: 'assert-create' }],
    updates,
  })

  test('makes its client the owner of each table that it creates, and of nothing else', async () => {
    await granting.give('project/east', to('cleo', 'create', 'modify'))
    const added = {
      identifier: { namespace: ['far', 'sales'], name: 'orders' },
      requirements: [],
      updates: [{ action: 'set-properties', updates: { k: '1' } }],
    }
    const changes = [
      creation('first', await staged('first')),
      added,
      creation('second', await staged('second')),
    ]
    const body = { 'table-changes': changes }
    const done = await call(`POST ${granting.catalog}/transactions/commit`, { ...as('cleo'), body })
    expect(done.status, done.text).toBe(204)
    for (const name of ['first', 'second'])
      expect(await granting.shown(await pathOf(name))).toEqual(to('cleo', 'ownership'))
    expect(await granting.shown(await pathOf('orders'))).toEqual([])
    await granting.take('project/east', to('cleo', 'create', 'modify'))
    expect(await load('first', as('cleo'))).toBe(200)
    await atUpstream('DELETE /namespaces/sales/tables/first')
    await atUpstream('POST /namespaces/sales/tables', newTable('first'))
    expect(await load('first', as('cleo'))).toBe(404)
  })

  test('that fails makes nobody an owner', async () => {
    await granting.give('project/east', to('cleo', 'create', 'modify'))
    const body = {
      'table-changes': [
        creation('third', await staged('third')),
        creation('orders', await staged('orders2')),
      ],
    }
    const refused = await call(`POST ${granting.catalog}/transactions/commit`, { ...as('cleo'), body })
    expect(refused.status, refused.text).toBe(409)
    await granting.take('project/east', to('cleo', 'create', 'modify'))
    await atUpstream('POST /namespaces/sales/tables', newTable('third'))
    for (const name of ['third', 'orders']) expect(await granting.shown(await pathOf(name))).toEqual([])
  })
})

describe('access in an emergency to a mounted table', () => {
  test('is for that table alone', async () => {
    const admin = as('admin')
    await atUpstream('POST /namespaces/sales/tables', newTable('fresh'))
    const path = await pathOf('fresh')
    const opened = await call('POST /break-glass', {
      ...admin,
      body: {
        ...{ 'object-type': 'table', 'object-id': path.split('/').at(-1), relation: 'select' },
        ...{ reason: 'orders are stuck since midnight', 'duration-seconds': 60 },
      },
    })
    expect(opened.status, opened.text).toBe(201)
    expect(await load('fresh', admin)).toBe(200)
    await atUpstream('DELETE /namespaces/sales/tables/fresh')
    await atUpstream('POST /namespaces/sales/tables', newTable('fresh'))
    expect(await load('fresh', admin)).not.toBe(200)
    expect((await call(`DELETE /break-glass/${opened.body['id']}`, admin)).status).toBe(204)
  })
})

describe('an upstream', () => {
  test('that is away can have nothing granted, and grants on it are taken all the same', async () => {
    const path = await pathOf('orders')
    await granting.give(path, to('bob', 'select'))
    await inner.kill()
    const given = await granting.give(path, to('cleo', 'select'))
    expect(given.status, given.text).toBe(503)
    expect((await granting.take(path, to('bob', 'select'))).status).toBe(204)
    expect(await granting.shown(path)).toEqual([])
  })

  test('that is no longer mounted leaves no grants to whatever takes its place', async () => {
    const path = await call(`GET /warehouse/${granting.warehouse}/mount`, eve)
    const [mounted] = path.body['mounts'] as { 'mount-id': string }[]
    const removed = await call(`DELETE /warehouse/${granting.warehouse}/mount/${mounted?.['mount-id']}`, eve)
    expect(removed.status, removed.text).toBe(204)
    for (const namespace of [['far'], ['far', 'sales']])
      await granting.create(`POST ${granting.catalog}/namespaces`, { namespace })
    await granting.create(`POST ${tables}`, newTable('own'))
    expect(await load('own', as('cleo'))).toBe(404)
    expect(await granting.shown(await pathOf('own'))).toEqual(to('eve', 'ownership'))
  })
})
