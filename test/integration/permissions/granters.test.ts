/** Who may grant what: owners, managers, those who may only hand on what they hold; managed access; and nobody more. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
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
const to = (name: string, ...types: readonly string[]) =>
  types.map((type) => ({ type, user: `oidc~${name}` }))
const as = (name: string): Ask => ({ as: name, project: 'east' })

/** `bob` is given what a case says, on the table or above; what he may then grant to `cleo` on the table is tried. */
const cases = [
  { on: 'table', holds: ['select'], may: [], mayNot: ['describe', 'select', 'pass_grants'], sees: true },
  { on: 'table', holds: ['pass_grants'], may: ['describe'], mayNot: ['select', 'modify', 'ownership'] },
  {
    on: 'table',
    holds: ['pass_grants', 'select'],
    may: ['select', 'describe'],
    mayNot: ['modify', 'append', 'pass_grants', 'manage_grants', 'ownership', 'manage_tags'],
  },
  {
    on: 'namespace',
    holds: ['pass_grants', 'modify'],
    may: ['select', 'modify', 'append', 'change_schema', 'describe'],
    mayNot: ['pass_grants', 'manage_grants', 'ownership', 'manage_tags'],
  },
  {
    on: 'table',
    holds: ['manage_grants'],
    may: ['select', 'modify', 'ownership', 'pass_grants', 'manage_grants', 'manage_tags'],
    mayNot: [],
  },
  {
    on: 'warehouse',
    holds: ['manage_grants'],
    may: ['select', 'modify', 'ownership', 'manage_grants'],
    mayNot: [],
  },
  { on: 'table', holds: ['ownership'], may: ['select', 'manage_grants', 'ownership'], mayNot: [] },
  { on: 'warehouse', holds: ['ownership'], may: ['select', 'manage_grants'], mayNot: [] },
  { on: 'project/east', holds: ['security_admin'], may: ['select', 'ownership'], mayNot: [] },
  { on: 'project/east', holds: ['data_admin'], may: [], mayNot: ['select', 'ownership'], sees: true },
  { on: 'project/east', holds: ['role_creator'], may: [], mayNot: ['select'] },
  { on: 'view', holds: ['ownership'], may: [], mayNot: ['select'] },
] as const

const taken: { path: string; assignments: readonly object[] }[] = []

describe.each(cases)('who holds $holds on $on', ({ on, holds, may, mayNot, ...more }) => {
  beforeEach(async () => {
    const path = granting.paths[on] ?? on
    const assignments = to('bob', ...holds)
    const given = await give(path, assignments)
    expect(given.status, given.text).toBe(204)
    taken.push({ path, assignments })
    return async () => {
      for (const { path: at, assignments: all } of taken.splice(0)) await take(at, all)
    }
  })

  test(`may grant ${may.join(', ') || 'nothing'}, and not ${mayNot.join(', ') || 'anything less'}`, async () => {
    const { tablePath } = granting
    for (const relation of may) {
      const given = await give(tablePath, to('cleo', relation), as('bob'))
      expect(given.status, `${relation}: ${given.text}`).toBe(204)
      expect((await take(tablePath, to('cleo', relation), as('bob'))).status, relation).toBe(204)
    }
    const sees = 'sees' in more || may.length > 0
    for (const relation of mayNot) {
      const refused = await give(tablePath, to('cleo', relation), as('bob'))
      expect(refused.status, `${relation}: ${refused.text}`).toBe(sees ? 403 : 404)
      const own = await give(tablePath, to('bob', relation), as('bob'))
      expect(own.status, `${relation} to himself`).toBe(sees ? 403 : 404)
    }
  })

  test('is told so when he asks', async () => {
    const { status, body } = await call(
      `GET /permissions/${granting.tablePath}/authorizer-actions`,
      as('bob'),
    )
    if (status === 404) return expect(may).toEqual([])
    const words = body['allowed-actions'] as string[]
    for (const relation of may)
      expect(words).toContain(relation === 'ownership' ? 'change_ownership' : `grant_${relation}`)
    for (const relation of mayNot)
      expect(words).not.toContain(relation === 'ownership' ? 'change_ownership' : `grant_${relation}`)
  })
})

