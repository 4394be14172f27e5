/** What the tables of administration have in common: pages by name, and the errors of names that are taken or in use. */
import { CatalogError, type ErrorType } from '#model/errors.ts'
import { isForeignKeyViolation, isUniqueViolation } from './errors.ts'

/** Names in byte order; `after` is the last name of the page before. */
export interface NamePage {
  readonly after?: string
  readonly limit: number
}

export interface Refusals {
  /** Where a unique name is taken. */
  readonly taken?: string
  /** Where a row that it refers to is missing, or rows refer to it. */
  readonly bound?: { readonly type: ErrorType; readonly message: string }
}

/** Runs one change and says in our words why the database refused it. */
export const refusing = async <T>(refusals: Refusals, change: Promise<T>): Promise<T> => {
  try {
    return await change
  } catch (error) {
    if (refusals.taken !== undefined && isUniqueViolation(error))
      throw new CatalogError('AlreadyExistsException', refusals.taken, { cause: error })
    if (refusals.bound !== undefined && isForeignKeyViolation(error))
      throw new CatalogError(refusals.bound.type, refusals.bound.message, { cause: error })
    throw error
  }
}

/** PreconditionFailed where the caller named the version that it had seen and the row has moved on. */
export const checkVersion = (found: { readonly version: number }, expected: number | undefined): void => {
  if (expected !== undefined && found.version !== expected)
    throw new CatalogError('PreconditionFailedException', 'It has been changed since it was read')
}
