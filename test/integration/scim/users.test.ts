/** Users as Entra ID and Okta provision them, and what becomes of their tokens. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ProvisionedGateway,
  startProvisionedGateway,
  type Told,
} from '../../support/provisioned-gateway.ts'

let at: ProvisionedGateway
beforeAll(async () => {
  at = await startProvisionedGateway({ subjects: ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'] })
}, 120_000)
afterAll(() => at?.stop())

const core = 'urn:ietf:params:scim:schemas:core:2.0:User'
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

/** As Entra ID writes it. */
const entraUser = (subject: string, more: object = {}) => ({
  schemas: [core, enterprise],
  externalId: subject,
  userName: `${subject}@example.com`,
  active: true,
  displayName: `${subject} of Entra`,
  emails: [{ primary: true, type: 'work', value: `${subject}@example.com` }],
  meta: { resourceType: 'User' },
  name: { formatted: 'Given Family', familyName: 'Family', givenName: 'Given' },
  [enterprise]: { department: 'bicycles', manager: { value: 'x' } },
  roles: [],
  ...more,
})

const patch = (id: string, ...Operations: readonly object[]): Promise<Told> =>
  at.scim(`PATCH /Users/${id}`, { schemas: [patchSchema], Operations })

const find = (filter: string): Promise<Told> => at.scim(`GET /Users?filter=${encodeURIComponent(filter)}`)

const whoami = async (subject: string): Promise<number> =>
  (await at.ask('GET /management/v1/whoami', await at.provider.token(subject))).status

const idsIn = ({ body }: Told): readonly unknown[] =>
  (body['Resources'] as readonly { readonly id: string }[]).map(({ id }) => id)

describe('as Entra ID does it', () => {
  test('a user is looked for, made, found, changed, switched off and deleted', async () => {
    expect((await find('userName eq "alice@example.com"')).body).toMatchObject({
      totalResults: 0,
      Resources: [],
    })
    const made = await at.scim('POST /Users', entraUser('alice'))
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({
      schemas: [core],
      id: 'oidc~alice',
      externalId: 'alice',
      userName: 'alice@example.com',
      active: true,
      emails: [{ value: 'alice@example.com', type: 'work', primary: true }],
      meta: { resourceType: 'User', location: `${at.origin}/scim/v2/Users/oidc~alice` },
    })
    expect(made.headers.get('content-type')).toBe('application/scim+json')
    expect(made.headers.get('location')).toBe(`${at.origin}/scim/v2/Users/oidc~alice`)
    expect(idsIn(await find('userName eq "ALICE@example.com"'))).toEqual(['oidc~alice'])
    expect(idsIn(await find('externalId eq "alice"'))).toEqual(['oidc~alice'])

    const changed = await patch(
      'oidc~alice',
      { op: 'Replace', path: 'displayName', value: 'Alice B.' },
      { op: 'Add', path: `emails[type eq "home"].value`, value: 'a@home.example' },
      { op: 'Replace', path: `${enterprise}:department`, value: 'cars' },
      { op: 'Replace', path: 'name.familyName', value: 'B.' },
    )
    expect(changed.body).toMatchObject({
      displayName: 'Alice B.',
      name: { familyName: 'B.', givenName: 'Given' },
      emails: [{ type: 'work' }, { type: 'home', value: 'a@home.example' }],
    })

    const off = await patch('oidc~alice', { op: 'Replace', path: 'active', value: 'False' })
    expect([off.status, off.body['active']]).toEqual([200, false])
    expect((await at.scim('DELETE /Users/oidc~alice')).status).toBe(204)
    expect((await at.scim('GET /Users/oidc~alice')).status).toBe(404)
    expect((await find('userName eq "alice@example.com"')).body['totalResults']).toBe(0)
  })

  test('paths may be names within one value', async () => {
    await at.scim('POST /Users', entraUser('paths'))
    const value = {
      'name.givenName': 'P',
      [`${core}:displayName`]: 'P P',
      'emails[type eq "work"].value': 'p@p',
    }
    const { body } = await patch('oidc~paths', { op: 'replace', value })
    expect(body).toMatchObject({ displayName: 'P P', name: { givenName: 'P' }, emails: [{ value: 'p@p' }] })
  })
})

