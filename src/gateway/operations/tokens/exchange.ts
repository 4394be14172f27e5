/** Token exchange: a token of a provider, or one of ours that is about to expire, becomes one of ours (RFC 8693). */
import { hash } from 'node:crypto'
import type { Identity, Provider } from '#authn/identity.ts'
import { peek } from '#authn/jwt-form.ts'
import type { OwnClaims, OwnTokens } from '#authn/own-tokens.ts'
import { isCatalogError } from '#model/errors.ts'
import { OAuthError } from './oauth-error.ts'

export interface ExchangeDeps {
  readonly tokens: OwnTokens
  /** Whose tokens may be exchanged, in the order in which they are asked. */
  readonly providers: readonly Provider[]
  readonly now: () => number
  /** How long a token of a provider may be renewed as ours: what has changed there since shows then. */
  readonly sessionSeconds: number
  /** Also a provider's token is spent by its exchange. */
  readonly exchangeOnce: boolean
}

/** What is used up by the exchange. */
export interface Spent {
  readonly digest: Uint8Array
  /** Epoch milliseconds. */
  readonly expiresAt: number
  readonly graceSeconds: number
}

export interface Subject {
  readonly identity: Identity
  readonly notAfter: number | null
  readonly spends: Spent | undefined
}

/** A client that has lost the answer asks again, and replicas of an engine that share a token come together. */
const renewalGraceSeconds = 60

const invalid = (cause?: unknown): OAuthError =>
  new OAuthError('invalid_grant', 'The subject token is not valid', { cause })

/** 401 of those who judge a bearer token is 400 here: the sender of this request is another question. */
const inOAuthWords = (error: unknown): never => {
  throw isCatalogError(error, 'NotAuthorizedException') ? invalid(error) : error
}

const renewed = ({ identity, notAfter, name, expiresAt }: OwnClaims): Subject => ({
  ...{ identity, notAfter },
  spends: { digest: hash('sha256', name, 'buffer'), expiresAt, graceSeconds: renewalGraceSeconds },
})

/**
 * A client that has slept until its token expired sends it along with its own secret: the secret is what counts, and
 * the token must have been its own.
 */
const renew = async (deps: ExchangeDeps, token: string, client: Identity | undefined): Promise<Subject> => {
  const claims = await deps.tokens.read(token)
  if (client && client.id !== claims.identity.id) throw invalid(new Error('another client’s token'))
  if (client) return { identity: client, notAfter: client.expiresAt, spends: undefined }
  if (claims.expiresAt <= deps.now()) throw invalid(new Error('expired'))
  return renewed(claims)
}

/** Users end with their session, keys with themselves. */
const endOf = ({ expiresAt, keyId }: Identity, { now, sessionSeconds }: ExchangeDeps): number | null =>
  keyId === undefined ? now() + sessionSeconds * 1000 : expiresAt

/** By issuer and id where it has both: a signature may be spelled in more than one way. */
const nameOf = (token: string): string => {
  const { iss, jti } = peek(token)?.payload ?? {}
  return typeof iss === 'string' && typeof jti === 'string' ? JSON.stringify([iss, jti]) : token
}

const firstExchange = async (deps: ExchangeDeps, token: string): Promise<Subject> => {
  const owner = deps.providers.find((provider) => provider.claims(token))
  if (!owner) throw invalid(new Error('no provider claims the token'))
  const identity = await owner.identify(token)
  const { expiresAt } = identity
  const spends =
    deps.exchangeOnce && expiresAt !== null
      ? { digest: hash('sha256', nameOf(token), 'buffer'), expiresAt, graceSeconds: 0 }
      : undefined
  return { identity, notAfter: endOf(identity, deps), spends }
}

/** `client` is who sent the request, where it said so. OAuthError `invalid_grant`; 503 where nobody can tell. */
export const findSubject = (
  deps: ExchangeDeps,
  token: string,
  client: Identity | undefined,
): Promise<Subject> => {
  const subject = deps.tokens.claims(token) ? renew(deps, token, client) : firstExchange(deps, token)
  return subject.catch(inOAuthWords)
}
