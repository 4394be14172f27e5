/** Refusals of the token endpoint, in the words of RFC 6749, 5.2. */
import { CatalogError } from '#model/errors.ts'

type OAuthCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unsupported_grant_type'
  | 'invalid_scope'

export class OAuthError extends CatalogError {
  readonly code: OAuthCode

  /** `invalid_client` is a 401, all others are 400. */
  constructor(code: OAuthCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(code === 'invalid_client' ? 'NotAuthorizedException' : 'BadRequestException', message, options)
    this.name = 'OAuthError'
    this.code = code
  }
}
