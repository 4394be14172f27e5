/** A gateway before a real Keycloak: who comes in with which of its tokens, and what its realm does to them. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { runClient } from './clients.ts'
import { person, realm, realmDocument, secretOf } from './keycloak-realm.ts'
import { confirmDevice, type Keycloak, post, startKeycloak } from './keycloak-server.ts'

const admin = 'an-admin-of-the-keycloak-test'
let keycloak: Keycloak
let gateway: Gateway

const issuer = (): string => `${keycloak.origin}/realms/${realm}`
const endpoint = (name: string): string => `${issuer()}/protocol/openid-connect/${name}`

beforeAll(async () => {
  keycloak = await startKeycloak()
  await keycloak.administer('POST ', realmDocument)
  const provider = { uri: issuer(), 'subject-claims': ['sub'] }
  gateway = await startGateway({
    env: { TEST_ADMIN: admin, TEST_SECRET: secretOf('live') },
    server: {
      token: 'env:TEST_ADMIN',
      auth: {
        oidc: [
          {
            ...{ ...provider, id: 'keycloak', audience: ['lakegate'], 'clock-skew-seconds': 0 },
            'roles-claim': ['realm_access.roles', 'resource_access.lakegate.roles', 'groups'],
          },
          {
            ...{ ...provider, id: 'live', audience: ['live'] },
            introspection: {
              ...{ 'client-id': 'live', 'client-secret': 'env:TEST_SECRET' },
              ...{ tokens: 'every', 'cache-seconds': 1 },
            },
          },
        ],
      },
    },
  })
})
afterAll(async () => {
  await gateway?.discard()
  await keycloak?.stop()
})

const serviceToken = async (client: string): Promise<string> => {
  const credentials = { client_id: client, client_secret: secretOf(client) }
  const answer = await post(endpoint('token'), { grant_type: 'client_credentials', ...credentials })
  return answer['access_token'] ?? JSON.stringify(answer)
}

type Tokens = Readonly<Record<'access_token' | 'id_token' | 'refresh_token', string>>

/** The device flow (RFC 8628): the person signs in at Keycloak, and only there. */
const personTokens = async (): Promise<Tokens> => {
  const client = { client_id: 'device' }
  const started = await post(endpoint('auth/device'), { ...client, scope: 'openid' })
  await confirmDevice(started['verification_uri_complete'] ?? '', person)
  const grant = 'urn:ietf:params:oauth:grant-type:device_code'
  const form = { ...client, grant_type: grant, device_code: started['device_code'] ?? '' }
  return (await post(endpoint('token'), form)) as unknown as Tokens
}

interface Asked {
  readonly method?: string
  readonly role?: string
  readonly body?: object
}

