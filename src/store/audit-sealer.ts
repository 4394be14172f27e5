/**
 * The leased worker that seals entries of the audit log, a few seconds after they were committed. Commits go on side by
 * side: entries are taken in the order of their transactions, and only below the oldest one that is still in flight.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { beginning, genesis, hashBlock, type Position, rootOf, sealBlock } from './audit-blocks.ts'
import { type Database, type Sql, statement, type Transaction } from './database.ts'
import { acquireLease, isHeld, type Lease, releaseLease } from './leases.ts'

export interface SealerOptions {
  /** Unique among processes. */
  readonly holder: string
  /** Of the server, derived for this alone. */
  readonly key: Uint8Array
  readonly everyMs?: number
  /** Most entries of a block. */
  readonly blockSize?: number
  readonly onFailure?: (error: unknown) => void
}

const leaseName = 'audit-sealer'
/** Short, so that another process soon goes on where one was killed; it is renewed before each block. */
const leaseSeconds = 5
const defaults = { everyMs: 2_000, blockSize: 4_000, onFailure: (): void => {} }

interface Newest {
  readonly number: number
  readonly hash: Buffer
  readonly sealedAt: Date
  readonly tx: string
  readonly at: Date
  readonly id: string
  /** The oldest transaction in flight is older than one that has been sealed: ids have begun anew. */
  readonly behind: boolean
}

const selectNewest = statement(`
  select number, hash, sealed_at as "sealedAt", last_tx as tx, last_at as at, last_id as id,
    last_tx::xid8 >= pg_snapshot_xmax(pg_current_snapshot()) as behind
  from audit_block order by number desc limit 1`)

/** As long as it should be, whatever somebody has made of it: else no leaf behind it could be read. */
const wholeDigest = `substring(digest || decode(repeat('00', 32), 'hex') from 1 for 32)`

/**
 * The next entries as the leaves of one block, put together where they lie: row by row they would cost this process more
 * than to write them did. A block lies in one month, so that it goes with its partition: it ends before the first entry
 * of another one. Of the row comparison alone the planner makes no range of the index.
 */
const selectUnsealed = statement(`
  with found as materialized (
    select e.tx, at, id, digest, date_trunc('month', at, 'utc') as month from audit_entry e
    where e.tx >= $1::text::xid8 and (e.tx, at, id) > ($1::text::xid8, $2::timestamptz, $3::uuid)
      and e.tx < pg_snapshot_xmin(pg_current_snapshot())
    order by e.tx, at, id limit $4
  ), first as (
    select month from found order by tx, at, id limit 1
  ), next as (
    select tx, at, id from found where month <> (select month from first) order by tx, at, id limit 1
  ), block as (
    select * from found
    where not exists (select from next) or (tx, at, id) < (select tx, at, id from next)
  )
  select count(*)::int as entries, (select count(*)::int from found) as found, (select month from first) as month,
    string_agg(xid8send(b.tx) || uuid_send(b.id) || ${wholeDigest}, ''::bytea order by b.tx, b.at, b.id) as leaves, last.*
  from block b, (select l.tx::text as tx, at, id from block l order by l.tx desc, at desc, id desc limit 1) last
  group by last.tx, last.at, last.id`)

/** Of what was sealed until then nothing is left in the month. */
const selectRetired = statement('select max(retired_at) as "retiredAt" from audit_retired where month = $1')

/** Behind whatever tells it apart from what came before, also where clocks differ. */
const sealingTime = async (tx: Transaction, { sealedAt }: Newest, month: Date): Promise<Date> => {
  const [row] = await tx.query<{ retiredAt: Date | null }>(selectRetired, [month])
  const retired = row?.retiredAt ? row.retiredAt.getTime() + 1 : 0
  return new Date(Math.max(Date.now(), sealedAt.getTime(), retired))
}

const insertBlock = statement(`
  insert into audit_block (number, hash, previous_hash, entries, leaves, root, month, last_tx, last_at, last_id,
    sealed_at, seal)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`)

