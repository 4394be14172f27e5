/** A database that counts what it is asked: for proofs that two answers cost the same. */
import type { Database, Sql, Transaction } from '#store/database.ts'

export interface CountedDatabase {
  readonly database: Database
  /** Statements, beginnings of transactions included. */
  readonly count: number
}

export const countStatements = (database: Database): CountedDatabase => {
  let count = 0
  const counted = <S extends Sql>(sql: S): S => ({
    ...sql,
    query: (...args: Parameters<Sql['query']>) => {
      count += 1
      return sql.query(...args)
    },
    execute: (...args: Parameters<Sql['execute']>) => {
      count += 1
      return sql.execute(...args)
    },
    orm: (work: Parameters<Sql['orm']>[0]) => {
      count += 1
      return sql.orm(work)
    },
  })
  return {
    database: {
      ...counted(database),
      transaction: <T>(work: (tx: Transaction) => Promise<T>) => {
        count += 1
        return database.transaction((tx) => work(counted(tx)))
      },
    },
    get count() {
      return count
    },
  }
}
