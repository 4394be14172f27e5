/**
 * Delivers the outbox: at least once, in order per object. `tail` is a broadcast (every process from its own start, no
 * stored cursor); `relay` is for one consumer of the whole installation, with a stored cursor under a lease.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '#store/database.ts'
import { acquireLease, isHeld, type Lease, releaseLease } from '#store/leases.ts'
import { findTail, type OutboxEvent, type OutboxPosition, outboxChannel, readEvents } from '#store/outbox.ts'
import { loadCursor, storeCursor } from '#store/outbox-cursors.ts'

/** May be called again with events that it has seen. A rejection is tried again with the same events. */
type Handler = (events: readonly OutboxEvent[]) => Promise<void> | void

export interface ReaderOptions {
  readonly handle: Handler
  readonly pollMs?: number
  readonly batch?: number
  readonly onFailure?: (error: unknown) => void
  /** Called when it goes on after failures: in a long outage events may have been pruned, so load anew what they tell of. */
  readonly onResume?: () => Promise<void> | void
}

export interface Reader extends AsyncDisposable {
  /** Looks at once instead of at the next poll. */
  wake(): void
}

const defaults = { pollMs: 200, batch: 500, onFailure: (): void => {}, onResume: (): void => {} }
const longestPauseMs = 5_000

/** A sleep that `wake` ends. */
const createPause = () => {
  let waiting = new AbortController()
  return {
    wake: (): void => waiting.abort(),
    pause: async (ms: number): Promise<void> => {
      await sleep(ms, undefined, { signal: waiting.signal }).catch(() => {})
      if (waiting.signal.aborted) waiting = new AbortController()
    },
  }
}

interface LoopOptions {
  /** Resolves with true where there may be more at once. */
  readonly step: () => Promise<boolean>
  readonly pollMs: number
  readonly onFailure: (error: unknown) => void
  readonly onResume: () => Promise<void> | void
}

const startLoop = ({ step, pollMs, onFailure, onResume }: LoopOptions): Reader => {
  const { wake, pause } = createPause()
  let stopped = false
  let failures = 0
  const next = async (): Promise<number> => {
    try {
      const more = await step()
      if (failures > 0) await onResume()
      failures = 0
      return more ? 0 : pollMs
    } catch (error) {
      onFailure(error)
      failures += 1
      return Math.min(pollMs * 2 ** failures, longestPauseMs)
    }
  }
  const run = async (): Promise<void> => {
    while (!stopped) {
      const wait = await next()
      if (wait > 0 && !stopped) await pause(wait)
    }
  }
  const done = run()
  return {
    wake,
    [Symbol.asyncDispose]: async () => {
      stopped = true
      wake()
      await done
    },
  }
}

const withNudges = (database: Database, reader: Reader): Reader => {
  const listener = database.listen(outboxChannel, reader.wake)
  return {
    wake: reader.wake,
    [Symbol.asyncDispose]: async () => {
      await listener[Symbol.asyncDispose]()
      await reader[Symbol.asyncDispose]()
    },
  }
}

/**
 * Every event that commits after the returned promise resolves reaches `handle`; some from shortly before may, too.
 * Built to drop caches: after an outage of the database it goes on where it was.
 */
export const tail = async (database: Database, options: ReaderOptions): Promise<Reader> => {
  const { handle, pollMs, batch, onFailure, onResume } = { ...defaults, ...options }
  let position: OutboxPosition = await findTail(database)
  const step = async (): Promise<boolean> => {
    const { events, next, more } = await readEvents(database, position, batch)
    if (events.length > 0) await handle(events)
    position = next
    return more
  }
  return withNudges(database, startLoop({ step, pollMs, onFailure, onResume }))
}

export interface RelayOptions extends ReaderOptions {
  /** Names the stored cursor. */
  readonly consumer: string
  /** Unique among processes. */
  readonly holder: string
  readonly leaseSeconds?: number
}

/** Moves on only while the lease is held: a holder that was overtaken never puts the cursor back. */
const advance = (
  database: Database,
  lease: Lease,
  to: { consumer: string; position: OutboxPosition },
): Promise<boolean> =>
  database.transaction(async (tx) => {
    if (!(await isHeld(tx, lease))) return false
    await storeCursor(tx, to.consumer, to.position)
    return true
  })

/** A new consumer starts at the events that are still kept. */
export const relay = (database: Database, options: RelayOptions): Reader => {
  const { handle, pollMs, batch, onFailure, onResume } = { ...defaults, ...options }
  const { consumer, holder, leaseSeconds: seconds = 30 } = options
  let lease: Lease | undefined
  const step = async (): Promise<boolean> => {
    lease = await acquireLease(database, `outbox ${consumer}`, { holder, seconds })
    if (lease === undefined) return false
    const { events, next, more } = await readEvents(database, await loadCursor(database, consumer), batch)
    if (events.length === 0) return false
    await handle(events)
    return (await advance(database, lease, { consumer, position: next })) && more
  }
  const reader = withNudges(database, startLoop({ step, pollMs, onFailure, onResume }))
  return {
    wake: reader.wake,
    [Symbol.asyncDispose]: async () => {
      await reader[Symbol.asyncDispose]()
      if (lease !== undefined) await releaseLease(database, lease).catch(onFailure)
    },
  }
}