describe('as Okta does it', () => {
  const oktaUser = {
    schemas: [core],
    userName: 'bob@example.com',
    externalId: 'bob',
    password: 'secret-1',
    locale: 'en',
    name: { givenName: 'Bob', familyName: 'O' },
    emails: [{ primary: true, value: 'bob@example.com', type: 'work' }],
    displayName: 'Bob O',
    groups: [],
    active: true,
  }

  test('a user is made, said anew, switched off and on', async () => {
    const asked = await at.scim(
      'GET /Users?filter=userName%20eq%20%22bob%40example.com%22&startIndex=1&count=100',
    )
    expect(asked.body).toMatchObject({ totalResults: 0, startIndex: 1, itemsPerPage: 0 })
    const made = await at.scim('POST /Users', oktaUser)
    expect(made.status).toBe(201)
    expect(JSON.stringify(made.body)).not.toContain('secret-1')
    const { password: _, displayName: __, ...less } = oktaUser
    const anew = await at.scim('PUT /Users/oidc~bob', {
      ...less,
      id: 'oidc~bob',
      title: 'Boss',
      meta: made.body['meta'],
    })
    expect(anew.body).toMatchObject({ id: 'oidc~bob', title: 'Boss', active: true })
    expect(anew.body).not.toHaveProperty('displayName')
    expect((await patch('oidc~bob', { op: 'replace', value: { active: false } })).body['active']).toBe(false)
    expect(await whoami('bob')).toBe(401)
    expect((await patch('oidc~bob', { op: 'replace', value: { active: true } })).body['active']).toBe(true)
    expect(await whoami('bob')).toBe(200)
  })
})

describe('the tokens of a provisioned user', () => {
  test('are those of the same principal', async () => {
    await at.scim('POST /Users', entraUser('carol'))
    const { body } = await at.ask('GET /management/v1/whoami', await at.provider.token('carol'))
    expect(body).toMatchObject({ id: 'oidc~carol', name: 'carol of Entra', email: 'carol@example.com' })
  })

  test('are refused from the moment on that it is switched off or deleted', async () => {
    await at.scim('POST /Users', entraUser('dave'))
    const token = await at.provider.token('dave')
    const seen = async () => (await at.ask('GET /management/v1/whoami', token)).status
    expect(await seen()).toBe(200)
    await patch('oidc~dave', { op: 'replace', path: 'active', value: false })
    expect(await seen()).toBe(401)
    await patch('oidc~dave', { op: 'replace', path: 'active', value: true })
    expect(await seen()).toBe(200)
    await at.scim('DELETE /Users/oidc~dave')
    expect(await seen()).toBe(401)
    expect(await whoami('dave')).toBe(401)
  })

  test('are good again when it is made again, without what it had before', async () => {
    await at.scim('POST /Users', entraUser('erin', { title: 'Boss' }))
    await at.scim('DELETE /Users/oidc~erin')
    const again = await at.scim('POST /Users', entraUser('erin'))
    expect(again.status).toBe(201)
    expect(again.body).not.toHaveProperty('title')
    expect(await whoami('erin')).toBe(200)
  })
})

test('whoever was seen first is found by the subject, and taken over', async () => {
  expect(await whoami('frank')).toBe(200)
  expect(idsIn(await find('userName eq "frank"'))).toEqual(['oidc~frank'])
  const made = await at.scim('POST /Users', entraUser('frank'))
  expect([made.status, made.body['userName']]).toEqual([201, 'frank@example.com'])
  const twice = await at.scim('POST /Users', entraUser('frank'))
  expect([twice.status, twice.body['scimType']]).toEqual([409, 'uniqueness'])
})

test.each(['a/b', 'a+b@example.com', 'auth0|5f7c', 'ünï', '100%', 'a?b#c', 'a.b:c'])(
  'a subject is itself in the links to its user: %s',
  async (subject) => {
    const made = await at.scim('POST /Users', { userName: `of ${subject}`, externalId: subject })
    expect([made.status, made.body['id']]).toEqual([201, `oidc~${subject}`])
    const link = made.headers.get('location')?.replace(`${at.origin}/scim/v2`, '')
    expect((await at.scim(`GET ${link}`)).body['externalId']).toBe(subject)
    expect((await at.scim(`DELETE ${link}`)).status).toBe(204)
  },
)

