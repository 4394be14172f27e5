import { createPublicKey, verify } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { unauthorized } from '#authn/refusal.ts'
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts'
import { client, createMemoryTokens, issuer } from '../support/memory-tokens.ts'
import { exchange as exchangeBytes } from '../support/wire.ts'

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessToken = 'urn:ietf:params:oauth:token-type:access_token'

type Form = Readonly<Record<string, string>>
interface Told {
  readonly access_token?: string
  readonly expires_in?: number
  readonly error?: string
  readonly error_description?: string
  readonly scope?: string
}

const credentials = { client_id: client.id, client_secret: client.secret }
const asked = { grant_type: 'client_credentials', ...credentials }
const renewal = (subject_token: string): Form => ({
  ...{ grant_type: exchangeGrant, subject_token, subject_token_type: accessToken },
})
const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` })

let gateway: MemoryGateway
let bench: ReturnType<typeof createMemoryTokens>

const start = async (options: Parameters<typeof createMemoryTokens>[0] = {}): Promise<void> => {
  bench = createMemoryTokens(options)
  // Nobody gets by this one: what answers is open.
  const authenticate = (): never => {
    throw unauthorized()
  }
  gateway = await startMemoryGateway({ authenticator: { authenticate }, faces: bench.faces })
}

beforeEach(() => start())
afterEach(() => gateway.stop())

const send = async (form: Form | string, headers: Form = {}) => {
  const answer = await fetch(`${gateway.origin}/catalog/v1/oauth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
  })
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Told }
}

const tokenOf = async (form: Form): Promise<string> => (await send(form)).body.access_token ?? ''

describe('a client with its secret', () => {
  it('gets a token that says who it is, and nothing keeps the answer', async () => {
    const { status, headers, body } = await send(asked)
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body).toMatchObject({ token_type: 'bearer', expires_in: 3600, scope: 'catalog' })
    expect((await bench.tokens.identify(body.access_token ?? '')).id).toBe(client.id)
    expect(gateway.audited.at(-1)).toMatchObject({
      ...{ operation: 'getToken', decision: 'allowed', principal: { id: client.id } },
    })
  })

  it('gets the same one again within a moment, with what is left of it, and then another', async () => {
    const first = (await send(asked)).body
    bench.clock.now += 900
    expect((await send(asked)).body).toMatchObject({ access_token: first.access_token, expires_in: 3599 })
    expect((await send({ ...asked, scope: 'sign' })).body.access_token).not.toBe(first.access_token)
    bench.clock.now += 200
    expect(await tokenOf(asked)).not.toBe(first.access_token)
    bench.clock.now -= 3_600_000
    expect(await tokenOf(asked)).not.toBe(first.access_token)
  })

  it('gets none again once it is welcome no more, however short ago', async () => {
    await send(asked)
    bench.unwelcome.add(client.id)
    expect((await send(asked)).status).toBe(401)
  })

  it.each([
    `${client.id}:${client.secret}`,
    `${encodeURIComponent(client.id)}:${encodeURIComponent(client.secret)}`,
  ])('may name itself in the header: %s', async (pair) => {
    expect((await send({ grant_type: 'client_credentials' }, basic(pair))).status).toBe(200)
  })

  it.each([
    ['a wrong secret', { ...asked, client_secret: 'x' }, {}],
    ['a wrong id', { ...asked, client_id: 'x' }, {}],
    ['no id', { ...asked, client_id: '' }, {}],
    ['no secret', { grant_type: 'client_credentials', client_id: client.id }, {}],
    ['a wrong header', { grant_type: 'client_credentials' }, basic('a:b')],
  ] as const)('is refused with %s, and is not told what is wrong', async (_name, form, headers) => {
    const { status, body, headers: answered } = await send(form, headers)
    expect([status, body.error]).toEqual([401, 'invalid_client'])
    expect(answered.get('www-authenticate')).toMatch(/^Basic/)
    expect(answered.get('cache-control')).toBe('no-store')
    expect(gateway.audited.at(-1)).toMatchObject({ operation: 'getToken', decision: 'denied', status: 401 })
  })

  it('is refused once it is deactivated', async () => {
    bench.unwelcome.add(client.id)
    expect((await send(asked)).body.error).toBe('invalid_client')
  })

  it.each([
    ['a scope of another kind', { ...asked, scope: 'catalog admin' }, 'invalid_scope'],
    ['another grant', { ...asked, grant_type: 'password' }, 'unsupported_grant_type'],
    ['no grant', credentials, 'invalid_request'],
    ['a parameter twice', `${new URLSearchParams(asked)}&client_id=other`, 'invalid_request'],
  ] as const)('asks in vain for %s', async (_name, form, error) => {
    const { status, body } = await send(form)
    expect([status, body.error]).toEqual([400, error])
  })

  it('does not name itself twice', async () => {
    expect((await send(asked, basic('a:b'))).body.error).toBe('invalid_request')
  })

  it('does not send JSON', async () => {
    const { status, body } = await send(JSON.stringify(asked), { 'content-type': 'application/json' })
    expect([status, body.error]).toEqual([400, 'invalid_request'])
  })

  it('does not send megabytes: they are refused unread', async () => {
    const head = `POST /catalog/v1/oauth/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\n`
    expect(await exchangeBytes(gateway.port, head)).toMatch(/^HTTP\/1.1 413 /)
  })
})

