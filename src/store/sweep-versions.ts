/**
 * Prunes versions that left the history's retention and that no ref needs, and records the metadata files that thereby
 * lost their last version. A line is walked in order of its commits: each version ends the life of the one before it.
 */
import { type Database, statement, type Transaction } from './database.ts'

export interface VersionSweep {
  readonly versions: number
  readonly expiredFiles: number
}

interface SweepLine {
  readonly id: number
  readonly swept_seq: number
  readonly warehouse_id: string
  readonly retention: number
}

/** `$1`: seconds of a warehouse that has no retention of its own. */
const selectLines = statement(`
  select l.id, l.swept_seq, l.warehouse_id, coalesce(w.history_retention_seconds, $1)::float8 as retention
  from line l left join warehouse w on w.id = l.warehouse_id
  where (select c.created_at from commit c where c.line_id = l.id and c.seq > l.swept_seq order by c.seq limit 1)
    < now() - make_interval(secs => coalesce(w.history_retention_seconds, $1))`)

const batch = 1_000

/** The end of the next stretch of old commits: up to the first that is still within retention. */
const selectUpTo = statement(`
  select max(seq) as seq from (
    select seq, bool_and(created_at < now() - make_interval(secs => $3)) over (order by seq) as old
    from (select seq, created_at from commit where line_id = $1 and seq > $2 order by seq limit ${batch}) c
  ) o where old`)

/** Places of this line that must stay as they are: tags on it, and forks from it. */
const pins = `
  select pinned_seq as seq from ref where line_id = $1 and pinned_seq is not null and deleted_at is null
  union all
  select c.seq from line l cross join lateral unnest(l.chain_lines, l.chain_seqs) as c(line, seq)
  where c.line = $1 and l.id <> $1 and l.state = 'live'`

/** The version before each of those between `$2` and `$3`, unless a pin lies in its life. */
const deleteVersions = statement(`
  with pin as (${pins}),
  ended as (
    select n.ns, n.space, n.name, n.seq as until, n.content_id as next_content, n.pointer as next_pointer, (
      select max(v.seq) from entry_version v
      where v.line_id = n.line_id and v.ns = n.ns and v.space = n.space and v.name = n.name and v.seq < n.seq
    ) as seq
    from entry_version n where n.line_id = $1 and n.seq > $2 and n.seq <= $3
  )
  delete from entry_version v using ended e
  where v.line_id = $1 and v.ns = e.ns and v.space = e.space and v.name = e.name and v.seq = e.seq
    and not exists (select from pin p where p.seq >= v.seq and p.seq < e.until)
  returning v.pointer, v.kind, v.content_id = e.next_content and e.next_pointer is not null as replaced`)

/** A drop on a root line that nothing lies behind any more hides nothing. */
const deleteTombstones = statement(`
  with gone as (
    delete from entry_version n using line l, entry_head h
    where n.line_id = $1 and n.seq <= $2 and n.pointer is null
      and l.id = n.line_id and l.parent_line is null
      and h.line_id = n.line_id and h.ns = n.ns and h.space = n.space and h.name = n.name and h.seq = n.seq
      and not exists (
        select from entry_version v
        where v.line_id = n.line_id and v.ns = n.ns and v.space = n.space and v.name = n.name and v.seq < n.seq)
    returning n.line_id, n.ns, n.space, n.name, n.seq
  )
  delete from entry_head h using gone g
  where h.line_id = g.line_id and h.ns = g.ns and h.space = g.space and h.name = g.name and h.seq = g.seq`)

const unreferenced = 'not exists (select from entry_version v where v.pointer = p.id)'

const deleteProperties = statement(`
  delete from namespace_properties p where p.id = any($1) and ${unreferenced}`)

/** Waits for whoever is putting one back; the statements after it see what came of that. */
const lockPointers = statement('select 1 from pointer p where p.id = any($1) order by p.id for update')

const deletePointers = statement(`
  delete from pointer p where p.id = any($1) and ${unreferenced}`)

/** Only what a later state of the same content replaced: the files of a dropped table are its owner's or a purge's. */
const recordFiles = statement(`
  insert into expired_metadata_file (warehouse_id, content_id, metadata_location)
  select $2, p.content_id, p.metadata_location from pointer p where p.id = any($1) and ${unreferenced}`)

const markSwept = statement('update line set swept_seq = $2 where id = $1 and swept_seq < $2')

interface DeletedVersion {
  readonly pointer: number | null
  readonly kind: string
  readonly replaced: boolean
}

const forgetPointers = async (
  tx: Transaction,
  warehouseId: string,
  deleted: readonly DeletedVersion[],
): Promise<number> => {
  const idsOf = (chosen: (version: DeletedVersion) => boolean): readonly number[] =>
    deleted.filter(chosen).flatMap(({ pointer }) => (pointer === null ? [] : [pointer]))
  const pointers = idsOf((v) => v.kind !== 'namespace')
  await tx.query(lockPointers, [pointers])
  const expired = await tx.execute(recordFiles, [
    idsOf((v) => v.kind !== 'namespace' && v.replaced),
    warehouseId,
  ])
  await tx.execute(deletePointers, [pointers])
  await tx.execute(deleteProperties, [idsOf((v) => v.kind === 'namespace')])
  return expired
}

/** One stretch of commits in one transaction; undefined at the end of what is old. */
const sweepStretch = (database: Database, line: SweepLine, from: number) =>
  database.transaction(async (tx) => {
    const [end] = await tx.query<{ seq: number | null }>(selectUpTo, [line.id, from, line.retention])
    const upTo = end?.seq ?? null
    if (upTo === null) return undefined
    const deleted = await tx.query<DeletedVersion>(deleteVersions, [line.id, from, upTo])
    await tx.execute(deleteTombstones, [line.id, upTo])
    const expiredFiles = await forgetPointers(tx, line.warehouse_id, deleted)
    await tx.execute(markSwept, [line.id, upTo])
    return { upTo, versions: deleted.length, expiredFiles }
  })

export const sweepVersions = async (database: Database, retentionSeconds: number): Promise<VersionSweep> => {
  const lines = await database.query<SweepLine>(selectLines, [retentionSeconds])
  const total = { versions: 0, expiredFiles: 0 }
  for (const line of lines) {
    let from = line.swept_seq
    for (;;) {
      const swept = await sweepStretch(database, line, from)
      if (swept === undefined) break
      from = swept.upTo
      total.versions += swept.versions
      total.expiredFiles += swept.expiredFiles
    }
  }
  return total
}
