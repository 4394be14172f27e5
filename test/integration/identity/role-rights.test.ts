/** What roles bring, and how little of them is told to others. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eve, openTenants, type Tenants, typeOf } from '../../support/tenants.ts'

let tenants: Tenants
beforeAll(async () => {
  tenants = await openTenants()
})
afterAll(() => tenants?.[Symbol.asyncDispose]())

const call: Tenants['call'] = (line, ask) => tenants.call(line, ask)
const makeRole: Tenants['makeRole'] = (more, ask) => tenants.makeRole(more, ask)
const put: Tenants['put'] = (role, ...members) => tenants.put(role, ...members)
const idsIn: Tenants['idsIn'] = (path, key, ask) => tenants.idsIn(path, key, ask)
const sees: Tenants['sees'] = (ask) => tenants.sees(ask)

describe('rights by roles', () => {
  const join = (project: string, id: string): ReturnType<Tenants['call']> =>
    call(`POST /project/${project}/members`, { as: 'admin', body: { members: [{ type: 'role', id }] } })

  test('begin and end with the membership, at once', async () => {
    const [outer, inner] = [await makeRole(), await makeRole()]
    await put(outer, { type: 'role', id: inner })
    await put(inner, { type: 'user', id: 'oidc~bob' })
    const bob = { as: 'bob', project: 'east' }
    expect(await sees(bob)).toBe(false)
    expect((await join('east', outer)).status).toBe(200)
    expect(await sees(bob)).toBe(true)
    await call(`DELETE /role/${outer}/members/role/${inner}`, eve)
    expect(await sees(bob)).toBe(false)
    await put(outer, { type: 'role', id: inner })
    expect(await sees(bob)).toBe(true)
    await call(`DELETE /role/${inner}`, eve)
    expect(await sees(bob)).toBe(false)
  })

  test('come from what the token claims, also through a role with another name', async () => {
    const ann = { as: 'ann', project: 'east' }
    expect(await sees(ann)).toBe(false)
    const group = await makeRole({ 'provider-id': 'oidc', 'source-id': 'analysts' })
    const local = await makeRole()
    await put(local, { type: 'role', id: group })
    await join('east', local)
    expect(await sees(ann)).toBe(true)
    expect(await sees({ as: 'cleo', project: 'east' })).toBe(false)
    expect(await idsIn('/user/oidc~ann/roles', 'roles', ann)).toEqual([group])
    expect(await idsIn('/user/oidc~ann/roles/transitive', 'roles', ann)).toEqual([group, local].toSorted())
    expect(await idsIn('/user/oidc~ann/roles', 'roles', eve)).toEqual([])
    await call(`PUT /role/${group}/source-system`, {
      ...eve,
      body: { 'provider-id': 'oidc', 'source-id': 'painters' },
    })
    expect(await sees(ann)).toBe(false)
  })

  test('end for those who were put in by hand when a provider fills the role from now on', async () => {
    const role = await makeRole()
    await put(role, { type: 'user', id: 'oidc~bob' }, { type: 'role', id: await makeRole() })
    await join('east', role)
    expect(await sees({ as: 'bob', project: 'east' })).toBe(true)
    const bind = (provider: string, source: string) =>
      call(`PUT /role/${role}/source-system`, {
        ...eve,
        body: { 'provider-id': provider, 'source-id': source },
      })
    await bind('lakekeeper', role)
    expect(await sees({ as: 'bob', project: 'east' })).toBe(true)
    await bind('oidc', 'everybody')
    expect(await idsIn(`/role/${role}/members`, 'members')).toEqual([])
    expect(await sees({ as: 'bob', project: 'east' })).toBe(false)
    expect(await sees({ as: 'ann', project: 'east' })).toBe(true)
    await call(`DELETE /role/${role}`, eve)
  })

  test('reach another project that the role is a member of, whose members see its name alone', async () => {
    const role = await makeRole({ name: 'envoys' })
    await put(role, { type: 'user', id: 'oidc~cleo' })
    const wes = { as: 'wes', project: 'west' }
    const cleo = { as: 'cleo', project: 'west' }
    expect((await call(`GET /role/${role}/metadata`, wes)).status).toBe(404)
    for (const others of [[], [{ type: 'user', id: 'oidc~nobody' }]])
      for (const id of [role, randomUUID()]) {
        const members = [...others, { type: 'role', id }]
        const blind = await call('POST /project/west/members', { ...wes, body: { members } })
        expect(typeOf(blind)).toEqual([404, 'NoSuchRoleException'])
      }
    expect((await join('west', role)).status).toBe(200)
    expect(await sees(cleo)).toBe(true)
    expect(await sees({ as: 'cleo', project: 'east' })).toBe(false)
    expect((await call(`GET /role/${role}/metadata`, wes)).body).toMatchObject({
      ...{ name: 'envoys', 'project-id': 'east' },
    })
    expect((await call(`GET /role/${role}`, wes)).status).toBe(404)
    expect((await call(`GET /role/${role}/members`, wes)).status).toBe(404)
  })

  test('are those of one role alone where it is assumed', async () => {
    const [narrow, wide] = [await makeRole(), await makeRole()]
    for (const role of [narrow, wide]) await put(role, { type: 'user', id: 'oidc~max' })
    await join('east', wide)
    const max = { as: 'max', project: 'west' }
    expect(await sees(max)).toBe(true)
    expect(await sees({ ...max, role: wide })).toBe(false)
    expect(await sees({ ...max, project: 'east', role: wide })).toBe(true)
    expect(await sees({ ...max, project: 'east', role: narrow })).toBe(false)
    const unheld = await makeRole()
    const answers = []
    for (const role of [unheld, randomUUID(), 'nonsense'])
      answers.push(await call('GET /warehouse', { ...max, role }))
    expect(answers.map(typeOf)).toEqual(Array.from({ length: 3 }, () => [403, 'ForbiddenException']))
    expect(answers[0]?.text.replace(/[0-9a-f-]{36}/g, '')).toBe(
      answers[1]?.text.replace(/[0-9a-f-]{36}/g, ''),
    )
  })

  test('do not bring an assumed role the administration of the server', async () => {
    const role = await makeRole()
    await put(role, { type: 'user', id: 'oidc~admin' })
    expect(await sees({ as: 'admin', project: 'east' })).toBe(true)
    expect(await sees({ as: 'admin', project: 'east', role })).toBe(false)
    const create = { as: 'admin', role, body: { 'project-name': 'south' } }
    expect((await call('POST /project', create)).status).toBe(403)
  })
})

describe('roles of another project', () => {
  const lines = (id: string): readonly (readonly [line: string, body?: object])[] => [
    [`GET /role/${id}`],
    [`POST /role/${id}`, { name: 'mine' }],
    [`DELETE /role/${id}`],
    [`PUT /role/${id}/source-system`, { 'provider-id': 'oidc', 'source-id': 'x' }],
    [`GET /role/${id}/metadata`],
    [`GET /role/${id}/members`],
    [`POST /role/${id}/members`, { members: [] }],
    [`DELETE /role/${id}/members/user/oidc~wes`],
    [`GET /role/${id}/members/transitive`],
    [`GET /role/${id}/member-of`],
    [`GET /role/${id}/member-of/transitive`],
  ]

  test('are answered as what never was, in one’s own project and in theirs', async () => {
    const theirs = await makeRole()
    const unknown = randomUUID()
    const worded = async (id: string, at: number, project: string) => {
      const [line = '', body] = lines(id)[at] ?? []
      const reply = await call(line, { as: 'wes', project, ...(body === undefined ? {} : { body }) })
      return [line.replace(id, 'ID'), reply.status, reply.text.replace(/[0-9a-f-]{36}/g, 'ID')]
    }
    for (const project of ['west', 'east'])
      for (const at of lines('').keys()) {
        const answer = await worded(theirs, at, project)
        expect(answer).toEqual(await worded(unknown, at, project))
        expect(answer[1]).toBe(404)
      }
  })

  test('are in no list, search, or listing of a user', async () => {
    const theirs = await makeRole({ name: 'Secret plans' })
    await put(theirs, { type: 'user', id: 'oidc~wes' })
    const wes = { as: 'wes', project: 'west' }
    expect(await idsIn('/role?name=secret', 'roles', wes)).toEqual([])
    expect(await idsIn(`/role?roleIds=${theirs}`, 'roles', wes)).toEqual([])
    const found = await call('POST /search/role', { ...wes, body: { search: 'Secret plans' } })
    expect(found.body['roles']).toEqual([])
    expect(await idsIn('/user/oidc~wes/roles', 'roles', wes)).toEqual([])
    const own = await makeRole({}, wes)
    const nested = await call(`POST /role/${own}/members`, {
      ...wes,
      body: { members: [{ type: 'role', id: theirs }] },
    })
    expect(typeOf(nested)).toEqual([404, 'NoSuchRoleException'])
  })
})
