/** Refusals of the token endpoint, in the words of RFC 6749, 5.2. */
import { CatalogError } from '#model/errors.ts'

export const oauthCodes = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
] as const

export type OAuthCode = (typeof oauthCodes)[number]

export class OAuthError extends CatalogError {
  readonly code: OAuthCode

  /** `invalid_client` is a 401, all others are 400. */
  constructor(code: OAuthCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(code === 'invalid_client' ? 'NotAuthorizedException' : 'BadRequestException', message, options)
    this.name = 'OAuthError'
    this.code = code
  }
}
