/** The token endpoint on the wire (specification: OAuthTokenResponse, OAuthError; RFC 6749, 2.3.1 and 3.2). */
import { Type } from 'typebox'
import type { TokenAnswer } from '#gateway/operations/tokens/get-token.ts'
import { OAuthError } from '#gateway/operations/tokens/oauth-error.ts'
import { accessTokenType, type Client, type TokenRequest } from '#gateway/operations/tokens/request.ts'
import { CatalogError } from '#model/errors.ts'
import { type Answer, type Header, jsonAnswer } from '../answer.ts'
import { isForm } from '../declaration.ts'
import type { HttpRequest } from '../endpoint.ts'
import { decodePart } from '../raw-url.ts'

const text = Type.String()

export const tokenRequestForm = Type.Object(
  {
    grant_type: text,
    scope: Type.Optional(text),
    client_id: Type.Optional(text),
    client_secret: Type.Optional(Type.String({ writeOnly: true })),
    subject_token: Type.Optional(Type.String({ writeOnly: true })),
    subject_token_type: Type.Optional(text),
    requested_token_type: Type.Optional(text),
  },
  { title: 'OAuthTokenRequest' },
)

export const tokenForm = Type.Object(
  {
    access_token: text,
    token_type: Type.Literal('bearer'),
    expires_in: Type.Integer(),
    issued_token_type: text,
    scope: text,
  },
  { title: 'OAuthTokenResponse' },
)

export const oauthErrorForm = Type.Object(
  { error: text, error_description: Type.Optional(text), error_uri: Type.Optional(text) },
  { title: 'OAuthError' },
)

const noStore: readonly Header[] = [
  ['Cache-Control', 'no-store'],
  ['Pragma', 'no-cache'],
]

/** A subject token is at most 16 KB. */
export const mostTokenBytes = 64 * 1024

const malformed = (message: string): OAuthError => new OAuthError('invalid_request', message)

/** Parameters that are there twice are an attack or a mistake; empty ones are as good as none. */
const parametersOf = (body: Uint8Array): ReadonlyMap<string, string> => {
  const parameters = new Map<string, string>()
  for (const pair of Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString().split('&')) {
    if (pair === '') continue
    const at = pair.indexOf('=')
    const name = decodePart(at < 0 ? pair : pair.slice(0, at))
    const value = at < 0 ? '' : decodePart(pair.slice(at + 1))
    if (parameters.has(name)) throw malformed('A parameter is there twice')
    if (value !== '') parameters.set(name, value)
  }
  return parameters
}

/** Id and secret are encoded like forms (RFC 6749, 2.3.1), which many clients do not do: what cannot be decoded is meant as it is. */
const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part.replaceAll('+', ' '))
  } catch {
    return part
  }
}

const basicClient = (authorization: string | undefined): Client | undefined => {
  const [, credentials] = /^basic +([A-Za-z0-9+/_-]+=*)$/i.exec(authorization ?? '') ?? []
  if (credentials === undefined) return undefined
  const pair = Buffer.from(credentials, 'base64').toString()
  const colon = pair.indexOf(':')
  if (colon < 0) throw malformed('The basic credentials have no colon')
  return { id: decoded(pair.slice(0, colon)), secret: decoded(pair.slice(colon + 1)) }
}

const clientOf = (
  parameters: ReadonlyMap<string, string>,
  authorization: string | undefined,
): Client | undefined => {
  const basic = basicClient(authorization)
  const secret = parameters.get('client_secret')
  if (secret === undefined) return basic
  // RFC 6749, 2.3: no more than one way in each request.
  if (basic) throw malformed('The client names itself twice')
  return { id: parameters.get('client_id') ?? '', secret }
}

export const readTokenRequest = ({ body, header, caller }: HttpRequest): TokenRequest => {
  if (!isForm(header('content-type'))) throw malformed('The body must be application/x-www-form-urlencoded')
  const parameters = parametersOf(body)
  const client = clientOf(parameters, caller.credentials.authorization)
  return { parameters, client, address: caller.sender.address }
}

export const answerToken = ({ token, expiresIn, scope }: TokenAnswer): Answer =>
  jsonAnswer(
    {
      access_token: token,
      token_type: 'bearer',
      expires_in: expiresIn,
      issued_token_type: accessTokenType,
      scope,
    },
    noStore,
  )

/** How a client that named itself in the header is told that it was not believed (RFC 6749, 5.2). */
const challenge: readonly Header[] = [['WWW-Authenticate', 'Basic realm="lakegate"']]

/** Overload and our own failures keep the form of every other answer, and their own headers. */
const isTold = (error: unknown): error is CatalogError =>
  error instanceof CatalogError && error.status < 500 && error.status !== 429

/** Throws on whatever is no refusal of the request. */
export const answerOAuthError = (error: unknown): Answer => {
  if (!isTold(error)) throw error
  const code = error instanceof OAuthError ? error.code : 'invalid_request'
  const headers = error.status === 401 ? [...noStore, ...challenge] : noStore
  const status = error.status === 401 || error.status === 413 ? error.status : 400
  return { ...jsonAnswer({ error: code, error_description: error.message.toWellFormed() }, headers), status }
}
