/** Intents whose end nobody knows: which are due for a look, and how looking ends. Meets the port of `catalog/doubts.ts`. */
import type { IdempotencyClaim, Outcome } from '#model/event.ts'
import type { Identifier } from '#model/identifier.ts'
import { type Database, statement, type Transaction } from './database.ts'
import { storeOutcome } from './idempotency.ts'
import type { Mark } from './intents.ts'
import { type KeptRecord, recordLater } from './later-records.ts'
import { acquireLease, releaseLease } from './leases.ts'

/** A doubtful intent. */
export interface Doubt {
  readonly id: string
  readonly operation: string
  readonly identifiers: readonly Identifier[]
  readonly addedSnapshotIds: readonly string[]
  readonly marks: readonly Mark[]
  readonly ageSeconds: number
}

interface Landed {
  readonly outcome: Outcome
  readonly uuid?: string | undefined
}

/** Longer than a pass: its looks are bounded in number and time. */
const leaseSeconds = 300

const selectDue = statement(`
  select connection_id as id from commit_intent
  where state = 'unknown' and look_at <= now()
  group by connection_id order by min(look_at)`)

const selectDoubts = statement(`
  select id, operation, identifiers, added_snapshot_ids as "addedSnapshotIds", coalesce(marks, '[]') as marks,
    extract(epoch from now() - created_at)::float8 as "ageSeconds"
  from commit_intent
  where connection_id = $1 and state = 'unknown' and look_at <= now()
  order by look_at, id limit $2`)

/** Another try of the same request may have been recorded: then this one says no more. */
const selectDoubt = statement(`
  select i.idempotency_scope as scope, i.idempotency_key as key, i.digest, i.created_at as sent,
    case when not exists (
      select 1 from commit_intent o
      where o.connection_id = i.connection_id and o.idempotency_scope = i.idempotency_scope
        and o.idempotency_key = i.idempotency_key and o.state = 'committed' and o.record is null)
    then i.record end as record
  from commit_intent i where i.id = $1 and i.state = 'unknown' for update of i`)

const confirm = statement(`
  update commit_intent set state = 'committed', record = null, settled_at = now(), reason = 'seen at the upstream'
  where id = $1`)

const selectLapsed = statement(`
  select id, record, created_at as sent from commit_intent
  where state = 'committed' and record is not null and lease_until <= now()
  order by lease_until limit 1 for update skip locked`)

const endLapsed = statement('update commit_intent set record = null where id = $1')

const postpone = statement(`
  update commit_intent set look_at = now() + make_interval(secs => $2) where id = $1 and state = 'unknown'`)

const postponeAll = statement(`
  update commit_intent set look_at = now() + make_interval(secs => $2)
  where connection_id = $1 and state = 'unknown' and look_at <= now()`)

const abandon = statement(`
  update commit_intent set state = 'abandoned', settled_at = now(), reason = $2
  where id = $1 and state = 'unknown'`)

interface ConfirmedRow extends Unrecorded {
  readonly scope: string | null
  readonly key: string | null
  readonly digest: string
}

interface Unrecorded {
  readonly sent: Date
  readonly record: KeptRecord | null
}

const recordOf = async (tx: Transaction, { record, sent }: Unrecorded): Promise<void> => {
  if (record !== null) await recordLater(tx, record, sent)
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

  recordLapsed: async (): Promise<void> => {
    const recordNext = () =>
      database.transaction(async (tx) => {
        const [row] = await tx.query<Unrecorded & { readonly id: string }>(selectLapsed, [])
        if (row === undefined) return false
        await recordOf(tx, row)
        await tx.execute(endLapsed, [row.id])
        return true
      })
    while (await recordNext());
  },

  confirm: ({ id }: Doubt, { outcome, uuid }: Landed): Promise<void> =>
    database.transaction(async (tx) => {
      const [row] = await tx.query<ConfirmedRow>(selectDoubt, [id])
      if (row === undefined) return
      const { record, sent } = row
      await recordOf(tx, { record: record && { ...record, uuid: uuid ?? null }, sent })
      await tx.execute(confirm, [id])
      const claim = claimOf(row)
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
