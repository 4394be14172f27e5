/** One administrative change on our store: a transaction that carries its receipt, and is in force when it is answered. */
import type { CallContext } from '#catalog/catalog.ts'
import { CatalogError } from '#model/errors.ts'
import type { EventDraft } from '#model/event.ts'
import type { Database, Transaction } from '#store/database.ts'
import { TransactionConflict } from '#store/errors.ts'
import { writeReceipt } from '#store/receipt.ts'
import { made } from './replays.ts'

/** What a change gives back, and what it is told as. A repeated request finds the event's object again. */
interface Told<T> {
  readonly result: T
  readonly event: EventDraft
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
      const told = await work(tx)
      await writeReceipt(tx, context.receipt, { outcome: made(told.event.object), events: [told.event] })
      return told
    })
    const { result, event } = await transaction.catch((error: unknown) => {
      throw translated(error)
    })
    await changed(event).catch(report)
    return result
  }
