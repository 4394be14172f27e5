/** The driver's errors in our words: what is lost, what may be tried again, and what nobody can know. */

import { CatalogError } from '#model/errors.ts'
import { DrizzleQueryError } from './drizzle.ts'

/**
 * The connection was lost after COMMIT had been sent: it may have happened. Whoever can look the commit up by its id
 * or idempotency key does; where nobody does, this is already the right answer.
 */
export class CommitUnknown extends CatalogError {
  constructor(cause: unknown) {
    super(
      'CommitStateUnknownException',
      'The change may or may not have happened: the connection to the database was lost at its end',
      { cause },
    )
    this.name = 'CommitUnknown'
  }
}

/** A deadlock or serialization failure: nothing happened, and the same transaction may be tried again. */
export class TransactionConflict extends Error {
  constructor(cause: unknown) {
    super('The transaction met another one', { cause })
    this.name = 'TransactionConflict'
  }
}

const unavailable = (message: string, cause: unknown): CatalogError =>
  new CatalogError('ServiceUnavailableException', message, { cause, retryAfterSeconds: 2 })

interface DriverError {
  readonly code?: unknown
  readonly message?: unknown
  readonly constraint?: unknown
}

const asDriverError = (error: unknown): DriverError =>
  typeof error === 'object' && error !== null ? error : {}

const codeOf = (error: unknown): string => {
  const { code } = asDriverError(error)
  return typeof code === 'string' ? code : ''
}

const lostMessages = [
  'Connection terminated',
  'connection error and is not queryable',
  'Client was closed',
  'timeout expired',
  'Query read timeout',
  'server closed the connection',
]
const lostCodes = /^(ECONN|EPIPE|ENOENT|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|08|57P0)/

/** True where no word came from the server, or it said that it is going away. */
export const isConnectionLost = (error: unknown): boolean => {
  const { message } = asDriverError(error)
  if (lostCodes.test(codeOf(error))) return true
  return typeof message === 'string' && lostMessages.some((part) => message.includes(part))
}

export const isUniqueViolation = (error: unknown, constraint?: string): boolean =>
  codeOf(error) === '23505' && (constraint === undefined || asDriverError(error).constraint === constraint)

export const isForeignKeyViolation = (error: unknown): boolean => codeOf(error) === '23503'

const conflictCodes = new Set(['40001', '40P01', '55P03'])

const messageByCode = (code: string): string | undefined => {
  if (code === '57014') return "The catalog's database did not answer in time"
  if (code === '53100') return "The catalog's database has no disk space left"
  if (code === '25006') return "The catalog's database is read-only at the moment"
  if (code.startsWith('53')) return "The catalog's database is overloaded"
  return undefined
}

/** The database gave up a statement that took longer than it may. */
export const isOutOfTime = (error: unknown): boolean =>
  codeOf(error instanceof CatalogError ? error.cause : error) === '57014'

/** Our form of an error of the driver or of drizzle (which wraps it); any other is returned as it is. */
export const translateError = (error: unknown): unknown => {
  const source = unwrap(error)
  const code = codeOf(source)
  if (conflictCodes.has(code)) return new TransactionConflict(source)
  if (isConnectionLost(source)) return unavailable("The catalog's database is not reachable", source)
  const message = messageByCode(code)
  if (message !== undefined) return unavailable(message, source)
  const text = asDriverError(source).message
  if (text === 'timeout exceeded when trying to connect')
    return new CatalogError('SlowDownException', 'Too many requests wait for the database', {
      cause: source,
      retryAfterSeconds: 1,
    })
  return source
}

const unwrap = (error: unknown): unknown =>
  error instanceof DrizzleQueryError && error.cause !== undefined ? error.cause : error