describe('whoever may only hand on what he holds', () => {
  test('takes back what he has given, and not what others have', async () => {
    const { tablePath } = granting
    await give(tablePath, to('bob', 'pass_grants', 'select'))
    await give(tablePath, to('ann', 'select'))
    await give(tablePath, to('cleo', 'select'), as('bob'))
    expect((await take(tablePath, to('ann', 'select'), as('bob'))).status).toBe(403)
    expect((await take(tablePath, to('cleo', 'select'), as('bob'))).status).toBe(204)
    const end = new Date(Date.now() + 60_000).toISOString()
    const shorter = to('ann', 'select').map((one) => ({ ...one, 'expires-at': end }))
    expect((await give(tablePath, shorter, as('bob'))).status).toBe(204)
    const ann = (await granting.shown(tablePath)).filter(({ user }) => user === 'oidc~ann')
    expect(ann).toEqual(to('ann', 'select'))
    await take(tablePath, [...to('ann', 'select'), ...to('bob', 'pass_grants', 'select')])
  })
})

describe('a grant that has ended', () => {
  test('stands in the way of no other one, also while its row is still there', async () => {
    const { tablePath } = granting
    const soon = new Date(Date.now() + 700).toISOString()
    await give(tablePath, to('bob', 'pass_grants', 'select'))
    await give(
      tablePath,
      to('ann', 'select').map((one) => ({ ...one, 'expires-at': soon })),
    )
    const ofAnn = async () => (await granting.shown(tablePath)).filter(({ user }) => user === 'oidc~ann')
    await expect.poll(ofAnn, { timeout: 10_000 }).toEqual([])
    expect((await give(tablePath, to('ann', 'select'), as('bob'))).status).toBe(204)
    expect(await ofAnn()).toEqual(to('ann', 'select'))
    await take(tablePath, [...to('ann', 'select'), ...to('bob', 'pass_grants', 'select')])
  })

  test('is not made longer by whoever may hand it on', async () => {
    const { tablePath } = granting
    const end = new Date(Date.now() + 60_000).toISOString()
    const limited = to('bob', 'pass_grants', 'select').map((one) => ({ ...one, 'expires-at': end }))
    await give(tablePath, limited)
    expect((await give(tablePath, to('bob', 'select'), as('bob'))).status).toBe(403)
    await take(tablePath, to('bob', 'pass_grants', 'select'))
  })
})

describe('managed access', () => {
  const set = (path: string, managed: boolean, ask: Ask = eve) =>
    call(`POST /permissions/${path}/managed-access`, { ...ask, body: { 'managed-access': managed } })

  test('takes from owners of what lies inside the right to grant, and only that', async () => {
    const { tablePath, namespacePath } = granting
    await give(tablePath, to('bob', 'ownership'))
    expect((await give(tablePath, to('cleo', 'select'), as('bob'))).status).toBe(204)
    expect((await set(namespacePath, true)).status).toBe(200)
    expect((await give(tablePath, to('cleo', 'modify'), as('bob'))).status).toBe(403)
    expect((await granting.load(as('bob'))).status).toBe(200)
    expect((await give(tablePath, to('cleo', 'describe'))).status).toBe(204)
    expect((await set(namespacePath, false)).status).toBe(200)
    expect((await give(tablePath, to('cleo', 'modify'), as('bob'))).status).toBe(204)
    await take(tablePath, [...to('cleo', 'select', 'modify', 'describe'), ...to('bob', 'ownership')])
  })

  test('is shown, also where it comes from above', async () => {
    const { warehousePath, namespacePath } = granting
    const shown = async (path: string) => (await call(`GET /permissions/${path}`, eve)).body
    await set(warehousePath, true)
    expect(await shown(warehousePath)).toEqual({ 'managed-access': true })
    expect(await shown(namespacePath)).toEqual({ 'managed-access': false, 'managed-access-inherited': true })
    await set(warehousePath, false)
    expect(await shown(namespacePath)).toEqual({ 'managed-access': false, 'managed-access-inherited': false })
  })

  test('is not ended by an owner whom it binds', async () => {
    const { namespacePath } = granting
    await give(namespacePath, to('bob', 'ownership'))
    expect((await set(namespacePath, true, as('bob'))).status).toBe(200)
    expect((await set(namespacePath, false, as('bob'))).status).toBe(403)
    expect((await set(namespacePath, false)).status).toBe(200)
    await take(namespacePath, to('bob', 'ownership'))
  })
})

