/** The token endpoint over keys, clients and people in memory. */
import { generateKeyPairSync } from 'node:crypto'
import type { Identity, Provider } from '#authn/identity.ts'
import { createOwnKeys } from '#authn/own-keys.ts'
import { createOwnTokens } from '#authn/own-tokens.ts'
import { unauthorized } from '#authn/refusal.ts'
import { createFailureLimit } from '#gateway/failure-limit.ts'
import type { TokenDeps } from '#gateway/operations/tokens/get-token.ts'
import { createTokenOperations } from '#gateway/operations/tokens/tokens.ts'
import { tokenEndpoints, wellKnownEndpoints } from '#http/iceberg/token-endpoints.ts'
import type { Face } from '#http/router.ts'
import { CatalogError } from '#model/errors.ts'

export const client = { id: 'lakegate~etl', secret: 'lgs_secret' }
export const issuer = 'urn:lakegate:test'

const account: Identity = {
  ...{ kind: 'service-account', id: client.id, userType: 'application', name: 'etl' },
  ...{ groups: [], expiresAt: null, keyId: 'key-1' },
}

/** Whoever's token is `alice:<anything>`; `away:` stands for a provider that does not answer. */
const createProvider = (now: () => number): Provider => ({
  id: 'oidc',
  claims: (token) => /^(alice|away|bad):/.test(token),
  identify: async (token) => {
    if (token.startsWith('away')) throw new CatalogError('ServiceUnavailableException', 'away')
    if (token.startsWith('bad')) throw unauthorized('bad')
    const expiresAt = now() + 300_000
    return { kind: 'user', id: 'oidc~alice', userType: 'human', groups: ['oidc~eng'], expiresAt }
  },
})

export const createMemoryTokens = (options: Partial<TokenDeps> = {}) => {
  const clock = { now: Date.UTC(2026, 0, 1) }
  const now = () => clock.now
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const key = { id: 'one', privateKey, publicJwk: publicKey.export({ format: 'jwk' }) }
  const keys = createOwnKeys({
    load: async () => [{ ...key, activeFrom: 0, activeUntil: Number.MAX_SAFE_INTEGER }],
    ...{ now, elapsed: now, onFailure: () => {} },
  })
  const tokens = createOwnTokens({ keys, issuer, now })
  const unwelcome = new Set<string>()
  const spent = new Map<string, number>()
  const operations = createTokenOperations({
    ...{ keys, tokens, now, providers: [createProvider(now)], lifetimeSeconds: 3600, sessionSeconds: 7200 },
    exchangeOnce: false,
    clients: {
      verify: (id, secret) => (id === client.id && secret === client.secret ? account : undefined),
    },
    people: {
      admit: ({ kind, id, keyId = '' }) => {
        if (unwelcome.has(id) || unwelcome.has(keyId)) throw unauthorized('deactivated')
        return { kind, id }
      },
    },
    failures: createFailureLimit({ most: 5, windowMs: 60_000, elapsed: now }),
    spend: async ({ digest, graceSeconds }) => {
      const name = Buffer.from(digest).toString('hex')
      const first = spent.get(name)
      spent.set(name, first ?? clock.now)
      return first === undefined || (graceSeconds > 0 && clock.now <= first + graceSeconds * 1000)
    },
    ...options,
  })
  const faces: readonly Face[] = [
    { base: '/catalog', endpoints: [...tokenEndpoints(operations), ...wellKnownEndpoints(operations)] },
    { base: '', endpoints: wellKnownEndpoints(operations) },
  ]
  return { clock, tokens, unwelcome, faces }
}
