/**
 * One short transaction a change: what the change expects is read, then commit row, entries, claims, events, audit and
 * idempotency outcome are written, or nothing is.
 */
import type { CallContext } from '#catalog/catalog.ts'
import { CatalogError, isCatalogError } from '#model/errors.ts'
import type { EventDraft, Outcome } from '#model/event.ts'
import type { Transaction } from '#store/database.ts'
import type { EntryState } from '#store/entries.ts'
import type { Line } from '#store/entries-lines.ts'
import {
  commitHappened,
  commitLock,
  type EntryPut,
  type Lock,
  lineLock,
  lock,
  putEntry,
  writeCommit,
} from '#store/entries-write.ts'
import { CommitUnknown, TransactionConflict } from '#store/errors.ts'
import { writeReceipt } from '#store/receipt.ts'
import type { Local } from './deps.ts'
import { warehouseGone } from './refusals.ts'

export interface Reading {
  readonly tx: Transaction
  readonly line: Line
}

/** What a change writes once its reading has shown that it may be. */
export interface Plan<T> {
  readonly result: T
  readonly outcome: Outcome
  readonly events: readonly Omit<EventDraft, 'warehouse'>[]
  /** Sorted by key before they are put. Each is put only where it is as `expected`. */
  readonly puts: readonly Put[]
  /** Rows beside the entries, written after them. */
  readonly also?: () => Promise<void>
}

/** As `EntryPut`, with a pointer that may be made in the transaction. */
export type Put = Omit<EntryPut, 'pointer'> & { readonly pointer: number | null | (() => Promise<number>) }

export interface Change<T> {
  /** The operation's id. */
  readonly op: string
  /** Taken before anything is read. */
  readonly locks?: (line: Line) => readonly Lock[]
  /** Reads only: events of one object are in the order of the first writes of their transactions. */
  readonly plan: (reading: Reading) => Promise<Plan<T>>
}

const byKey = ({ key: a }: Put, { key: b }: Put): number =>
  Buffer.compare(
    Buffer.from(`${a.ns}\u0000${a.space}\u0000${a.name}`),
    Buffer.from(`${b.ns}\u0000${b.space}\u0000${b.name}`),
  )

/** Nothing happened: what was read has been changed by someone else. */
export const changedMeanwhile = (): TransactionConflict =>
  new TransactionConflict(new Error('an entry is no longer as it was read'))

const writePuts = async (reading: Reading, seq: number, puts: readonly Put[]): Promise<void> => {
  for (const put of [...puts].sort(byKey)) {
    const pointer = typeof put.pointer === 'function' ? await put.pointer() : put.pointer
    if (!(await putEntry(reading.tx, reading.line, { ...put, pointer, seq }))) throw changedMeanwhile()
  }
}

interface Attempt<T> extends Change<T> {
  readonly commitId: string
}

const runTransaction = async <T>(local: Local, context: CallContext, change: Attempt<T>): Promise<T> => {
  const line = await local.line()
  return local.database.transaction(async (tx) => {
    const locks = change.locks?.(line) ?? []
    await lock(tx, [commitLock(change.commitId), lineLock(line), ...locks])
    const reading = { tx, line }
    const { result, outcome, events, puts, also } = await change.plan(reading)
    const warehouse = local.warehouse.id
    await writeReceipt(tx, context.receipt, {
      outcome,
      events: events.map((event) => ({ ...event, warehouse })),
    })
    const seq = await writeCommit(tx, line, {
      id: change.commitId,
      op: change.op,
      actor: context.principal.id,
      requestId: context.requestId,
    })
    if (seq === undefined) throw warehouseGone()
    await writePuts(reading, seq, puts)
    await also?.()
    return result
  })
}

/**
 * Nothing has happened where the database could not be reached before COMMIT, and the client must be told so: it
 * reads 503 of a commit as "may have happened", 429 as "try again". A duplicate in flight keeps its 503.
 */
const asCertain = (error: unknown): unknown =>
  isCatalogError(error, 'ServiceUnavailableException') && error.cause !== undefined
    ? new CatalogError('SlowDownException', error.message, { cause: error, retryAfterSeconds: 2 })
    : error