describe('administration', () => {
  test('of the server gives no data, and grants it', async () => {
    const admin = { as: 'admin', project: 'east' }
    expect(typeOf(await granting.load(admin))[0]).toBe(403)
    expect((await give(granting.tablePath, to('admin', 'select'), admin)).status).toBe(204)
    expect((await granting.load(admin)).status).toBe(200)
    await take(granting.tablePath, to('admin', 'select'), admin)
    expect(typeOf(await granting.load(admin))[0]).toBe(403)
  })

  test('is never taken from the last one', async () => {
    const last = await take('server', [{ type: 'admin', user: 'oidc~admin' }], { as: 'admin' })
    expect(typeOf(last)).toEqual([409, 'ConflictException'])
    expect((await give('server', [{ type: 'admin', user: 'oidc~max' }], { as: 'admin' })).status).toBe(204)
    expect((await take('server', [{ type: 'admin', user: 'oidc~admin' }], { as: 'max' })).status).toBe(204)
    expect((await give('server', [{ type: 'admin', user: 'oidc~admin' }], { as: 'max' })).status).toBe(204)
    expect((await take('server', [{ type: 'admin', user: 'oidc~max' }], { as: 'admin' })).status).toBe(204)
  })

  test('is no business of others', async () => {
    for (const name of ['eve', 'bob'])
      expect((await give('server', to(name, 'operator'), { as: name })).status).toBe(403)
    expect((await give('project/east', to('bob', 'project_admin'), as('bob'))).status).toBe(404)
    expect((await give('project/east', to('wes', 'select'), { as: 'wes', project: 'west' })).status).toBe(404)
  })

  test('of security is not that of the project', async () => {
    await give('project/east', to('bob', 'security_admin'))
    expect((await give('project/east', to('bob', 'project_admin'), as('bob'))).status).toBe(403)
    expect((await give('project/east', to('bob', 'data_admin'), as('bob'))).status).toBe(204)
    await take('project/east', to('bob', 'security_admin', 'data_admin'))
  })

  test.each(['granted it', 'a member of the project'])(
    'of security is not that of the project by a role that is %s, nor by one in it',
    async (how) => {
      const [outer, inner] = [await granting.makeRole(), await granting.makeRole()]
      await granting.put(outer, { type: 'role', id: inner })
      const members = [{ type: 'role', id: outer }]
      const given =
        how === 'granted it'
          ? await give('project/east', [{ type: 'project_admin', role: outer }])
          : await call('POST /project/east/members', { ...eve, body: { members } })
      expect(given.status, given.text).toBeLessThan(300)
      await give('project/east', to('bob', 'security_admin'))
      const bob = [{ type: 'user', id: 'oidc~bob' }]
      const source = { 'provider-id': 'oidc', 'source-id': `bobs ${how}` }
      for (const role of [outer, inner]) {
        const put = await call(`POST /role/${role}/members`, { ...as('bob'), body: { members: bob } })
        const bound = await call(`PUT /role/${role}/source-system`, { ...as('bob'), body: source })
        await give(`role/${role}`, to('bob', 'ownership'), as('bob'))
        const assigned = await give(`role/${role}`, to('bob', 'assignee'), as('bob'))
        expect([put.status, bound.status, assigned.status]).toEqual([403, 403, 403])
      }
      const plain = await granting.makeRole()
      const put = await call(`POST /role/${plain}/members`, { ...as('bob'), body: { members: bob } })
      expect(put.status, put.text).toBe(200)
      expect((await give(`role/${inner}`, to('cleo', 'assignee'))).status).toBe(204)
      await take('project/east', to('bob', 'security_admin'))
    },
  )

  test('of roles: who may create one fills no other', async () => {
    await give('project/east', to('bob', 'role_creator'))
    const own = await granting.makeRole({ name: 'of bob' }, as('bob'))
    expect((await give(`role/${own}`, to('cleo', 'assignee'), as('bob'))).status).toBe(204)
    expect(await granting.shown(`role/${own}`, as('bob'))).toContainEqual(to('cleo', 'assignee')[0])
    const other = `role/${granting.role}`
    expect((await give(other, to('bob', 'assignee'), as('bob'))).status).toBeGreaterThanOrEqual(403)
    const members = [{ type: 'user', id: 'oidc~bob' }]
    const put = await call(`POST /role/${granting.role}/members`, { ...as('bob'), body: { members } })
    expect(put.status).toBeGreaterThanOrEqual(403)
    await take('project/east', to('bob', 'role_creator'))
  })
})
