/**
 * Changes of a line: locks, the commit row, and entries that are put only where they are as expected. All of it
 * inside one transaction of the caller; every expectation that fails means that nothing must be kept.
 */
import { statement, type Transaction } from './database.ts'
import type { EntryKey, EntryState } from './entries.ts'
import type { Line } from './entries-lines.ts'
import { TransactionConflict } from './errors.ts'
import type { EntryKind } from './schema.ts'

/** A lock on a name, held to the end of the transaction. */
export interface Lock {
  /** Taken in this order, byte by byte; one order for all writers, so that they cannot wait in a ring. */
  readonly order: string
  readonly exclusive: boolean
}

/* The digits set the order of the kinds of lock. */
/** Every writer of the line; a fork takes it exclusively for an instant. */
export const lineLock = (line: Line): Lock => ({ order: `1 line ${line.id}`, exclusive: false })
/** Held from before the first change, so that whoever gets it knows that the commit's transaction has ended. */
export const commitLock = (commitId: string): Lock => ({ order: `0 commit ${commitId}`, exclusive: true })
/** Shared: the namespace must stay. Exclusive: nothing may come into it. */
export const namespaceLock = (line: Line, ns: string, exclusive: boolean): Lock => ({
  order: `2 namespace ${line.id} ${ns}`,
  exclusive,
})
export const uuidLock = (warehouseId: string, uuid: string): Lock => ({
  order: `4 uuid ${warehouseId} ${uuid}`,
  exclusive: true,
})

/** The functions are evaluated row by row, in the order of the arrays. */
const takeLocks = statement(`
  select case when exclusive then pg_advisory_xact_lock(hash) else pg_advisory_xact_lock_shared(hash) end
  from (
    select hashtextextended(k.key, 0) as hash, k.exclusive
    from unnest($1::text[], $2::boolean[]) with ordinality as k(key, exclusive, i)
    order by k.i offset 0
  ) l`)

const byOrder = (a: Lock, b: Lock): number => Buffer.compare(Buffer.from(a.order), Buffer.from(b.order))

/** Each once, the stronger form where both are asked for. */
const merge = (locks: readonly Lock[]): readonly Lock[] => {
  const strongest = new Map<string, Lock>()
  for (const lock of locks) if (lock.exclusive || !strongest.has(lock.order)) strongest.set(lock.order, lock)
  return [...strongest.values()].sort(byOrder)
}

/** All at once and before anything is read: what is read afterwards stands until the transaction ends. */
export const lock = async (tx: Transaction, locks: readonly Lock[]): Promise<void> => {
  const ordered = merge(locks)
  await tx.query(takeLocks, [ordered.map((l) => l.order), ordered.map((l) => l.exclusive)])
}

const keepWarehouse = statement('select 1 from warehouse where id = $1 for key share')
const findLines = statement('select id from line where warehouse_id = $1')

/** Waits for the writers of every line of the warehouse, and keeps new ones out until the transaction ends. */
export const holdLines = async (tx: Transaction, warehouseId: string): Promise<void> => {
  // The row before the lines, as deleting the warehouse does: the other way round they would wait in a ring.
  await tx.query(keepWarehouse, [warehouseId])
  const lines = await tx.query<{ id: number }>(findLines, [warehouseId])
  await lock(
    tx,
    lines.map(({ id }) => ({ ...lineLock({ id, chainLines: [], chainSeqs: [] }), exclusive: true })),
  )
}

export interface CommitDraft {
  /** Minted by the writer; looked up where the answer of COMMIT was lost. */
  readonly id: string
  /** The operation's id. */
  readonly op: string
  readonly actor: string
  readonly requestId: string
}

const insertCommit = statement(`
  insert into commit (line_id, seq, id, op, actor, request_id)
  select l.id, nextval('commit_seq'), $2, $3, $4, $5 from line l where l.id = $1 and l.state = 'live'
  returning seq`)

/** The seq of the new commit; undefined where the line is no longer live. The line's lock must be held. */
export const writeCommit = async (
  tx: Transaction,
  line: Line,
  draft: CommitDraft,
): Promise<number | undefined> => {
  const values = [line.id, draft.id, draft.op, draft.actor, draft.requestId]
  const [row] = await tx.query<{ seq: number }>(insertCommit, values)
  return row?.seq
}

export interface EntryPut {
  readonly key: EntryKey
  readonly contentId: string
  readonly kind: EntryKind
  /** Null drops the entry. */
  readonly pointer: number | null
  /** What is there by the writer's reading; undefined for nothing. */
  readonly expected: EntryState | undefined
}

