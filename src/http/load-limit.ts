/** Sheds load before work begins: too many requests in flight, or a server that is stopping. */
import type { ServerResponse } from 'node:http'
import { CatalogError } from '#model/errors.ts'

/** One request's place under a limit. Leaving twice is leaving once. */
export interface Pass {
  leave(): void
  /** Nothing is done for it any more. A client that goes away ends its connection, and not what was begun for it. */
  finish(): void
}

export interface LoadLimit {
  /**
   * Counts the request until it leaves, or until its work is done and its connection is done with it. SlowDown (429)
   * when there are too many or the server stops: 429 and never 503, which clients read as "your commit may have
   * happened".
   */
  enter(response: ServerResponse): Pass
  /** From now on everything is refused; resolves when nothing is in flight. */
  drain(): Promise<void>
  readonly inFlight: number
}

/**
 * Counted, never collected: a Set that many requests come into and leave is rebuilt all the time, each old table leads
 * to the next, and one that has grown old keeps every request of all later ones from being collected young.
 */
export const createLoadLimit = (maxInFlight: number): LoadLimit => {
  let inFlight = 0
  let draining = false
  let drained: (() => void) | undefined
  const admit = (response: ServerResponse): Pass => {
    let inside = true
    const leave = (): void => {
      if (!inside) return
      inside = false
      inFlight -= 1
      if (inFlight === 0) drained?.()
    }
    inFlight += 1
    return {
      leave,
      // Not before: whatever sends the answer listens to its end as well, by more than half of what one may have.
      finish: () => {
        if (response.closed) leave()
        else if (inside) response.once('close', leave)
      },
    }
  }
  return {
    enter: (response) => {
      if (draining)
        throw new CatalogError('SlowDownException', 'The server is stopping', { retryAfterSeconds: 2 })
      if (inFlight >= maxInFlight)
        throw new CatalogError('SlowDownException', 'Too many requests in flight', { retryAfterSeconds: 1 })
      return admit(response)
    },
    drain: () => {
      draining = true
      if (inFlight === 0) return Promise.resolve()
      return new Promise((resolve) => {
        drained = resolve
      })
    },
    get inFlight() {
      return inFlight
    },
  }
}
