/** One statement in a change's own transaction: its audit entries, its events, and what its idempotency key answers from now on. */
import { CatalogError } from '#model/errors.ts'
import type { AuditDraft, EventDraft, IdempotencyClaim, Outcome, Receipt } from '#model/event.ts'
import { bindEntries, changeEntry, decisionEntry, encodeEntry, insertEntries } from './audit-entries.ts'
import { type Database, statement, type Transaction } from './database.ts'
import { checkDigest, type IdempotencyRow, selectRow } from './idempotency.ts'
import { followRelayed } from './mounted-grants.ts'
import { encodeEvents, insertEvents, outboxChannel } from './outbox.ts'

/**
 * The same request has been answered by a duplicate that ran beside this one: roll back and answer from `outcome`.
 * A 409 by type, so that whoever does not know it looks the key up again before answering.
 */
export class AlreadySettled extends CatalogError {
  readonly outcome: Outcome

  constructor(outcome: Outcome) {
    super('CommitFailedException', 'The same request has been answered already')
    this.name = 'AlreadySettled'
    this.outcome = outcome
  }
}

const records = `
  with audited as (${insertEntries('$1')}), told as (${insertEvents('$2', '$3::text')})`

const insertWithout = statement(`${records} select 1`)

/** The insert waits while a duplicate's transaction is open: it sees its outcome, or takes its place. */
const insertWithKey = statement(`${records}
  insert into idempotency (scope, key, digest, state, outcome) values ($4, $5, $6, 'settled', $7)
  on conflict do nothing`)

const rejectDuplicate = async (tx: Transaction, claim: IdempotencyClaim): Promise<never> => {
  const [row] = await tx.query<IdempotencyRow>(selectRow, [claim.scope, claim.key])
  if (row !== undefined) checkDigest(row, claim)
  if (row?.outcome != null) throw new AlreadySettled(JSON.parse(row.outcome) as Outcome)
  throw new CatalogError('ServiceUnavailableException', 'The same request is still in progress', {
    retryAfterSeconds: 2,
  })
}

/**
 * Writes the receipt with the change; it is marked written when that has committed. Call it once, after what the change expects has been read
 * (events are ordered by the transaction's first write) and before the change itself, so that a racing duplicate waits
 * here. Throws `AlreadySettled` or UnprocessableEntity (the key was used for another request): then nothing must be kept.
 */
export const writeReceipt = async (
  tx: Transaction,
  receipt: Receipt,
  change: { readonly outcome: Outcome; readonly events: readonly EventDraft[] },
): Promise<void> => {
  const { audit, idempotency: claim } = receipt
  const entries = [decisionEntry(audit), ...change.events.map((event) => changeEntry(audit, event))]
  const values = [bindEntries(entries.map(encodeEntry)), encodeEvents(change.events), audit.requestId]
  if (claim === undefined) await tx.execute(insertWithout, values)
  else {
    const key = [claim.scope, claim.key, claim.digest, JSON.stringify(change.outcome)]
    if ((await tx.execute(insertWithKey, [...values, ...key])) === 0) await rejectDuplicate(tx, claim)
  }
  if (change.events.length > 0) tx.announce(outboxChannel)
  tx.afterCommit(() => {
    receipt.written = true
  })
}

/** Of a change whose decision is on record already. */
export const writeChanges = async (
  tx: Transaction,
  audit: AuditDraft,
  events: readonly EventDraft[],
): Promise<void> => {
  if (events.length === 0) return
  const entries = events.map((event) => encodeEntry(changeEntry(audit, event)))
  await tx.execute(insertWithout, [bindEntries(entries), encodeEvents(events), audit.requestId])
  tx.announce(outboxChannel)
}

/** Rows are locked in one order, so that no two requests of one key wait for one another. */
const endIntents = statement(`
  with before as (
    select id, state = 'committed' and record is null as recorded from commit_intent
    where id = any($1::uuid[]) order by id for update),
  ended as (
    update commit_intent i set state = 'committed', record = null, settled_at = coalesce(settled_at, now())
    from before b where i.id = b.id)
  select recorded from before`)

/** False where one of the intents is recorded already: each change is recorded once. */
const endUnrecorded = async (tx: Transaction, intents: readonly string[]): Promise<boolean> => {
  if (intents.length === 0) return true
  const rows = await tx.query<{ recorded: boolean }>(endIntents, [intents])
  return !rows.some(({ recorded }) => recorded)
}

/**
 * For a change that was made elsewhere: decision, changes and events in a transaction of their own, with what follows
 * from it for grants. The changes are left out where they are recorded already of one of its intents.
 */
export const recordChange = (
  database: Database,
  { audit, intents = [] }: Pick<Receipt, 'audit' | 'intents'>,
  events: readonly EventDraft[],
): Promise<void> =>
  database.transaction(async (tx) => {
    const changes = (await endUnrecorded(tx, intents)) ? events : []
    const followed = followRelayed(audit.principal, changes)
    const told = [...changes, ...followed.events]
    await writeReceipt(tx, { audit, written: false }, { outcome: { kind: 'done' }, events: told })
    await followed.write(tx)
  })
