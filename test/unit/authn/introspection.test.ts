import { describe, expect, test } from 'vitest'
import type { IntrospectionRules } from '#authn/introspection.ts'
import { createOidcProvider } from '#authn/oidc.ts'
import {
  epochMs,
  issuerUri,
  makeClocks,
  makeIssuer,
  makeKey,
  outcomeOf,
  signToken,
} from '../../support/made-issuer.ts'

const refused = 'NotAuthorizedException'
const unavailable = 'ServiceUnavailableException'
const seconds = epochMs / 1000
const endpoint = `${issuerUri}/introspect`
const active = { active: true, sub: 'alice', aud: 'lakegate', exp: seconds + 600, token_type: 'Bearer' }
const key = await makeKey('k1')

const open = (answer: unknown = active, rules: Partial<IntrospectionRules> = {}) => {
  const issuer = makeIssuer([key])
  issuer.discovery = { introspection_endpoint: endpoint }
  issuer.answer = () => ({ status: 200, body: answer })
  const clocks = makeClocks()
  const introspection = { clientId: 'gate way', clientSecret: async () => 's:e+c', ...rules }
  const provider = createOidcProvider(
    { id: 'oidc', uri: issuerUri, audiences: ['lakegate'], rolesClaim: 'groups', introspection },
    { fetch: issuer.fetch, report: () => {}, now: clocks.now, elapsed: clocks.elapsed },
  )
  const questions = () => issuer.asked.filter(({ url }) => url === endpoint)
  return { issuer, clocks, provider, questions }
}

describe('an opaque token', () => {
  test('is the business of a provider that can be asked', () => {
    expect(open().provider.claims('opaque')).toBe(true)
  })

  test('is asked about with our own credentials, as a form', async () => {
    const { provider, questions } = open()
    await provider.identify('opaque/+token')
    const [asked] = questions()
    expect(asked?.method).toBe('POST')
    expect(Object.fromEntries(new URLSearchParams(asked?.body))).toEqual({
      token: 'opaque/+token',
      token_type_hint: 'access_token',
    })
    const basic = Buffer.from(asked?.headers['authorization']?.slice(6) ?? '', 'base64').toString()
    expect(basic).toBe('gate+way:s%3Ae%2Bc')
  })

  test('is asked about with credentials in the form where the issuer wants that', async () => {
    const { provider, questions } = open(active, { method: 'post' })
    await provider.identify('opaque')
    const [asked] = questions()
    expect(asked?.headers['authorization']).toBeUndefined()
    expect(Object.fromEntries(new URLSearchParams(asked?.body))).toMatchObject({
      client_id: 'gate way',
      client_secret: 's:e+c',
    })
  })

  test('is worth what the answer says, and is believed for half a minute', async () => {
    const identity = await open({ ...active, groups: ['a'] }).provider.identify('opaque')
    expect(identity).toMatchObject({
      id: 'oidc~alice',
      groups: ['oidc~a'],
      expiresAt: (seconds + 630) * 1000,
      believedForMs: 30_000,
    })
  })

  test.each([
    ['not active', { active: false }],
    ['active in words only', { ...active, active: 'true' }],
    ['over', { ...active, exp: seconds - 31 }],
    ['over at no time that can be read', { ...active, exp: 'soon' }],
    ['not yet begun', { ...active, nbf: seconds + 31 }],
    ['for others', { ...active, aud: 'payroll' }],
    ['for nobody that is named', { ...active, aud: undefined }],
    ['of another issuer', { ...active, iss: 'https://evil.example' }],
    ['a refresh token', { ...active, token_type: 'refresh_token' }],
    ['a refresh token (Hydra)', { ...active, token_use: 'refresh_token' }],
    ['bound to a key', { ...active, cnf: { jkt: 'x' } }],
    ['to be proved (DPoP)', { ...active, token_type: 'DPoP' }],
    ['of nobody', { ...active, sub: undefined }],
    ['of nobody but a user name', { ...active, sub: undefined, username: 'alice' }],
    ['of a number', { ...active, sub: 7 }],
    ['an ID token (Keycloak)', { ...active, typ: 'ID' }],
    ['of an issuer in a list', { ...active, iss: [issuerUri] }],
    ['over at infinity', { ...active, exp: 1e300 }],
    ['of the future', { ...active, iat: seconds + 31 }],
  ])('is refused when it is %s', async (_, answer) => {
    expect(await outcomeOf(() => open(answer).provider.identify('opaque'))).toBe(refused)
  })

  test('without an audience is taken where that is written down', async () => {
    const { provider } = open({ ...active, aud: undefined }, { requireAudience: false })
    expect(await outcomeOf(() => provider.identify('opaque'))).toBe('none')
    const other = open({ ...active, aud: 'payroll' }, { requireAudience: false })
    expect(await outcomeOf(() => other.provider.identify('opaque'))).toBe(refused)
  })
})

