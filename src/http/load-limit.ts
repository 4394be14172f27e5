/** Sheds load before work begins: too many requests in flight, or a server that is stopping. */
import type { ServerResponse } from 'node:http'
import { CatalogError } from '#model/errors.ts'

export interface LoadLimit {
  /**
   * Counts the request until its connection is done with it. SlowDown (429) when there are too many or the server
   * stops: 429 and never 503, which clients read as "your commit may have happened".
   */
  enter(response: ServerResponse): void
  /** From now on everything is refused; resolves when nothing is in flight. */
  drain(): Promise<void>
  readonly inFlight: number
}

export const createLoadLimit = (maxInFlight: number): LoadLimit => {
  let inFlight = 0
  let draining = false
  let drained: (() => void) | undefined
  const leave = (): void => {
    inFlight -= 1
    if (inFlight === 0) drained?.()
  }
  return {
    enter: (response) => {
      if (draining)
        throw new CatalogError('SlowDownException', 'The server is stopping', { retryAfterSeconds: 2 })
      if (inFlight >= maxInFlight)
        throw new CatalogError('SlowDownException', 'Too many requests in flight', { retryAfterSeconds: 1 })
      inFlight += 1
      response.once('close', leave)
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
