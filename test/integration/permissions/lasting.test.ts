/** A right that ends makes nothing that outlasts it: for its holder, his friends, or the roles that he has. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Granting, openGranting } from '../../support/granting.ts'
import { type Ask, eve, type Reply } from '../../support/tenants.ts'

let granting: Granting
beforeAll(async () => {
  granting = await openGranting()
})
afterAll(() => granting?.[Symbol.asyncDispose]())

const admin: Ask = { as: 'admin' }
const as = (name: string): Ask => ({ as: name, project: 'east' })
const bob = as('bob')
const minutes = (count: number): string => new Date(Date.now() + count * 60_000).toISOString()
const limit = minutes(60)
const sooner = minutes(30)
const later = minutes(120)

interface Wanted {
  readonly type: string
  readonly until?: string
}

const to = (name: string, { type, until }: Wanted) => ({
  ...{ type, user: `oidc~${name}` },
  ...(until === undefined ? {} : { 'expires-at': until }),
})

const give = async (path: string, assignment: object, ask: Ask = eve): Promise<void> => {
  const reply = await granting.give(path, [assignment], ask)
  expect(reply.status, reply.text).toBe(204)
}

const expectTooLong = ({ status, text }: Pick<Reply, 'status' | 'text'>): void => {
  expect(status, text).toBe(403)
  expect(text).toContain(`beyond ${limit}`)
}

/** Takes everything from bob and cleo again. */
const clean = async (): Promise<void> => {
  const { paths } = granting
  for (const path of [...Object.values(paths), 'project']) {
    const held = (await granting.shown(path)).filter(({ user }) =>
      ['oidc~bob', 'oidc~cleo'].includes(user ?? ''),
    )
    const deletes = held.map(({ type, user }) => ({ type, user }))
    if (deletes.length > 0) await granting.take(path, deletes)
  }
}

beforeEach(clean)

describe('who manages the grants of a table for an hour', () => {
  beforeEach(() => give(granting.tablePath, to('bob', { type: 'manage_grants', until: limit })))

  test('gives nothing to himself that outlasts the hour, and no more time to that very right', async () => {
    const { tablePath } = granting
    expectTooLong(await granting.give(tablePath, [to('bob', { type: 'select' })], bob))
    expectTooLong(await granting.give(tablePath, [to('bob', { type: 'ownership', until: later })], bob))
    expectTooLong(await granting.give(tablePath, [to('bob', { type: 'manage_grants', until: later })], bob))
    expectTooLong(await granting.give(tablePath, [to('bob', { type: 'manage_grants' })], bob))
    await give(tablePath, to('bob', { type: 'select', until: limit }), bob)
  })

  test('gives nothing to others that outlasts it, in neither form of the API', async () => {
    const { tablePath } = granting
    expectTooLong(await granting.give(tablePath, [to('cleo', { type: 'select' })], bob))
    const privilege = { privilege: 'select', principal: { user: 'oidc~cleo' } }
    expectTooLong(await granting.call(`POST /${tablePath}/grants`, { ...bob, body: { writes: [privilege] } }))
    await give(tablePath, to('cleo', { type: 'select', until: sooner }), bob)
    await give(tablePath, to('cleo', { type: 'describe', until: limit }), bob)
  })

  test('gives nothing that outlasts it where one of several does', async () => {
    const writes = [to('cleo', { type: 'select', until: sooner }), to('cleo', { type: 'modify' })]
    expectTooLong(await granting.give(granting.tablePath, writes, bob))
    expect((await granting.shown(granting.tablePath)).map(({ user }) => user)).not.toContain('oidc~cleo')
  })

  test('gets no more of it from a friend whom he lets manage them too', async () => {
    const { tablePath } = granting
    await give(tablePath, to('cleo', { type: 'manage_grants', until: limit }), bob)
    expectTooLong(
      await granting.give(tablePath, [to('bob', { type: 'manage_grants', until: later })], as('cleo')),
    )
  })

  test('gets no more of it by a role that he has', async () => {
    await granting.put(granting.role, { type: 'user', id: 'oidc~bob' })
    const { tablePath, role } = granting
    expectTooLong(await granting.give(tablePath, [{ type: 'select', role }], bob))
    await granting.take(`role/${role}`, [to('bob', { type: 'assignee' })])
  })

  test('takes back what he likes, and grants for good once he holds the right for good', async () => {
    const { tablePath } = granting
    await give(tablePath, to('cleo', { type: 'select' }))
    expect((await granting.take(tablePath, [to('cleo', { type: 'select' })], bob)).status).toBe(204)
    await give(granting.namespacePath, to('bob', { type: 'manage_grants' }))
    await give(tablePath, to('cleo', { type: 'select' }), bob)
  })
})

