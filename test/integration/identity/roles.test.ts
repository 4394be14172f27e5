/** Roles and their members on the wire: Lakekeeper’s forms, and what is refused. */
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

describe('a role', () => {
  test('is made, read, changed, bound and deleted in Lakekeeper’s forms', async () => {
    const made = await call('POST /role', { ...eve, body: { name: 'Loaders', description: 'load' } })
    const id = String(made.body['id'])
    expect(made).toMatchObject({ status: 201, tag: '"1"' })
    expect(made.body).toEqual({
      ...{ id, ident: `lakegate~${id}`, 'provider-id': 'lakegate', 'source-id': id },
      ...{ name: 'Loaders', description: 'load', 'project-id': 'east' },
      ...{ 'created-at': expect.any(String), 'updated-at': null },
    })
    expect((await call(`GET /role/${id.toUpperCase()}`, eve)).body).toEqual(made.body)
    const changed = await call(`POST /role/${id}`, { ...eve, body: { name: 'Writers' } })
    expect(changed.body).toMatchObject({
      name: 'Writers',
      description: null,
      'updated-at': expect.any(String),
    })
    const bound = await call(`PUT /role/${id}/source-system`, {
      ...eve,
      body: { 'provider-id': 'oidc', 'source-id': 'writers' },
    })
    expect(bound.body).toMatchObject({ ident: 'oidc~writers', 'provider-id': 'oidc', 'source-id': 'writers' })
    expect((await call(`GET /role/${id}/metadata`, eve)).body).toEqual({
      ...{ id, ident: 'oidc~writers', 'provider-id': 'oidc', 'source-id': 'writers' },
      ...{ name: 'Writers', 'project-id': 'east' },
    })
    expect((await call(`DELETE /role/${id}`, eve)).status).toBe(204)
    expect(typeOf(await call(`GET /role/${id}`, eve))).toEqual([404, 'NoSuchRoleException'])
    expect(typeOf(await call(`DELETE /role/${id}`, eve))).toEqual([404, 'NoSuchRoleException'])
  })

  test.each([
    ['no name', { name: '' }, 400],
    ['half an origin', { name: 'x', 'provider-id': 'oidc' }, 400],
    ['a provider that is none', { name: 'x', 'provider-id': 'O~IDC', 'source-id': 'a' }, 400],
    ['the reserved provider', { name: 'x', 'provider-id': 'system', 'source-id': 'a' }, 400],
    ['an id of its own', { name: 'x', id: randomUUID() }, 400],
    ['rights of its own', { name: 'x', 'server-admin': true }, 400],
    ['a NUL in its name', { name: 'a\u0000b' }, 400],
    ['a project that is not there', { name: 'x', 'project-id': 'south' }, 404],
    ['a project of others', { name: 'x', 'project-id': 'west' }, 404],
  ])('is refused with %s', async (_, body, status) => {
    expect((await call('POST /role', { ...eve, body })).status).toBe(status)
  })

  test('has a name and an origin of its own in its project', async () => {
    await makeRole({ name: 'Once', 'provider-id': 'okta', 'source-id': 'once' })
    const same = { name: 'oNCE' }
    expect(typeOf(await call('POST /role', { ...eve, body: same }))).toEqual([409, 'AlreadyExistsException'])
    const origin = { name: 'other', 'provider-id': 'okta', 'source-id': 'once' }
    expect((await call('POST /role', { ...eve, body: origin })).status).toBe(409)
    expect((await call('POST /role', { as: 'wes', project: 'west', body: same })).status).toBe(201)
  })

  test('is changed only as it was seen, where that is said', async () => {
    const id = await makeRole()
    const change = (tag: string) =>
      call(`POST /role/${id}`, { ...eve, body: { name: `n ${id}` }, headers: { 'if-match': tag } })
    expect((await change('"7"')).status).toBe(412)
    expect(await change('"1"')).toMatchObject({ status: 200, tag: '"2"' })
    expect((await change('"1"')).status).toBe(412)
  })

  test('is made once, however often the request is sent', async () => {
    const headers = { 'idempotency-key': randomUUID() }
    const body = { name: `once ${randomUUID()}` }
    const first = await call('POST /role', { ...eve, body, headers })
    expect(first.status).toBe(201)
    expect((await call('POST /role', { ...eve, body, headers })).body).toEqual(first.body)
  })

  test('is listed in pages and by filters, and found by a text', async () => {
    const names = ['lister c', 'lister a', 'lister b']
    const ids = []
    for (const name of names) ids.push(await makeRole({ name, 'provider-id': 'ldap', 'source-id': name }))
    const listed: unknown[] = []
    let token = ''
    do {
      const { body } = await call(
        `GET /role?providerIds=ldap&providerIds=none&pageSize=2&pageToken=${token}`,
        eve,
      )
      listed.push(...(body['roles'] as { name: string }[]).map(({ name }) => name))
      token = String(body['next-page-token'] ?? '')
    } while (token !== '')
    expect(listed).toEqual(names.toSorted())
    expect(await idsIn(`/role?roleIds=${ids[0]}&roleIds=${ids[2]}`, 'roles')).toEqual([ids[2], ids[0]])
    expect(await idsIn('/role?sourceIds=lister%20a&name=LISTER', 'roles')).toEqual([ids[1]])
    expect(await idsIn('/role?roleIds=nonsense', 'roles')).toEqual([])
    const found = await call('POST /search/role', { ...eve, body: { search: 'lister b' } })
    expect((found.body['roles'] as { id: string }[])[0]?.id).toBe(ids[2])
    const first = await call('GET /role?providerIds=ldap&pageSize=2', eve)
    const elsewhere = `GET /role?pageSize=2&pageToken=${String(first.body['next-page-token'])}`
    expect((await call(elsewhere, eve)).status).toBe(400)
  })
})

