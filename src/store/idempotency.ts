/**
 * What idempotency keys answer. A local change inserts its key with its outcome in its own transaction (`writeReceipt`);
 * a change that an upstream decides takes the key under a lease before it is relayed.
 */
import { CatalogError } from '#model/errors.ts'
import type { IdempotencyClaim, Outcome } from '#model/event.ts'
import { type Sql, statement } from './database.ts'

export interface IdempotencyRow {
  readonly digest: string
  readonly state: 'in-flight' | 'settled'
  readonly outcome: string | null
  /** The process that took the key is gone, or counts as gone. */
  readonly lapsed: boolean
}

/** How long a relayed change may take before its key may be taken again: longer than any upstream's timeout. */
const leaseSeconds = 120

export const selectRow = statement(`
  select digest, state, outcome, coalesce(lease_until <= now(), false) as lapsed
  from idempotency where scope = $1 and key = $2`)

/** UnprocessableEntity when the key belongs to another request. */
export const checkDigest = (row: Pick<IdempotencyRow, 'digest'>, claim: IdempotencyClaim): void => {
  if (row.digest !== claim.digest)
    throw new CatalogError(
      'UnprocessableEntityException',
      'The Idempotency-Key was already used for a different request',
    )
}

/**
 * What the key answers: an outcome, `in-flight` while another process works on it, undefined where it is free (also
 * where a lease lapsed: whoever takes it reconciles the earlier try through its intent).
 */
const lookupIdempotency = async (
  sql: Sql,
  claim: IdempotencyClaim,
): Promise<Outcome | 'in-flight' | undefined> => {
  const [row] = await sql.query<IdempotencyRow>(selectRow, [claim.scope, claim.key])
  if (row === undefined) return undefined
  checkDigest(row, claim)
  if (row.outcome !== null) return JSON.parse(row.outcome) as Outcome
  return row.lapsed ? undefined : 'in-flight'
}

const takeKey = statement(`
  insert into idempotency as i (scope, key, digest, state, lease_until)
  values ($1, $2, $3, 'in-flight', now() + make_interval(secs => $4))
  on conflict (scope, key) do update set lease_until = excluded.lease_until
  where i.state = 'in-flight' and i.digest = excluded.digest and i.lease_until <= now()`)

/** Durable on return. False when another request has the key or has settled it. */
const beginIdempotent = async (sql: Sql, claim: IdempotencyClaim): Promise<boolean> =>
  (await sql.execute(takeKey, [claim.scope, claim.key, claim.digest, leaseSeconds])) === 1

const settleKey = statement(`
  insert into idempotency as i (scope, key, digest, state, outcome) values ($1, $2, $3, 'settled', $4)
  on conflict (scope, key) do update set state = 'settled', outcome = excluded.outcome, lease_until = null
  where i.state = 'in-flight' and i.digest = excluded.digest`)

/** Stores how it ended, whether or not the key was taken; a settled key keeps its first outcome. */
export const storeOutcome = async (sql: Sql, claim: IdempotencyClaim, outcome: Outcome): Promise<void> => {
  await sql.execute(settleKey, [claim.scope, claim.key, claim.digest, JSON.stringify(outcome)])
}

const freeKey = statement(`
  delete from idempotency where scope = $1 and key = $2 and digest = $3 and state = 'in-flight'`)

/** The change did not happen: the key may be used again. */
const abandonIdempotent = async (sql: Sql, claim: IdempotencyClaim): Promise<void> => {
  await sql.execute(freeKey, [claim.scope, claim.key, claim.digest])
}

/** The ledger that the pipeline asks. */
export const createIdempotencyLedger = (sql: Sql) => ({
  find: (claim: IdempotencyClaim) => lookupIdempotency(sql, claim),
  begin: (claim: IdempotencyClaim) => beginIdempotent(sql, claim),
  settle: (claim: IdempotencyClaim, outcome: Outcome) => storeOutcome(sql, claim, outcome),
  abandon: (claim: IdempotencyClaim) => abandonIdempotent(sql, claim),
})
