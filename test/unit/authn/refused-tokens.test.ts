import { beforeAll, describe, expect, test } from 'vitest'
import { createOidcProvider, type OidcSettings } from '#authn/oidc.ts'
import { createNobody, limited, type RefusedToken, tellingRefused } from '#authn/refused-tokens.ts'
import {
  epochMs,
  issuerUri,
  type MadeKey,
  makeClocks,
  makeIssuer,
  makeKey,
  outcomeOf,
  type Signing,
  signToken,
} from '../../support/made-issuer.ts'

const seconds = epochMs / 1000
let key: MadeKey
let stranger: MadeKey
beforeAll(async () => {
  key = await makeKey('k1')
  stranger = await makeKey('k1')
})

const open = (settings: Partial<OidcSettings> = {}) => {
  const told: RefusedToken[] = []
  const issuer = makeIssuer([key])
  const deps = { fetch: issuer.fetch, report: () => {}, ...makeClocks() }
  const oidc = createOidcProvider({ id: 'oidc', uri: issuerUri, audiences: ['lakegate'], ...settings }, deps)
  const providers = [oidc, createNobody([oidc])].map((one) =>
    tellingRefused(one, (refused) => told.push(refused)),
  )
  const attempt = (token: string) =>
    outcomeOf(() => providers.find((provider) => provider.claims(token))?.identify(token))
  return { issuer, told, attempt }
}

const checkOf = async (over: Partial<Signing>, settings: Partial<OidcSettings> = {}) => {
  const { attempt, told } = open(settings)
  expect(await attempt(await signToken({ key, ...over }))).toBe('NotAuthorizedException')
  expect(told).toHaveLength(1)
  return [told[0]?.provider, told[0]?.check]
}

describe('a refused token', () => {
  const cases: readonly (readonly [string, Partial<Signing>, readonly [string, string]])[] = [
    ['is over', { claims: { exp: seconds - 31 } }, ['oidc', 'time']],
    ['has not begun', { claims: { nbf: seconds + 31 } }, ['oidc', 'time']],
    ['is issued later', { claims: { iat: seconds + 31 } }, ['oidc', 'time']],
    ['never ends', { claims: { exp: undefined } }, ['oidc', 'time']],
    ['is for others', { claims: { aud: 'payroll' } }, ['none', 'audience']],
    ['is of another issuer', { claims: { iss: 'https://other.example' } }, ['none', 'issuer']],
    ['is of nobody', { claims: { sub: undefined } }, ['oidc', 'subject']],
    ['names a key that is not there', { header: { kid: 'other' } }, ['oidc', 'key']],
    ['is signed by no algorithm', { header: { typ: 'x' } }, ['oidc', 'purpose']],
    ['brings a key', { header: { jwk: {} } }, ['oidc', 'header']],
    ['is for another purpose', { claims: { typ: 'ID' } }, ['oidc', 'purpose']],
    ['is bound', { claims: { cnf: {} } }, ['oidc', 'binding']],
  ]
  test.each(cases)('that %s is told of as that', async (_, over, expected) =>
    expect(await checkOf(over)).toEqual(expected),
  )

  test('by a rule of the configuration is told of as that', async () => {
    expect(await checkOf({}, { scope: 'lake' })).toEqual(['oidc', 'scope'])
    expect(await checkOf({}, { requiredClaims: { hd: ['a'] } })).toEqual(['oidc', 'claim'])
    expect(await checkOf({}, { algorithms: ['RS256'] })).toEqual(['oidc', 'algorithm'])
  })

  test('by its signature is told of with its issuer, its key, and a hash of its subject', async () => {
    const { attempt, told } = open()
    const token = await signToken({ key: stranger, claims: { email: 'ann@a.example' } })
    await attempt(token)
    expect(told).toEqual([
      {
        ...{ provider: 'oidc', check: 'signature', why: 'signature verification failed' },
        ...{ issuer: issuerUri, keyId: 'k1', subject: '2bd806c97f0e' },
      },
    ])
    const written = JSON.stringify(told)
    for (const part of [...token.split('.'), 'alice', 'ann@a.example']) expect(written).not.toContain(part)
  })

  test('that nobody can read is told of without it', async () => {
    const { attempt, told } = open()
    expect(await attempt('opaque')).toBe('NotAuthorizedException')
    expect(told).toEqual([{ provider: 'none', check: 'form', why: 'no token that anybody here can read' }])
  })

  test('says no more than some words, however long they are', async () => {
    const { attempt, told } = open()
    await attempt(await signToken({ key, header: { kid: '\ud800'.repeat(2_000) } }))
    expect(told[0]?.keyId).toHaveLength(200)
    expect(told[0]?.keyId?.isWellFormed()).toBe(true)
  })

  test('is none where its issuer could not be asked: that is no refusal', async () => {
    const { attempt, told, issuer } = open()
    issuer.down = true
    expect(await attempt(await signToken({ key }))).toBe('ServiceUnavailableException')
    expect(told).toEqual([])
  })
})

test('what is limited is written so often a window, and what was left out is told by the next one', () => {
  const clocks = makeClocks()
  const written: unknown[] = []
  const write = limited((leftOut, word: string) => written.push([word, leftOut]), {
    ...{ most: 2, windowMs: 1_000 },
    elapsed: clocks.elapsed,
  })
  for (const word of ['a', 'b', 'c', 'd']) write(word)
  clocks.pass(1_000)
  write('e')
  write('f')
  expect(written).toEqual([
    ['a', 0],
    ['b', 0],
    ['e', 2],
    ['f', 0],
  ])
})