/** The newest block; undefined before the first one. */
export const loadNewestBlock = async (sql: Sql): Promise<Newest | undefined> =>
  (await sql.query<Newest>(selectNewest))[0]

/** The place of its last entry, and what it is made of. */
interface Unsealed extends Position {
  readonly entries: number
  /** Entries that were looked at: more than the block takes where another month begins. */
  readonly found: number
  readonly month: Date
  readonly leaves: Buffer
}

const firstBlock: Newest = { number: 0, hash: genesis, sealedAt: new Date(0), ...beginning, behind: false }

const writeBlock = async (
  tx: Transaction,
  { newest, last, key }: { readonly newest: Newest; readonly last: Unsealed; readonly key: Uint8Array },
): Promise<void> => {
  const { entries, leaves, month } = last
  const head = {
    ...{ number: newest.number + 1, previousHash: newest.hash, entries },
    ...{ root: rootOf(leaves), month, last, sealedAt: await sealingTime(tx, newest, month) },
  }
  const hash = hashBlock(head)
  await tx.execute(insertBlock, [
    ...[head.number, hash, head.previousHash, head.entries, leaves, head.root, head.month],
    ...[last.tx, last.at, last.id, head.sealedAt, sealBlock(key, hash)],
  ])
}

/**
 * Seals one block of what has been committed; tells how many entries, and whether there may be more. Two that do so at
 * once cannot fork the chain: the number and the previous hash of a block are unique, and the second one fails.
 */
export const sealBlockOnce = async (
  database: Database,
  lease: Lease,
  { key, blockSize = defaults.blockSize }: Pick<SealerOptions, 'key' | 'blockSize'>,
): Promise<{ readonly entries: number; readonly more: boolean }> =>
  database.transaction(async (tx) => {
    if (!(await isHeld(tx, lease))) return { entries: 0, more: false }
    const newest = (await loadNewestBlock(tx)) ?? firstBlock
    if (newest.behind)
      throw new Error('The audit log is not sealed: transaction ids are behind those that were sealed')
    // A table that has grown since it was last analysed would be sorted as a whole for each block.
    await tx.query('set local enable_seqscan = off; set local enable_bitmapscan = off')
    const [last] = await tx.query<Unsealed>(selectUnsealed, [newest.tx, newest.at, newest.id, blockSize])
    if (last === undefined) return { entries: 0, more: false }
    await writeBlock(tx, { newest, last, key })
    return { entries: last.entries, more: last.found > last.entries || last.found === blockSize }
  })

/** Seals all that has been committed; undefined where another process has the lease. */
export const sealOnce = async (database: Database, options: SealerOptions): Promise<number | undefined> => {
  const { holder } = options
  let total = 0
  for (;;) {
    const lease = await acquireLease(database, leaseName, { holder, seconds: leaseSeconds })
    if (lease === undefined) return undefined
    const { entries, more } = await sealBlockOnce(database, lease, options)
    total += entries
    if (!more) return total
  }
}

const giveUpLease = async (database: Database, holder: string): Promise<void> => {
  const lease = await acquireLease(database, leaseName, { holder, seconds: 1 })
  if (lease !== undefined) await releaseLease(database, lease)
}

/** The first moments of a replica are others' business; then every few seconds. */
export const startSealer = (database: Database, options: SealerOptions): AsyncDisposable => {
  const { everyMs, onFailure } = { ...defaults, ...options }
  const stop = new AbortController()
  let told: string | undefined
  /** What goes wrong every two seconds is told once. */
  const tell = (error: unknown): void => {
    const words = String(error)
    if (words !== told) onFailure(error)
    told = words
  }
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await sleep(everyMs, undefined, { signal: stop.signal, ref: false }).catch(() => {})
      if (stop.signal.aborted) return
      await sealOnce(database, options).then(() => {
        told = undefined
      }, tell)
    }
  }
  const done = loop()
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await done
      await giveUpLease(database, options.holder).catch(() => {})
    },
  }
}
