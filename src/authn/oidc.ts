/** One OpenID Connect issuer: its tokens are verified here, the opaque ones by asking it. */
import { type ClaimRules, type Claims, checkRequired, identityOf, lacksRoles, namesOf } from './claims.ts'
import type { Identity, Provider } from './identity.ts'
import { createIntrospection, type IntrospectionRules } from './introspection.ts'
import { createIssuerKeys, type IssuerDeps, issuersOf } from './issuer-keys.ts'
import { anyAudience, audienceOf, meetsAudience, peek } from './jwt-form.ts'
import { refusedBy } from './refusal.ts'
import { asymmetricAlgorithms, type JwtRules, verifyJwt } from './verify-jwt.ts'

export interface OidcSettings {
  readonly id: string
  /** The issuer, below which its discovery document lies. */
  readonly uri: string
  readonly audiences: readonly string[]
  /** The first of these that a token has says whom it is for. Default `aud`. */
  readonly audienceClaims?: readonly string[]
  readonly additionalIssuers?: readonly string[]
  readonly keysUri?: string
  /** Credential for discovery and keys, where the issuer does not publish to everybody. */
  readonly bearer?: () => Promise<string>
  readonly algorithms?: readonly string[]
  readonly clockSkewSeconds?: number
  /** A word that the token's scope has to hold. */
  readonly scope?: string
  /** By path: values of which the claim there has to hold one. */
  readonly requiredClaims?: Readonly<Record<string, readonly string[]>>
  readonly subjectClaims?: readonly string[]
  readonly rolesClaim?: string | readonly string[]
  readonly nameTemplate?: string
  readonly introspection?: IntrospectionRules
}

export interface OidcDeps extends IssuerDeps {
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Told of each bearer whose roles are not all in the token. */
  readonly rolesMissing?: () => void
}

export interface OidcProvider extends Provider {
  /** Fetches the keys ahead of the first token. Never rejects. */
  prepare(): Promise<void>
}

const defaultClockSkewSeconds = 30

/** How long a verified token is believed: its key may have been withdrawn since. */
const believedForMs = 5 * 60_000

const scopesOf = (claims: Claims): readonly string[] => [
  ...namesOf(claims['scope']),
  ...namesOf(claims['scp']),
]

export const createOidcProvider = (settings: OidcSettings, deps: OidcDeps): OidcProvider => {
  const { id, uri, audiences, keysUri, bearer, scope } = settings
  const issuers = issuersOf(uri, settings.additionalIssuers ?? [])
  const skew = settings.clockSkewSeconds ?? defaultClockSkewSeconds
  const jwtRules: JwtRules = {
    provider: id,
    issuers,
    audiences,
    audienceClaims: settings.audienceClaims,
    algorithms: settings.algorithms ?? asymmetricAlgorithms,
    clockSkewSeconds: skew,
  }
  const claimRules: ClaimRules = {
    provider: id,
    subjectClaims: settings.subjectClaims ?? ['oid', 'sub'],
    rolesClaim: settings.rolesClaim,
    nameTemplate: settings.nameTemplate,
  }
  const keys = createIssuerKeys({ uri, issuers, keysUri, bearer }, deps)
  const ask = settings.introspection
    ? createIntrospection(settings.introspection, { ...deps, provider: id, uri, keys, jwtRules })
    : undefined
  const asksAlways = settings.introspection?.tokens === 'every'
  const verify = (token: string, rules: JwtRules): Promise<Claims> =>
    verifyJwt(token, rules, { keys, now: deps.now })
  const identity = (claims: Claims, believed: number): Identity => {
    if (scope !== undefined && !scopesOf(claims).includes(scope))
      throw refusedBy('scope', 'the token lacks the scope')
    checkRequired(claims, settings.requiredClaims ?? {})
    if (lacksRoles(claims, claimRules)) deps.rolesMissing?.()
    const expiresAt = typeof claims['exp'] === 'number' ? (claims['exp'] + skew) * 1000 : null
    return { ...identityOf(claims, claimRules), expiresAt, believedForMs: believed }
  }
  return {
    id,
    issuers,
    claims: (token) => {
      const said = peek(token)
      if (!said) return ask !== undefined
      const { iss } = said.payload
      if (typeof iss !== 'string' || !issuers.includes(iss)) return false
      const audience = audienceOf(said.payload, settings.audienceClaims)
      return (audience === undefined && asksAlways) || meetsAudience(audience, audiences)
    },
    identify: async (token) => {
      if (ask && !peek(token)) return identity(await ask.claims(token), ask.believedForMs)
      if (!ask || !asksAlways) return identity(await verify(token, jwtRules), believedForMs)
      // What it is worth is for the issuer to say, also whom it is for; but nothing that is forged is passed on.
      await verify(token, { ...jwtRules, audiences: [anyAudience] })
      return identity(await ask.claims(token), ask.believedForMs)
    },
    prepare: async () => {
      await keys.get().catch(() => undefined)
    },
  }
}