const insertVersion = `
  insert into entry_version (line_id, ns, space, name, seq, content_id, kind, pointer, prev_pointer, prev_content)
  select $1, $2, $3, $4, $5, $6, $7, $8, $9::bigint, $10::uuid from head`

const insertHead = `
  insert into entry_head (line_id, ns, space, name, seq, content_id, kind, pointer)
  values ($1, $2, $3, $4, $5, $6, $7, $8)
  on conflict (line_id, ns, space, name)`

const replaceOwn = statement(`
  with head as (
    update entry_head set seq = $5, content_id = $6, kind = $7, pointer = $8
    where line_id = $1 and ns = $2 and space = $3 and name = $4 and pointer = $9 and content_id = $10
    returning 1
  ) ${insertVersion}`)

/** An inherited entry never changes: someone was first only if the line has a row by now. */
const replaceInherited = statement(`
  with head as (${insertHead} do nothing returning 1) ${insertVersion}`)

const putNew = statement(`
  with head as (
    ${insertHead} do update
    set seq = excluded.seq, content_id = excluded.content_id, kind = excluded.kind, pointer = excluded.pointer
    where entry_head.pointer is null
    returning 1
  ) ${insertVersion}`)

const statementFor = (expected: EntryState | undefined) => {
  if (expected === undefined) return putNew
  return expected.own ? replaceOwn : replaceInherited
}

/** False where the entry is not as expected: then the transaction must be rolled back. */
export const putEntry = async (
  tx: Transaction,
  line: Line,
  put: EntryPut & { readonly seq: number },
): Promise<boolean> => {
  const { key, expected } = put
  const touched = await tx.execute(statementFor(expected), [
    line.id,
    key.ns,
    key.space,
    key.name,
    put.seq,
    put.contentId,
    put.kind,
    put.pointer,
    expected?.pointer ?? null,
    expected?.contentId ?? null,
  ])
  return touched === 1
}

const lockHeads = statement(`
  select 1 from entry_head h
  where h.line_id = $1
    and (h.ns, h.space, h.name) in (select * from unnest($2::text[], $3::smallint[], $4::text[]))
  order by h.ns, h.space, h.name for update of h`)

/** Keeps commits away from these entries; what is read of them afterwards stands until the transaction ends. */
export const lockEntries = async (tx: Transaction, line: Line, keys: readonly EntryKey[]): Promise<void> => {
  await tx.query(lockHeads, [
    line.id,
    keys.map((key) => key.ns),
    keys.map((key) => key.space),
    keys.map((key) => key.name),
  ])
}

export interface PointerDraft {
  readonly contentId: string
  readonly metadataLocation: string
  readonly location: string
  readonly uuid: string
  readonly formatVersion: number
  readonly snapshotId: number | bigint | null
  readonly schemaId: number | null
}

/**
 * The same file of the same content is one pointer: a second writing finds the first, and keeps it from the sweeper,
 * which does not see yet what will refer to it.
 */
const insertPointer = statement(`
  with new_row as (
    insert into pointer
      (content_id, metadata_location, location, table_uuid, format_version, snapshot_id, schema_id)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (content_id, metadata_location) do nothing
    returning id
  )
  select id from new_row
  union all
  select id from (
    select id from pointer where content_id = $1 and metadata_location = $2 for key share) found
  limit 1`)

export const writePointer = async (tx: Transaction, draft: PointerDraft): Promise<number> => {
  const [row] = await tx.query<{ id: number }>(insertPointer, [
    draft.contentId,
    draft.metadataLocation,
    draft.location,
    draft.uuid,
    draft.formatVersion,
    draft.snapshotId,
    draft.schemaId,
  ])
  // Another transaction wrote the very file's pointer while we looked, or swept it: a second try sees how it ended.
  if (row === undefined) throw new TransactionConflict(new Error('the pointer was changed at the same time'))
  return row.id
}

const insertProperties = statement(
  'insert into namespace_properties (content_id, properties) values ($1, $2) returning id',
)

/** A new immutable row; its id is the namespace's pointer. */
export const writeNamespaceProperties = async (
  tx: Transaction,
  contentId: string,
  properties: Readonly<Record<string, string>>,
): Promise<number> => {
  const [row] = await tx.query<{ id: number }>(insertProperties, [contentId, JSON.stringify(properties)])
  if (row === undefined) throw new Error('no row came back from an insert')
  return row.id
}

const findCommit = statement('select 1 from commit where id = $1')

/** Whether the commit happened. Waits until its transaction has ended, so that the answer is final. */
export const commitHappened = async (tx: Transaction, commitId: string): Promise<boolean> => {
  await lock(tx, [commitLock(commitId)])
  return (await tx.query(findCommit, [commitId])).length > 0
}
