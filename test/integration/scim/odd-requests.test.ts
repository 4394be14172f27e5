/** What no provisioning system means to send, and what it is told in SCIM's own words. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ProvisionedGateway,
  startProvisionedGateway,
  type Told,
} from '../../support/provisioned-gateway.ts'

let at: ProvisionedGateway
let group: string
beforeAll(async () => {
  at = await startProvisionedGateway({ subjects: ['a'] })
  await at.scim('POST /Users', { userName: 'a', externalId: 'a' })
  group = String((await at.scim('POST /Groups', { displayName: 'g' })).body['id'])
}, 120_000)
afterAll(() => at?.stop())

const errorSchema = 'urn:ietf:params:scim:api:messages:2.0:Error'

const expectScimError = ({ headers, body }: Told, status: number): void => {
  expect(body).toMatchObject({ schemas: [errorSchema], status: String(status), detail: expect.any(String) })
  expect(headers.get('content-type')).toBe('application/scim+json')
}

describe('an error has the form of SCIM', () => {
  test.each([
    ['a path that leads nowhere', 'GET /Nothing', 404],
    ['the bare face', 'GET ', 404],
    ['a method that a path lacks', 'PUT /Users', 405],
    ['a path that cannot be read', 'GET /Users/%zz', 400],
  ])('for %s', async (_, line, status) => {
    const told = await at.scim(line)
    expect(told.status).toBe(status)
    expectScimError(told, status)
    if (status === 405) expect(told.headers.get('allow')).toContain('POST')
  })

  test('also for who is not signed in', async () => {
    const told = await at.scim('GET /Nothing', undefined, { authorization: 'Bearer nobody' })
    expect(told.status).toBe(401)
    expectScimError(told, 401)
    expect(told.headers.get('www-authenticate')).toBe('Bearer')
  })

  test('and nowhere else', async () => {
    const told = await at.ask('GET /scimx/v2/Users', at.adminToken)
    expect(told.body).toMatchObject({ error: { code: 404 } })
  })
})

describe('is refused or passed over, and breaks nothing:', () => {
  test.each([
    ['a member of no id', { op: 'add', path: 'members', value: [{ value: 'oidc~a\u0000' }] }, 400],
    ['a removed member of no id', { op: 'remove', path: 'members', value: [{ value: '\u0000' }] }, 200],
    ['an operation that is an object', { op: {}, path: 'members' }, 400],
  ])('%s', async (_, operation, status) => {
    const told = await at.scim(`PATCH /Groups/${group}`, { Operations: [operation] })
    expect(told.status, JSON.stringify(told.body)).toBe(status)
  })

  test.each(['2020-13-45T00:00:00Z', '0000-01-01T00:00:00Z', '9999-12-31T23:59:59-14:00'])(
    'the time %s',
    async (time) => {
      const told = await at.scim(`GET /Users?filter=${encodeURIComponent(`meta.created gt "${time}"`)}`)
      expect([told.status, told.body['scimType']]).toEqual([400, 'invalidFilter'])
    },
  )

  test('a day that its month does not have is the one after', async () => {
    const filter = encodeURIComponent('meta.created gt "2020-02-30T00:00:00Z"')
    expect((await at.scim(`GET /Users?filter=${filter}`)).body['totalResults']).toBe(1)
  })
})