describe('a token exchange', () => {
  it('renews a token of ours, and the new one is of the same sender and key', async () => {
    const first = await tokenOf(asked)
    const { status, body } = await send(renewal(first), { authorization: `Bearer ${first}` })
    expect(status).toBe(200)
    expect(await bench.tokens.identify(body.access_token ?? '')).toMatchObject({
      id: client.id,
      keyId: 'key-1',
    })
  })

  it('takes a token of a provider for one of ours, groups included', async () => {
    const token = await tokenOf(renewal('alice:1'))
    expect(await bench.tokens.identify(token)).toMatchObject({ id: 'oidc~alice', groups: ['oidc~eng'] })
    expect((await send(renewal('alice:1'))).status).toBe(200)
  })

  it('of one token of ours is good for a moment, in which an answer may have been lost, and then never more', async () => {
    const first = await tokenOf(asked)
    expect((await send(renewal(first))).status).toBe(200)
    expect((await send(renewal(first))).status).toBe(200)
    bench.clock.now += 61_000
    expect((await send(renewal(first))).body.error).toBe('invalid_grant')
    expect((await bench.tokens.identify(first)).id).toBe(client.id)
  })

  it('of a provider’s token happens once where it is said so', async () => {
    await gateway.stop()
    await start({ exchangeOnce: true })
    expect((await send(renewal('alice:1'))).status).toBe(200)
    expect((await send(renewal('alice:1'))).body.error).toBe('invalid_grant')
    expect((await send(renewal('alice:2'))).status).toBe(200)
  })

  it('ends with the session in which the provider was asked', async () => {
    let token = await tokenOf(renewal('alice:1'))
    const renewed: string[] = []
    for (let i = 0; i < 5 && token !== ''; i++) {
      bench.clock.now += 3_000_000
      token = await tokenOf(renewal(token))
      renewed.push(token)
    }
    expect(renewed.map((one) => one !== '')).toEqual([true, true, false])
  })

  it('ends with the key behind the token', async () => {
    const first = await tokenOf(asked)
    bench.unwelcome.add('key-1')
    expect((await send(renewal(first))).body.error).toBe('invalid_grant')
  })

  it('takes an expired token only from the client that it was given to, with its secret', async () => {
    const [first, alice] = [await tokenOf(asked), await tokenOf(renewal('alice:1'))]
    bench.clock.now += 3_600_001
    const pair = basic(`${client.id}:${client.secret}`)
    expect((await send(renewal(first))).body.error).toBe('invalid_grant')
    expect((await send(renewal(alice), pair)).body.error).toBe('invalid_grant')
    expect((await send(renewal(first), pair)).status).toBe(200)
    expect((await send(renewal(first), basic(`${client.id}:x`))).body.error).toBe('invalid_client')
  })

  it.each([
    ['a forged token', renewal('eyJhbGciOiJub25lIn0.e30.'), 'invalid_grant'],
    ['a token that its provider refuses', renewal('bad:1'), 'invalid_grant'],
    ['PyIceberg’s word for no token', renewal('None'), 'invalid_grant'],
    ['no token', { grant_type: exchangeGrant, subject_token_type: accessToken }, 'invalid_request'],
    ['no type', { grant_type: exchangeGrant, subject_token: 'alice:1' }, 'invalid_request'],
    [
      'a type that is no bearer token',
      { ...renewal('alice:1'), subject_token_type: 'urn:saml2' },
      'invalid_request',
    ],
    ['an actor', { ...renewal('alice:1'), actor_token: 'alice:2' }, 'invalid_request'],
    ['another type in return', { ...renewal('alice:1'), requested_token_type: 'urn:x' }, 'invalid_request'],
  ] as const)('is refused for %s', async (_name, form, error) => {
    const { status, body } = await send(form)
    expect([status, body.error]).toEqual([400, error])
  })

  it('is 503 while the provider is away: nobody can tell', async () => {
    expect((await send(renewal('away:1'))).status).toBe(503)
  })
})

describe('whoever guesses', () => {
  it('is slowed down, and others are not', async () => {
    for (let i = 0; i < 5; i++) expect((await send({ ...asked, client_id: 'a' })).status).toBe(401)
    const { status, headers } = await send({ ...asked, client_id: 'a' })
    expect([status, Number(headers.get('retry-after')) > 0]).toEqual([429, true])
    expect((await send(asked)).status).toBe(200)
    bench.clock.now += 60_000
    expect((await send({ ...asked, client_id: 'a' })).status).toBe(401)
  })

  it('finds no secret in what is recorded or answered', async () => {
    const first = await tokenOf(asked)
    await send(renewal(first))
    await send({ ...asked, client_secret: 'wrong-secret' })
    await send({ ...asked, client_id: 'wrong-id', client_secret: client.secret })
    const kept = JSON.stringify([gateway.audited, gateway.logged])
    for (const secret of [client.secret, 'wrong-secret', first]) expect(kept).not.toContain(secret)
  })
})

describe('what is published', () => {
  it.each(['', '/catalog'])('is the key that verifies a token, under %j', async (base) => {
    const [header = '', payload = '', signature = ''] = (await tokenOf(asked)).split('.')
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
    const answer = await fetch(`${gateway.origin}${base}/.well-known/jwks.json`)
    const { keys } = (await answer.json()) as { keys: { kid: string; d?: string }[] }
    const jwk = keys.find((one) => one.kid === kid)
    expect(jwk?.d).toBeUndefined()
    const key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
    const signed = Buffer.from(`${header}.${payload}`)
    expect(verify(null, signed, key, Buffer.from(signature, 'base64url'))).toBe(true)
  })

  it.each(['openid-configuration', 'oauth-authorization-server'])(
    'says in %s where tokens are',
    async (name) => {
      const answer = await fetch(`${gateway.origin}/.well-known/${name}`)
      expect(await answer.json()).toMatchObject({
        issuer,
        token_endpoint: `${gateway.origin}/catalog/v1/oauth/tokens`,
        jwks_uri: `${gateway.origin}/.well-known/jwks.json`,
      })
    },
  )
})
