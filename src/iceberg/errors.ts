/** The three ways in which a request fails, as the reference implementation sorts them. */
import { CatalogError } from '#model/errors.ts'

/** An argument that can never be right (the reference: IllegalArgumentException, 400). */
export const illegal = (message: string): CatalogError =>
  new CatalogError('IllegalArgumentException', message)

/** A request that does not fit this table (the reference: ValidationException, 400). */
export const invalid = (message: string): CatalogError => new CatalogError('ValidationException', message)

/** A request computed from an older state: the client refreshes and tries again (409). */
export const conflict = (message: string): CatalogError => new CatalogError('CommitFailedException', message)
