/** Whoever administers one project, with ids of another one in paths, bodies, filters and headers: none of it is there. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type Asking, json, type Lake, openLake } from '../../support/lake.ts'

const unknown = '0190a1b2-0000-7000-8000-0000000000ff'

let lake: Lake
/** Of the first project: `bob` is in the role, which may read the table. */
let table: string
let namespace: string
let role: string
let tag: string
let account: string
/** Of the second one. */
let ownRole: string

const idOf = (path: string): string => path.split('/').at(-1) ?? ''
const other = { 'x-project-id': 'other' }
/** `carol` administers the second project, and acts in it. */
const ask = (line: string, body?: unknown, headers: Asking['headers'] = other): Promise<Answer> =>
  lake.ask(line, { as: 'carol', headers: headers ?? {}, ...(body === undefined ? {} : { body }) })

beforeAll(async () => {
  lake = await openLake(['bob', 'carol'])
  await lake.make('POST /namespaces', { namespace: ['sales'] })
  await lake.makeTable(['sales'], 'orders')
  table = await lake.pathOf({ kind: 'table', namespace: ['sales'], name: 'orders' })
  namespace = await lake.pathOf({ kind: 'namespace', namespace: ['sales'] })
  const made = async (line: string, body: object) => json<Record<string, string>>(await lake.make(line, body))
  role = (await made('POST /management/v1/role', { name: 'readers' }))['id'] ?? ''
  await lake.make(`POST /management/v1/role/${role}/members`, { members: [{ type: 'user', id: 'oidc~bob' }] })
  await lake.grant(table, 'select', `role:${role}`)
  const definition = { name: 'quarantine', 'value-kind': 'marker', scope: ['table'] }
  tag = (await made('POST /management/v1/tag-definition', definition))['id'] ?? ''
  account = (await made('POST /management/v1/service-account', { name: 'robot' }))['id'] ?? ''
  await lake.make('POST /management/v1/project', { 'project-id': 'other', 'project-name': 'other' })
  const writes = [{ type: 'project_admin', user: 'oidc~carol' }]
  await lake.make('POST /management/v1/permissions/project/other/assignments', { writes })
  ownRole = json<{ id: string }>(await ask('POST /management/v1/role', { name: 'mine' })).id
  const members = { members: [{ type: 'user', id: 'oidc~carol' }] }
  expect((await ask(`POST /management/v1/role/${ownRole}/members`, members)).status).toBe(200)
}, 120_000)
afterAll(() => lake?.[Symbol.asyncDispose]())

/** The same but for what differs in every answer, and the id that was asked for. */
const told = ({ status, text }: Answer, id: string): string =>
  `${status} ${text.replace(/"request-id":"[^"]*"/, '').replaceAll(id, '…')}`

