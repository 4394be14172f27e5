/** Users on the wire: Lakekeeper's paths, members and statuses, and what nobody may do with them. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPeopleGateway, type PeopleGateway } from '../support/people-gateway.ts'

let house: PeopleGateway
beforeAll(async () => {
  house = await openPeopleGateway()
})
afterAll(() => house?.[Symbol.asyncDispose]())

const newId = (): string => `oidc~${randomUUID()}`
const at = (id: string): string => `/user/${encodeURIComponent(id)}`
const make = async (change: object = {}): Promise<string> => {
  const id = newId()
  const body = { id, name: 'Somebody', 'user-type': 'human', ...change }
  expect((await house.ask('POST /user', { body })).status).toBe(201)
  return id
}

test('a user is made, read, set anew, and deleted as by Lakekeeper', async () => {
  const id = newId()
  const body = { id, name: 'Ada', email: 'ada@example.org', 'user-type': 'human' }
  const made = await house.ask('POST /user', { body })
  expect([made.status, made.json]).toMatchObject([
    201,
    { ...body, 'last-updated-with': 'create-endpoint', 'created-at': expect.any(String), 'updated-at': null },
  ])
  const set = await house.ask(`PUT ${at(id)}`, { body: { name: 'Ada L.', user_type: 'application' } })
  expect([set.status, set.text]).toEqual([200, ''])
  expect((await house.ask(`GET ${at(id)}`)).json).toMatchObject({
    ...{ id, name: 'Ada L.', email: null, 'user-type': 'application' },
    ...{ 'last-updated-with': 'update-endpoint', 'updated-at': expect.any(String) },
  })
  expect((await house.ask(`DELETE ${at(id)}`)).status).toBe(204)
  for (const method of ['GET', 'DELETE']) expect((await house.ask(`${method} ${at(id)}`)).status).toBe(404)
})

test('one that is there is changed only where that is asked for', async () => {
  const id = await make()
  const body = { id, name: 'Renamed', 'user-type': 'human' }
  expect((await house.ask('POST /user', { body })).status).toBe(409)
  const again = await house.ask('POST /user', { body: { ...body, 'update-if-exists': true } })
  expect([again.status, again.json]).toMatchObject([200, { name: 'Renamed' }])
})

test('whoever comes first time provisions itself without an id, and without rights', async () => {
  const { ask, db } = house
  const id = newId()
  await db.database.execute(
    `insert into principal (id, kind, user_type, name, last_updated_with)
     values ($1, 'user', 'human', 'From The Token', 'config-call-creation')`,
    [id],
  )
  const first = await ask('POST /user', { as: id, body: {} })
  expect([first.status, first.json]).toMatchObject([
    201,
    { id, name: 'From The Token', 'user-type': 'human' },
  ])
  expect((await ask('POST /user', { as: id, body: {} })).status).toBe(409)
  const again = await ask('POST /user', { as: id, body: { 'update-if-exists': true, name: 'Own Words' } })
  expect([again.status, again.json]).toMatchObject([200, { name: 'Own Words', 'server-admin': false }])
})

test('who one is, is told to everybody', async () => {
  expect((await house.ask('GET /whoami')).json).toMatchObject({
    ...{ id: 'oidc~admin', 'is-instance-admin': true, kind: 'user', 'assumed-role': null },
  })
  expect((await house.ask('GET /whoami', { as: 'oidc~member' })).json).toMatchObject({
    ...{ id: 'oidc~member', 'is-instance-admin': false, 'server-admin': false },
  })
})

test('ids travel percent-encoded or not, with every letter that they may have', async () => {
  for (const subject of ['a+b@example.org', 'x/y', 'Ünï cødé', '100%', 'a~b', "o'hara"]) {
    const id = `oidc~${subject}`
    const made = await house.ask('POST /user', { body: { id, name: 'N', 'user-type': 'human' } })
    expect(made.status, made.text).toBe(201)
    expect((await house.ask(`GET ${at(id).replaceAll('~', '%7E')}`)).json).toMatchObject({ id })
  }
  expect((await house.ask('GET /user/oidc~a+b@example.org')).status).toBe(200)
})

test('ids that look alike are different users', async () => {
  const [latin, cyrillic] = [`oidc~paypal${randomUUID()}`, `oidc~раураl${randomUUID()}`]
  for (const id of [latin, cyrillic, latin.toUpperCase().replace('OIDC', 'oidc')])
    expect((await house.ask('POST /user', { body: { id, name: 'N', 'user-type': 'human' } })).status).toBe(
      201,
    )
})

test('the list comes in pages, each user once, for administrators only', async () => {
  for (let i = 0; i < 5; i++) await make({ name: `Paged ${i}` })
  const seen: string[] = []
  let token = ''
  do {
    const { status, json } = await house.ask(`GET /user?name=pAgEd&pageSize=2&pageToken=${token}`)
    expect(status).toBe(200)
    const page = json as { users: { id: string }[]; 'next-page-token': string | null }
    expect(page.users.length).toBeLessThanOrEqual(2)
    seen.push(...page.users.map(({ id }) => id))
    token = encodeURIComponent(page['next-page-token'] ?? '')
  } while (token !== '')
  expect([seen.length, new Set(seen).size]).toEqual([5, 5])
})

test('a page token opens for its own asker and filter only', async () => {
  const { json } = await house.ask('GET /user?pageSize=1')
  const token = encodeURIComponent((json as { 'next-page-token': string })['next-page-token'])
  expect((await house.ask(`GET /user?pageSize=1&pageToken=${token}`)).status).toBe(200)
  for (const line of [
    `GET /user?name=a&pageToken=${token}`,
    'GET /user?pageToken=b2lkYw',
    'GET /user?pageSize=0',
  ])
    expect((await house.ask(line)).status, line).toBe(400)
  expect((await house.ask(`GET /user?pageToken=${token}`, { as: 'oidc~deputy' })).status).toBe(400)
})

test('a search finds the misspelt, and takes no pattern', async () => {
  await make({ name: 'Grace Hopper', email: 'grace@navy.example' })
  const find = async (search: string) => (await house.ask('POST /search/user', { body: { search } })).json
  expect(await find('grase hoper')).toMatchObject({ users: [{ name: 'Grace Hopper' }] })
  expect(await find('grace@navy')).toMatchObject({ users: [{ email: 'grace@navy.example' }] })
  for (const pattern of ['%', '_', "%' or true --", '\\']) expect(await find(pattern)).toEqual({ users: [] })
})

describe('nobody', () => {
  const unknown = ['server-admin', 'serverAdmin', 'active', 'project-id', 'kind', '__proto__', 'deleted-at']

  test.each(unknown)('sets %s along the way', async (member) => {
    const id = newId()
    const body = `{"id":"${id}","name":"N","user-type":"human","${member}":true}`
    const answer = await fetch(`${house.gateway.origin}/management/v1/user`, {
      method: 'POST',
      headers: { authorization: 'Bearer oidc~admin', 'content-type': 'application/json' },
      body,
    })
    expect(answer.status).toBe(400)
    expect((await house.ask(`GET ${at(id)}`)).status).toBe(404)
  })

  const badIds = [
    'alice',
    '~alice',
    'oidc~',
    'lakegate~0190a1b2-0000-7000-8000-000000000001',
    'oidc~a\u0000b',
    'oidc~a\u202eb',
    'x'.repeat(700),
  ]

  test.each(badIds)('gets the id %j', async (id) => {
    expect((await house.ask('POST /user', { body: { id, name: 'N', 'user-type': 'human' } })).status).toBe(
      400,
    )
  })

  const forbidden: readonly { readonly line: string; readonly body?: object }[] = [
    { line: 'GET /user' },
    { line: 'POST /user', body: { id: 'oidc~victim', name: 'V', 'user-type': 'human' } },
    { line: 'GET /user/oidc~admin' },
    { line: 'GET /user/oidc~nobody' },
    { line: 'PUT /user/oidc~admin', body: { name: 'V', 'user-type': 'human' } },
    { line: 'DELETE /user/oidc~admin' },
    { line: 'POST /user/oidc~admin/deactivate' },
    { line: 'POST /user/oidc~nobody/activate' },
  ]

  test.each(forbidden)(
    'without administration may $line, nor learns whether the user is there',
    async ({ line, body }) => {
      const { status, text } = await house.ask(line, { as: 'oidc~member', body })
      expect(status, text).toBe(403)
    },
  )
})

test('the last administrator stays', async () => {
  expect((await house.ask('POST /user/oidc~deputy/deactivate')).status).toBe(200)
  for (const line of ['POST /user/oidc~admin/deactivate', 'DELETE /user/oidc~admin'])
    expect((await house.ask(line)).status, line).toBe(409)
  expect((await house.ask('POST /user/oidc~deputy/activate')).status).toBe(200)
})

test('a version that was seen is held against the one that is there', async () => {
  const id = await make()
  const etag = (await house.ask(`GET ${at(id)}`)).headers.get('etag') ?? ''
  const body = { name: 'Two', 'user-type': 'human' }
  const headers = { 'if-match': etag }
  expect((await house.ask(`PUT ${at(id)}`, { body, headers })).status).toBe(200)
  expect((await house.ask(`PUT ${at(id)}`, { body, headers })).status).toBe(412)
})

test('a repeated request makes one user and is answered alike', async () => {
  const headers = { 'idempotency-key': randomUUID() }
  const body = { id: newId(), name: 'Once', 'user-type': 'human' }
  const [first, second] = [
    await house.ask('POST /user', { body, headers }),
    await house.ask('POST /user', { body, headers }),
  ]
  expect([second.status, second.json]).toEqual([first.status, first.json])
})

test('events tell who changed, without names and addresses', async () => {
  const id = await make({ name: 'Private Person', email: 'private@example.org' })
  await house.ask(`POST ${at(id)}/deactivate`)
  const own = house.told.filter(({ object }) => object === id)
  expect(own.map(({ type }) => type)).toEqual(['principal.created', 'principal.deactivated'])
  expect(JSON.stringify(own)).not.toMatch(/private/i)
})

test.each(['name', 'email'])('a %s that cannot be stored is refused', async (member) => {
  const id = await make()
  for (const text of ['\u0000', 'a\u0000b']) {
    const body = { id, name: 'N', 'user-type': 'human', 'update-if-exists': true, [member]: text }
    expect((await house.ask('POST /user', { body })).status).toBe(400)
    const { id: _, 'update-if-exists': __, ...set } = body
    expect((await house.ask(`PUT ${at(id)}`, { body: set })).status).toBe(400)
  }
})
