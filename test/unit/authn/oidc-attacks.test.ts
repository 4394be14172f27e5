/** Tokens as attackers would make them, against an issuer that is made here. */
import { createHmac } from 'node:crypto'
import { type CryptoKey, exportSPKI, importJWK } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { createOidcProvider, type OidcSettings } from '#authn/oidc.ts'
import {
  epochMs,
  issuerUri,
  keysAsked,
  type MadeKey,
  makeClocks,
  makeIssuer,
  makeKey,
  outcomeOf,
  type Signing,
  signToken,
} from '../../support/made-issuer.ts'

const refused = 'NotAuthorizedException'
let key: MadeKey
let rsa: MadeKey
let stranger: MadeKey

beforeAll(async () => {
  key = await makeKey('k1')
  rsa = await makeKey('r1', 'RS256')
  stranger = await makeKey('k1')
})

const open = (settings: Partial<OidcSettings> = {}) => {
  const issuer = makeIssuer([key, rsa])
  const clocks = makeClocks()
  const provider = createOidcProvider(
    { id: 'oidc', uri: issuerUri, audiences: ['lakegate'], ...settings },
    { fetch: issuer.fetch, report: () => {}, now: clocks.now, elapsed: clocks.elapsed },
  )
  return { issuer, clocks, provider }
}

const sign = (over: Partial<Signing> = {}): Promise<string> => signToken({ key, ...over })

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const seconds = epochMs / 1000
const goodClaims = { iss: issuerUri, sub: 'alice', aud: 'lakegate', exp: seconds + 600 }

describe('a token', () => {
  test('of the issuer, for us, and in its time is taken', async () => {
    const { provider } = open()
    const token = await sign()
    expect(provider.claims(token)).toBe(true)
    expect(await provider.identify(token)).toMatchObject({
      kind: 'user',
      id: 'oidc~alice',
      expiresAt: (seconds + 630) * 1000,
    })
  })

  const wrong: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    ['is over', { exp: seconds - 31 }],
    ['never ends', { exp: undefined }],
    ['ends at no number', { exp: 'tomorrow' }],
    ['has not begun', { nbf: seconds + 31 }],
    ['is for others', { aud: 'payroll' }],
    ['is for others, in a list', { aud: ['payroll', 'lakegate2'] }],
    ['is for nobody', { aud: undefined }],
    ['is of another issuer', { iss: 'https://evil.example' }],
    ['is of an issuer that begins alike', { iss: `${issuerUri}.evil.example` }],
    ['is of nobody', { iss: undefined }],
    ['is bound to a key', { cnf: { jkt: 'x' } }],
    ['has no subject', { sub: undefined }],
    ['has a number as subject', { sub: 7 }],
    ['has a list as subject', { sub: ['alice'] }],
    ['has an empty subject', { sub: '' }],
  ]
  test.each(wrong)('that %s is refused', async (_, claims) => {
    const { provider } = open()
    const token = await sign({ claims })
    expect(await outcomeOf(() => provider.identify(token))).toBe(refused)
  })

  test('within the clock skew is taken: clocks are never the same', async () => {
    const { provider } = open()
    for (const claims of [{ exp: seconds - 29 }, { nbf: seconds + 29 }])
      expect(await outcomeOf(async () => provider.identify(await sign({ claims })))).toBe('none')
  })

  test('lacks its scope, or has it', async () => {
    const { provider } = open({ scope: 'lake' })
    const outcome = (claims: Readonly<Record<string, unknown>>) =>
      outcomeOf(async () => provider.identify(await sign({ claims })))
    expect(await outcome({ scope: 'lakehouse other' })).toBe(refused)
    expect(await outcome({ scope: 'other lake' })).toBe('none')
    expect(await outcome({ scp: ['lake'] })).toBe('none')
  })
})

