import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isCatalogError } from '#model/errors.ts'
import { type Database, openDatabase, statement } from '#store/database.ts'
import { CommitUnknown, TransactionConflict } from '#store/errors.ts'
import { openCuttingProxy } from '../../support/cutting-proxy.ts'
import { openTestDatabase, type TestDatabase, testServers } from '../../support/database.ts'
import { hasPooler, openPooler, type Pooler } from '../../support/pooler.ts'

const caught = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe.each(testServers)('the database on %s', (kind) => {
  let db: TestDatabase
  let database: Database
  beforeAll(async () => {
    db = await openTestDatabase({ kind })
    database = db.database
    await database.query('create table counter (id int primary key, n int not null)')
    await database.query('insert into counter values (1, 0), (2, 0)')
  })
  afterAll(() => db[Symbol.asyncDispose]())

  it('rolls back what threw, and gives the connection back clean', async () => {
    const failed = database.transaction(async (tx) => {
      await tx.query('update counter set n = 100')
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect(await database.query('select max(n) as n from counter')).toEqual([{ n: 0 }])
  })

  it('never calls a transaction committed whose statement had failed', async () => {
    const swallowed = database.transaction(async (tx) => {
      await tx.query('update counter set n = 7')
      await tx.query('select 1 / 0').catch(() => {})
    })
    await expect(swallowed).rejects.toThrow('failed statement')
    expect(await database.query('select max(n) as n from counter')).toEqual([{ n: 0 }])
  })

  it('reads 64-bit integers without loss', async () => {
    const [row] = await database.query<{ safe: number; big: bigint }>(
      `select 9007199254740991::int8 as safe, 9223372036854775807::int8 as big`,
    )
    expect(row).toEqual({ safe: 9007199254740991, big: 9223372036854775807n })
  })

  it('says of a deadlock that it may be tried again', async () => {
    const met = Promise.withResolvers<void>()
    let waiting = 0
    const cross = (first: number, second: number) =>
      database.transaction(async (tx) => {
        await tx.query('update counter set n = n + 1 where id = $1', [first])
        waiting += 1
        if (waiting === 2) met.resolve()
        await met.promise
        await tx.query('update counter set n = n + 1 where id = $1', [second])
      })
    const ends = await Promise.allSettled([cross(1, 2), cross(2, 1)])
    const failures = ends.filter((end) => end.status === 'rejected').map((end) => end.reason)
    expect(failures).toHaveLength(1)
    expect(failures[0]).toBeInstanceOf(TransactionConflict)
  })

  it('answers 503 with Retry-After when its connection is ended in a transaction, and goes on', async () => {
    const error = await caught(
      database.transaction(async (tx) => {
        const [me] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid')
        await database.query('select pg_terminate_backend($1)', [me?.pid])
        await sleep(50)
        await tx.query('select 1')
      }),
    )
    expect(isCatalogError(error, 'ServiceUnavailableException') && error.retryAfterSeconds).toBeGreaterThan(0)
    expect(await database.query('select 1 as n')).toEqual([{ n: 1 }])
  })

  it('says that a commit is unknown when the connection is lost at COMMIT', async () => {
    const error = await caught(
      database.transaction(async (tx) => {
        const [me] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid')
        await tx.query('update counter set n = 5 where id = 1')
        // Ends this very backend while it commits: a deferred trigger is what COMMIT runs.
        await tx.query(`create or replace function die() returns trigger language plpgsql as
          $$ begin perform pg_terminate_backend(${me?.pid}); perform pg_sleep(1); return null; end $$`)
        await tx.query('create table if not exists deadly (n int)')
        await tx.query(
          `create constraint trigger deadly after insert on deadly deferrable initially deferred for each row execute function die()`,
        )
        await tx.query('insert into deadly values (1)')
      }),
    )
    expect(error).toBeInstanceOf(CommitUnknown)
    expect(await database.query('select 1 as n')).toEqual([{ n: 1 }])
  })

  it('says that a commit is unknown when only its answer is lost, and it has happened', async () => {
    await using proxy = await openCuttingProxy(db.server.socketFolder)
    await using distant = await openDatabase({ url: proxy.through(db.url) })
    await database.query('update counter set n = 0 where id = 2')
    const told: string[] = []
    const error = await caught(
      distant.transaction(async (tx) => {
        tx.afterCommit(() => told.push('committed'))
        await tx.query('update counter set n = 42 where id = 2')
        proxy.cutNextCommit()
      }),
    )
    expect(error).toBeInstanceOf(CommitUnknown)
    expect(told).toEqual([])
    expect(await database.query('select n from counter where id = 2')).toEqual([{ n: 42 }])
    expect(await distant.query('select 1 as n')).toEqual([{ n: 1 }])
  })

  it('answers 429 when every connection is taken for too long', async () => {
    // Long enough to connect on a busy machine.
    await using small = await openDatabase({ url: db.url, poolSize: 1, acquireTimeoutMs: 2_000 })
    const error = await small.transaction(() => caught(small.query('select 1')))
    expect(isCatalogError(error, 'SlowDownException') && error.retryAfterSeconds).toBeGreaterThan(0)
  })

  it('cancels a statement that runs too long, and answers 503', async () => {
    await using hasty = await openDatabase({ url: db.url, statementTimeoutMs: 100 })
    const error = await caught(hasty.query('select pg_sleep(5)'))
    expect(isCatalogError(error, 'ServiceUnavailableException')).toBe(true)
  })

  it('hears a notification', async () => {
    let heard = 0
    await using listener = database.listen('test_channel', () => {
      heard += 1
    })
    expect(listener.active).toBe(true)
    while (heard === 0) await sleep(10)
    const before = heard
    await database.query(`select pg_notify('test_channel', '')`)
    while (heard === before) await sleep(10)
  })

  it('refuses a server that cannot be reached with 503', async () => {
    const error = await caught(openDatabase({ url: 'postgres://nobody@127.0.0.1:23499/none' }))
    expect(isCatalogError(error, 'ServiceUnavailableException')).toBe(true)
  })
})

describe.skipIf(!hasPooler).each(testServers)('a transaction pooler before %s', (kind) => {
  let db: TestDatabase
  let pooler: Pooler
  let database: Database
  beforeAll(async () => {
    db = await openTestDatabase({ kind })
    pooler = await openPooler(db.server)
    database = await openDatabase({
      url: pooler.through(db.url),
      directUrl: db.url,
      statementTimeoutMs: 2_000,
    })
  })
  afterAll(async () => {
    await database[Symbol.asyncDispose]()
    await pooler[Symbol.asyncDispose]()
    await db[Symbol.asyncDispose]()
  })

  it('is noticed', () => {
    expect(database.pooled).toBe(true)
    expect(db.database.pooled).toBe(false)
  })

  it('serves statements that are sent again and again over changing connections', async () => {
    const one = statement('select $1::int as n')
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        n % 2 === 0
          ? database.query<{ n: number }>(one, [n])
          : database.transaction((tx) => tx.query<{ n: number }>(one, [n])),
      ),
    )
    expect(answers.map(([row]) => row?.n)).toEqual(Array.from({ length: 200 }, (_, n) => n))
  })

  it('keeps the statement timeout inside transactions, and out of the next client', async () => {
    const error = await caught(database.transaction((tx) => tx.query('select pg_sleep(10)')))
    expect(isCatalogError(error, 'ServiceUnavailableException')).toBe(true)
    expect(await database.query(`select current_setting('statement_timeout') as t`)).toEqual([{ t: '0' }])
  })

  it('is passed by what needs a session', async () => {
    const heard = Promise.withResolvers<void>()
    await using listener = database.listen('pooled_channel', heard.resolve)
    expect(listener.active).toBe(true)
    await heard.promise
  })
})