describe('ids of another project', () => {
  test('are as missing as ids of nothing, in whatever path they stand', async () => {
    const ids = {
      table: idOf(table),
      namespace: idOf(namespace),
      role,
      tag,
      account,
      warehouse: lake.warehouse,
    }
    const writes = { writes: [{ type: 'select', user: 'oidc~carol' }] }
    const owning = { writes: [{ type: 'ownership', user: 'oidc~carol' }] }
    const opening = (type: string, id: string) => ({
      ...{ 'object-type': type, 'object-id': id, relation: 'select' },
      ...{ reason: 'the house is on fire', 'duration-seconds': 60 },
    })
    const asked: readonly (readonly [string, (id: string) => readonly [string, unknown?]])[] = [
      [ids.warehouse, (id) => [`GET /management/v1/permissions/warehouse/${id}/assignments`]],
      [ids.warehouse, (id) => [`POST /management/v1/permissions/warehouse/${id}/assignments`, writes]],
      [ids.warehouse, (id) => [`GET /management/v1/warehouse/${id}`]],
      [ids.warehouse, (id) => ['POST /management/v1/break-glass', opening('warehouse', id)]],
      [ids.namespace, (id) => [`POST /management/v1/permissions/namespace/${id}/assignments`, writes]],
      [ids.namespace, (id) => [`GET /management/v1/permissions/namespace/${id}/reach`]],
      [ids.namespace, (id) => ['POST /management/v1/break-glass', opening('namespace', id)]],
      [ids.table, (id) => ['POST /management/v1/break-glass', opening('table', id)]],
      [ids.role, (id) => [`GET /management/v1/role/${id}`]],
      [
        ids.role,
        (id) => [`POST /management/v1/role/${id}/members`, { members: [{ type: 'user', id: 'oidc~carol' }] }],
      ],
      [ids.role, (id) => [`POST /management/v1/permissions/role/${id}/assignments`, owning]],
      [ids.tag, (id) => [`GET /management/v1/tag-definition/${id}/attachments`]],
      [ids.account, (id) => [`GET /management/v1/service-account/${id}`]],
      [ids.account, (id) => [`POST /management/v1/service-account/${id}/key`, { name: 'k' }]],
    ]
    for (const [id, make] of asked) {
      const [there, none] = [await ask(...make(id)), await ask(...make(unknown))]
      expect(told(there, id), make('…')[0]).toBe(told(none, unknown))
      expect(there.status, make('…')[0]).toBe(404)
    }
  })

  test('are no grantees, no members, and no roles to act with', async () => {
    const assign = (to: object) =>
      ask('POST /management/v1/permissions/project/other/assignments', {
        writes: [{ type: 'select', ...to }],
      })
    expect([(await assign({ role })).status, (await assign({ user: account })).status]).toEqual([404, 404])
    const members = (id: string, type: string) =>
      ask(`POST /management/v1/role/${ownRole}/members`, { members: [{ type, id }] })
    expect([(await members(role, 'role')).status, (await members(account, 'user')).status]).toEqual([
      404, 404,
    ])
    const acting = async (one: string) =>
      told(await ask('GET /management/v1/role', undefined, { ...other, 'x-assume-role': one }), one)
    expect(await acting(role)).toBe(await acting(unknown))
    expect(await acting(role)).toMatch(/^403 /)
  })

  test('are answered to by questions as ids of nothing', async () => {
    const check = (warehouse: string, named: object, identity?: object) => ({
      ...(identity ? { identity } : {}),
      operation: { table: { action: 'read_data', 'warehouse-id': warehouse, ...named } },
    })
    const named = { namespace: ['sales'], table: 'orders' }
    const checks = [
      check(lake.warehouse, named),
      check(lake.warehouse, { 'table-id': idOf(table) }),
      check(lake.warehouse, named, { user: 'oidc~bob' }),
      check(lake.warehouse, named, { role }),
      check(unknown, named),
    ]
    const batch = json<{ results: { allowed: boolean }[] }>(
      await ask('POST /management/v1/action/batch-check', { checks }),
    )
    expect(batch.results.map(({ allowed }) => allowed)).toEqual(checks.map(() => false))
    const explain = (warehouse: string) =>
      ask('POST /management/v1/decisions/explain', {
        principal: { user: 'oidc~bob' },
        action: 'read',
        object: { type: 'table', 'warehouse-id': warehouse, namespace: ['sales'], name: 'orders' },
      })
    expect(told(await explain(lake.warehouse), lake.warehouse)).toBe(told(await explain(unknown), unknown))
    expect((await ask('GET /management/v1/permissions/holdings?principalUser=oidc~bob')).text).not.toContain(
      'orders',
    )
  })
})

describe('what one does with one’s own project', () => {
  test('opens no table of another, under whichever header and role', async () => {
    const line = `GET /catalog/v1/${lake.warehouse}/namespaces/sales/tables/orders`
    for (const headers of [{}, other, { 'x-project-id': 'default' }, { ...other, 'x-assume-role': ownRole }])
      expect((await ask(line, undefined, headers)).status, JSON.stringify(headers)).toBe(404)
    expect((await ask('GET /catalog/v1/config?warehouse=lake')).status).toBe(404)
    expect((await ask('GET /catalog/v1/config?warehouse=default/lake')).status).toBe(404)
  })

  test('shows the record of one’s own alone, however it is filtered', async () => {
    const { headers } = await lake.ask('GET /namespaces/sales/tables/orders', { as: 'bob' })
    const requestId = headers.get('x-request-id') ?? ''
    const mine = (filter: string) => `GET /management/v1/server/audit?${filter}`
    await expect
      .poll(async () => (await lake.ask(mine(`requestId=${requestId}`))).text, { timeout: 20_000 })
      .toContain('oidc~bob')
    for (const filter of [
      `requestId=${requestId}`,
      `warehouse=${lake.warehouse}`,
      'principal=oidc~bob',
      'project=default',
    ])
      for (const what of ['', '/export']) {
        const { status, text } = await ask(`GET /management/v1/audit${what}?${filter}`)
        expect([status === 200 || status === 400, text.includes('orders')], filter).toEqual([true, false])
      }
    expect((await ask('GET /management/v1/server/audit')).status).toBe(403)
    expect((await ask('GET /management/v1/audit', undefined, { 'x-project-id': 'default' })).status).toBe(404)
  })
})
