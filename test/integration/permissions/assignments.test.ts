/** Grants over the wire: given, shown, taken, and by whom they may be. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Granting, openGranting } from '../../support/granting.ts'
import { type Ask, eve, typeOf } from '../../support/tenants.ts'

let granting: Granting
beforeAll(async () => {
  granting = await openGranting()
})
afterAll(() => granting?.[Symbol.asyncDispose]())

const call: Granting['call'] = (line, ask) => granting.call(line, ask)
const give: Granting['give'] = (path, writes, ask) => granting.give(path, writes, ask)
const take: Granting['take'] = (path, deletes, ask) => granting.take(path, deletes, ask)
const shown: Granting['shown'] = (path, ask) => granting.shown(path, ask)
const withoutRequest = ({ text }: { readonly text: string }) => text.replace(/"request-id":"[^"]*"/, '')
const grant = (type: string, name: string) => ({ type, user: `oidc~${name}` })
const bob: Ask = { as: 'bob', project: 'east' }
const cleo: Ask = { as: 'cleo', project: 'east' }

describe('grants', () => {
  test('are given, shown, narrowed and taken', async () => {
    const path = granting.warehousePath
    const both = [grant('select', 'bob'), grant('manage_tags', 'bob')]
    expect((await give(path, both)).status).toBe(204)
    expect(await shown(path)).toEqual(expect.arrayContaining(both))
    const { body } = await call(`GET /permissions/${path}/assignments?relations=select`, eve)
    expect(body['assignments']).toEqual([grant('select', 'bob')])
    expect((await take(path, both)).status).toBe(204)
    expect(await shown(path)).not.toEqual(expect.arrayContaining(both))
  })

  test('are given and taken twice without harm', async () => {
    const path = granting.warehousePath
    for (let i = 0; i < 2; i++) expect((await give(path, [grant('select', 'bob')])).status).toBe(204)
    expect((await shown(path)).filter(({ user }) => user === 'oidc~bob')).toHaveLength(1)
    for (let i = 0; i < 2; i++) expect((await take(path, [grant('select', 'bob')])).status).toBe(204)
  })

  test.each([
    ['an unknown relation', { type: 'read', user: 'oidc~bob' }, 400],
    ['a relation of another type', { type: 'operator', user: 'oidc~bob' }, 400],
    ['nobody', { type: 'select' }, 400],
    ['two at once', { type: 'select', user: 'oidc~bob', role: '0190a1b2-0000-7000-8000-00000000000a' }, 400],
    ['a user that nobody knows', { type: 'select', user: 'oidc~nobody' }, 404],
    ['a role that nobody knows', { type: 'select', role: '0190a1b2-0000-7000-8000-00000000000a' }, 404],
    [
      'an end that has passed',
      { type: 'select', user: 'oidc~bob', 'expires-at': '2020-01-01T00:00:00Z' },
      400,
    ],
    ['an end that is no time', { type: 'select', user: 'oidc~bob', 'expires-at': 'tomorrow' }, 400],
  ])('are refused for %s, and nothing of the call is kept', async (_, wrong, status) => {
    const { warehousePath } = granting
    const before = await shown(warehousePath)
    expect((await give(warehousePath, [grant('select', 'cleo'), wrong])).status).toBe(status)
    expect(await shown(warehousePath)).toEqual(before)
  })

  test('cannot be both written and deleted in one call', async () => {
    const both = [grant('select', 'bob')]
    const body = { writes: both, deletes: both }
    const path = `POST /permissions/${granting.warehousePath}/assignments`
    expect((await call(path, { ...eve, body })).status).toBe(400)
  })

  test('of limited duration end by themselves', async () => {
    const end = new Date(Date.now() + 1_500).toISOString()
    const path = granting.tablePath
    expect((await give(path, [{ ...grant('select', 'cleo'), 'expires-at': end }])).status).toBe(204)
    expect(await shown(path)).toContainEqual({ ...grant('select', 'cleo'), 'expires-at': end })
    expect((await granting.load(cleo)).status).toBe(200)
    await expect.poll(async () => (await granting.load(cleo)).status, { timeout: 20_000 }).toBe(404)
    expect(await shown(path)).not.toContainEqual(expect.objectContaining({ user: 'oidc~cleo' }))
  })
})

describe('the objects of grants', () => {
  test.each([
    ['server', 'operator'],
    ['project', 'data_admin'],
    ['project/east', 'describe'],
    ['warehouse', 'modify'],
    ['namespace', 'create'],
    ['table', 'change_schema'],
    ['view', 'select'],
    ['role', 'ownership'],
    ['connection', 'use'],
  ])('are of every kind: %s', async (kind, relation) => {
    const path = granting.paths[kind] ?? kind
    const ask: Ask = kind === 'server' ? { as: 'admin' } : eve
    const one = grant(relation, 'cleo')
    const given = await give(path, [one], ask)
    expect(given.status, given.text).toBe(204)
    expect(await shown(path, ask)).toContainEqual(one)
    expect((await take(path, [one], ask)).status).toBe(204)
    expect(await shown(path, ask)).not.toContainEqual(one)
  })

  test('are told by name what their ids are', async () => {
    const resolve = (body: object, ask: Ask = eve) =>
      call(`POST /warehouse/${granting.warehouse}/objects`, { ...ask, body })
    const { body } = await resolve({ kind: 'table', namespace: ['sales'], name: 'orders' })
    expect(granting.tablePath.endsWith(String(body['id']))).toBe(true)
    expect((await resolve({ kind: 'table', namespace: ['sales'], name: 'none' })).status).toBe(404)
    expect((await resolve({ kind: 'view', namespace: ['sales'], name: 'orders' })).status).toBe(404)
    expect((await resolve({ kind: 'namespace', namespace: ['none'] })).status).toBe(404)
    const unseen = await resolve({ kind: 'table', namespace: ['sales'], name: 'orders' }, cleo)
    expect(typeOf(unseen)[0]).toBe(404)
  })

  test('own themselves to their creators', async () => {
    const owned = { type: 'ownership', user: 'oidc~eve' }
    for (const kind of ['warehouse', 'namespace', 'table', 'view', 'role', 'connection'])
      expect(await shown(granting.paths[kind] ?? ''), kind).toContainEqual(owned)
  })

  test('that one does not see are as missing as those that are not there', async () => {
    const absent = '0190a1b2-0000-7000-8000-00000000000a'
    for (const kind of ['warehouse', 'namespace', 'table', 'view', 'role', 'connection']) {
      const path = granting.paths[kind] ?? ''
      const own = path.split('/').at(-1) ?? ''
      const line = `/permissions/${path}/assignments`
      const unseen = await call(`GET ${line}`, bob)
      const missing = await call(`GET ${line.replace(own, absent)}`, bob)
      expect(unseen.status, kind).toBe(404)
      expect(withoutRequest(unseen).replaceAll(own, absent), kind).toBe(withoutRequest(missing))
    }
  })
})
