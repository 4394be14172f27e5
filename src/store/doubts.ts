/** Intents whose end nobody knows: which are due for a look, and how looking ends. Meets the port of `catalog/doubts.ts`. */
import type { IdempotencyClaim, Outcome } from '#model/event.ts'
import type { Identifier } from '#model/identifier.ts'
import { type Database, statement } from './database.ts'
import { storeOutcome } from './idempotency.ts'
import { acquireLease, releaseLease } from './leases.ts'

/** A doubtful intent. */
export interface Doubt {
  readonly id: string
  readonly operation: string
  readonly identifiers: readonly Identifier[]
  readonly addedSnapshotIds: readonly string[]
  readonly ageSeconds: number
}

/** Longer than a pass: its looks are bounded in number and time. */
const leaseSeconds = 300

const selectDue = statement(`
  select connection_id as id from commit_intent
  where state = 'unknown' and look_at <= now()
  group by connection_id order by min(look_at)`)

const selectDoubts = statement(`
  select id, operation, identifiers, added_snapshot_ids as "addedSnapshotIds",
    extract(epoch from now() - created_at)::float8 as "ageSeconds"
  from commit_intent
  where connection_id = $1 and state = 'unknown' and look_at <= now()
  order by look_at, id limit $2`)

const confirm = statement(`
  update commit_intent set state = 'committed', settled_at = now(), reason = 'seen at the upstream'
  where id = $1 and state = 'unknown'
  returning idempotency_scope as scope, idempotency_key as key, digest`)

const postpone = statement(`
  update commit_intent set look_at = now() + make_interval(secs => $2) where id = $1 and state = 'unknown'`)

const postponeAll = statement(`
  update commit_intent set look_at = now() + make_interval(secs => $2)
  where connection_id = $1 and state = 'unknown' and look_at <= now()`)

const abandon = statement(`
  update commit_intent set state = 'abandoned', settled_at = now(), reason = $2
  where id = $1 and state = 'unknown'`)

interface ConfirmedRow {
  readonly scope: string | null
  readonly key: string | null
  readonly digest: string
}

/** Of an intent without a key there is nobody to tell. */
const claimOf = ({ scope, key, digest }: ConfirmedRow): IdempotencyClaim | undefined =>
  scope === null || key === null ? undefined : { scope, key, digest }

/** `holder`: unique among processes. */
export const createDoubtLedger = (database: Database, holder: string) => ({
  due: async (): Promise<readonly string[]> =>
    (await database.query<{ id: string }>(selectDue, [])).map(({ id }) => id),

  alone: async (connectionId: string, work: () => Promise<void>): Promise<void> => {
    const name = `doubts:${connectionId}`
    const lease = await acquireLease(database, name, { holder, seconds: leaseSeconds })
    if (lease === undefined) return
    try {
      await work()
    } finally {
      await releaseLease(database, lease)
    }
  },

  take: (connectionId: string, most: number): Promise<readonly Doubt[]> =>
    database.query<Doubt>(selectDoubts, [connectionId, most]),

  confirm: ({ id }: Doubt, outcome: Outcome): Promise<void> =>
    database.transaction(async (tx) => {
      const [row] = await tx.query<ConfirmedRow>(confirm, [id])
      const claim = row && claimOf(row)
      if (claim) await storeOutcome(tx, claim, outcome)
    }),

  postpone: async ({ id }: Doubt, seconds: number): Promise<void> => {
    await database.execute(postpone, [id, seconds])
  },

  postponeAll: async (connectionId: string, seconds: number): Promise<void> => {
    await database.execute(postponeAll, [connectionId, seconds])
  },

  abandon: async ({ id }: Doubt, reason: string): Promise<void> => {
    await database.execute(abandon, [id, reason])
  },
})
