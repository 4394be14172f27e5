/** Opaque tokens: their issuer is asked what they are worth (RFC 7662). */
import type { Claims } from './claims.ts'
import { isForeign, type Published } from './issuer-keys.ts'
import { anyAudience, audienceOf, checkPurpose, checkTimes, checkUnbound, meetsAudience } from './jwt-form.ts'
import type { Kept } from './kept.ts'
import { fetchObject, type ProviderFetch, unavailable } from './provider-fetch.ts'
import { type Check, refusedBy } from './refusal.ts'
import { createRemoteCheck } from './remote-check.ts'
import type { JwtRules } from './verify-jwt.ts'

export interface IntrospectionRules {
  /** Absent: as the issuer's discovery document says. */
  readonly uri?: string
  readonly clientId: string
  readonly clientSecret: () => Promise<string>
  /** How we prove who we are (RFC 6749, 2.3.1). Default `basic`. */
  readonly method?: 'basic' | 'post'
  /** How long an answer is believed. Default 30. */
  readonly believedSeconds?: number
  /** Whether an answer without `aud` is refused. Default true: it may be meant for another service. */
  readonly requireAudience?: boolean
  /** Which tokens are asked about: only what cannot be read here (default), or every one of the issuer. */
  readonly tokens?: 'opaque' | 'every'
}

export interface IntrospectionDeps {
  readonly provider: string
  /** Of the issuer. */
  readonly uri: string
  readonly fetch: ProviderFetch
  readonly keys: Kept<Published>
  readonly jwtRules: JwtRules
  readonly now: () => number
  readonly elapsed: () => number
}

export interface Introspection {
  readonly believedForMs: number
  /** NotAuthorized where the token is not active, or not meant for us; ServiceUnavailable without an answer. */
  claims(token: string): Promise<Claims>
}

/** Encoded as a form before it is put into Basic (RFC 6749, 2.3.1). */
const formEncoded = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)

const requestOf = async (rules: IntrospectionRules, token: string) => {
  const secret = await rules.clientSecret()
  const form = new URLSearchParams({ token, token_type_hint: 'access_token' })
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  }
  if (rules.method === 'post') {
    form.set('client_id', rules.clientId)
    form.set('client_secret', secret)
  } else {
    const pair = `${formEncoded(rules.clientId)}:${formEncoded(secret)}`
    headers['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`
  }
  return { headers, body: form.toString() }
}

const inTime = (claims: Claims, { clockSkewSeconds }: JwtRules, now: number): boolean => {
  const { exp, nbf } = claims
  const seconds = now / 1000
  if (exp !== undefined && (typeof exp !== 'number' || exp + clockSkewSeconds <= seconds)) return false
  return nbf === undefined || (typeof nbf === 'number' && nbf - clockSkewSeconds <= seconds)
}

/** A refresh token is active too, and is no access token. */
const isAccessToken = ({ token_type: type }: Claims): boolean =>
  type === undefined || /^(bearer|access_token)$/i.test(String(type))

const checkAnswer = (claims: Claims, rules: IntrospectionRules, deps: IntrospectionDeps): void => {
  const { jwtRules } = deps
  const { active, iss } = claims
  const aud = audienceOf(claims, jwtRules.audienceClaims)
  const audienceKnown = aud !== undefined || rules.requireAudience === false
  const wanted = aud === undefined ? [anyAudience] : jwtRules.audiences
  const refusals: readonly (readonly [boolean, Check, string])[] = [
    [active !== true, 'review', 'the token is not active'],
    [!isAccessToken(claims), 'purpose', 'it is no access token'],
    [!inTime(claims, jwtRules, deps.now()), 'time', 'the token is out of its time'],
    [
      iss !== undefined && !jwtRules.issuers.some((name) => name === iss),
      'issuer',
      'the token is of another issuer',
    ],
    [
      !(jwtRules.audiences.includes(anyAudience) || audienceKnown) || !meetsAudience(aud, wanted),
      'audience',
      'it is for others',
    ],
  ]
  const broken = refusals.find(([refused]) => refused)
  if (broken) throw refusedBy(broken[1], broken[2])
  checkTimes(claims, jwtRules.clockSkewSeconds, deps.now())
  checkPurpose(claims)
  checkUnbound(claims)
}

export const createIntrospection = (rules: IntrospectionRules, deps: IntrospectionDeps): Introspection => {
  const check = createRemoteCheck(deps.provider, deps.elapsed)
  const addressOf = async (): Promise<string> => {
    const uri = rules.uri ?? (await deps.keys.get()).introspectionUri
    if (uri === undefined) throw new Error('the issuer names no introspection endpoint')
    return uri
  }
  const ask = async (token: string): Promise<Claims> => {
    const url = await addressOf()
    const foreign = rules.uri === undefined && isForeign(deps, url)
    return fetchObject(deps.fetch, { method: 'POST', url, ...(await requestOf(rules, token)), foreign })
  }
  return {
    believedForMs: (rules.believedSeconds ?? 30) * 1000,
    claims: (token) =>
      check(token, async () => {
        const claims = await ask(token).catch((cause: unknown) => {
          throw unavailable(deps.provider, cause)
        })
        checkAnswer(claims, rules, deps)
        return claims
      }),
  }
}
