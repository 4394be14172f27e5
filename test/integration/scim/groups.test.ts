/** Groups as Entra ID and Okta provision them, and what becomes of the rights of their members. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ProvisionedGateway,
  startProvisionedGateway,
  type Told,
} from '../../support/provisioned-gateway.ts'

let at: ProvisionedGateway
beforeAll(async () => {
  const server = { scim: { subject: 'userName' }, 'trusted-proxies': ['127.0.0.1'] }
  at = await startProvisionedGateway({ subjects: ['alice', 'bob', 'carol'], server })
  for (const userName of ['alice', 'bob', 'carol', 'dora'])
    await at.scim('POST /Users', { userName, active: true })
}, 120_000)
afterAll(() => at?.stop())

const core = 'urn:ietf:params:scim:schemas:core:2.0:Group'
const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

interface Member {
  readonly value: string
}

const idOf = ({ body }: Told): string => String(body['id'])
const membersOf = ({ body }: Told): readonly string[] =>
  ((body['members'] ?? []) as readonly Member[]).map(({ value }) => value).sort()

let made = 0
const newGroup = async (members: readonly string[] = [], more: object = {}): Promise<string> => {
  made += 1
  const group = { schemas: [core], displayName: `Group ${made}`, externalId: `g-${made}`, ...more }
  const told = await at.scim('POST /Groups', { ...group, members: members.map((value) => ({ value })) })
  expect(told.status, JSON.stringify(told.body)).toBe(201)
  return idOf(told)
}

const patch = (id: string, ...Operations: readonly object[]): Promise<Told> =>
  at.scim(`PATCH /Groups/${id}`, { schemas: [patchSchema], Operations })

const load = (id: string): Promise<Told> => at.scim(`GET /Groups/${id}`)

const alice = 'oidc~alice'
const bob = 'oidc~bob'
const carol = 'oidc~carol'

describe('a group', () => {
  test('is a role of the provider in the project, found by name and by its id over there', async () => {
    const id = await newGroup([alice], { displayName: 'Analysts', externalId: 'e-1' })
    const told = await load(id)
    expect(told.body).toMatchObject({
      schemas: [core],
      displayName: 'Analysts',
      externalId: 'e-1',
      members: [{ value: alice, type: 'User', $ref: `${at.origin}/scim/v2/Users/oidc~alice` }],
    })
    for (const filter of [
      'displayName eq "analysts"',
      'externalId eq "e-1"',
      `members.value eq "${alice}" and id eq "${id}"`,
    ]) {
      const { body } = await at.scim(
        `GET /Groups?excludedAttributes=members&filter=${encodeURIComponent(filter)}`,
      )
      expect(body).toMatchObject({ totalResults: 1, Resources: [{ id }] })
      expect(JSON.stringify(body)).not.toContain('"members"')
    }
    const role = await at.ask(`GET /management/v1/role/${id}`, at.adminToken)
    expect(role.body).toMatchObject({ 'provider-id': 'oidc', 'source-id': 'e-1', name: 'Analysts' })
  })

  test('whose name is taken is refused as such', async () => {
    await newGroup([], { displayName: 'Taken' })
    const told = await at.scim('POST /Groups', { displayName: 'TAKEN', externalId: 'other' })
    expect([told.status, told.body['scimType']]).toEqual([409, 'uniqueness'])
  })

  test('that people fill by hand is not there', async () => {
    const role = { name: 'by hand', 'project-id': 'default' }
    const told = await at.ask('POST /management/v1/role', at.adminToken, role)
    expect(told.status).toBe(201)
    for (const method of ['GET', 'DELETE'])
      expect((await at.scim(`${method} /Groups/${idOf(told)}`)).status).toBe(404)
    const { body } = await at.scim('GET /Groups')
    expect(JSON.stringify(body)).not.toContain('by hand')
  })

  test('goes by its name where it has no id over there, also when it is renamed', async () => {
    const told = await at.scim('POST /Groups', { displayName: 'Okta Group', members: [] })
    expect(told.body['externalId']).toBe('Okta Group')
    const value = { id: idOf(told), displayName: 'Okta Renamed' }
    const renamed = await patch(idOf(told), { op: 'replace', value })
    expect(renamed.body).toMatchObject({ displayName: 'Okta Renamed', externalId: 'Okta Renamed' })
  })

  test('is deleted for good', async () => {
    const id = await newGroup([alice])
    expect((await at.scim(`DELETE /Groups/${id}`)).status).toBe(204)
    expect((await load(id)).status).toBe(404)
    expect((await at.scim(`DELETE /Groups/${id}`)).status).toBe(404)
  })
})

describe('members', () => {
  test.each([
    ['are added', [{ op: 'Add', path: 'members', value: [{ $ref: null, value: bob }] }], [alice, bob]],
    [
      'are added twice and are there once',
      [{ op: 'add', path: 'members', value: [{ value: alice }] }],
      [alice],
    ],
    ['are added without a path', [{ op: 'add', value: { members: [{ value: bob }] } }], [alice, bob]],
    ['are removed by a filter', [{ op: 'remove', path: `members[value eq "${alice}"]` }], []],
    ['are removed as Azure does it', [{ op: 'Remove', path: 'members', value: [{ value: alice }] }], []],
    ['are all removed', [{ op: 'remove', path: 'members' }], []],
    [
      'are replaced',
      [{ op: 'replace', path: 'members', value: [{ value: bob }, { value: carol }] }],
      [bob, carol],
    ],
    [
      'are changed in the order of the operations',
      [
        { op: 'remove', path: `members[value eq "${alice}"]` },
        { op: 'add', path: 'members', value: [{ value: bob }] },
        { op: 'replace', path: 'displayName', value: 'In order' },
      ],
      [bob],
    ],
    [
      'who are not in it are removed without a word',
      [{ op: 'remove', path: `members[value eq "${carol}"]` }],
      [alice],
    ],
  ])('%s', async (_what, operations, expected) => {
    const id = await newGroup([alice])
    const told = await patch(id, ...operations)
    expect([told.status, membersOf(told)]).toEqual([200, expected])
    expect(membersOf(await load(id))).toEqual(expected)
  })

  test('are said anew with the whole group', async () => {
    const id = await newGroup([alice, bob])
    const told = await at.scim(`PUT /Groups/${id}`, {
      displayName: `Anew ${id}`,
      members: [{ value: carol }],
    })
    expect(membersOf(told)).toEqual([carol])
  })

  test('may be groups, but not in circles', async () => {
    const inner = await newGroup([bob])
    const outer = await newGroup([inner])
    expect((await load(outer)).body).toMatchObject({ members: [{ value: inner, type: 'Group' }] })
    const circle = await patch(inner, { op: 'add', path: 'members', value: [{ value: outer }] })
    expect([circle.status, circle.body['status']]).toEqual([409, '409'])
  })

  test.each([
    'oidc~nobody',
    'kubernetes~pod',
    'lakegate~0190a1b2-0000-7000-8000-000000000001',
    '0190a1b2-0000-7000-8000-000000000001',
  ])(
    'that are no users of the provider and none of its groups are refused, and nothing is done: %s',
    async (value) => {
      const id = await newGroup([alice])
      const told = await patch(
        id,
        { op: 'remove', path: 'members' },
        { op: 'add', path: 'members', value: [{ value }] },
      )
      expect([told.status, told.body['scimType']]).toEqual([400, 'invalidValue'])
      expect(membersOf(await load(id))).toEqual([alice])
    },
  )

  test('raise the version of the group', async () => {
    const id = await newGroup()
    const tag = (await load(id)).headers.get('etag') ?? ''
    await patch(id, { op: 'add', path: 'members', value: [{ value: alice }] })
    expect((await at.scim(`DELETE /Groups/${id}`, undefined, { 'if-match': tag })).status).toBe(412)
  })

  test('have what the group has, from the moment on that they are in it and until they are not', async () => {
    const id = await newGroup()
    const member = { type: 'role', id }
    const path = '/management/v1/project/default/members'
    const joined = await at.ask(`POST ${path}`, at.adminToken, { members: [member] })
    expect(joined.status, JSON.stringify(joined.body)).toBeLessThan(300)
    const token = await at.provider.token('carol')
    const seen = async () => (await at.ask('GET /management/v1/warehouse', token)).status
    expect(await seen()).not.toBe(200)
    await patch(id, { op: 'add', path: 'members', value: [{ value: carol }] })
    expect(await seen()).toBe(200)
    await patch(id, { op: 'remove', path: `members[value eq "${carol}"]` })
    expect(await seen()).not.toBe(200)
  })

  test('that are deleted are in no group any more', async () => {
    const id = await newGroup(['oidc~dora'])
    await at.scim('DELETE /Users/oidc~dora')
    expect(membersOf(await load(id))).toEqual([])
  })
})

test('the user name is the subject where it is configured so', async () => {
  const { body } = await at.ask('GET /management/v1/whoami', await at.provider.token('alice'))
  expect(body['id']).toBe(alice)
})

test('links behind a proxy have its address and its prefix', async () => {
  const headers = {
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'lake.example',
    'x-forwarded-prefix': '/x',
  }
  const { body } = await at.scim('GET /Users/oidc~alice', undefined, headers)
  expect(body).toMatchObject({ meta: { location: 'https://lake.example/x/scim/v2/Users/oidc~alice' } })
})
