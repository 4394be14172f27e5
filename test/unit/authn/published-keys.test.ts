/** What issuers publish, by mistake, by malice, or for several of them together, and which of it is believed. */
import { createSign, generateKeyPairSync } from 'node:crypto'
import { exportJWK, type JWK } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { createOidcProvider, type OidcSettings } from '#authn/oidc.ts'
import {
  epochMs,
  issuerUri,
  type MadeKey,
  makeClocks,
  makeIssuer,
  makeKey,
  outcomeOf,
  signToken,
} from '../../support/made-issuer.ts'

const refused = 'NotAuthorizedException'
const unavailable = 'ServiceUnavailableException'
const seconds = epochMs / 1000
let key: MadeKey
beforeAll(async () => {
  key = await makeKey('k1')
})

const open = (settings: Partial<OidcSettings> = {}) => {
  const issuer = makeIssuer([key])
  const clocks = makeClocks()
  const reported: unknown[] = []
  const provider = createOidcProvider(
    { id: 'oidc', uri: issuerUri, audiences: ['lakegate'], ...settings },
    { fetch: issuer.fetch, report: (error) => reported.push(error), ...clocks },
  )
  const attempt = async (claims: Readonly<Record<string, unknown>> = {}) =>
    outcomeOf(async () => provider.identify(await signToken({ key, claims })))
  return { issuer, provider, attempt, reported }
}

