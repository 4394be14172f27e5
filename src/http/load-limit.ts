/** Sheds load before work begins: too many requests in flight, or a server that is stopping. */
import type { ServerResponse } from 'node:http'
import { CatalogError } from '#model/errors.ts'

export interface LoadLimit {
  /**
   * Counts the request until it leaves, or until its work is done and its connection is done with it. SlowDown (429)
   * when there are too many or the server stops: 429 and never 503, which clients read as "your commit may have
   * happened".
   */
  enter(response: ServerResponse): void
  leave(response: ServerResponse): void
  /** Nothing is done for it any more. A client that goes away ends its connection, and not what was begun for it. */
  finish(response: ServerResponse): void
  /** From now on everything is refused; resolves when nothing is in flight. */
  drain(): Promise<void>
  readonly inFlight: number
}

export const createLoadLimit = (maxInFlight: number): LoadLimit => {
  /** Each with whether its work is finished. */
  const inside = new Map<ServerResponse, boolean>()
  let draining = false
  let drained: (() => void) | undefined
  const leave = (response: ServerResponse): void => {
    if (inside.delete(response) && inside.size === 0) drained?.()
  }
  return {
    enter: (response) => {
      if (draining)
        throw new CatalogError('SlowDownException', 'The server is stopping', { retryAfterSeconds: 2 })
      if (inside.size >= maxInFlight)
        throw new CatalogError('SlowDownException', 'Too many requests in flight', { retryAfterSeconds: 1 })
      inside.set(response, false)
      response.once('close', () => {
        if (inside.get(response)) leave(response)
      })
    },
    leave,
    finish: (response) => {
      if (response.closed) leave(response)
      else if (inside.has(response)) inside.set(response, true)
    },
    drain: () => {
      draining = true
      if (inside.size === 0) return Promise.resolve()
      return new Promise((resolve) => {
        drained = resolve
      })
    },
    get inFlight() {
      return inside.size
    },
  }
}
