/** Roles as their users meet them: a gateway before a real identity provider, two projects, and those in neither. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Gateway, startGateway } from '../../support/gateway.ts'
import { type IdentityProvider, startIdentityProvider } from '../../support/identity-provider.ts'

const clientOf = (id: string, groups: readonly string[] = []) => ({ id, secret: id, claims: { groups } })

let provider: IdentityProvider
let gateway: Gateway

interface Reply {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly text: string
  readonly tag: string | null
}

interface Ask {
  readonly as: string
  readonly project?: string
  readonly role?: string
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
}

const call = async (line: string, { as, project, role, body, headers }: Ask): Promise<Reply> => {
  const [method = '', path = ''] = line.split(' ')
  const answer = await fetch(
    `${gateway.origin}${path.startsWith('/catalog') ? '' : '/management/v1'}${path}`,
    {
      method,
      headers: {
        authorization: `Bearer ${await provider.token(as)}`,
        ...(project === undefined ? {} : { 'x-project-id': project }),
        ...(role === undefined ? {} : { 'x-assume-role': role }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    },
  )
  const text = await answer.text()
  const parsed = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  return { status: answer.status, body: parsed, text, tag: answer.headers.get('etag') }
}

const typeOf = ({ status, body }: Reply): readonly unknown[] => [
  status,
  (body['error'] as { type?: unknown } | undefined)?.type,
]

const eve = { as: 'eve', project: 'east' }

const makeRole = async (more: object = {}, ask: Ask = eve): Promise<string> => {
  const made = await call('POST /role', { ...ask, body: { name: `role ${randomUUID()}`, ...more } })
  expect(made.status, made.text).toBe(201)
  return String(made.body['id'])
}

const memberIds = async (path: string, key: 'members' | 'roles', ask: Ask = eve): Promise<unknown> => {
  const { status, body, text } = await call(`GET ${path}`, ask)
  expect(status, text).toBe(200)
  return (body[key] as { id: string }[]).map(({ id }) => id)
}

const put = (role: string, ...members: readonly object[]): Promise<Reply> =>
  call(`POST /role/${role}/members`, { ...eve, body: { members } })

/** Who is in a project sees its warehouses; to others it is not there. */
const sees = async (ask: Ask): Promise<boolean> => (await call('GET /warehouse', ask)).status === 200

beforeAll(async () => {
  provider = await startIdentityProvider({
    clients: [
      ...['admin', 'eve', 'wes', 'bob', 'cleo', 'max', 'guest'].map((id) => clientOf(id)),
      clientOf('ann', ['analysts', 'everybody']),
    ],
  })
  gateway = await startGateway({
    server: {
      auth: { oidc: [{ uri: provider.issuer, audience: ['lakegate'], 'roles-claim': 'groups' }] },
    },
    state: {},
  })
  const boot = await call('POST /bootstrap', { as: 'admin', body: { 'accept-terms-of-use': true } })
  expect(boot.status, boot.text).toBe(204)
  for (const as of ['eve', 'wes', 'bob', 'cleo', 'ann', 'max', 'guest']) await call('GET /whoami', { as })
  for (const [project, user] of [
    ['east', 'eve'],
    ['west', 'wes'],
    ['west', 'max'],
    ['west', 'guest'],
  ]) {
    await call('POST /project', { as: 'admin', body: { 'project-name': project, 'project-id': project } })
    const joined = await call(`POST /project/${project}/members`, {
      as: 'admin',
      body: { members: [{ type: 'user', id: `oidc~${user}` }] },
    })
    expect(joined.status, joined.text).toBe(200)
  }
})
afterAll(async () => {
  await gateway?.discard()
  await provider?.stop()
})

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
    expect(await memberIds(`/role?roleIds=${ids[0]}&roleIds=${ids[2]}`, 'roles')).toEqual([ids[2], ids[0]])
    expect(await memberIds('/role?sourceIds=lister%20a&name=LISTER', 'roles')).toEqual([ids[1]])
    expect(await memberIds('/role?roleIds=nonsense', 'roles')).toEqual([])
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
    expect(await memberIds(`/role/${top}/members?type=role`, 'members')).toEqual([middle])
    const all = ['oidc~bob', 'oidc~cleo', ...[middle, bottom].toSorted()]
    expect(await memberIds(`/role/${top}/members/transitive`, 'members')).toEqual(all)
    expect(await memberIds(`/role/${top}/members/transitive?type=user`, 'members')).toEqual(all.slice(0, 2))
    expect(await memberIds(`/role/${bottom}/member-of`, 'roles')).toEqual([middle])
    expect(await memberIds(`/role/${bottom}/member-of/transitive`, 'roles')).toEqual([top, middle].toSorted())
    expect(await memberIds('/user/oidc~cleo/roles', 'roles')).toEqual([middle])
    expect(await memberIds('/user/oidc~cleo/roles/transitive', 'roles')).toEqual([top, middle].toSorted())
    for (const member of [`role/${middle}`, 'user/oidc~bob', 'user/oidc~bob'])
      expect((await call(`DELETE /role/${top}/members/${member}`, eve)).status).toBe(204)
    expect(await memberIds(`/role/${top}/members`, 'members')).toEqual([])
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

describe('rights by roles', () => {
  const join = (project: string, id: string): Promise<Reply> =>
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
    expect(await memberIds('/user/oidc~ann/roles', 'roles', ann)).toEqual([group])
    expect(await memberIds('/user/oidc~ann/roles/transitive', 'roles', ann)).toEqual(
      [group, local].toSorted(),
    )
    expect(await memberIds('/user/oidc~ann/roles', 'roles', eve)).toEqual([])
    await call(`PUT /role/${group}/source-system`, {
      ...eve,
      body: { 'provider-id': 'oidc', 'source-id': 'painters' },
    })
    expect(await sees(ann)).toBe(false)
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
    expect(await memberIds('/role?name=secret', 'roles', wes)).toEqual([])
    expect(await memberIds(`/role?roleIds=${theirs}`, 'roles', wes)).toEqual([])
    const found = await call('POST /search/role', { ...wes, body: { search: 'Secret plans' } })
    expect(found.body['roles']).toEqual([])
    expect(await memberIds('/user/oidc~wes/roles', 'roles', wes)).toEqual([])
    const own = await makeRole({}, wes)
    const nested = await call(`POST /role/${own}/members`, {
      ...wes,
      body: { members: [{ type: 'role', id: theirs }] },
    })
    expect(typeOf(nested)).toEqual([404, 'NoSuchRoleException'])
  })
})