describe('a key', () => {
  test('that is published with its secret part signs for nobody any more, and somebody is told', async () => {
    const { attempt, issuer, reported } = open()
    issuer.keys = [{ ...(await exportJWK(key.privateKey)), kid: 'k1', alg: 'ES256' }]
    expect(await attempt()).toBe(refused)
    expect(String(reported)).toContain('should be secret')
  })

  test('that is symmetric is told of, and takes nothing from the others', async () => {
    const { attempt, issuer, reported } = open()
    issuer.keys = [{ kty: 'oct', k: 'AAAA', kid: 'h' }, key.jwk]
    expect(await attempt()).toBe('none')
    expect(reported).toHaveLength(1)
  })

  test('of RSA below 2048 bits is refused, and is no error of ours', async () => {
    const { provider, issuer } = open()
    const pair = generateKeyPairSync('rsa', { modulusLength: 1024 })
    issuer.keys = [{ ...(await exportJWK(pair.publicKey)), kid: 's', alg: 'RS256' }]
    const claims = { iss: issuerUri, sub: 'alice', aud: 'lakegate', exp: seconds + 600 }
    const signed = [{ alg: 'RS256', kid: 's' }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    const signature = createSign('sha256').update(signed).sign(pair.privateKey).toString('base64url')
    expect(await outcomeOf(() => provider.identify(`${signed}.${signature}`))).toBe(refused)
  })

  const broken: readonly (readonly [string, unknown])[] = [
    ['without a point', { kty: 'EC', crv: 'P-256', kid: 'k1' }],
    ['with a point that is on no curve', { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'k1' }],
    ['on a curve that is a number', { kty: 'EC', crv: 7, x: 'AA', y: 'AA', kid: 'k1' }],
    ['of a type that is a number', { kty: 7, kid: 'k1' }],
    ['of a type that nobody knows', { kty: 'PQC', kid: 'k1' }],
    ['of no type', { kid: 'k1' }],
    ['that is a number', 7],
    ['that is null', null],
    ['that is a list', []],
    ['for other operations', { kty: 'EC', crv: 'P-256', kid: 'k1', key_ops: ['encrypt'] }],
  ]
  test.each(broken)('%s verifies nothing, and leaves the others alone', async (_, bad) => {
    const { attempt, issuer } = open()
    issuer.keys = [bad as JWK]
    expect(await attempt()).toBe(refused)
    const both = open()
    const other = typeof bad === 'object' && bad !== null && 'kid' in bad ? { ...bad, kid: 'other' } : bad
    both.issuer.keys = [other as JWK, key.jwk]
    expect(await both.attempt()).toBe('none')
  })
})

describe('several tenants of Entra ID', () => {
  const [ours, theirs] = ['5d9b1e5e-0000-4000-8000-000000000001', '9188040d-6c67-4c5b-b112-36a304b66dad']
  const issuerOf = (tenant: string | undefined) => `https://login.microsoftonline.com/${tenant}/v2.0`
  const template = issuerOf('{tenantid}')
  const settings = { additionalIssuers: [issuerOf(ours), `https://sts.windows.net/${ours}/`] }

  test.each([
    ['for all', template],
    ['of ours', issuerOf(ours)],
    ['of nobody', undefined],
  ])('sign with a key %s', async (_, issuer) => {
    const opened = open(settings)
    opened.issuer.keys = [{ ...key.jwk, ...(issuer === undefined ? {} : { issuer }) }]
    expect(await opened.attempt({ iss: issuerOf(ours) })).toBe('none')
    expect(await opened.attempt({ iss: `https://sts.windows.net/${ours}/` })).toBe('none')
    expect(await opened.attempt({ iss: issuerOf(theirs) })).toBe(refused)
    expect(await opened.attempt({ iss: template })).toBe(refused)
  })

  test('do not sign for ours with a key of their own, although it is published beside', async () => {
    const opened = open(settings)
    opened.issuer.keys = [{ ...key.jwk, issuer: issuerOf(theirs) } as JWK]
    expect(await opened.attempt({ iss: issuerOf(ours) })).toBe(refused)
  })

  test('have one document, which names them by a template', async () => {
    const opened = open(settings)
    opened.issuer.discovery = { issuer: template }
    expect(await opened.attempt({ iss: issuerOf(ours) })).toBe('none')
  })

  test.each([
    'https://evil.example/{tenantid}/v2.0',
    '{tenantid}',
    'https://login.microsoftonline.com/{tenantid}',
    'https://login.microsoftonline.com/{tenantid}{tenantid}/v2.0',
    '{tenantid}/v2.0',
  ])('are not what %s stands for', async (issuer) => {
    const opened = open(settings)
    opened.issuer.discovery = { issuer }
    expect(await opened.attempt({ iss: issuerOf(ours) })).toBe(unavailable)
  })
})

describe('a discovery document over TLS', () => {
  test('that names keys in the clear is refused: they could be anybody’s', async () => {
    const { attempt, issuer } = open()
    issuer.discovery = { jwks_uri: issuerUri.replace('https', 'http') }
    expect(await attempt()).toBe(unavailable)
    expect(issuer.asked.every(({ url }) => url.startsWith('https:'))).toBe(true)
  })

  test('that names a place to ask at in the clear never gets our secret there', async () => {
    const { issuer, provider } = open({ introspection: { clientId: 'us', clientSecret: async () => 's' } })
    issuer.discovery = { introspection_endpoint: `${issuerUri.replace('https', 'http')}/introspect` }
    expect(await outcomeOf(() => provider.identify('opaque'))).toBe(unavailable)
    expect(issuer.asked.every(({ method }) => method === 'GET')).toBe(true)
  })

  test.each([
    'https://id.example/realms/lake?x',
    'https://id.example/realms',
    'https://ID.example/realms/lake',
    ' https://id.example/realms/lake',
    'https://id.example./realms/lake',
  ])('of %s is not ours', async (issuer) => {
    const opened = open()
    opened.issuer.discovery = { issuer }
    expect(await opened.attempt()).toBe(unavailable)
  })

  test('with and without a slash at its end is ours, and so are its tokens', async () => {
    for (const issuer of [issuerUri, `${issuerUri}/`])
      for (const uri of [issuerUri, `${issuerUri}/`]) {
        const opened = open({ uri })
        opened.issuer.discovery = { issuer }
        expect(await opened.attempt({ iss: issuer })).toBe('none')
      }
  })
})

test('two issuers that share a key are still two', async () => {
  const first = open()
  const second = open({ id: 'partners', uri: 'https://partners.example', keysUri: `${issuerUri}/jwks` })
  const token = await signToken({ key, claims: { iss: 'https://partners.example' } })
  expect(first.provider.claims(token)).toBe(false)
  expect(await outcomeOf(() => first.provider.identify(token))).toBe(refused)
  expect(await second.provider.identify(token)).toMatchObject({ id: 'partners~alice' })
})
