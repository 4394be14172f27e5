/** Prunes rows of operations that nobody needs any more. Each statement is small and may be run at any time, by anybody. */
import { type Sql, statement } from './database.ts'
import { pruneSpentTokens } from './spent-tokens.ts'

export interface OperationRetention {
  /** What is advertised to clients, and a grace. */
  readonly idempotencySeconds: number
  /** Tails of processes that were cut off for a while still find their events. */
  readonly outboxSeconds: number
  readonly intentSeconds: number
}

const batch = 5_000

/** By place in the table: a row that changes meanwhile has another place and stays. */
const pruneKeys = statement(`
  delete from idempotency where ctid = any(array(
    select ctid from idempotency
    where created_at < now() - make_interval(secs => $1) and (lease_until is null or lease_until < now())
    order by created_at limit ${batch}))`)

/** Behind every stored cursor: a consumer that is away keeps its events. */
const pruneOutbox = statement(`
  delete from outbox where ctid = any(array(
    select o.ctid from outbox o
    where o.created_at < now() - make_interval(secs => $1)
      and not exists (select from outbox_cursor c where (c.tx, c.id) < (o.tx, o.id))
    order by o.tx, o.id limit ${batch}))`)

/** The doubtful ones as well: no client repeats a request for so long. */
const pruneIntents = statement(`
  delete from commit_intent where ctid = any(array(
    select ctid from commit_intent
    where settled_at < now() - make_interval(secs => $1)
      or state = 'unknown' and created_at < now() - make_interval(secs => $1)
    limit ${batch}))`)

/** What a claim is just replacing is skipped: waiting for one row while holding others could end in a ring. */
const pruneClaims = statement(`
  delete from location_claim where ctid = any(array(
    select ctid from location_claim where staged_until < now() for update skip locked))`)

/** A process may die between the relay and its word: what lapsed is doubtful, not open. */
const doubtLapsed = statement(`
  update commit_intent set state = 'unknown' where state = 'open' and lease_until < now()`)

const repeat = async (step: () => Promise<number>): Promise<number> => {
  let total = 0
  for (;;) {
    const count = await step()
    total += count
    if (count < batch) return total
  }
}

export interface OperationSweep {
  readonly idempotency: number
  readonly outbox: number
  readonly intents: number
  readonly claims: number
  readonly spentTokens: number
}

export const sweepOperations = async (sql: Sql, retention: OperationRetention): Promise<OperationSweep> => {
  await sql.execute(doubtLapsed)
  return {
    idempotency: await repeat(() => sql.execute(pruneKeys, [retention.idempotencySeconds])),
    outbox: await repeat(() => sql.execute(pruneOutbox, [retention.outboxSeconds])),
    intents: await repeat(() => sql.execute(pruneIntents, [retention.intentSeconds])),
    claims: await sql.execute(pruneClaims),
    spentTokens: await repeat(() => pruneSpentTokens(sql)),
  }
}
