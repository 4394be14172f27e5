/** The token endpoint: service accounts and holders of a provider's token get one of ours. */
import type { ClientDirectory } from '#authn/clients.ts'
import type { Identity, People } from '#authn/identity.ts'
import type { Issued } from '#authn/own-tokens.ts'
import { sourceOf } from '#authn/source-address.ts'
import type { Principal } from '#model/access.ts'
import { isCatalogError } from '#model/errors.ts'
import type { FailureLimit } from '../../failure-limit.ts'
import type { Operation, Target } from '../../operation.ts'
import { type ExchangeDeps, findSubject, type Spent } from './exchange.ts'
import { createGivenLately, type GivenLately } from './given-lately.ts'
import { OAuthError } from './oauth-error.ts'
import { type Client, scopeOf, subjectOf, type TokenRequest, tokenExchange } from './request.ts'

export interface TokenDeps extends ExchangeDeps {
  readonly clients: ClientDirectory
  readonly people: People
  readonly failures: FailureLimit
  /** False where it has been spent before. */
  readonly spend: (spent: Spent) => Promise<boolean>
  readonly lifetimeSeconds: number
}

export interface TokenAnswer extends Issued {
  readonly scope: string
}

interface Grant {
  readonly identity: Identity
  /** Epoch milliseconds; null: as long as the sender is welcome. */
  readonly notAfter: number | null
  readonly spends: Spent | undefined
  readonly scope: string
  /** It was asked for with a secret, and may be asked for again at once. */
  readonly repeated?: true
}

/** No object is named: nothing is left to be looked for, so nothing to be broken off. */
const nothingFound: readonly [] = []

interface GrantTarget extends Target {
  readonly warehouse: null
  readonly grant: Grant
}

const invalidClient = (cause?: unknown): OAuthError =>
  new OAuthError('invalid_client', 'The client or its secret is not valid', { cause })

/** Undefined where the request names no client. */
const verifyClient = async (
  { clients }: TokenDeps,
  client: Client | undefined,
): Promise<Identity | undefined> => {
  if (client === undefined) return undefined
  const found = clients.verify(client.id, client.secret)
  const identity = found instanceof Promise ? await found : found
  if (identity === undefined) throw invalidClient()
  return identity
}

const exchange = async (deps: TokenDeps, request: TokenRequest): Promise<Grant> => {
  const [subject, scope] = [subjectOf(request), scopeOf(request)]
  const client = await verifyClient(deps, request.client)
  return { ...(await findSubject(deps, subject, client)), scope }
}

const ofClient = async (deps: TokenDeps, request: TokenRequest): Promise<Grant> => {
  const scope = scopeOf(request)
  if (request.client === undefined)
    throw new OAuthError('invalid_client', 'client_id and client_secret are required')
  const identity = await verifyClient(deps, request.client)
  if (identity === undefined) throw invalidClient()
  return { identity, notAfter: identity.expiresAt, spends: undefined, scope, repeated: true }
}

const grantOf = (deps: TokenDeps, request: TokenRequest): Promise<Grant> => {
  const type = request.parameters.get('grant_type')
  if (type === 'client_credentials') return ofClient(deps, request)
  if (type === tokenExchange) return exchange(deps, request)
  if (type === undefined) throw new OAuthError('invalid_request', 'grant_type is missing')
  throw new OAuthError('unsupported_grant_type', 'grant_type must be client_credentials or token exchange')
}

/** Registered on first sight; refused where it is welcome no more. */
const admit = async (
  { people, now }: TokenDeps,
  { identity, notAfter }: Grant,
  type: string | undefined,
): Promise<Principal> => {
  const refuse = (cause: unknown): OAuthError =>
    type === tokenExchange
      ? new OAuthError('invalid_grant', 'The subject token is not valid', { cause })
      : invalidClient(cause)
  if (notAfter !== null && notAfter < now() + 2000) throw refuse(new Error('its session or key is over'))
  try {
    const principal = people.admit(identity)
    return principal instanceof Promise ? await principal : principal
  } catch (error) {
    throw isCatalogError(error, 'NotAuthorizedException') ? refuse(error) : error
  }
}

/** Whoever is at one address, and whoever tries one client from there. */
const namesOf = ({ address, client }: TokenRequest): readonly string[] =>
  client ? [`${sourceOf(address)} ${client.id.slice(0, 100)}`] : [sourceOf(address)]

/** These were wrong credentials, and not a mistake in the form of the request. */
const isGuess = (error: unknown): boolean =>
  error instanceof OAuthError && (error.code === 'invalid_client' || error.code === 'invalid_grant')

const issue = async (deps: TokenDeps, given: GivenLately, grant: Grant): Promise<TokenAnswer> => {
  const { identity, notAfter, spends, scope, repeated } = grant
  const again = repeated && given.find(identity, scope)
  if (again) return { ...again, scope }
  if (spends && !(await deps.spend(spends)))
    throw new OAuthError('invalid_grant', 'The subject token has been exchanged before')
  const issuing = deps.tokens.issue({ identity, notAfter, scope, lifetimeSeconds: deps.lifetimeSeconds })
  const issued = issuing instanceof Promise ? await issuing : issuing
  if (repeated) given.note(identity, scope, issued)
  return { ...issued, scope }
}

const createGetToken = (
  deps: TokenDeps,
  given: GivenLately,
): Operation<TokenRequest, GrantTarget, TokenAnswer> => ({
  name: 'getToken',
  kind: 'read',
  success: 200,
  open: true,
  resolve: async (request) => {
    const names = namesOf(request)
    deps.failures.check(names)
    try {
      const grant = await grantOf(deps, request)
      const asker = await admit(deps, grant, request.parameters.get('grant_type'))
      return { warehouse: null, entries: nothingFound, asker, grant }
    } catch (error) {
      if (isGuess(error)) deps.failures.note(names)
      throw error
    }
  },
  needs: () => [{ action: 'get-config', resource: { kind: 'server' } }],
  run: ({ target: { grant } }) => issue(deps, given, grant),
})

export const getToken = (deps: TokenDeps) => createGetToken(deps, createGivenLately(deps.now))
