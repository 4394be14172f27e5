/** Who vouches for those who ask: the providers of the configuration, each with its own guarded way out. */

import { type Authenticator, createAnonymousAuthenticator } from '#authn/authenticator.ts'
import type { People, Provider } from '#authn/identity.ts'
import type { IdentityMemory } from '#authn/identity-memory.ts'
import { createKubernetesProvider } from '#authn/kubernetes.ts'
import { createOidcProvider } from '#authn/oidc.ts'
import { createProviderAuthenticator } from '#authn/provider-authenticator.ts'
import type { ProviderFetch } from '#authn/provider-fetch.ts'
import { createNobody, limited, type RefusedToken, tellingRefused } from '#authn/refused-tokens.ts'
import type { Strangers } from '#authn/strangers.ts'
import { createEgressPolicy } from '#catalog/egress-policy.ts'
import { defaultKubernetesId, defaultOidcId, podCa, podToken } from './auth-check.ts'
import type { KubernetesKeys, OidcKeys } from './auth-schema.ts'
import { isDevelopment, type ServerConfig } from './config.ts'
import type { Log } from './log.ts'
import { oidcSettings, present } from './oidc-settings.ts'
import type { SecretResolver } from './secrets.ts'

interface AuthenticationDeps {
  readonly server: Pick<ServerConfig, 'token' | 'auth' | 'egressAllow'>
  readonly secret: SecretResolver
  readonly warn: Log
}

const podApi = 'https://kubernetes.default.svc'

/**
 * An address of the configuration may lie anywhere, as the operator's own identity provider mostly does; one that the
 * provider names has to be public or allowed. What clouds tell any process is out of reach for both.
 */
const policyOf = (allow: readonly string[]) => ({
  allows: createEgressPolicy({ allow: ['0.0.0.0/0', '::/0'], loopback: true }).allows,
  allowsForeign: createEgressPolicy({ allow, loopback: false }).allows,
})

/** Opened at the first request: a gateway whose providers nobody uses does not pay for them. */
const openFetch = (
  { server, secret }: AuthenticationDeps,
  ca: string | undefined,
  parts: AsyncDisposableStack,
): ProviderFetch => {
  const open = async () => {
    const { openGuardedFetch } = await import('#catalog/egress.ts')
    const certificates = ca === undefined ? {} : { ca: await secret(ca) }
    return openGuardedFetch({ policy: policyOf(server.egressAllow), connections: 16, ...certificates })
  }
  let opened: ReturnType<typeof open> | undefined
  parts.defer(async () => (await opened)?.[Symbol.asyncDispose]())
  return async (request) => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return (await opened).fetch(request)
  }
}

/** Whoever sends bad tokens must not fill the log. */
const logRules = { most: 60, windowMs: 60_000, elapsed: () => performance.now() }

const toolsOf = (deps: AuthenticationDeps, provider: string, fetch: ProviderFetch) => ({
  fetch,
  now: Date.now,
  elapsed: () => performance.now(),
  report: (error: unknown) => deps.warn('identity-provider.not-reached', { provider, error }),
  rolesMissing: limited((leftOut) => deps.warn('token.roles-missing', { provider, leftOut }), logRules),
})

const openOidc = (deps: AuthenticationDeps, keys: OidcKeys, fetch: ProviderFetch): Provider => {
  const { id = defaultOidcId } = keys
  const provider = createOidcProvider(oidcSettings(keys, deps.secret), toolsOf(deps, id, fetch))
  // Ahead of the first token; an issuer that is down does not keep the gateway from starting.
  void provider.prepare()
  return provider
}

const openKubernetes = (deps: AuthenticationDeps, keys: KubernetesKeys, fetch: ProviderFetch): Provider => {
  const { id = defaultKubernetesId, uri = podApi, token = podToken } = keys
  return createKubernetesProvider(
    {
      ...{ id, uri, audiences: keys.audience, token: () => deps.secret(token) },
      ...present('method', keys.method),
      ...present('subject', keys.subject),
      ...present('issuers', keys.issuers),
      ...present('acceptLegacy', keys['accept-legacy']),
      ...present('clockSkewSeconds', keys['clock-skew-seconds']),
    },
    toolsOf(deps, id, fetch),
  )
}

/** In the order in which they are asked whether a token is theirs. */
const openProviders = (deps: AuthenticationDeps, parts: AsyncDisposableStack): readonly Provider[] => {
  const { oidc = [], kubernetes = [] } = deps.server.auth
  return [
    ...oidc.map((keys) => openOidc(deps, keys, openFetch(deps, keys.ca, parts))),
    ...kubernetes.map((keys) => {
      const ca = keys.ca ?? (keys.uri === undefined ? podCa : undefined)
      return openKubernetes(deps, keys, openFetch(deps, ca, parts))
    }),
  ]
}

export interface AuthenticationInput extends AuthenticationDeps {
  /** The static token, or the one that this process made for itself. */
  readonly token: string | undefined
  /** Of the gateway itself: asked before those of the configuration. */
  readonly own: readonly Provider[]
  readonly people: People
  readonly strangers: Strangers
  /** Counts a token that was refused. */
  readonly countRefused: (provider: string, check: string) => void
}

export interface Authentication extends Authenticator, IdentityMemory {
  /** Those who are asked, in this order. */
  readonly providers: readonly Provider[]
}

/** Development mode asks nobody who they are; else the static token, the gateway's own keys and the providers count. */
export const openAuthentication = (
  input: AuthenticationInput,
  parts: AsyncDisposableStack,
): Authentication => {
  const { server, token, own, people, strangers } = input
  if (isDevelopment(server))
    return { ...createAnonymousAuthenticator(), providers: own, drop: () => {}, clear: () => {} }
  const named = [...own, ...openProviders(input, parts)]
  const write = limited(
    (leftOut, refused: RefusedToken) => input.warn('token.refused', { ...refused, leftOut }),
    logRules,
  )
  const providers = [...named, createNobody(named)].map((provider) =>
    tellingRefused(provider, (refused) => {
      input.countRefused(refused.provider, refused.check)
      write(refused)
    }),
  )
  const authenticator = createProviderAuthenticator({
    ...{ providers, people, strangers, token },
    now: Date.now,
    elapsed: () => performance.now(),
  })
  return { ...authenticator, providers }
}
