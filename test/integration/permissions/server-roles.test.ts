/** A role that operates the server: filled by those who may grant on the server, whoever administers its project. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Granting, openGranting } from '../../support/granting.ts'
import { type Ask, eve, type Reply, typeOf } from '../../support/tenants.ts'

let granting: Granting
let operators: string
let nested: string
beforeAll(async () => {
  granting = await openGranting()
  operators = await granting.makeRole({ name: 'operators' })
  nested = await granting.makeRole({ name: 'on-call' })
  const within = await granting.put(operators, { type: 'role', id: nested })
  expect(within.status, within.text).toBe(200)
  const given = await granting.give('server', [{ type: 'operator', role: operators }], admin)
  expect(given.status, given.text).toBe(204)
})
afterAll(() => granting?.[Symbol.asyncDispose]())

const admin: Ask = { as: 'admin' }
const inEast: Ask = { as: 'admin', project: 'east' }
const bob = { type: 'user', id: 'oidc~bob' }

const add = (role: string, member: object, ask: Ask): Promise<Reply> =>
  granting.call(`POST /role/${role}/members`, { ...ask, body: { members: [member] } })
const remove = (role: string): Promise<Reply> =>
  granting.call(`DELETE /role/${role}/members/user/${encodeURIComponent(bob.id)}`, eve)
const operates = async (): Promise<boolean> => {
  const { status } = await granting.call('POST /project', { as: 'bob', body: { 'project-name': 'theirs' } })
  return status === 201
}

describe('a role that operates the server', () => {
  test('is shown as such, and lets those who are in it operate, also by a role in it', async () => {
    expect(await granting.shown('server', admin)).toContainEqual({ type: 'operator', role: operators })
    expect(await operates()).toBe(false)
    expect((await add(nested, bob, inEast)).status).toBe(200)
    expect(await operates()).toBe(true)
    expect((await granting.load({ as: 'bob', project: 'east' })).status).toBe(200)
    expect((await remove(nested)).status).toBe(204)
    expect(await operates()).toBe(false)
  })

  test('is not filled by those who administer its project, in any way', async () => {
    for (const role of [operators, nested]) {
      const refused = await add(role, bob, eve)
      expect(typeOf(refused)).toEqual([403, 'ForbiddenException'])
      const assigned = await granting.give(`role/${role}`, [{ type: 'assignee', user: 'oidc~bob' }])
      expect(assigned.status, assigned.text).toBe(403)
      const bound = await granting.call(`PUT /role/${role}/source-system`, {
        ...eve,
        body: { 'provider-id': 'oidc', 'source-id': 'everybody' },
      })
      expect(bound.status, bound.text).toBe(403)
    }
    const other = await granting.makeRole({ name: 'friends' })
    expect((await add(operators, { type: 'role', id: other }, eve)).status).toBe(403)
    expect(await operates()).toBe(false)
  })

  test('is filled as any other once it no longer does', async () => {
    await granting.take('server', [{ type: 'operator', role: operators }], admin)
    expect((await add(nested, bob, eve)).status).toBe(200)
    expect(await operates()).toBe(false)
    await remove(nested)
    await granting.give('server', [{ type: 'operator', role: operators }], admin)
  })

  test('has no service account in it, by whatever order', async () => {
    const account = String((await granting.create('POST /service-account', { name: 'robot' }))['id'])
    const refused = await add(nested, { type: 'user', id: account }, inEast)
    expect(typeOf(refused)).toEqual([409, 'ConflictException'])
    const outer = await granting.makeRole({ name: 'machines' })
    const inner = await granting.makeRole({ name: 'robots' })
    await granting.put(outer, { type: 'role', id: inner })
    await granting.put(inner, { type: 'user', id: account })
    const given = await granting.give('server', [{ type: 'operator', role: outer }], admin)
    expect(typeOf(given)).toEqual([409, 'ConflictException'])
    const nesting = await add(operators, { type: 'role', id: outer }, inEast)
    expect(typeOf(nesting)).toEqual([409, 'ConflictException'])
  })

  test('is never an administrator, and is granted by nobody but who may grant on the server', async () => {
    const admins = await granting.give('server', [{ type: 'admin', role: operators }], admin)
    expect(admins.status).toBe(400)
    const own = await granting.give('server', [{ type: 'operator', role: nested }], { as: 'eve' })
    expect(own.status).toBe(403)
    const unknown = { type: 'operator', role: '00000000-0000-4000-8000-000000000000' }
    expect((await granting.give('server', [unknown], admin)).status).toBe(404)
  })
})
