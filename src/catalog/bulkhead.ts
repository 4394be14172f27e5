/**
 * Keeps one silent upstream from taking the whole process with it: a bound on what waits for it, and a pause
 * after it has been silent several times in a row. A refused connection costs nothing and opens no pause.
 */
import { type GuardedFetch, type UpstreamRequest, UpstreamUnreachable } from './connector.ts'

export interface BulkheadInput {
  readonly fetch: GuardedFetch
  readonly now: () => number
  /** Requests of the connection at the same time. Default 256. */
  readonly most?: number
}

const mostByDefault = 256
/** A failure that took no longer is no silence. */
const silenceMs = 1000
const silencesBeforePause = 3
const pauseMs = 2000

interface Gate {
  waiting: number
  silences: number
  pausedUntil: number
}

const refuse = (reason: string): never => {
  throw new UpstreamUnreachable(reason, { sent: false })
}

/** Throws where the request may not go. After a pause one request goes to find out, and one after each further pause. */
const enter = (gate: Gate, now: number, most: number): void => {
  if (gate.waiting >= most) refuse('too many requests wait for the upstream already')
  if (gate.silences < silencesBeforePause) return
  if (now < gate.pausedUntil) refuse('the upstream has not answered lately')
  gate.pausedUntil = now + pauseMs
}

/** Stacked around a guarded fetch, one for each connection. What it refuses was not sent. */
export const createBulkhead = ({ fetch, now, most = mostByDefault }: BulkheadInput): GuardedFetch => {
  const gate: Gate = { waiting: 0, silences: 0, pausedUntil: 0 }

  const noteFailure = (request: UpstreamRequest, startedAt: number): void => {
    if (now() - startedAt < silenceMs || request.signal?.aborted === true) return
    gate.silences += 1
    gate.pausedUntil = now() + pauseMs
  }

  return async (request) => {
    const startedAt = now()
    enter(gate, startedAt, most)
    gate.waiting += 1
    try {
      const response = await fetch(request)
      gate.silences = 0
      return response
    } catch (error) {
      noteFailure(request, startedAt)
      throw error
    } finally {
      gate.waiting -= 1
    }
  }
}
