/**
 * Ways to more than one was granted that advisories of comparable systems tell of, each of them shut: by handing on, by
 * emergencies, by what belongs to a project, by dropping what is governed, and by asking.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Asking, json, type Lake, openLake } from '../../support/lake.ts'
import { newTable } from '../../support/wire.ts'

const everybody = ['alice', 'bob', 'carol', 'dave', 'erin']

let lake: Lake
beforeAll(async () => {
  lake = await openLake(everybody)
  for (const namespace of [['sales'], ['other'], ['mine'], ['closed']])
    await lake.make('POST /namespaces', { namespace })
}, 120_000)
afterAll(() => lake?.[Symbol.asyncDispose]())

const namespacePath = (name: string) => lake.pathOf({ kind: 'namespace', namespace: [name] })
const tablePath = (name: string, namespace = 'sales') =>
  lake.pathOf({ kind: 'table', namespace: [namespace], name })
const idOf = (path: string): string => path.split('/').at(-1) ?? ''
const statusOf = async (line: string, asking: Asking): Promise<number> =>
  (await lake.ask(line, asking)).status
const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toISOString()
const assign = (path: string, as: string | undefined, ...writes: readonly object[]) =>
  lake.ask(`POST /management/v1/permissions/${path}/assignments`, { ...(as ? { as } : {}), body: { writes } })
const makeRole = async (name: string): Promise<string> =>
  json<{ id: string }>(await lake.make('POST /management/v1/role', { name })).id
const putInto = (role: string, type: 'user' | 'role', id: string) =>
  lake.make(`POST /management/v1/role/${role}/members`, { members: [{ type, id }] })
const rename = (from: readonly [string, string], to: readonly [string, string]) => ({
  source: { namespace: [from[0]], name: from[1] },
  destination: { namespace: [to[0]], name: to[1] },
})
/** The same but for what differs in every answer, and the name that was asked for. */
const told = (answer: { status: number; text: string }, name: string): string =>
  `${answer.status} ${answer.text.replace(/"request-id":"[^"]*"/, '').replaceAll(name, '…')}`

// Kubernetes `escalate` and `bind`: nobody gets by granting what he could not be granted.
describe('who may hand on what he holds', () => {
  test('does not hand it to himself: not by name, by a role of his, or by one that he can put himself into', async () => {
    await lake.makeTable(['sales'], 'passed')
    const path = await tablePath('passed')
    await lake.grant(path, 'pass_grants', 'carol')
    const end = inSeconds(600)
    expect(
      (await assign(path, undefined, { type: 'select', user: 'oidc~carol', 'expires-at': end })).status,
    ).toBe(204)
    const [inside, owned, around, foreign] = [
      await makeRole('inside'),
      await makeRole('owned'),
      await makeRole('around'),
      await makeRole('foreign'),
    ]
    await putInto(inside, 'user', 'oidc~carol')
    await lake.grant(`role/${owned}`, 'ownership', 'carol')
    await putInto(around, 'role', owned)
    const hand = async (to: object) =>
      (await assign(path, 'carol', { type: 'select', 'expires-at': end, ...to })).status
    expect([
      await hand({ user: 'oidc~carol' }),
      await hand({ role: inside }),
      await hand({ role: owned }),
      await hand({ role: around }),
    ]).toEqual([403, 403, 403, 403])
    expect([await hand({ role: foreign }), await hand({ user: 'oidc~erin' })]).toEqual([204, 204])
    const acting = { as: 'carol', headers: { 'x-assume-role': inside } }
    const body = { writes: [{ type: 'select', user: 'oidc~carol' }] }
    expect(await statusOf(`POST /management/v1/permissions/${path}/assignments`, { ...acting, body })).toBe(
      404,
    )
  })

  test('hands on nothing else, and cannot make it last by asking for it in an emergency', async () => {
    const path = await tablePath('passed')
    for (const type of ['modify', 'manage_grants', 'ownership', 'pass_grants', 'append'])
      expect((await assign(path, 'carol', { type, user: 'oidc~erin' })).status, type).toBe(403)
    const body = {
      ...{ 'object-type': 'table', 'object-id': idOf(path), relation: 'ownership' },
      ...{ reason: 'the house is on fire', 'duration-seconds': 60 },
    }
    expect(await statusOf('POST /management/v1/break-glass', { as: 'carol', body })).toBe(403)
  })
})