describe('members', () => {
  test('are users and roles, put in together, listed, and taken out', async () => {
    const [top, middle, bottom] = [await makeRole(), await makeRole(), await makeRole()]
    const added = await put(top, { type: 'role', id: middle }, { type: 'user', id: 'oidc~bob' })
    expect(added.body).toEqual({
      members: [
        { type: 'role', id: middle },
        { type: 'user', id: 'oidc~bob' },
      ],
    })
    await put(middle, { type: 'role', id: bottom }, { type: 'user', id: 'oidc~cleo' })
    const direct = await call(`GET /role/${top}/members`, eve)
    expect(direct.body['members']).toEqual([
      {
        type: 'user',
        id: 'oidc~bob',
        name: expect.any(String),
        email: null,
        'user-type': expect.any(String),
      },
      { type: 'role', id: middle, ident: `lakegate~${middle}`, name: expect.any(String) },
    ])
    expect(await idsIn(`/role/${top}/members?type=role`, 'members')).toEqual([middle])
    const all = ['oidc~bob', 'oidc~cleo', ...[middle, bottom].toSorted()]
    expect(await idsIn(`/role/${top}/members/transitive`, 'members')).toEqual(all)
    expect(await idsIn(`/role/${top}/members/transitive?type=user`, 'members')).toEqual(all.slice(0, 2))
    expect(await idsIn(`/role/${bottom}/member-of`, 'roles')).toEqual([middle])
    expect(await idsIn(`/role/${bottom}/member-of/transitive`, 'roles')).toEqual([top, middle].toSorted())
    expect(await idsIn('/user/oidc~cleo/roles', 'roles')).toEqual([middle])
    expect(await idsIn('/user/oidc~cleo/roles/transitive', 'roles')).toEqual([top, middle].toSorted())
    for (const member of [`role/${middle}`, 'user/oidc~bob', 'user/oidc~bob'])
      expect((await call(`DELETE /role/${top}/members/${member}`, eve)).status).toBe(204)
    expect(await idsIn(`/role/${top}/members`, 'members')).toEqual([])
  })

  test('are refused where they are unknown, in a circle, or too deep', async () => {
    const [one, other] = [await makeRole(), await makeRole()]
    expect((await put(one, { type: 'user', id: 'oidc~nobody' })).status).toBe(404)
    expect(typeOf(await put(one, { type: 'role', id: randomUUID() }))).toEqual([404, 'NoSuchRoleException'])
    expect((await put(one, { type: 'group', id: 'x' })).status).toBe(400)
    expect((await put(one, { type: 'role', id: 'x' })).status).toBe(400)
    expect((await put(one, { type: 'role', id: other })).status).toBe(200)
    expect(typeOf(await put(other, { type: 'role', id: one }))).toEqual([409, 'RoleMembershipCycle'])
    expect(typeOf(await put(one, { type: 'role', id: one }))).toEqual([409, 'RoleMembershipCycle'])
    let last = other
    for (let i = 0; i < 9; i++) {
      const next = await makeRole()
      expect((await put(last, { type: 'role', id: next })).status).toBe(200)
      last = next
    }
    const deeper = await put(last, { type: 'role', id: await makeRole() })
    expect(typeOf(deeper)).toEqual([409, 'RoleMembershipDepthExceeded'])
  })

  test('of what a provider fills are not put in or taken out by hand', async () => {
    const id = await makeRole({ 'provider-id': 'oidc', 'source-id': `g ${randomUUID()}` })
    const user = { type: 'user', id: 'oidc~bob' }
    expect(typeOf(await put(id, user))).toEqual([400, 'ManagedRoleImmutable'])
    const out = await call(`DELETE /role/${id}/members/user/oidc~bob`, eve)
    expect(typeOf(out)).toEqual([400, 'ManagedRoleImmutable'])
    expect((await put(await makeRole(), { type: 'role', id })).status).toBe(200)
  })
})
