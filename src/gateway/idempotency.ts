/** A change that carries an `Idempotency-Key` runs once; its outcome is told again to whoever repeats it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeChange } from '#catalog/certainty.ts'
import { CatalogError, isCatalogError } from '#model/errors.ts'
import type { IdempotencyClaim, Outcome } from '#model/event.ts'

/** Where outcomes are kept, at least as long as `idempotencyLifetime` promises. */
export interface IdempotencyLedger {
  /** UnprocessableEntity (422) when the key was used for another request. Undefined when it is free. */
  find(claim: IdempotencyClaim): Promise<Outcome | 'in-flight' | undefined>
  /** Takes the key under a lease for a change that an upstream decides; false when another request has it. */
  begin(claim: IdempotencyClaim): Promise<boolean>
  /** Stores how it ended, whether or not it was begun. */
  settle(claim: IdempotencyClaim, outcome: Outcome): Promise<void>
  /** Frees a begun key: the change did not happen. */
  abandon(claim: IdempotencyClaim): Promise<void>
}

/** What `GET /v1/config` advertises (specification: idempotency-key-lifetime). */
export const idempotencyLifetime = 'PT30M'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** BadRequest for a key that is no UUID; clients spell it in any letter case. */
export const checkKey = (key: string): string => {
  const lower = key.toLowerCase()
  if (!uuid.test(lower)) throw new CatalogError('BadRequestException', 'Invalid Idempotency-Key: not a UUID')
  return lower
}

/** Answers that depend on the request alone. 401, 403, 429 and 5xx depend on the moment and are never stored. */
const finalStatuses = new Set([400, 404, 409, 422])

export interface Once<Output> {
  readonly ledger: IdempotencyLedger
  readonly claim: IdempotencyClaim
  readonly signal: AbortSignal
  /** True where an upstream decides the change. */
  readonly relayed: boolean
  readonly run: () => Promise<Output>
  /** True once the change's own transaction has stored the outcome. */
  readonly written: () => boolean
  readonly remember: (output: Output) => Outcome
  readonly recall: (outcome: Outcome) => Promise<Output>
  /** Told of an outcome that could not be stored; the answer stays true. */
  readonly report: (error: unknown) => void
}

const patienceMs = 10_000
const firstPauseMs = 20
const longestPauseMs = 500

/** Never 409: the reference client would apply its change anew, under another key, and append twice. */
const stillInFlight = (): CatalogError =>
  new CatalogError('ServiceUnavailableException', 'The same request is still in progress', {
    retryAfterSeconds: 2,
  })

/** The settled outcome of an earlier request; waits for one in flight, up to ten seconds. */
const settled = async <Output>({ ledger, claim, signal }: Once<Output>): Promise<Outcome | undefined> => {
  let found = await beforeChange(() => ledger.find(claim))
  let waited = 0
  for (let pause = firstPauseMs; found === 'in-flight'; pause = Math.min(pause * 2, longestPauseMs)) {
    if (waited >= patienceMs) throw stillInFlight()
    await sleep(pause, undefined, { signal }).catch(() => signal.throwIfAborted())
    waited += pause
    found = await ledger.find(claim)
  }
  return found
}

const tell = async <Output>(once: Once<Output>, outcome: Outcome): Promise<Output> => {
  if (outcome.kind === 'failed') throw new CatalogError(outcome.type, outcome.message)
  return once.recall(outcome)
}

/** Stores or frees. A failure here must not turn a change that happened into an error: it is reported only. */
const conclude = async <Output>(once: Once<Output>, outcome: Outcome | undefined): Promise<void> => {
  try {
    if (outcome) await once.ledger.settle(once.claim, outcome)
    else if (once.relayed) await once.ledger.abandon(once.claim)
  } catch (error) {
    once.report(error)
  }
}

/**
 * A duplicate that ran beside us may have won: its success is our answer, not what its change made us meet (the
 * table is already dropped, the snapshot already there, a requirement no longer holds).
 */
const winnerOf = async <Output>(once: Once<Output>, error: unknown): Promise<Outcome | undefined> => {
  if (!isCatalogError(error) || !finalStatuses.has(error.status) || once.relayed) return undefined
  const found = await once.ledger.find(once.claim)
  return found === 'in-flight' ? undefined : found
}

const rememberFailure = async <Output>(once: Once<Output>, error: unknown): Promise<void> => {
  if (once.written()) return
  // What may have happened keeps its key until the lease ends and the intent is reconciled.
  if (!isCatalogError(error) || error.type === 'CommitStateUnknownException') return
  const final = finalStatuses.has(error.status)
  await conclude(once, final ? { kind: 'failed', type: error.type, message: error.message } : undefined)
}

const runAndRemember = async <Output>(once: Once<Output>): Promise<Output> => {
  try {
    const output = await once.run()
    if (!once.written()) await conclude(once, once.remember(output))
    return output
  } catch (error) {
    const winner = await winnerOf(once, error)
    if (winner) return tell(once, winner)
    await rememberFailure(once, error)
    throw error
  }
}

/** Each try that is lost was lost to a duplicate that has settled or freed the key by the next one. */
const tries = 3

export const runOnce = async <Output>(once: Once<Output>): Promise<Output> => {
  for (let i = 0; i < tries; i += 1) {
    const earlier = await settled(once)
    if (earlier) return tell(once, earlier)
    if (!once.relayed || (await beforeChange(() => once.ledger.begin(once.claim))))
      return runAndRemember(once)
  }
  throw stillInFlight()
}
