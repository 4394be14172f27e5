/** The leased worker that makes partitions of the audit log ahead, and drops those whose retention is over. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditDraft } from '#model/event.ts'
import { beginning, type Retired, sealRetired } from './audit-blocks.ts'
import { appendAudit, changeEntry, encodeEntry } from './audit-entries.ts'
import { prepareAudit } from './audit-partitions.ts'
import { loadNewestBlock } from './audit-sealer.ts'
import { type Database, type Sql, statement, type Transaction } from './database.ts'
import { acquireLease, releaseLease } from './leases.ts'

export interface KeeperOptions {
  /** Unique among processes. */
  readonly holder: string
  /** As the sealer's. */
  readonly key: Uint8Array
  /** Entries may go once they are older; null: never. A month goes as a whole, when its last day may. */
  readonly retentionDays: number | null
  readonly everyMs?: number
  readonly now?: () => Date
  readonly onFailure?: (error: unknown) => void
}

const hourMs = 3_600_000
const defaults = { everyMs: hourMs, now: () => new Date(), onFailure: (): void => {} }
const leaseSeconds = 10 * 60

interface Partition {
  readonly name: string
  readonly month: Date
}

const selectPartitions = statement(`
  select c.relname as name, (to_date(right(c.relname, 7), 'YYYY_MM')::timestamp at time zone 'utc') as month
  from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'audit_entry'::regclass and c.relname ~ '^audit_entry_[0-9]{4}_[0-9]{2}$'
  order by 1`)

const sumSealed = statement(`
  select coalesce(sum(entries), 0)::bigint as entries, max(sealed_at) as "lastSealed" from audit_block
  where month = $1 and leaves is not null`)

interface Sealed {
  readonly entries: number
  readonly lastSealed: Date | null
}

const insertRetired = statement(
  'insert into audit_retired (month, retired_at, entries, seal) values ($1, $2, $3, $4)',
)

const dropLeaves = statement(`
  update audit_block set leaves = null where number = any(array(
    select number from audit_block b where leaves is not null
      and exists (select from audit_retired r where r.month = b.month and r.retired_at >= b.sealed_at)
    limit 1000))`)

const isSealed = async (tx: Transaction, { name }: Partition): Promise<boolean> => {
  const { tx: last, at, id } = (await loadNewestBlock(tx)) ?? beginning
  const [row] = await tx.query<{ open: boolean }>(
    `select exists (select from "${name}"
      where tx >= $1::text::xid8 and (tx, at, id) > ($1::text::xid8, $2::timestamptz, $3::uuid)) as open`,
    [last, at, id],
  )
  return row?.open === false
}

const system = { kind: 'system', id: 'retention' } as const

/** What is gone is on record itself: who looks for it learns since when, and how much there was. */
const recordRetired = (
  tx: Transaction,
  { name }: Partition,
  { entries, retiredAt }: Retired,
): Promise<void> => {
  const object = `audit:${name}`
  const draft: AuditDraft = {
    ...{ requestId: object, operation: 'retireAudit', principal: system, warehouse: null, project: null },
    ...{ needs: [], decision: 'allowed', reason: '', status: 200, errorType: null, startedAt: retiredAt },
  }
  const event = { type: 'audit.retired', object, warehouse: '', data: { entries } }
  return appendAudit(tx, [encodeEntry(changeEntry(draft, event))])
}

/** False while some of its entries have not been sealed: they would go without a trace. */
const retire = (database: Database, partition: Partition, { key, now = defaults.now }: KeeperOptions) =>
  database.transaction(async (tx) => {
    await tx.query(`set local lock_timeout = '1s'`)
    await tx.query(`lock table "${partition.name}" in share mode`)
    if (!(await isSealed(tx, partition))) return false
    const [sealed] = await tx.query<Sealed>(sumSealed, [partition.month])
    // Not before a block of it, whatever the clocks say: all blocks until then are without entries.
    const at = new Date(Math.max(now().getTime(), sealed?.lastSealed?.getTime() ?? 0))
    const retired = { month: partition.month, retiredAt: at, entries: sealed?.entries ?? 0 }
    const seal = sealRetired(key, retired)
    await tx.execute(insertRetired, [retired.month, retired.retiredAt, retired.entries, seal])
    await recordRetired(tx, partition, retired)
    await tx.query(`drop table "${partition.name}"`)
    return true
  })

/** The month after it begins. */
const endOf = ({ month }: Partition): number => Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1)

const retireOld = async (database: Database, options: KeeperOptions): Promise<readonly string[]> => {
  const { retentionDays, now = defaults.now } = options
  if (retentionDays === null) return []
  const oldest = now().getTime() - retentionDays * 24 * hourMs
  const gone: string[] = []
  for (const partition of await database.query<Partition>(selectPartitions))
    if (endOf(partition) <= oldest && (await retire(database, partition, options))) gone.push(partition.name)
  return gone
}

/** Behind the drop, and again where a process ended between the two. */
const forgetLeaves = async (sql: Sql): Promise<void> => {
  while ((await sql.execute(dropLeaves)) > 0);
}

/** One round: the names of partitions that were dropped; undefined where another process has the lease. */
export const keepAuditOnce = async (
  database: Database,
  options: KeeperOptions,
): Promise<readonly string[] | undefined> => {
  const { holder } = options
  const lease = await acquireLease(database, 'audit-keeper', { holder, seconds: leaseSeconds })
  if (lease === undefined) return undefined
  try {
    await database.transaction(async (tx) => {
      await tx.query(`set local lock_timeout = '5s'`)
      await prepareAudit(tx)
    })
    const gone = await retireOld(database, options)
    await forgetLeaves(database)
    return gone
  } finally {
    await releaseLease(database, lease)
  }
}

export const startKeeper = (database: Database, options: KeeperOptions): AsyncDisposable => {
  const { everyMs, onFailure } = { ...defaults, ...options }
  const stop = new AbortController()
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await sleep(everyMs, undefined, { signal: stop.signal, ref: false }).catch(() => {})
      if (!stop.signal.aborted) await keepAuditOnce(database, options).catch(onFailure)
    }
  }
  const done = loop()
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await done
    },
  }
}
