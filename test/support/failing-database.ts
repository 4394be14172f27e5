/** A database that fails where it is told to: at a statement of a transaction, or around its COMMIT. */
import { CatalogError } from '#model/errors.ts'
import type { Database, Sql, Transaction } from '#store/database.ts'
import { CommitUnknown } from '#store/errors.ts'

export type Fault =
  /** The connection is lost before the statement of this number (0: the first) is sent. */
  | { readonly at: 'statement'; readonly number: number }
  /** COMMIT is sent, the connection is lost, and it happened. */
  | { readonly at: 'commit-happened' }
  /** COMMIT is sent, the connection is lost, and it did not happen. */
  | { readonly at: 'commit-lost' }

export interface FailingDatabase {
  readonly database: Database
  /** The next transaction fails so; the ones after it do not. */
  failNext(fault: Fault): void
  /** Every transaction fails to begin until `heal`. */
  cut(): void
  heal(): void
  /** Statements of the last transaction that ended. */
  readonly statements: number
}

const lost = (): CatalogError =>
  new CatalogError('ServiceUnavailableException', "The catalog's database is not reachable", {
    cause: Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
    retryAfterSeconds: 2,
  })

const counted = (tx: Transaction, before: () => void): Transaction => {
  const wrap =
    <Arguments extends readonly unknown[], Answer>(method: (...values: Arguments) => Promise<Answer>) =>
    async (...values: Arguments): Promise<Answer> => {
      before()
      return method(...values)
    }
  return {
    ...tx,
    query: wrap(
      tx.query as (...values: Parameters<Sql['query']>) => Promise<readonly never[]>,
    ) as Sql['query'],
    execute: wrap(tx.execute),
  }
}

/** Thrown inside of the real transaction so that it rolls back. */
const rollBack = new Error('rolled back by the test')

export const createFailingDatabase = (real: Database): FailingDatabase => {
  let next: Fault | undefined
  let isCut = false
  let statements = 0

  const transaction: Database['transaction'] = async (work) => {
    if (isCut) throw lost()
    const fault = next
    next = undefined
    let count = 0
    const before = (): void => {
      if (fault?.at === 'statement' && fault.number === count) throw lost()
      count++
    }
    try {
      const result = await real.transaction(async (tx) => {
        const made = await work(counted(tx, before))
        if (fault?.at === 'commit-lost') throw rollBack
        return made
      })
      if (fault?.at === 'commit-happened') throw new CommitUnknown(lost())
      return result
    } catch (error) {
      throw error === rollBack ? new CommitUnknown(lost()) : error
    } finally {
      statements = count
    }
  }

  return {
    database: { ...real, transaction },
    failNext: (fault) => {
      next = fault
    },
    cut: () => {
      isCut = true
    },
    heal: () => {
      isCut = false
    },
    get statements() {
      return statements
    },
  }
}