describe('what nobody may write', () => {
  test('is passed over: rights, ids, times, other kinds', async () => {
    const more = {
      id: 'oidc~someone-else',
      serverAdmin: true,
      server_admin: true,
      kind: 'service-account',
      projectId: 'default',
      password: 'hunter22',
      meta: { created: '1970-01-01T00:00:00Z', version: 'W/"99"' },
      __proto__: { active: true },
    }
    const { status, body } = await at.scim('POST /Users', entraUser('mallory', more))
    expect([status, body['id']]).toEqual([201, 'oidc~mallory'])
    expect(JSON.stringify(body)).not.toMatch(/hunter22|1970|"99"|dmin|service-account/)
    await patch('oidc~mallory', {
      op: 'replace',
      value: { serverAdmin: true, id: 'oidc~root', groups: ['x'] },
    })
    const { body: user } = await at.ask('GET /management/v1/user/oidc~mallory', at.adminToken)
    expect(user).toMatchObject({ id: 'oidc~mallory', 'user-type': 'human' })
  })

  test('is refused where it would make somebody else of a user', async () => {
    await at.scim('POST /Users', entraUser('same'))
    const other = await patch('oidc~same', { op: 'replace', path: 'externalId', value: 'other' })
    expect([other.status, other.body['scimType']]).toEqual([400, 'mutability'])
    expect((await at.scim('PUT /Users/oidc~same', entraUser('other'))).status).toBe(400)
  })

  test('is not there: service accounts and users of other providers', async () => {
    const draft = { id: 'kubernetes~pod', name: 'pod', 'user-type': 'application' }
    expect((await at.ask('POST /management/v1/user', at.adminToken, draft)).status).toBe(201)
    for (const line of ['GET', 'DELETE'])
      expect((await at.scim(`${line} /Users/kubernetes~pod`)).status).toBe(404)
    expect(idsIn(await at.scim('GET /Users?count=200'))).not.toContain('kubernetes~pod')
  })
})

describe('lists', () => {
  test('come in pages by number, whole and without doubles', async () => {
    for (const n of [1, 2, 3, 4, 5]) await at.scim('POST /Users', entraUser(`page-${n}`, { title: 'paged' }))
    const pages = async (count: number) => {
      const ids: unknown[] = []
      for (let start = 1; start <= 5; start += count) {
        const page = await at.scim(
          `GET /Users?filter=${encodeURIComponent('externalId sw "page-"')}&startIndex=${start}&count=${count}`,
        )
        expect(page.body).toMatchObject({ totalResults: 5, startIndex: start })
        ids.push(...idsIn(page))
      }
      return ids
    }
    const whole = [1, 2, 3, 4, 5].map((n) => `oidc~page-${n}`)
    expect(await pages(2)).toEqual(whole)
    expect(await pages(5)).toEqual(whole)
  })

  test.each([
    ['count=0', { itemsPerPage: 0, Resources: [] }],
    ['count=-3', { itemsPerPage: 0, Resources: [] }],
    ['startIndex=0&count=1', { startIndex: 1, itemsPerPage: 1 }],
    ['startIndex=100000', { startIndex: 100000, itemsPerPage: 0, Resources: [] }],
  ])('with %s are as the specification says', async (query, expected) => {
    const { status, body } = await at.scim(`GET /Users?${query}`)
    expect([status, body]).toMatchObject([200, expected])
    expect(body['totalResults']).toBeGreaterThan(0)
  })

  test.each([
    ['userName eq "filter@example.com" and active eq true', 1],
    ['userName eq "filter@example.com" and active eq "False"', 0],
    ['userName eq "nobody" or externalId eq "filter"', 1],
    ['not (userName ne "filter@example.com")', 1],
    ['emails[value eq "filter@example.com"]', 1],
    ['emails.value ew "ILTER@example.com" and displayName co "of entra"', 1],
    ['externalId eq "FILTER"', 0],
    ['externalId eq "filter" and not (emails.value co "none")', 1],
    ['externalId eq "filter" and (title pr or userName pr)', undefined],
    ['externalId eq "filter" and meta.created gt "2020-01-01T00:00:00Z"', 1],
    [`${core}:userName eq "filter@example.com"`, 1],
    [`userName eq "x' or 1=1 --"`, 0],
    ['userName eq', undefined],
    ['password eq "x"', undefined],
    ['active gt true', undefined],
    ['meta.created gt "yesterday"', undefined],
    ['constructor eq "x"', undefined],
    [`${'('.repeat(900)}userName pr${')'.repeat(900)}`, undefined],
  ])('filtered by %s', async (filter, total) => {
    await at.scim('POST /Users', entraUser('filter'))
    const { status, body } = await find(filter)
    if (total === undefined && status !== 200)
      expect([status, body['scimType'], body['status']]).toEqual([400, 'invalidFilter', '400'])
    else expect([status, body['totalResults']]).toEqual([200, total ?? body['totalResults']])
  })
})

