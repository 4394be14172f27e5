/** Intents of commits to upstreams: written before the relay, settled after it, so that a doubtful one can be found. */

import { v7 } from 'uuid'
import type { IdempotencyClaim, Outcome } from '#model/event.ts'
import type { Identifier } from '#model/identifier.ts'
import { type Database, type Sql, statement } from './database.ts'
import { storeOutcome } from './idempotency.ts'
import { type ChangeRecord, encodeRecord } from './later-records.ts'

/** What a creation will be known by. */
export interface Mark {
  readonly id: Identifier
  readonly uuid?: string
  readonly metadataLocation?: string
}

/** What is about to be asked of an upstream. */
export interface IntentDraft {
  readonly identifiers: readonly Identifier[]
  readonly operation: string
  readonly digest: string
  readonly addedSnapshotIds: readonly string[]
  readonly marks?: readonly Mark[]
  readonly idempotency?: IdempotencyClaim
  readonly record?: ChangeRecord
}

type Settlement =
  | { readonly state: 'refused' | 'unknown' }
  | { readonly state: 'committed'; readonly outcome: Outcome; readonly uuid?: string | undefined }

/** An earlier try of the same request whose end nobody knows. */
export interface DoubtfulCommit {
  readonly id: string
  readonly addedSnapshotIds: readonly string[]
  readonly marks: readonly Mark[]
}

export interface Intent {
  readonly id: string
  /** Newest first: look for what they have left before the request is relayed again. */
  readonly doubtful: readonly DoubtfulCommit[]
  settle(end: Settlement): Promise<void>
}

export interface IntentSettings {
  readonly connectionId: string
  /** The configuration's epoch under which the commit was routed. */
  readonly epoch: () => number
  /** Longer than the upstream's timeout. */
  readonly leaseSeconds?: number
}

const insert = statement(`
  insert into commit_intent (id, connection_id, identifiers, operation, digest, added_snapshot_ids, epoch,
    lease_until, idempotency_scope, idempotency_key, marks, record)
  values ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8), $9, $10, $11, $12)`)

const selectDoubtful = statement(`
  select id, added_snapshot_ids as "addedSnapshotIds", coalesce(marks, '[]') as marks from commit_intent
  where connection_id = $1 and idempotency_scope = $2 and idempotency_key = $3
    and (state in ('unknown', 'abandoned') or state = 'open' and lease_until <= now())
  order by created_at desc`)

const update = statement(`
  update commit_intent set state = $2, settled_at = case when $2 = 'unknown' then null else now() end,
    record = case when $2 = 'refused' then null else record || $3::jsonb end
  where id = $1 and state in ('open', 'unknown', 'abandoned')`)

const settle = async (
  database: Database,
  intent: { id: string } & Pick<IntentDraft, 'idempotency'>,
  end: Settlement,
): Promise<void> => {
  const claim = intent.idempotency
  const learnt = end.state === 'committed' && end.uuid !== undefined ? { uuid: end.uuid } : {}
  const values = [intent.id, end.state, JSON.stringify(learnt)]
  if (claim === undefined || end.state !== 'committed') {
    await database.execute(update, values)
    return
  }
  const { outcome } = end
  await database.transaction(async (tx) => {
    await tx.execute(update, values)
    await storeOutcome(tx, claim, outcome)
  })
}

const findDoubtful = async (
  sql: Sql,
  connectionId: string,
  claim: IdempotencyClaim | undefined,
): Promise<readonly DoubtfulCommit[]> =>
  claim === undefined ? [] : sql.query<DoubtfulCommit>(selectDoubtful, [connectionId, claim.scope, claim.key])

/** Meets the port of the connectors. `begin` is durable on return. */
export const createCommitIntents = (database: Database, settings: IntentSettings) => ({
  begin: async (draft: IntentDraft): Promise<Intent> => {
    const id = v7()
    const { idempotency: claim } = draft
    const doubtful = await findDoubtful(database, settings.connectionId, claim)
    await database.execute(insert, [
      ...[id, settings.connectionId, JSON.stringify(draft.identifiers), draft.operation, draft.digest],
      ...[draft.addedSnapshotIds, settings.epoch(), settings.leaseSeconds ?? 120],
      ...[claim?.scope ?? null, claim?.key ?? null],
      ...[draft.marks?.length ? JSON.stringify(draft.marks) : null],
      draft.record ? encodeRecord(draft.record) : null,
    ])
    return {
      id,
      doubtful,
      settle: (end) => settle(database, { id, ...(claim && { idempotency: claim }) }, end),
    }
  },
})

const selectOpen = statement(`
  select count(*)::int as count from commit_intent
  where connection_id = $1 and epoch < $2 and state = 'open' and lease_until > now()`)

/** Commits routed before `epoch` that may still be on their way: a fence waits until there are none. */
export const countOpenIntents = async (sql: Sql, connectionId: string, epoch: number): Promise<number> => {
  const [row] = await sql.query<{ count: number }>(selectOpen, [connectionId, epoch])
  return row?.count ?? 0
}