describe('a forged token is refused:', () => {
  const attempt = async (token: string) => {
    const { provider, issuer } = open()
    return { outcome: await outcomeOf(() => provider.identify(token)), asked: issuer.asked }
  }

  test.each(['none', 'None', 'NONE', 'nOnE'])('unsigned, alg "%s"', async (alg) => {
    const token = `${base64url({ alg })}.${base64url(goodClaims)}.`
    expect((await attempt(token)).outcome).toBe(refused)
  })

  test.each(['HS256', 'HS384', 'HS512'])('the public key as the secret of %s', async (alg) => {
    const publicKey = (await importJWK(rsa.jwk, 'RS256', { extractable: true })) as CryptoKey
    const pem = await exportSPKI(publicKey)
    const signed = `${base64url({ alg, kid: 'r1' })}.${base64url(goodClaims)}`
    const mac = createHmac(alg.replace('HS', 'sha'), pem).update(signed).digest('base64url')
    expect((await attempt(`${signed}.${mac}`)).outcome).toBe(refused)
  })

  test('another key under a known id', async () => {
    expect((await attempt(await sign({ key: stranger }))).outcome).toBe(refused)
  })

  test('a signature of other claims', async () => {
    const [header, , signature] = (await sign()).split('.')
    const token = `${header}.${base64url({ ...goodClaims, sub: 'admin' })}.${signature}`
    expect((await attempt(token)).outcome).toBe(refused)
  })

  test('an elliptic signature of zeros', async () => {
    const [header, payload] = (await sign()).split('.')
    expect((await attempt(`${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`)).outcome).toBe(
      refused,
    )
  })

  const injected: readonly (readonly [string, () => Readonly<Record<string, unknown>>])[] = [
    ['a key of its own', () => ({ jwk: stranger.jwk })],
    ['keys at a place of its own', () => ({ jku: 'https://evil.example/jwks' })],
    ['keys at a place that looks like ours', () => ({ jku: `${issuerUri}/jwks#@evil.example` })],
    ['a certificate at a place of its own', () => ({ x5u: 'https://evil.example/cert' })],
    ['a certificate of its own', () => ({ x5c: ['MIIB'] })],
    ['the type of another purpose', () => ({ typ: 'logout+jwt' })],
    ['an id that is a path', () => ({ kid: '../../dev/null' })],
    ['an id that is SQL', () => ({ kid: "x' union select 'key" })],
    ['an id that is no text', () => ({ kid: { a: 1 } })],
    ['the id of a prototype', () => ({ kid: '__proto__' })],
  ]
  test.each(injected)('%s', async (_, header) => {
    const token = await signToken({ key: stranger, header: header() })
    const { outcome, asked } = await attempt(token)
    expect(outcome).toBe(refused)
    expect(asked.every(({ url }) => url.startsWith(issuerUri))).toBe(true)
  })

  test('even with a good signature, when it brings a key or names another place of keys', async () => {
    for (const header of [{ jwk: key.jwk }, { jku: 'https://evil.example' }, { x5u: 'https://evil.example' }])
      expect((await attempt(await sign({ header }))).outcome).toBe(refused)
    expect((await attempt(await sign({ header: { jku: `${issuerUri}/jwks` } }))).outcome).toBe('none')
  })

  test('even with a good signature, when it has an extension that must be understood', async () => {
    const token = await sign({ header: { crit: ['x-must'], 'x-must': 1 } })
    expect((await attempt(token)).outcome).toBe(refused)
  })

  test.each(['', '.', '..', 'a.b.c', `${base64url([])}.${base64url([])}.x`, `${base64url({})}.!.x`])(
    '"%s" is no token at all, and is nobody’s',
    async (token) => {
      const { provider, issuer } = open()
      expect(provider.claims(token)).toBe(false)
      expect(await outcomeOf(() => provider.identify(token))).toBe(refused)
      expect(issuer.asked).toEqual([])
    },
  )
})

describe('keys that an issuer publishes by mistake', () => {
  test('a symmetric one verifies nothing', async () => {
    const { provider, issuer } = open()
    const secret = Buffer.alloc(32, 1)
    issuer.keys = [{ kty: 'oct', k: secret.toString('base64url'), kid: 'h', alg: 'HS256' }, key.jwk]
    const signed = `${base64url({ alg: 'HS256', kid: 'h' })}.${base64url(goodClaims)}`
    const mac = createHmac('sha256', secret).update(signed).digest('base64url')
    expect(await outcomeOf(() => provider.identify(`${signed}.${mac}`))).toBe(refused)
    expect(await outcomeOf(async () => provider.identify(await sign()))).toBe('none')
  })

  test('one for encryption verifies nothing', async () => {
    const { provider, issuer } = open()
    issuer.keys = [{ ...key.jwk, use: 'enc' }]
    expect(await outcomeOf(async () => provider.identify(await sign()))).toBe(refused)
  })

  test('several without an id are each tried', async () => {
    const { provider, issuer } = open()
    const { kid: _a, ...first } = (await makeKey('x')).jwk
    const { kid: _b, ...second } = key.jwk
    issuer.keys = [first, second]
    expect(await outcomeOf(async () => provider.identify(await sign({ header: { kid: undefined } })))).toBe(
      'none',
    )
    expect(keysAsked(issuer)).toBe(1)
  })
})