describe('access in an emergency', () => {
  test('is to nothing that one could not grant', async () => {
    await lake.grant('project', 'security_admin', 'dave')
    const open = (relation: string) => {
      const [reason, seconds] = ['the house is on fire', 60]
      const body = { 'object-type': 'project', relation, reason, 'duration-seconds': seconds }
      return statusOf('POST /management/v1/break-glass', { as: 'dave', body })
    }
    expect(await open('project_admin')).toBe(403)
    expect((await assign('project', 'dave', { type: 'project_admin', user: 'oidc~dave' })).status).toBe(403)
    expect(await open('describe')).toBe(201)
    await lake.revoke('project', 'security_admin', 'dave')
    await lake.revoke('project', 'describe', 'dave')
  })
})

// Whoever fills a role, or makes a key of an account, is what it is.
describe('the server', () => {
  test('is operated by no account of a project: those who administer the project would be it', async () => {
    const account = json<{ id: string }>(
      await lake.make('POST /management/v1/service-account', { name: 'robot' }),
    ).id
    expect((await assign('server', undefined, { type: 'operator', user: account })).status).toBe(404)
    expect((await assign('server', undefined, { type: 'operator', user: 'oidc~bob' })).status).toBe(204)
    await lake.revoke('server', 'operator', 'bob')
  })
})

// What governs a table binds to it; a table made of its files anew would be another one.
describe('a governed table', () => {
  test('that is restricted is not freed by dropping it and registering its file', async () => {
    await lake.makeTable(['sales'], 'restricted')
    const path = await tablePath('restricted')
    await lake.grant(path, 'modify', 'erin')
    await lake.grant(await namespacePath('sales'), 'create', 'erin')
    await lake.make(`PUT /management/v1/${path}/read-restriction`, { columns: [{ 'field-id': 1 }] })
    const loaded = json<{ 'metadata-location': string }>(
      await lake.ask('GET /namespaces/sales/tables/restricted', { as: 'erin' }),
    )
    const table = '/namespaces/sales/tables/restricted'
    expect(await statusOf(`DELETE ${table}`, { as: 'erin' })).toBe(403)
    expect(await statusOf(`DELETE ${table}?purgeRequested=true`, { as: 'erin' })).toBe(403)
    expect(await statusOf(`POST ${table}/unregister`, { as: 'erin', body: {} })).toBe(403)
    const body = { name: 'restricted', 'metadata-location': loaded['metadata-location'], overwrite: true }
    expect(await statusOf('POST /namespaces/sales/register', { as: 'erin', body })).toBe(403)
    await lake.grant(path, 'ownership', 'alice')
    expect(await statusOf(`DELETE ${table}`, { as: 'alice' })).toBe(204)
  })

  test.each(['metadata-only', 'quarantine'])(
    'that inherits the tag %s takes it along or stays',
    async (tag) => {
      const scope = ['namespace', 'table']
      await lake.make('POST /management/v1/tag-definition', { name: tag, 'value-kind': 'marker', scope })
      await lake.makeTable(['closed'], tag)
      await lake.grant(await tablePath(tag, 'closed'), 'modify', 'erin')
      await lake.grant(await namespacePath('mine'), 'create', 'erin')
      const id = idOf(await namespacePath('closed'))
      const line = `/management/v1/warehouse/${lake.warehouse}/namespace/${id}/tags/${tag}`
      await lake.make(`PUT ${line}`, {})
      const move = rename(['closed', tag], ['mine', tag])
      expect(await statusOf('POST /tables/rename', { as: 'erin', body: move })).toBe(403)
      expect(await statusOf(`DELETE /namespaces/closed/tables/${tag}`, { as: 'erin' })).toBe(403)
      expect(
        await statusOf(`POST /namespaces/closed/tables/${tag}/unregister`, { as: 'erin', body: {} }),
      ).toBe(403)
      expect(await statusOf(`DELETE ${line}`, { as: 'erin' })).toBe(403)
      await lake.make(`DELETE ${line}`)
    },
  )
})

