/** The one answer for credentials that are missing or wrong: it never says which, the cause does for the log. */
import { CatalogError } from '#model/errors.ts'

export const unauthorized = (reason?: unknown): CatalogError =>
  new CatalogError(
    'NotAuthorizedException',
    'Not authorized: a valid bearer token is required',
    reason === undefined ? {} : { cause: reason },
  )
