/** How many bytes of request bodies the process may hold at once, whoever sent them. */
import { CatalogError } from '#model/errors.ts'

export interface BodyBudget {
  /** SlowDown (429) where this would be too much; nothing is reserved then. */
  reserve(bytes: number): void
  release(bytes: number): void
  /** Bytes that are reserved at the moment. */
  readonly held: number
}

export const createBodyBudget = (maxBytes: number): BodyBudget => {
  let held = 0
  return {
    reserve: (bytes) => {
      if (held + bytes > maxBytes)
        throw new CatalogError('SlowDownException', 'Too many bytes of request bodies at once', {
          retryAfterSeconds: 1,
        })
      held += bytes
    },
    release: (bytes) => {
      held -= bytes
    },
    get held() {
      return held
    },
  }
}