describe('a right that ends', () => {
  test('to a role that one is in, is no longer right than that', async () => {
    const role = await granting.makeRole({ name: `for-a-while-${Date.now()}` })
    await granting.put(role, { type: 'user', id: 'oidc~bob' })
    await give(granting.tablePath, { type: 'ownership', role, 'expires-at': limit })
    expectTooLong(await granting.give(granting.tablePath, [to('bob', { type: 'ownership' })], bob))
    await granting.take(granting.tablePath, [{ type: 'ownership', role }])
  })

  test('to data, is handed on for no longer', async () => {
    const { tablePath } = granting
    await give(tablePath, to('bob', { type: 'pass_grants' }))
    await give(tablePath, to('bob', { type: 'select', until: limit }))
    expectTooLong(await granting.give(tablePath, [to('cleo', { type: 'select' })], bob))
    await give(tablePath, to('cleo', { type: 'select', until: limit }), bob)
  })

  test('to a role, makes nobody a member of it: that has no end', async () => {
    const path = `role/${granting.role}`
    await give(path, to('bob', { type: 'ownership', until: limit }))
    expectTooLong(await granting.give(path, [to('cleo', { type: 'assignee' })], bob))
    const body = { members: [{ type: 'user', id: 'oidc~cleo' }] }
    expectTooLong(await granting.call(`POST /${path}/members`, { ...bob, body }))
  })

  test('to a project, makes nobody a member of it', async () => {
    await give('project', to('bob', { type: 'project_admin', until: limit }))
    const body = { members: [{ type: 'user', id: 'oidc~bob' }] }
    expectTooLong(await granting.call('POST /project/east/members', { ...bob, body }))
  })

  test('to a project, makes no key of an account that outlasts it', async () => {
    const account = String((await granting.create('POST /service-account', { name: 'robot' }))['id'])
    await give('project', to('bob', { type: 'project_admin', until: limit }))
    const make = (more: object) =>
      granting.call(`POST /service-account/${account}/key`, {
        ...bob,
        body: { name: `k${Math.random()}`, ...more },
      })
    expectTooLong(await make({}))
    expectTooLong(await make({ 'expires-at': later }))
    const made = await make({ 'expires-at': sooner })
    expect(made.status, made.text).toBe(201)
  })

  test('to the server, makes nobody its administrator', async () => {
    await give('server', to('bob', { type: 'operator', until: limit }), admin)
    expectTooLong(await granting.give('server', [to('bob', { type: 'admin' })], { as: 'bob' }))
    await granting.take('server', [to('bob', { type: 'operator' })], admin)
  })

  test('to the server, provisions no group: its members would stay in it', async () => {
    await give('server', to('bob', { type: 'operator', until: limit }), admin)
    const provision = async (name: string): Promise<Pick<Reply, 'status' | 'text'>> => {
      const answer = await fetch(`${granting.gateway.origin}/scim/v2/Groups`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await granting.token(name)}`,
          'content-type': 'application/scim+json',
        },
        body: JSON.stringify({ displayName: `of-${name}`, members: [{ value: 'oidc~bob' }] }),
      })
      return { status: answer.status, text: await answer.text() }
    }
    expectTooLong(await provision('bob'))
    expect((await provision('admin')).status).toBe(201)
    await granting.take('server', [to('bob', { type: 'operator' })], admin)
  })

  test('does not end managed access, by which owners would grant for good', async () => {
    const { namespacePath } = granting
    const set = (managed: boolean, ask: Ask): Promise<Reply> =>
      granting.call(`POST /permissions/${namespacePath}/managed-access`, {
        ...ask,
        body: { 'managed-access': managed },
      })
    await give(namespacePath, to('bob', { type: 'manage_grants', until: limit }))
    expect((await set(true, bob)).status).toBe(200)
    expectTooLong(await set(false, bob))
    expect((await set(false, eve)).status).toBe(200)
  })

  test('does not open a tag to everybody', async () => {
    const definition = { name: 'kept', 'value-kind': 'marker', scope: ['table'], restricted: true }
    const { id } = await granting.create('POST /tag-definition', definition)
    await give(`tag/${String(id)}`, to('bob', { type: 'ownership', until: limit }))
    const redefine = (restricted: boolean, ask: Ask): Promise<Reply> =>
      granting.call(`POST /tag-definition/${String(id)}`, {
        ...ask,
        body: { name: 'kept', scope: ['table'], restricted },
      })
    expectTooLong(await redefine(false, bob))
    expect((await redefine(true, bob)).status).toBe(200)
    expect((await redefine(false, eve)).status).toBe(200)
  })

  test('opens access in an emergency for no longer', async () => {
    await give('project', to('bob', { type: 'security_admin', until: limit }))
    const open = (seconds: number): Promise<Reply> =>
      granting.call('POST /break-glass', {
        ...bob,
        body: {
          ...{ 'object-type': 'table', 'object-id': granting.table, relation: 'select' },
          ...{ reason: 'orders are stuck since midnight', 'duration-seconds': seconds },
        },
      })
    expectTooLong(await open(2 * 3_600))
    const opened = await open(600)
    expect(opened.status, opened.text).toBe(201)
    await granting.call(`DELETE /break-glass/${String(opened.body['id'])}`, eve)
  })
})
