/** What a JSON Web Token says of itself before anything of it is believed (RFC 7515, 7519). */
import { type Claims, firstOf } from './claims.ts'
import { readObject } from './provider-fetch.ts'
import { refusedBy } from './refusal.ts'

export interface Unverified {
  readonly header: Claims
  readonly payload: Claims
}

const compactForm = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*$/

const decoded = (part: string): Claims => readObject(Buffer.from(part, 'base64url'))

/** Undefined for anything but a signed (or, as an attack, unsigned) token in compact form. */
export const peek = (token: string): Unverified | undefined => {
  const [, header = '', payload = ''] = compactForm.exec(token) ?? []
  if (header === '') return undefined
  try {
    return { header: decoded(header), payload: decoded(payload) }
  } catch {
    return undefined
  }
}

/** `aud` is one text or a list (RFC 7519, 4.1.3). */
const audiencesOf = (aud: unknown): readonly unknown[] => (Array.isArray(aud) ? aud : [aud])

/** Written out by whoever wants tokens for any audience. */
export const anyAudience = '*'

/** Whom a token is for: the first of these claims that it has. Default `aud`. */
export const audienceOf = (claims: Claims, names: readonly string[] = ['aud']): unknown =>
  firstOf(claims, names).value

export const meetsAudience = (aud: unknown, wanted: readonly string[]): boolean =>
  wanted.includes(anyAudience) || audiencesOf(aud).some((one) => wanted.some((name) => name === one))

/** The types of an access token; an explicit type of another purpose is refused (RFC 8725, 3.11). */
const accessTypes: ReadonlySet<unknown> = new Set([
  undefined,
  'jwt',
  // JWT-SVID, 2.3
  'jose',
  'at+jwt',
  'application/at+jwt',
])

const foreignKeys = ['jwk', 'x5u', 'x5c']

/** Refuses (401) tokens that bring a key of their own, or name where theirs is to be fetched. */
export const checkHeader = (header: Claims, keysUri: string | undefined): void => {
  const brought = foreignKeys.find((name) => header[name] !== undefined)
  if (brought !== undefined) throw refusedBy('header', `the token brings ${brought}`)
  if (header['jku'] !== undefined && header['jku'] !== keysUri)
    throw refusedBy('header', 'the token names keys that are not its issuer’s')
  const type = header['typ']
  if (!accessTypes.has(typeof type === 'string' ? type.toLowerCase() : type))
    throw refusedBy('purpose', 'the token is of another type')
}

/** How Keycloak names what is no access token. */
const otherPurpose = /^(id|refresh|offline|logout)$/i

/** How Amazon Cognito and Ory Hydra name an access token. */
const accessUse = /^access(_token)?$/

/**
 * Refuses (401) what its issuer has signed for another purpose and says so in its claims: ID and refresh tokens by
 * `typ` or `token_use`, logout tokens and other security events by `events` (RFC 8417).
 */
export const checkPurpose = ({ typ, token_use: use, events }: Claims): void => {
  const isOther = otherPurpose.test(String(typ)) || (use !== undefined && !accessUse.test(String(use)))
  if (isOther || events !== undefined) throw refusedBy('purpose', 'it is no access token')
}

/** The last second of the year 9999. What ends later is counted in milliseconds by mistake, or never ends. */
const lastSecond = 253_402_300_799

/** Refuses (401) what ends at no date, or is issued later than now. */
export const checkTimes = ({ exp, iat }: Claims, skewSeconds: number, now: number): void => {
  if (typeof exp === 'number' && !(Math.abs(exp) <= lastSecond)) throw refusedBy('time', 'it ends at no date')
  if (typeof iat === 'number' && iat - skewSeconds > now / 1000)
    throw refusedBy('time', 'issued in the future')
}

/** Refuses (401) what is bound to a key that its bearer would have to prove (RFC 7800): here nobody does. */
export const checkUnbound = (claims: Claims): void => {
  if (claims['cnf'] !== undefined) throw refusedBy('binding', 'the token is bound to a key')
}
