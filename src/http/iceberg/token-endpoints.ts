/** The token endpoint, and the public documents about the tokens that it gives. */
import { Type } from 'typebox'
import { tokenExchange } from '#gateway/operations/tokens/request.ts'
import type { TokenOperations } from '#gateway/operations/tokens/tokens.ts'
import { type Header, jsonAnswer } from '../answer.ts'
import { type Endpoint, type HttpRequest, rawEndpoint } from '../endpoint.ts'
import { errorForm } from '../error-form.ts'
import {
  answerOAuthError,
  answerToken,
  mostTokenBytes,
  oauthErrorForm,
  readTokenRequest,
  tokenForm,
  tokenRequestForm,
} from './token-form.ts'

/** Its refusals have a form of their own (specification: OAuthError). */
const inOAuthWords = (plain: Endpoint): Endpoint => ({
  ...plain,
  handle: (pipeline, request, receive) => plain.handle(pipeline, request, receive).catch(answerOAuthError),
})

export const tokenEndpoints = ({ getToken }: TokenOperations): readonly Endpoint[] => [
  inOAuthWords(
    rawEndpoint('POST /v1/oauth/tokens', getToken, {
      declares: {
        summary: 'Gives a token for the credentials of a service account, or for another token',
        open: true,
        body: tokenRequestForm,
        bodyForm: 'form',
        answers: { 200: tokenForm },
        // Overload, and what is wrong with ourselves, keep the form of all.
        errors: Type.Union([oauthErrorForm, errorForm]),
      },
      mostBytes: mostTokenBytes,
      read: readTokenRequest,
      answer: answerToken,
    }),
  ),
]

/** Shorter than the time for which a key is published before it signs. */
const shortLived: readonly Header[] = [['Cache-Control', 'public, max-age=300']]

const jwksForm = Type.Object(
  { keys: Type.Array(Type.Object({ kid: Type.String() })) },
  { title: 'JsonWebKeySet' },
)

const discoveryForm = Type.Object(
  { issuer: Type.String(), token_endpoint: Type.String(), jwks_uri: Type.String() },
  { title: 'AuthorizationServer' },
)

/** RFC 8414, and what readers of OpenID Connect Discovery expect besides. */
const discovery = ({ issuer }: { readonly issuer: string }, { caller }: HttpRequest) =>
  jsonAnswer(
    {
      issuer,
      token_endpoint: `${caller.base}/catalog/v1/oauth/tokens`,
      jwks_uri: `${caller.base}/.well-known/jwks.json`,
      grant_types_supported: ['client_credentials', tokenExchange],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
      scopes_supported: ['catalog', 'sign'],
      response_types_supported: [],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['EdDSA'],
    },
    shortLived,
  )

const nothing = (): object => ({})

/** At the root, and beside the catalog's own address for whoever knows no other. */
export const wellKnownEndpoints = (operations: TokenOperations): readonly Endpoint[] => {
  const document = (name: string) =>
    rawEndpoint(`GET /.well-known/${name}`, operations.getDiscovery, {
      declares: { summary: 'Tells where tokens are given', open: true, answers: { 200: discoveryForm } },
      read: nothing,
      answer: discovery,
    })
  return [
    rawEndpoint('GET /.well-known/jwks.json', operations.getSigningKeys, {
      declares: {
        summary: 'Lists the public keys that tokens are signed with',
        open: true,
        answers: { 200: jwksForm },
      },
      read: nothing,
      answer: (keys) => jsonAnswer({ keys }, shortLived),
    }),
    document('openid-configuration'),
    document('oauth-authorization-server'),
  ]
}
