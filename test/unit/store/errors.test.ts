import { describe, expect, it } from 'vitest'
import { type CatalogError, type ErrorType, isCatalogError } from '#model/errors.ts'
import {
  CommitUnknown,
  isForeignKeyViolation,
  isUniqueViolation,
  TransactionConflict,
  translateError,
} from '#store/errors.ts'

const driverError = (code: string, message = 'x', constraint?: string) =>
  Object.assign(new Error(message), { code, constraint })

describe('an error of the driver', () => {
  const table: readonly (readonly [string, string, ErrorType])[] = [
    ['ECONNREFUSED', 'connect', 'ServiceUnavailableException'],
    ['ENOENT', 'connect /socket', 'ServiceUnavailableException'],
    ['57P01', 'terminating connection due to administrator command', 'ServiceUnavailableException'],
    ['57P03', 'the database system is starting up', 'ServiceUnavailableException'],
    ['08006', 'connection failure', 'ServiceUnavailableException'],
    ['57014', 'canceling statement due to statement timeout', 'ServiceUnavailableException'],
    ['53100', 'could not extend file', 'ServiceUnavailableException'],
    ['53300', 'too many connections', 'ServiceUnavailableException'],
    ['25006', 'cannot execute INSERT in a read-only transaction', 'ServiceUnavailableException'],
    ['', 'Connection terminated unexpectedly', 'ServiceUnavailableException'],
    ['', 'Client has encountered a connection error and is not queryable', 'ServiceUnavailableException'],
    ['', 'Query read timeout', 'ServiceUnavailableException'],
    ['', 'timeout exceeded when trying to connect', 'SlowDownException'],
  ]
  it.each(table)('%s %s is %s with Retry-After, and keeps its cause', (code, message, type) => {
    const source = driverError(code, message)
    const error = translateError(source)
    expect(isCatalogError(error, type)).toBe(true)
    expect((error as CatalogError).retryAfterSeconds).toBeGreaterThan(0)
    expect((error as CatalogError).cause).toBe(source)
    expect((error as CatalogError).message).not.toContain(message)
  })

  it.each(['40001', '40P01', '55P03'])('%s may be tried again', (code) => {
    expect(translateError(driverError(code))).toBeInstanceOf(TransactionConflict)
  })

  it('that means a mistake of ours is left as it is', () => {
    const error = driverError('42601', 'syntax error')
    expect(translateError(error)).toBe(error)
    expect(translateError('text')).toBe('text')
    expect(translateError(undefined)).toBeUndefined()
  })

  it('names the constraint that refused', () => {
    const error = driverError('23505', 'duplicate key', 'warehouse_name')
    expect(isUniqueViolation(error)).toBe(true)
    expect(isUniqueViolation(error, 'warehouse_name')).toBe(true)
    expect(isUniqueViolation(error, 'another')).toBe(false)
    expect(isForeignKeyViolation(error)).toBe(false)
    expect(isForeignKeyViolation(driverError('23503'))).toBe(true)
  })
})

it('a lost COMMIT is the unknown state that clients know, where nobody can look it up', () => {
  expect(isCatalogError(new CommitUnknown(new Error('x')), 'CommitStateUnknownException')).toBe(true)
})