/** Runs what a change reads before its transaction, or a transaction that is no commit, with the same certainty. */
export const readingForChange = async <T>(read: () => Promise<T>): Promise<T> => {
  try {
    return await read()
  } catch (error) {
    throw asCertain(error)
  }
}

/**
 * One try. Throws `TransactionConflict` where nothing happened and another try may succeed, `CommitUnknown` where it
 * may have happened, a `CatalogError` where nothing happened.
 */
export const attemptChange = async <T>(
  local: Local,
  context: CallContext,
  change: Attempt<T>,
): Promise<T> => {
  try {
    return await runTransaction(local, context, change)
  } catch (error) {
    context.receipt.written = false
    throw asCertain(error)
  }
}

const settleTries = 6
const settlePauseMs = 200

/** After a lost answer of COMMIT: true or false for certain; undefined while the database cannot be asked. */
export const settleChange = async (
  local: Local,
  context: CallContext,
  commitId: string,
): Promise<boolean | undefined> => {
  for (let i = 0; i < settleTries; i++) {
    if (i > 0) await local.pause(settlePauseMs * 2 ** i)
    try {
      const happened = await local.database.transaction((tx) => commitHappened(tx, commitId))
      context.receipt.written = happened
      return happened
    } catch (error) {
      local.log('commit.settle-failed', { commit: commitId, error: String(error) })
    }
  }
  return undefined
}

const stateUnknown = (cause: unknown): CatalogError =>
  new CatalogError(
    'CommitStateUnknownException',
    'The change may or may not have happened: the connection to the database was lost at its end',
    { cause },
  )

const maxAttempts = 12
const firstPauseMs = 5
const longestPauseMs = 500

/** What one try came to. */
type Tried<T> = { readonly result: T } | { readonly lost: unknown }

/** Tries again, with jitter, while tries are lost. CommitFailed (409) when that happens too often. */
export const repeatedly = async <T>(
  local: Local,
  context: CallContext,
  once: () => Promise<Tried<T>>,
): Promise<T> => {
  let last: unknown
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    if (attempt > 0) await local.pause(local.random() * Math.min(longestPauseMs, firstPauseMs * 2 ** attempt))
    context.signal.throwIfAborted()
    const outcome = await once()
    if ('result' in outcome) return outcome.result
    last = outcome.lost
  }
  throw new CatalogError('CommitFailedException', 'Commit failed: too many concurrent changes', {
    cause: last,
  })
}

/**
 * A change that needs no metadata file: tried again while others come in between. CommitFailed (409) when that
 * happens too often, CommitStateUnknown when the end of the transaction cannot be learned.
 */
export const change = <T>(local: Local, context: CallContext, wanted: Change<T>): Promise<T> =>
  repeatedly(local, context, () => tryOnce(local, context, wanted))

const tryOnce = async <T>(local: Local, context: CallContext, wanted: Change<T>): Promise<Tried<T>> => {
  const commitId = local.newUuid()
  // Kept outside of the transaction: its answer counts when COMMIT turns out to have happened.
  let planned: { readonly result: T } | undefined
  const plan = async (reading: Reading): Promise<Plan<T>> => {
    const made = await wanted.plan(reading)
    planned = { result: made.result }
    return made
  }
  try {
    return { result: await attemptChange(local, context, { ...wanted, plan, commitId }) }
  } catch (error) {
    if (error instanceof TransactionConflict) return { lost: error }
    if (!(error instanceof CommitUnknown) || planned === undefined) throw error
    const happened = await settleChange(local, context, commitId)
    if (happened === undefined) throw stateUnknown(error)
    return happened ? planned : { lost: error }
  }
}

/** An event's data, in the same words for every change. */
export const eventOf = (
  type: string,
  object: string,
  data: EventDraft['data'],
): Omit<EventDraft, 'warehouse'> => ({ type, object, data })

/** An entry made free: its content stays known to history. */
export const tombstone = (key: EntryPut['key'], expected: EntryState): Put => ({
  key,
  contentId: expected.contentId,
  kind: expected.kind,
  pointer: null,
  expected,
})