const ask = async (token: string, path: string, { method = 'GET', role, body }: Asked = {}) => {
  const answer = await fetch(`${gateway.origin}/management/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(role === undefined ? {} : { 'x-assume-role': role }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> }
}

const whoami = (token: string, role?: string) => ask(token, '/whoami', role === undefined ? {} : { role })
const statusOf = async (token: string): Promise<number> => (await whoami(token)).status

const claimsOf = (token: string): Readonly<Record<string, unknown>> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
const keyOf = (token: string): unknown =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid

describe('Keycloak', () => {
  test('signs a service account in by its client credentials', async () => {
    const token = await serviceToken('job')
    expect(await whoami(token)).toMatchObject({
      status: 200,
      body: {
        id: `keycloak~${claimsOf(token)['sub']}`,
        'user-type': 'application',
        name: 'service-account-job',
      },
    })
  })

  test('signs a person in by the device flow, and the gateway sees no password', async () => {
    const tokens = await personTokens()
    expect(await whoami(tokens.access_token)).toMatchObject({
      status: 200,
      body: { 'user-type': 'human', name: 'Ann Lee', email: 'ann@a.example' },
    })
    expect(await statusOf(tokens.id_token)).toBe(401)
    expect(await statusOf(tokens.refresh_token)).toBe(401)
  })

  test('gives roles in nested claims and in groups with slashes', async () => {
    const { access_token: token } = await personTokens()
    const job = await serviceToken('job')
    const make = async (source: string) => {
      const body = { name: `from ${source}`, 'provider-id': 'keycloak', 'source-id': source }
      return String((await ask(admin, '/role', { method: 'POST', body })).body['id'])
    }
    const held = { writers: true, analyst: true, '/data/analysts': true, analysts: false, '/data': false }
    for (const [source, expected] of Object.entries(held)) {
      const role = await make(source)
      expect([source, (await whoami(token, role)).status]).toEqual([source, expected ? 200 : 403])
      const jobHas = expected && !source.startsWith('/')
      expect([source, (await whoami(job, role)).status]).toEqual([source, jobHas ? 200 : 403])
    }
  })

  test('gives tokens that the gateway exchanges for its own: the same sender, with the same roles', async () => {
    const { access_token: token } = await personTokens()
    const type = 'urn:ietf:params:oauth:token-type:access_token'
    const exchanged = await post(`${gateway.catalog}/v1/oauth/tokens`, {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      ...{ subject_token: token, subject_token_type: type },
    })
    const own = exchanged['access_token'] ?? ''
    expect(claimsOf(own)['iss']).not.toBe(issuer())
    expect((await whoami(own)).body['id']).toBe((await whoami(token)).body['id'])
    expect(claimsOf(own)['groups']).toContain('keycloak~/data/analysts')
  })

  test('writes the audience of nobody in particular where no mapper says otherwise: refused, and told of', async () => {
    const token = await serviceToken('unmapped')
    expect(['account', undefined]).toContainEqual(claimsOf(token)['aud'])
    expect(await statusOf(token)).toBe(401)
    const line =
      gateway
        .output()
        .split('\n')
        .findLast((text) => text.includes('token.refused')) ?? '{}'
    expect(JSON.parse(line)).toMatchObject({ provider: 'none', check: 'audience', issuer: issuer() })
    expect(gateway.output()).not.toContain(token.split('.')[1])
  })
})

describe('a token that Keycloak is asked about', () => {
  test('ends within a second or two of its being revoked', async () => {
    const token = await serviceToken('watched')
    expect((await whoami(token)).body['id']).toBe(`live~${claimsOf(token)['sub']}`)
    const credentials = { client_id: 'watched', client_secret: secretOf('watched') }
    await post(endpoint('revoke'), { token, ...credentials })
    await delay(1_200)
    expect(await statusOf(token)).toBe(401)
  })

  test('may be a lightweight one, which says nothing itself', async () => {
    const token = await serviceToken('light')
    expect(claimsOf(token)['aud']).toBeUndefined()
    const { status, body } = await whoami(token)
    expect([status, body['name']]).toEqual([200, 'service-account-light'])
  })

  test('counts for nothing when it was made up, and when it is none', async () => {
    const [header, payload] = (await serviceToken('watched')).split('.')
    expect(await statusOf(`${header}.${payload}.${'A'.repeat(342)}`)).toBe(401)
    expect(await statusOf('made-up')).toBe(401)
  })
})

describe('the realm', () => {
  test('takes a new key, and both it and the old one are believed', async () => {
    const before = await serviceToken('job')
    await delay(10_000)
    const { id } = (await keycloak.administer(`GET /${realm}`)) as { id: string }
    await keycloak.administer(`POST /${realm}/components`, {
      ...{ name: 'fresh', providerId: 'rsa-generated', parentId: id },
      ...{ providerType: 'org.keycloak.keys.KeyProvider', config: { priority: ['500'], keySize: ['3072'] } },
    })
    const after = await serviceToken('job')
    expect(keyOf(after)).not.toBe(keyOf(before))
    expect(await statusOf(after)).toBe(200)
    expect(await statusOf(before)).toBe(200)
  })

  test('that is switched off gives no tokens; those that it gave still count, but not where it is asked', async () => {
    const token = await serviceToken('job')
    const watched = await serviceToken('watched')
    await keycloak.administer(`PUT /${realm}`, { realm, enabled: false })
    expect(await serviceToken('job')).toContain('error')
    expect(await statusOf(token)).toBe(200)
    expect(await statusOf(watched)).toBe(503)
    await keycloak.administer(`PUT /${realm}`, { realm, enabled: true })
    expect(await statusOf(watched)).toBe(200)
  })
})

test('PyIceberg works with tokens of Keycloak that end while it does', async () => {
  const { body } = await whoami(await serviceToken('engine'))
  const members = [{ type: 'user', id: body['id'] }]
  await ask(admin, '/project/default/members', { method: 'POST', body: { members } })
  const figures = await runClient('smoke-keycloak', 'smoke', {
    ...{ uri: gateway.catalog, warehouse: 'default' },
    properties: {
      credential: `engine:${secretOf('engine')}`,
      'oauth2-server-uri': endpoint('token'),
      scope: 'profile',
    },
  })
  expect(figures).toEqual({ passed: 18, failed: 0, skipped: 0 })
})

test('while Keycloak is down those whose key is known come in; others are told to come again', async () => {
  const token = await serviceToken('job')
  const watched = await serviceToken('watched')
  await keycloak.stop()
  expect(await statusOf(token)).toBe(200)
  expect(await statusOf(watched)).toBe(503)
  const header = Buffer.from(JSON.stringify({ alg: 'RS256', kid: 'of-tomorrow' })).toString('base64url')
  const unknown = [header, ...token.split('.').slice(1)].join('.')
  await delay(10_000)
  expect(await statusOf(unknown)).toBe(503)
})
