/** Tokens that we give ourselves: signed with keys of ours, told from all others by their issuer, verified without a network. */
import { randomUUID, sign, verify } from 'node:crypto'
import { CatalogError } from '#model/errors.ts'
import type { Identity, Provider } from './identity.ts'
import { peek } from './jwt-form.ts'
import { type OwnKey, type OwnKeys, ownAlgorithm, ownType } from './own-keys.ts'
import { ownProvider } from './people.ts'
import { refusedBy } from './refusal.ts'

export interface IssueRequest {
  readonly identity: Omit<Identity, 'expiresAt'>
  readonly scope: string
  readonly lifetimeSeconds: number
  /** Epoch milliseconds beyond which neither this token nor any that it is renewed to is good; null: as long as its sender is welcome. */
  readonly notAfter: number | null
}

export interface Issued {
  readonly token: string
  /** Seconds. */
  readonly expiresIn: number
}

/** What one of our tokens says, once its signature has been verified. */
export interface OwnClaims {
  readonly identity: Identity
  readonly scope: string
  readonly notAfter: number | null
  /** Issuer and token id. */
  readonly name: string
  readonly expiresAt: number
}

export interface OwnTokens extends Provider {
  readonly issuer: string
  issue(request: IssueRequest): Issued | Promise<Issued>
  /** NotAuthorized unless the signature is ours; whether it has expired is the caller's to judge. */
  read(token: string): Promise<OwnClaims>
}

export interface OwnTokensDeps {
  readonly keys: OwnKeys
  /** Also the audience. */
  readonly issuer: string
  /** Epoch milliseconds. */
  readonly now: () => number
}

interface Payload {
  readonly iss: string
  readonly aud: string
  readonly sub: string
  readonly iat: number
  readonly exp: number
  readonly jti: string
  readonly scope: string
  readonly kind: Identity['kind']
  readonly user_type: Identity['userType']
  readonly name?: string | undefined
  readonly email?: string | undefined
  readonly groups?: readonly string[] | undefined
  readonly key_id?: string | undefined
  /** Seconds since the epoch, as all times here. */
  readonly not_after?: number | undefined
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const signed = (key: OwnKey, payload: Payload): string => {
  const content = `${key.header}.${encoded(payload)}`
  return `${content}.${sign(null, Buffer.from(content), key.privateKey).toString('base64url')}`
}

/**
 * No longer than `notAfter` allows, and else never shorter than was promised: the reference client renews a token a tenth
 * of its life before that, and does not try again when it comes too late.
 */
const endOf = (now: number, { lifetimeSeconds, notAfter }: IssueRequest): number => {
  const end = Math.ceil(now / 1000) + lifetimeSeconds
  return notAfter === null ? end : Math.min(end, Math.floor(notAfter / 1000))
}

const payloadOf = (issuer: string, request: IssueRequest, now: number): Payload => {
  const { identity, scope, notAfter } = request
  const iat = Math.floor(now / 1000)
  return {
    ...{ iss: issuer, aud: issuer, sub: identity.id, iat, exp: endOf(now, request), jti: randomUUID() },
    ...{ scope, kind: identity.kind, user_type: identity.userType },
    ...{ name: identity.name, email: identity.email, key_id: identity.keyId },
    groups: identity.groups.length > 0 ? identity.groups : undefined,
    not_after: notAfter === null ? undefined : Math.floor(notAfter / 1000),
  }
}

/** Beyond this, servers on the way refuse the header that carries it. */
const longestToken = 12 * 1024

const issuedWith = (key: OwnKey, payload: Payload, now: number): Issued => {
  const token = signed(key, payload)
  if (token.length > longestToken)
    throw new CatalogError(
      'BadRequestException',
      'The token would be too long: its sender is in too many groups',
    )
  return { token, expiresIn: payload.exp - Math.ceil(now / 1000) }
}

/** What bears our signature was written by us: its form needs no second check. */
const claimsOf = (payload: Payload): OwnClaims => ({
  identity: {
    ...{ kind: payload.kind, id: payload.sub, userType: payload.user_type },
    ...(payload.name === undefined ? {} : { name: payload.name }),
    ...(payload.email === undefined ? {} : { email: payload.email }),
    ...(payload.key_id === undefined ? {} : { keyId: payload.key_id }),
    groups: payload.groups ?? [],
    expiresAt: payload.exp * 1000,
  },
  scope: payload.scope,
  notAfter: payload.not_after === undefined ? null : payload.not_after * 1000,
  name: `${payload.iss} ${payload.jti}`,
  expiresAt: payload.exp * 1000,
})

const unavailable = (cause: unknown): never => {
  throw new CatalogError('ServiceUnavailableException', 'Keys cannot be looked up at the moment', {
    cause,
    retryAfterSeconds: 1,
  })
}

const isSignedBy = (key: OwnKey, token: string): boolean => {
  const end = token.lastIndexOf('.')
  const signature = Buffer.from(token.slice(end + 1), 'base64url')
  return verify(null, Buffer.from(token.slice(0, end)), key.publicKey, signature)
}

/** The clocks of replicas differ: one that is ahead has not stolen anything from the future. */
const skewMs = 60_000

export const createOwnTokens = ({ keys, issuer, now }: OwnTokensDeps): OwnTokens => {
  const read = async (token: string): Promise<OwnClaims> => {
    const { header, payload } = peek(token) ?? {}
    if (header?.['alg'] !== ownAlgorithm || header['typ'] !== ownType || typeof header['kid'] !== 'string')
      throw refusedBy('header', 'not the header of one of our tokens')
    const key = await Promise.resolve(keys.find(header['kid'])).catch(unavailable)
    if (!key || !isSignedBy(key, token)) throw refusedBy('signature', 'not signed by us')
    const said = payload as unknown as Payload
    if (said.iss !== issuer || said.aud !== issuer) throw refusedBy('audience', 'not for us')
    if (said.iat * 1000 > now() + skewMs) throw refusedBy('time', 'issued in the future')
    return claimsOf(said)
  }
  return {
    id: ownProvider,
    issuer,
    claims: (token) => peek(token)?.payload['iss'] === issuer,
    read,
    identify: async (token) => {
      const { identity, expiresAt } = await read(token)
      if (expiresAt <= now()) throw refusedBy('time', 'expired')
      return identity
    },
    issue: (request) => {
      const key = keys.signer()
      const at = now()
      const issueWith = (found: OwnKey): Issued => issuedWith(found, payloadOf(issuer, request, at), at)
      return key instanceof Promise ? key.catch(unavailable).then(issueWith) : issueWith(key)
    },
  }
}
