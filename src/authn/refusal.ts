/** The one answer for credentials that are missing or wrong: it never says which, the cause does for the operator. */
import { CatalogError } from '#model/errors.ts'

/** What a credential failed at, in one word for logs, records and counters. */
export type Check =
  | 'form'
  | 'provider'
  | 'header'
  | 'algorithm'
  | 'key'
  | 'signature'
  | 'issuer'
  | 'audience'
  | 'time'
  | 'purpose'
  | 'binding'
  | 'scope'
  | 'claim'
  | 'subject'
  | 'review'
  | 'person'

/** Its text never holds anything of the credential. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly check: Check

  constructor(check: Check, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.check = check
  }
}

export const unauthorized = (reason?: unknown): CatalogError =>
  new CatalogError(
    'NotAuthorizedException',
    'Not authorized: a valid bearer token is required',
    reason === undefined ? {} : { cause: reason },
  )

export const refusedBy = (check: Check, why: string): CatalogError => unauthorized(new Refused(check, why))

/** For the record of a request: the answer, and the check that it keeps from the client. */
export const recordedReason = ({ message, cause }: CatalogError): string =>
  cause instanceof Refused ? `${message} (${cause.check})` : message