describe('a tag that is inherited', () => {
  const define = (name: string) =>
    lake.make('POST /management/v1/tag-definition', {
      ...{ name, 'value-kind': 'enumerated', 'allowed-values': ['private', 'public'] },
      scope: ['warehouse', 'namespace', 'table'],
    })

  test('keeps its value below for whoever owns what lies there, and may not tag what it is inherited from', async () => {
    await define('network')
    const closed = await namespacePath('closed')
    const set = (path: string, value: string, as?: string) =>
      lake.ask(`PUT /management/v1/${path}/tags/network`, { ...(as ? { as } : {}), body: { value } })
    const inWarehouse = `warehouse/${lake.warehouse}/namespace/${idOf(closed)}`
    expect((await set(inWarehouse, 'private')).status).toBe(200)
    await lake.grant(closed, 'create', 'bob')
    const made = await lake.ask('POST /namespaces/closed/tables', { as: 'bob', body: newTable('own') })
    expect(made.status, made.text).toBe(200)
    const own = await tablePath('own', 'closed')
    expect((await set(own, 'public', 'bob')).status).toBe(403)
    expect((await set(own, 'private', 'bob')).status).toBe(200)
    expect((await set(own, 'public', 'bob')).status).toBe(403)
    await lake.grant(closed, 'manage_tags', 'bob')
    expect((await set(own, 'public', 'bob')).status).toBe(200)
    await lake.make(`DELETE /management/v1/${inWarehouse}/tags/network`)
  })
})

// List and check APIs have told what load APIs hid.
describe('questions', () => {
  test('tell who sees nothing of it the same of what is there and of what is not', async () => {
    await lake.makeTable(['other'], 'there')
    await lake.makeTable(['mine'], 'own')
    await lake.grant(await tablePath('own', 'mine'), 'select', 'alice')
    const at = { 'warehouse-id': lake.warehouse, namespace: ['other'] }
    const asks: readonly ((name: string) => readonly [string, object?])[] = [
      (table) => [
        'POST /management/v1/permissions/check',
        { operation: { table: { action: 'read_data', ...at, table } } },
      ],
      (table) => [
        'POST /management/v1/permissions/check',
        { identity: { user: 'oidc~bob' }, operation: { table: { action: 'read_data', ...at, table } } },
      ],
      (table) => [
        'POST /management/v1/action/batch-check',
        {
          checks: [
            { identity: { user: 'oidc~bob' }, operation: { table: { action: 'drop', ...at, table } } },
          ],
        },
      ],
      (name) => [
        'POST /management/v1/decisions/explain',
        { principal: { user: 'oidc~alice' }, action: 'read', object: { type: 'table', ...at, name } },
      ],
      (name) => [
        `POST /management/v1/warehouse/${lake.warehouse}/objects`,
        { kind: 'table', namespace: ['other'], name },
      ],
      (name) => [
        `POST /management/v1/warehouse/${lake.warehouse}/objects/confirm`,
        { kind: 'table', namespace: ['other'], name },
      ],
      (name) => [`GET /namespaces/other/tables/${name}`],
      (name) => [`GET /namespaces/other/tables/${name}/credentials`],
      (name) => [`HEAD /namespaces/other/tables/${name}`],
      (name) => [`POST /namespaces/other/tables/${name}/metrics`, {}],
      (name) => ['POST /tables/rename', rename(['other', name], ['mine', 'x'])],
      (name) => [
        'POST /transactions/commit',
        {
          'table-changes': ['there', name].slice(1).map((one) => ({
            identifier: { namespace: ['other'], name: one },
            requirements: [],
            updates: [{ action: 'set-properties', updates: { a: 'b' } }],
          })),
        },
      ],
    ]
    for (const make of asks) {
      const [seen, none] = [make('there'), make('nowhere')]
      const ask = ([line, body]: readonly [string, object?]) =>
        lake.ask(line, { as: 'alice', ...(body ? { body } : {}) })
      expect(told(await ask(seen), 'there'), seen[0]).toBe(told(await ask(none), 'nowhere'))
    }
  })

  test('about names of very many levels are refused before anybody thinks about them', async () => {
    await lake.grant(await namespacePath('other'), 'describe', 'bob')
    const deep = (levels: number) => Array.from({ length: levels }, () => 'a')
    const identifier = { namespace: deep(30_000), name: 't' }
    const change = {
      identifier,
      requirements: [],
      updates: [{ action: 'set-properties', updates: { a: 'b' } }],
    }
    const moved = { source: identifier, destination: { namespace: ['mine'], name: 't' } }
    const object = { kind: 'table', ...identifier }
    expect([
      await statusOf(`GET /namespaces/${deep(3_000).join('%1F')}`, { as: 'bob' }),
      await statusOf(`GET /namespaces?parent=${deep(3_000).join('%1F')}`, { as: 'bob' }),
      await statusOf('POST /transactions/commit', { as: 'bob', body: { 'table-changes': [change] } }),
      await statusOf('POST /tables/rename', { as: 'bob', body: moved }),
      await statusOf(`POST /management/v1/warehouse/${lake.warehouse}/objects`, { as: 'bob', body: object }),
    ]).toEqual([400, 400, 400, 400, 400])
  })
})
