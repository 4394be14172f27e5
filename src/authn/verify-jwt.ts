/** Verifies a token against the keys of its issuer: signature, issuer, audience, times (RFC 7519, 8725). */

import { errors, type JWTVerifyOptions, jwtVerify } from 'jose'
import { isCatalogError } from '#model/errors.ts'
import type { Claims } from './claims.ts'
import type { Published } from './issuer-keys.ts'
import {
  audienceOf,
  checkHeader,
  checkPurpose,
  checkTimes,
  checkUnbound,
  meetsAudience,
  peek,
} from './jwt-form.ts'
import type { Kept } from './kept.ts'
import { unavailable } from './provider-fetch.ts'
import { type Check, Refused, refusedBy, unauthorized } from './refusal.ts'

export interface JwtRules {
  readonly provider: string
  readonly issuers: readonly string[]
  readonly audiences: readonly string[]
  /** The first of these claims that a token has says whom it is for. Default `aud`. */
  readonly audienceClaims?: readonly string[] | undefined
  /** Asymmetric ones only. */
  readonly algorithms: readonly string[]
  readonly clockSkewSeconds: number
}

export interface JwtDeps {
  readonly keys: Kept<Published>
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** Signatures with a key that only its issuer has. With a shared one, whoever verifies could sign. */
export const asymmetricAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const

const optionsOf = (rules: JwtRules, now: number): JWTVerifyOptions => ({
  issuer: [...rules.issuers],
  algorithms: [...rules.algorithms],
  clockTolerance: rules.clockSkewSeconds,
  currentDate: new Date(now),
  requiredClaims: ['exp', 'iss'],
})

/** Without a key id several keys may fit: each is tried, and there are few. */
const verifyWithAny = async (
  token: string,
  candidates: InstanceType<typeof errors.JWKSMultipleMatchingKeys>,
  options: JWTVerifyOptions,
): Promise<Claims> => {
  for await (const key of candidates) {
    try {
      return (await jwtVerify(token, key, options)).payload
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error
    }
  }
  throw new errors.JWSSignatureVerificationFailed()
}

const verifyOnce = async (
  token: string,
  { keyOf }: Published,
  options: JWTVerifyOptions,
): Promise<Claims> => {
  try {
    return (await jwtVerify(token, keyOf, options)).payload
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) return await verifyWithAny(token, error, options)
    throw error
  }
}

const checks: ReadonlyMap<string, Check> = new Map([
  ['ERR_JWT_EXPIRED', 'time'],
  ['ERR_JWS_SIGNATURE_VERIFICATION_FAILED', 'signature'],
  ['ERR_JWKS_NO_MATCHING_KEY', 'key'],
  ['ERR_JWKS_INVALID', 'key'],
  ['ERR_JOSE_ALG_NOT_ALLOWED', 'algorithm'],
  ['ERR_JOSE_NOT_SUPPORTED', 'header'],
])

const claimChecks: ReadonlyMap<string, Check> = new Map([
  ['iss', 'issuer'],
  ['exp', 'time'],
  ['nbf', 'time'],
  ['iat', 'time'],
])

const checkOf = (error: InstanceType<typeof errors.JOSEError>): Check =>
  error instanceof errors.JWTClaimValidationFailed
    ? (claimChecks.get(error.claim) ?? 'claim')
    : (checks.get(error.code) ?? 'form')

/** What is thrown over a key that is too short or no key at all is neither of `jose` nor ours. */
const asRefusal = (error: unknown): unknown => {
  if (isCatalogError(error)) return error
  if (error instanceof errors.JOSEError)
    return unauthorized(new Refused(checkOf(error), error.message, { cause: error }))
  return unauthorized(new Refused('key', 'the key of the token cannot be used', { cause: error }))
}

/** The keys may have been replaced since they were fetched. */
const mayBeNewKey = (error: unknown, header: Claims): boolean =>
  error instanceof errors.JWKSNoMatchingKey ||
  (error instanceof errors.JWSSignatureVerificationFailed && header['kid'] === undefined)

/**
 * The claims. NotAuthorized (401) for whatever is not right; ServiceUnavailable (503) where its key is not known and
 * the issuer cannot be asked. An unknown key costs one fetch a cool-down, however many ask.
 */
export const verifyJwt = async (token: string, rules: JwtRules, deps: JwtDeps): Promise<Claims> => {
  const header = peek(token)?.header
  if (!header) throw refusedBy('form', 'no JSON Web Token')
  if (!rules.algorithms.includes(String(header['alg']))) throw refusedBy('algorithm', 'refused algorithm')
  const { keys } = deps
  const published = () =>
    keys.get().catch((cause: unknown) => {
      throw unavailable(rules.provider, cause)
    })
  const known = await published()
  checkHeader(header, known.keysUri)
  const options = optionsOf(rules, deps.now())
  const verify = async (): Promise<Claims> => {
    try {
      return await verifyOnce(token, known, options)
    } catch (error) {
      if (!mayBeNewKey(error, header)) throw error
      if (await keys.refresh()) return await verifyOnce(token, await published(), options)
      if (keys.failure() !== undefined) throw unavailable(rules.provider, keys.failure())
      throw error
    }
  }
  const claims = await verify().catch((error: unknown) => {
    throw asRefusal(error)
  })
  if (!meetsAudience(audienceOf(claims, rules.audienceClaims), rules.audiences))
    throw refusedBy('audience', 'the token is for others')
  checkTimes(claims, rules.clockSkewSeconds, deps.now())
  checkPurpose(claims)
  checkUnbound(claims)
  return claims
}
