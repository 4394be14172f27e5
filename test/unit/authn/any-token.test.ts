/** Whatever a token holds: it is taken or refused, and never breaks the one who reads it. */
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { createOidcProvider } from '#authn/oidc.ts'
import { createNobody, tellingRefused } from '#authn/refused-tokens.ts'
import {
  epochMs,
  issuerUri,
  type MadeKey,
  makeClocks,
  makeIssuer,
  makeKey,
  outcomeOf,
  signText,
} from '../../support/made-issuer.ts'

let key: MadeKey
beforeAll(async () => {
  key = await makeKey('k1')
})

const refused = 'NotAuthorizedException'
const good = { iss: issuerUri, sub: 'alice', aud: 'lakegate', exp: epochMs / 1000 + 600 }
const goodHeader = { alg: 'ES256', kid: 'k1' }

const claimNames = [
  ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'oid', 'scope', 'scp', 'groups', 'name', 'email'],
  ...[
    'email_verified',
    'cnf',
    'typ',
    'token_use',
    'events',
    'azp',
    'client_id',
    'uid',
    'cid',
    'upn',
    'idtyp',
  ],
  ...[
    'given_name',
    'family_name',
    'preferred_username',
    'username',
    'realm_access',
    '_claim_names',
    '__proto__',
  ],
]
const headerNames = [
  'alg',
  'kid',
  'typ',
  'crit',
  'b64',
  'jku',
  'jwk',
  'x5u',
  'x5c',
  'cty',
  'zip',
  'enc',
  '__proto__',
]

const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(
    'alice',
    issuerUri,
    'lakegate',
    'true',
    0,
    -0,
    1e21,
    Number.MAX_SAFE_INTEGER,
    epochMs / 1000,
  ),
  fc.string({ unit: 'binary' }),
)
const members = (names: readonly string[]) => fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 4 })

const open = () => {
  const deps = { fetch: makeIssuer([key]).fetch, report: () => {}, ...makeClocks() }
  const rolesClaim = ['groups', 'realm_access.roles']
  const provider = createOidcProvider(
    { id: 'oidc', uri: issuerUri, audiences: ['lakegate'], rolesClaim },
    deps,
  )
  return [provider, createNobody([provider])].map((one) =>
    tellingRefused(one, (told) => JSON.stringify(told)),
  )
}

describe('any token', () => {
  test('of the issuer is somebody’s of it, or refused', async () => {
    const providers = open()
    await fc.assert(
      fc.asyncProperty(members(claimNames), members(headerNames), async (claims, header) => {
        const payload = JSON.stringify({ ...good, ...claims })
        const token = signText(key, JSON.stringify({ ...goodHeader, ...header }), payload)
        const owner = providers.find((provider) => provider.claims(token))
        const outcome = await outcomeOf(async () => {
          const identity = await owner?.identify(token)
          expect(identity?.id.startsWith('oidc~')).toBe(true)
          expect(identity?.groups.every((group) => group.startsWith('oidc~'))).toBe(true)
          expect(Number.isFinite(identity?.expiresAt)).toBe(true)
        })
        expect(['none', refused]).toContain(outcome)
      }),
      { numRuns: 500 },
    )
  })

  test('that is any text is refused', async () => {
    const providers = open()
    const part = fc.oneof(fc.base64String(), fc.string(), fc.constantFrom('', 'e30', 'W10', 'bnVsbA'))
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(part, { maxLength: 6 }).map((parts) => parts.join('.')),
    )
    await fc.assert(
      fc.asyncProperty(text, async (token) => {
        const owner = providers.find((provider) => provider.claims(token))
        expect(await outcomeOf(() => owner?.identify(token))).toBe(refused)
      }),
      { numRuns: 500 },
    )
  })
})

describe('whatever a provider answers', () => {
  const unavailable = 'ServiceUnavailableException'
  const anyone = () => {
    const issuer = makeIssuer([key])
    issuer.discovery = { introspection_endpoint: `${issuerUri}/introspect` }
    const introspection = { clientId: 'us', clientSecret: async () => 's' }
    const deps = { fetch: issuer.fetch, report: () => {}, ...makeClocks() }
    const settings = { id: 'oidc', uri: issuerUri, audiences: ['lakegate'], introspection }
    return { issuer, provider: createOidcProvider(settings, deps) }
  }

  test('about an opaque token, its bearer is somebody of it, is refused, or is told to come again', async () => {
    const answers = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      members([...claimNames, 'active', 'token_type']).map((over) => ({ ...good, active: true, ...over })),
    )
    await fc.assert(
      fc.asyncProperty(answers, async (body) => {
        const { issuer, provider } = anyone()
        issuer.answer = () => ({ status: 200, body })
        expect(['none', refused, unavailable]).toContain(await outcomeOf(() => provider.identify('opaque')))
      }),
      { numRuns: 300 },
    )
  })

  test('as its keys or its document, nobody comes in by a key that is not ours', async () => {
    const stranger = await makeKey('k1')
    const token = signText(stranger, JSON.stringify(goodHeader), JSON.stringify(good))
    const keyNames = [
      'kty',
      'crv',
      'x',
      'y',
      'd',
      'k',
      'n',
      'e',
      'alg',
      'use',
      'kid',
      'key_ops',
      'ext',
      'issuer',
    ]
    const keys = fc.array(
      fc.oneof(
        value,
        members(keyNames).map((over) => ({ ...key.jwk, ...over })),
      ),
    )
    const documents = members(['issuer', 'jwks_uri', 'introspection_endpoint', 'keys'])
    await fc.assert(
      fc.asyncProperty(keys, documents, async (published, discovery) => {
        const { issuer, provider } = anyone()
        issuer.keys = published as never
        issuer.discovery = discovery
        expect([refused, unavailable]).toContain(await outcomeOf(() => provider.identify(token)))
      }),
      { numRuns: 300 },
    )
  })
})
