/** Two replicas on one database, and a real identity provider: what one gives, the other believes, until it is taken back. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'
import { type Gateway, startGateway } from '../../support/gateway.ts'
import { type IdentityProvider, startIdentityProvider } from '../../support/identity-provider.ts'

const admin = randomBytes(16).toString('hex')

let db: TestDatabase
let provider: IdentityProvider
let here: Gateway
let there: Gateway

beforeAll(async () => {
  db = await openTestDatabase()
  provider = await startIdentityProvider()
  const oidc = [{ uri: provider.issuer, audience: [provider.audience], 'roles-claim': 'groups' }]
  const env = { LAKEGATE_TOKEN: admin, LAKEGATE_KEY: randomBytes(32).toString('base64') }
  const server = { database: db.url, auth: { oidc } }
  here = await startGateway({ server, state: {}, env })
  there = await startGateway({ server, state: {}, env })
})

afterAll(async () => {
  await here?.discard()
  await there?.discard()
  await provider?.stop()
  await db?.[Symbol.asyncDispose]()
})

type Body = Readonly<Record<string, string>>

const manage = async (line: string, body?: object): Promise<Body> => {
  const [method = '', path = ''] = line.split(' ')
  const answer = await fetch(`${here.origin}/management/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  expect(answer.ok, text).toBe(true)
  return text === '' ? {} : (JSON.parse(text) as Body)
}

const ask = async (gateway: Gateway, form: Body) => {
  const body = new URLSearchParams({ ...form })
  const answer = await fetch(`${gateway.catalog}/v1/oauth/tokens`, { method: 'POST', body })
  return { status: answer.status, body: (await answer.json()) as Body }
}

const whoami = async (gateway: Gateway, token: string) => {
  const headers = { authorization: `Bearer ${token}` }
  const answer = await fetch(`${gateway.origin}/management/v1/whoami`, { headers })
  return { status: answer.status, body: (await answer.json()) as Body }
}

const exchange = (subject_token: string): Body => ({
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  ...{ subject_token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token' },
})

/** Within the time that is promised for all other replicas. */
const untilRefused = async (gateway: Gateway, token: string): Promise<void> => {
  const until = Date.now() + 5_000
  while ((await whoami(gateway, token)).status !== 401 && Date.now() < until) await sleep(100)
  expect((await whoami(gateway, token)).status).toBe(401)
}

const createAccount = async () => {
  const { id = '' } = await manage('POST /service-account', { name: 'etl' })
  const secret = await manage(`POST /service-account/${id}/key`, { name: 'k', kind: 'client-secret' })
  const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret['key'] ?? '' }
  return { id, keyId: secret['id'] ?? '', form }
}

describe('a token', () => {
  test('that one replica gave is believed by the other, and renewed by it', async () => {
    const { id, form } = await createAccount()
    const { body } = await ask(here, form)
    expect((await whoami(there, body['access_token'] ?? '')).body['id']).toBe(id)
    const renewed = await ask(there, exchange(body['access_token'] ?? ''))
    expect((await whoami(here, renewed.body['access_token'] ?? '')).body['id']).toBe(id)
  })

  test('ends with the client secret that it was given for, everywhere', async () => {
    const { id, keyId, form } = await createAccount()
    const token = (await ask(there, form)).body['access_token'] ?? ''
    expect([(await whoami(here, token)).status, (await whoami(there, token)).status]).toEqual([200, 200])
    await manage(`DELETE /service-account/${id}/key/${keyId}`)
    expect((await whoami(here, token)).status).toBe(401)
    expect((await ask(here, form)).body['error']).toBe('invalid_client')
    await untilRefused(there, token)
    expect((await ask(there, exchange(token))).body['error']).toBe('invalid_grant')
    expect((await ask(there, form)).body['error']).toBe('invalid_client')
  })

  test('ends when its account is deactivated', async () => {
    const { id, form } = await createAccount()
    const token = (await ask(there, form)).body['access_token'] ?? ''
    expect((await whoami(there, token)).status).toBe(200)
    await manage(`POST /service-account/${id}/deactivate`)
    expect((await whoami(here, token)).status).toBe(401)
    await untilRefused(there, token)
  })
})

describe('a token of a real provider', () => {
  test('becomes one of ours, of the same user, who is known from then on', async () => {
    const theirs = await provider.token()
    const ours = (await ask(here, exchange(theirs))).body['access_token'] ?? ''
    const [direct, exchanged] = [await whoami(there, theirs), await whoami(there, ours)]
    expect(exchanged.status).toBe(200)
    expect(exchanged.body['id']).toBe(direct.body['id'])
  })

  test('of another audience, or altered, becomes none', async () => {
    const [header, payload = '', signature] = (await provider.token()).split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
    const altered = Buffer.from(JSON.stringify({ ...claims, sub: 'root' })).toString('base64url')
    const { status, body } = await ask(here, exchange(`${header}.${altered}.${signature}`))
    expect([status, body['error']]).toEqual([400, 'invalid_grant'])
  })
})
