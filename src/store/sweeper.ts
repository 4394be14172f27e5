/** The leased worker that prunes rows. It deletes no file. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from './database.ts'
import { sweepExpiredGrants } from './grant-removal.ts'
import { acquireLease, releaseLease } from './leases.ts'
import { type OperationRetention, type OperationSweep, sweepOperations } from './sweep.ts'
import { sweepLines } from './sweep-lines.ts'
import { sweepVersions, type VersionSweep } from './sweep-versions.ts'

export interface SweeperOptions extends Partial<OperationRetention> {
  /** Unique among processes. */
  readonly holder: string
  /** Of warehouses that say nothing else. */
  readonly historyRetentionSeconds?: number
  readonly everyMs?: number
  readonly onFailure?: (error: unknown) => void
}

export interface SweepReport extends OperationSweep, VersionSweep {
  readonly lines: number
  /** Grants whose time has ended: they have allowed nothing since. */
  readonly grants: number
}

const hour = 3_600
const day = 24 * hour
const leaseSeconds = 10 * 60

const defaults = {
  idempotencySeconds: hour,
  outboxSeconds: hour,
  intentSeconds: 7 * day,
  historyRetentionSeconds: 7 * day,
  everyMs: 60_000,
  onFailure: (): void => {},
}

/** One round; undefined where another process has the lease. */
export const sweepOnce = async (
  database: Database,
  options: SweeperOptions,
): Promise<SweepReport | undefined> => {
  const settings = { ...defaults, ...options }
  const lease = await acquireLease(database, 'sweeper', { holder: settings.holder, seconds: leaseSeconds })
  if (lease === undefined) return undefined
  try {
    const operations = await sweepOperations(database, settings)
    const versions = await sweepVersions(database, settings.historyRetentionSeconds)
    const lines = await sweepLines(database)
    const grants = await database.transaction(sweepExpiredGrants)
    return { ...operations, ...versions, lines, grants }
  } finally {
    await releaseLease(database, lease)
  }
}

export const startSweeper = (database: Database, options: SweeperOptions): AsyncDisposable => {
  const { everyMs, onFailure } = { ...defaults, ...options }
  const stop = new AbortController()
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await sleep(everyMs, undefined, { signal: stop.signal, ref: false }).catch(() => {})
      if (!stop.signal.aborted) await sweepOnce(database, options).catch(onFailure)
    }
  }
  const done = loop()
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await done
    },
  }
}
