/** What is asked of the token endpoint (RFC 6749, 4.4; RFC 8693, 2.1). */
import { OAuthError } from './oauth-error.ts'

export interface Client {
  readonly id: string
  readonly secret: string
}

/** As it was sent, with each parameter once; empty ones are absent. */
export interface TokenRequest {
  readonly parameters: ReadonlyMap<string, string>
  /** Of the header or of the body. */
  readonly client: Client | undefined
  /** Of the sender. */
  readonly address: string | undefined
}

export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

/** Those that a bearer token can be. */
const bearerTypes: ReadonlySet<string | undefined> = new Set([
  accessTokenType,
  'urn:ietf:params:oauth:token-type:jwt',
  'urn:ietf:params:oauth:token-type:id_token',
])

/** `catalog` is what clients send where nobody tells them otherwise; `sign` is what their signers send. */
const scopes: readonly string[] = ['catalog', 'sign']

/** A scope that means nothing here would be a promise that is not kept. */
export const scopeOf = ({ parameters }: TokenRequest): string => {
  const asked = [...new Set((parameters.get('scope') ?? 'catalog').split(' ').filter((one) => one !== ''))]
  if (asked.some((scope) => !scopes.includes(scope)))
    throw new OAuthError('invalid_scope', `The scopes are ${scopes.join(' and ')}`)
  return asked.join(' ')
}

/** The token to be exchanged. Actors are refused: nobody acts for another here. */
export const subjectOf = ({ parameters }: TokenRequest): string => {
  const subject = parameters.get('subject_token')
  if (subject === undefined) throw new OAuthError('invalid_request', 'subject_token is missing')
  if (!bearerTypes.has(parameters.get('subject_token_type')))
    throw new OAuthError(
      'invalid_request',
      'subject_token_type must be an access token, a jwt or an id token',
    )
  if (parameters.has('actor_token') || parameters.has('actor_token_type'))
    throw new OAuthError('invalid_request', 'actor_token is not supported')
  const wanted = parameters.get('requested_token_type')
  if (wanted !== undefined && wanted !== accessTokenType && !bearerTypes.has(wanted))
    throw new OAuthError('invalid_request', 'requested_token_type must be an access token')
  return subject
}
