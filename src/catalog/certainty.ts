import { CatalogError } from '#model/errors.ts'

/**
 * Clients read every 5xx of a change as "may have happened". Where nothing has, for certain, they are told to try
 * again (429) instead.
 */
export const asCertain = (error: unknown): unknown =>
  error instanceof CatalogError && error.status >= 500 && error.type !== 'CommitStateUnknownException'
    ? new CatalogError('SlowDownException', error.message, {
        cause: error,
        retryAfterSeconds: error.retryAfterSeconds ?? 5,
      })
    : error

/** Runs what must stand before a change is sent or swapped. */
export const beforeChange = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    throw asCertain(error)
  }
}
