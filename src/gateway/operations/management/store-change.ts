/** One administrative change on our store: a transaction that carries its receipt, and is in force when it is answered. */
import type { CallContext } from '#catalog/catalog.ts'
import { CatalogError } from '#model/errors.ts'
import type { EventDraft, Outcome } from '#model/event.ts'
import type { Database, Transaction } from '#store/database.ts'
import { TransactionConflict } from '#store/errors.ts'
import { writeReceipt } from '#store/receipt.ts'
import { made } from './replays.ts'

/** What a change gives back, and what it is told as: nothing where nothing has changed. */
export interface Told<T> {
  readonly result: T
  /** A repeated request finds its object again. */
  readonly event?: EventDraft
  readonly more?: readonly EventDraft[]
}

export type Change = <T>(context: CallContext, work: (tx: Transaction) => Promise<Told<T>>) => Promise<T>

export interface StoreChangeDeps {
  readonly database: Database
  /** Awaited after each change, before its answer: who changed something finds it changed. */
  readonly changed: (event: EventDraft) => Promise<void>
  /** Told where `changed` failed: the change was made all the same, and is answered so. */
  readonly report: (error: unknown) => void
}

const translated = (error: unknown): unknown =>
  error instanceof TransactionConflict
    ? new CatalogError('SlowDownException', 'Others make changes at the same time', {
        cause: error,
        retryAfterSeconds: 1,
      })
    : error

export const createChange =
  ({ database, changed, report }: StoreChangeDeps): Change =>
  async (context, work) => {
    const transaction = database.transaction(async (tx) => {
      const { result, event, more = [] } = await work(tx)
      const events = event === undefined ? more : [event, ...more]
      const outcome: Outcome = event === undefined ? { kind: 'done' } : made(event.object)
      await writeReceipt(tx, context.receipt, { outcome, events })
      return { result, events }
    })
    const { result, events } = await transaction.catch((error: unknown) => {
      throw translated(error)
    })
    for (const event of events) await changed(event).catch(report)
    return result
  }
