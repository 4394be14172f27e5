/** Service accounts and their keys on the wire: of one project, shown once, guessed by nobody. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPeopleGateway, type PeopleGateway } from '../support/people-gateway.ts'

let house: PeopleGateway
beforeAll(async () => {
  house = await openPeopleGateway()
})
afterAll(() => house?.[Symbol.asyncDispose]())

const member = { as: 'oidc~member' }
const other = { headers: { 'x-project-id': 'other' } }

interface Made {
  readonly id: string
  readonly key: string
}

const make = async (path: string, body: object, asked: object = member): Promise<Made> => {
  const { status, text, json } = await house.ask(`POST ${path}`, { ...asked, body })
  expect(status, text).toBe(201)
  return json as Made
}
const newAccount = (asked?: object) => make('/service-account', { name: 'loader' }, asked)
const newKey = (id: string, body: object = { name: 'k' }) => make(`/service-account/${id}/key`, body)

test('a member of the project makes, names, lists and deletes its service accounts', async () => {
  const { id } = await newAccount()
  expect(id).toMatch(/^lakegate~[0-9a-f-]{36}$/)
  const renamed = await house.ask(`PUT /service-account/${id}`, { ...member, body: { name: 'writer' } })
  expect([renamed.status, renamed.json]).toMatchObject([
    200,
    { id, 'client-id': id, name: 'writer', 'project-id': 'default', active: true },
  ])
  expect((await house.ask('GET /service-account', member)).text).toContain(id)
  expect((await house.ask(`GET /service-account/${encodeURIComponent(id)}`, member)).status).toBe(200)
  expect((await house.ask(`DELETE /service-account/${id}`, member)).status).toBe(204)
  expect((await house.ask(`GET /service-account/${id}`, member)).status).toBe(404)
})

test('keys of both kinds are made, shown once, listed by their first letters, and revoked', async () => {
  const { id } = await newAccount()
  const [key, secret] = [await newKey(id), await newKey(id, { name: 's', kind: 'client-secret' })]
  expect([key.key, secret.key]).toEqual([
    expect.stringMatching(/^lg_[\w-]{43}[0-9A-Za-z]{6}$/),
    expect.stringMatching(/^lgs_[\w-]{43}[0-9A-Za-z]{6}$/),
  ])
  const listed = await house.ask(`GET /service-account/${id}/key`, member)
  expect(listed.json).toMatchObject({
    keys: [
      { id: key.id, kind: 'api-key', hint: key.key.slice(0, 7), 'client-id': id, 'last-used-at': null },
      { id: secret.id, kind: 'client-secret' },
    ],
  })
  for (const one of [key, secret]) expect(listed.text).not.toContain(one.key.slice(8))
  const own = `/service-account/${id}/key/${key.id}`
  expect(
    (
      await house.ask(
        `DELETE ${own.toUpperCase().replace('/SERVICE-ACCOUNT/LAKEGATE', '/service-account/lakegate').replace('/KEY/', '/key/')}`,
        member,
      )
    ).status,
  ).toBe(404)
  expect((await house.ask(`DELETE ${own}`, member)).status).toBe(204)
  expect((await house.ask(`DELETE ${own}`, member)).status).toBe(404)
  expect((await house.ask(`GET /service-account/${id}/key`, member)).json).toMatchObject({
    keys: [{ id: secret.id }],
  })
})

test('an account of another project is as missing as one that never was, whatever is asked of it', async () => {
  const { id } = await newAccount({ as: 'oidc~admin', ...other })
  const absent = 'lakegate~00000000-0000-0000-0000-000000000000'
  const lines = [
    'GET /service-account/{id}',
    'PUT /service-account/{id}',
    'DELETE /service-account/{id}',
    'POST /service-account/{id}/activate',
    'POST /service-account/{id}/deactivate',
    'GET /service-account/{id}/key',
    'POST /service-account/{id}/key',
    'DELETE /service-account/{id}/key/00000000-0000-0000-0000-000000000000',
  ]
  const answerOf = async (line: string, one: string) => {
    const body = /^P/.test(line) && !line.includes('activate') ? { name: 'n' } : undefined
    const { status, text } = await house.ask(line.replace('{id}', one), { ...member, body })
    return { status, text: text.replaceAll(one, '<id>').replace(/"request-id":"[^"]*"/, '') }
  }
  for (const line of lines) {
    const foreign = await answerOf(line, id)
    expect(foreign, line).toEqual(await answerOf(line, absent))
    expect(foreign.status, line).toBe(404)
  }
  expect((await house.ask('GET /service-account', member)).text).not.toContain(id)
})

test('a key of another account is not revoked through one’s own', async () => {
  const [mine, theirs] = [await newAccount(), await newAccount()]
  const key = await newKey(theirs.id)
  expect((await house.ask(`DELETE /service-account/${mine.id}/key/${key.id}`, member)).status).toBe(404)
  expect((await house.ask(`GET /service-account/${theirs.id}/key`, member)).text).toContain(key.id)
})

test('whoever is in no project finds none', async () => {
  const stranger = { as: 'oidc~stranger' }
  expect((await house.ask('GET /service-account', stranger)).status).toBe(404)
  expect((await house.ask('POST /service-account', { ...stranger, body: { name: 'n' } })).status).toBe(404)
})

test('a service account is no user, and a user no service account', async () => {
  const { id } = await newAccount()
  expect((await house.ask(`GET /user/${id}`)).status).toBe(404)
  expect((await house.ask(`DELETE /user/${id}`)).status).toBe(404)
  expect((await house.ask('GET /service-account/oidc~member')).status).toBe(404)
})

const past = new Date(Date.now() - 60_000).toISOString()
const badKeys = [
  {},
  { name: '' },
  { name: 'k', kind: 'password' },
  { name: 'k', key: 'lg_chosen-by-me' },
  { name: 'k', hash: 'AAAA' },
  { name: 'k', 'expires-at': past },
  { name: 'k', 'expires-at': 'tomorrow' },
  { name: 'k', 'expires-at': 4102444800 },
  { name: 'k\u0000' },
]

test.each(badKeys)('%j makes no key', async (body) => {
  const { id } = await newAccount()
  expect((await house.ask(`POST /service-account/${id}/key`, { ...member, body })).status).toBe(400)
  expect((await house.ask(`GET /service-account/${id}/key`, member)).json).toEqual({ keys: [] })
})

test.each([
  { name: 'n', 'project-id': 'other' },
  { name: 'n', 'server-admin': true },
  { name: 'n', id: 'x' },
])('%j makes no account', async (body) => {
  expect((await house.ask('POST /service-account', { ...member, body })).status).toBe(400)
})

test('one that administers the server is changed by administrators alone: its key would make one of whoever has it', async () => {
  const { id } = await newAccount()
  const key = await newKey(id)
  await house.db.database.execute('update principal set server_admin = true where id = $1', [id])
  const lines = [
    ['POST', `/service-account/${id}/key`, { name: 'k' }],
    ['PUT', `/service-account/${id}`, { name: 'mine' }],
    ['POST', `/service-account/${id}/deactivate`, undefined],
    ['DELETE', `/service-account/${id}/key/${key.id}`, undefined],
    ['DELETE', `/service-account/${id}`, undefined],
  ] as const
  for (const [method, path, body] of lines) {
    const asked = { ...(body ? { body } : {}) }
    expect((await house.ask(`${method} ${path}`, { ...member, ...asked })).status, method + path).toBe(403)
  }
  for (const [method, path, body] of lines) {
    const asked = { ...(body ? { body } : {}) }
    expect((await house.ask(`${method} ${path}`, asked)).status, method + path).toBeLessThan(300)
  }
})