describe('answers', () => {
  test('show what is asked for', async () => {
    await at.scim('POST /Users', entraUser('shown'))
    const some = await at.scim('GET /Users/oidc~shown?attributes=userName,emails.value')
    expect(Object.keys(some.body).sort()).toEqual(['emails', 'id', 'schemas', 'userName'])
    const others = await at.scim('GET /Users/oidc~shown?excludedAttributes=emails,meta')
    expect(others.body).not.toHaveProperty('emails')
    expect(others.body).toHaveProperty('displayName')
  })

  test('carry a version, and a change may insist on it', async () => {
    const made = await at.scim('POST /Users', entraUser('versioned'))
    const tag = made.headers.get('etag') ?? ''
    expect(made.body).toMatchObject({ meta: { version: tag } })
    const change = { schemas: [patchSchema], Operations: [{ op: 'replace', path: 'title', value: 'T' }] }
    const first = await at.scim('PATCH /Users/oidc~versioned', change, { 'if-match': tag })
    expect(first.status).toBe(200)
    expect(first.headers.get('etag')).not.toBe(tag)
    const second = await at.scim('PATCH /Users/oidc~versioned', change, { 'if-match': tag })
    expect([second.status, second.body['status']]).toEqual([412, '412'])
    expect((await at.scim('DELETE /Users/oidc~versioned', undefined, { 'if-match': tag })).status).toBe(412)
  })

  test('that make one user at once make it once, also where it had been seen before', async () => {
    for (const subject of ['raced-1', 'raced-2', 'raced-3']) {
      await at.ask('POST /management/v1/user', at.adminToken, {
        ...{ id: `oidc~${subject}`, name: 'Seen', 'user-type': 'human' },
      })
      const made = await Promise.all([1, 2, 3, 4].map(() => at.scim('POST /Users', entraUser(subject))))
      expect(made.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409])
    }
  })

  test('of a repeated request with one key are one change', async () => {
    const headers = { 'idempotency-key': '0190a1b2-0000-7000-8000-00000000abcd' }
    const [first, second] = [
      await at.scim('POST /Users', entraUser('once'), headers),
      await at.scim('POST /Users', entraUser('once'), headers),
    ]
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.body['id']).toBe(first.body['id'])
  })

  test.each([
    ['POST /Users', { schemas: [core] }, 400, 'invalidValue'],
    ['POST /Users', { userName: 'a', externalId: 7 }, 400, 'invalidValue'],
    ['POST /Users', { userName: 'a' }, 400, 'invalidValue'],
    ['POST /Users', { userName: 'a\u0000b', externalId: 'b' }, 400, undefined],
    [
      'PATCH /Users/oidc~none',
      { Operations: [{ op: 'replace', path: 'title', value: 'x' }] },
      404,
      undefined,
    ],
    ['PATCH /Users/oidc~none', {}, 404, undefined],
    ['GET /Users/oidc~none', undefined, 404, undefined],
  ] as const)('%s with %j is refused in the words of SCIM', async (...row) => {
    const [line, body, status, scimType] = row
    const told = await at.scim(line, body)
    expect(told.status).toBe(status)
    expect(told.body).toMatchObject({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
      status: String(status),
      ...(scimType === undefined ? {} : { scimType }),
    })
  })

  test.each([
    [{ op: 'explode', path: 'title' }, 'invalidSyntax'],
    [{ op: 'remove' }, 'noTarget'],
    [{ op: 'replace', path: 'emails[', value: 'x' }, 'invalidPath'],
    [{ op: 'replace', path: 'emails[type foo "x"].value', value: 'x' }, 'invalidFilter'],
    [{ op: 'remove', path: 'userName' }, 'mutability'],
    [{ op: 'replace', path: 'active', value: 'maybe' }, 'invalidValue'],
  ])('of the patch %j name what is wrong', async (operation, scimType) => {
    await at.scim('POST /Users', entraUser('wrong'))
    const { status, body } = await patch('oidc~wrong', operation)
    expect([status, body['scimType']]).toEqual([400, scimType])
  })
})

describe('who may provision', () => {
  test.each(['GET /Users', 'GET /Groups', 'POST /Users', 'DELETE /Users/oidc~x'])(
    '%s is an administrator',
    async (line) => {
      const token = await at.provider.token('carol')
      const body = line.startsWith('POST') ? entraUser('intruder') : undefined
      const refused = await at.scim(line, body, { authorization: `Bearer ${token}` })
      expect([refused.status, refused.body['status']]).toEqual([403, '403'])
      const stranger = await at.scim(line, body, { authorization: 'Bearer None' })
      expect([stranger.status, stranger.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    },
  )
})

test('the face tells what it can do', async () => {
  const config = await at.scim('GET /ServiceProviderConfig')
  expect(config.body).toMatchObject({
    patch: { supported: true },
    bulk: { supported: false },
    filter: { supported: true },
  })
  const types = await at.scim('GET /ResourceTypes')
  expect(idsIn(types)).toEqual(['User', 'Group'])
  const schemas = await at.scim('GET /Schemas')
  for (const id of idsIn(schemas)) expect((await at.scim(`GET /Schemas/${id}`)).body['id']).toBe(id)
  expect((await at.scim('GET /Schemas/none')).status).toBe(404)
})