describe('an issuer that is asked', () => {
  test.each([
    ['fails', 500, {}],
    ['does not know us', 401, {}],
    ['answers no object', 200, ['active']],
  ])('and %s leaves the question open: 503', async (_, status, body) => {
    const { issuer, provider } = open()
    issuer.answer = () => ({ status, body })
    expect(await outcomeOf(() => provider.identify('opaque'))).toBe(unavailable)
  })

  test('is not asked again at once about what it has refused', async () => {
    const { provider, questions, clocks } = open({ active: false })
    for (let i = 0; i < 5; i++) await outcomeOf(() => provider.identify('made-up'))
    expect(questions()).toHaveLength(1)
    clocks.pass(5_000)
    await outcomeOf(() => provider.identify('made-up'))
    expect(questions()).toHaveLength(2)
  })

  test('is not flooded with tokens that somebody makes up', async () => {
    const { provider, questions } = open({ active: false })
    const outcomes = await Promise.all(
      Array.from({ length: 500 }, (_, i) => outcomeOf(() => provider.identify(`made-up-${i}`))),
    )
    expect(questions()).toHaveLength(32)
    expect(new Set(outcomes)).toEqual(new Set([refused, unavailable]))
  })
})

describe('an issuer that is asked about every token', () => {
  const every = { tokens: 'every' } as const

  test('says what one is worth that could be read here as well', async () => {
    const { provider, questions } = open({ ...active, groups: ['a'] }, every)
    const lightweight = await signToken({ key, claims: { aud: undefined, sub: undefined } })
    expect(provider.claims(lightweight)).toBe(true)
    const identity = await provider.identify(lightweight)
    expect(identity).toMatchObject({ id: 'oidc~alice', groups: ['oidc~a'], believedForMs: 30_000 })
    expect(questions()).toHaveLength(1)
  })

  test('ends one that is revoked, whatever it says itself', async () => {
    const { provider } = open({ active: false }, every)
    expect(await outcomeOf(async () => provider.identify(await signToken({ key })))).toBe(refused)
  })

  test('is not passed what it has not signed, or what is over', async () => {
    const { provider, questions } = open(active, every)
    const stranger = await makeKey('k1')
    expect(await outcomeOf(async () => provider.identify(await signToken({ key: stranger })))).toBe(refused)
    const over = await signToken({ key, claims: { exp: seconds - 31 } })
    expect(await outcomeOf(() => provider.identify(over))).toBe(refused)
    expect(questions()).toHaveLength(0)
  })

  test('is not passed what is for others, nor what is of another issuer', async () => {
    const { provider } = open(active, every)
    expect(provider.claims(await signToken({ key, claims: { aud: 'payroll' } }))).toBe(false)
    expect(provider.claims(await signToken({ key, claims: { iss: 'https://other.example' } }))).toBe(false)
  })

  test('is the last word on whom a token is for', async () => {
    const { provider } = open({ ...active, aud: 'payroll' }, every)
    const lightweight = await signToken({ key, claims: { aud: undefined } })
    expect(await outcomeOf(() => provider.identify(lightweight))).toBe(refused)
  })
})
