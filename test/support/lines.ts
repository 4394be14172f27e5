/** Lines made by hand, and puts on them through the store's own functions, for tests of what a line shows. */
import type { Database, Transaction } from '#store/database.ts'
import { type EntryKey, findRelations, type RelationState } from '#store/entries.ts'
import { createMainLine, findLine, type Line, unlimited } from '#store/entries-lines.ts'
import { lineLock, lock, putEntry, writeCommit, writePointer } from '#store/entries-write.ts'
import { TransactionConflict } from '#store/errors.ts'
import { space } from '#store/schema.ts'

export const createLine = async (database: Database): Promise<Line & { warehouseId: string }> => {
  const warehouseId = crypto.randomUUID()
  await database.transaction((tx) => createMainLine(tx, warehouseId, 'test'))
  const line = await findLine(database, warehouseId, 'main')
  if (line === undefined) throw new Error('the main line is missing')
  return { ...line, warehouseId }
}

/** A line that sees its parent as it was at `forkSeq`. */
export const forkLine = async (
  database: Database,
  parent: Line & { warehouseId: string },
  forkSeq: number,
): Promise<Line & { warehouseId: string }> => {
  const limits = parent.chainSeqs.map((limit, depth) => (depth === 0 ? BigInt(forkSeq) : limit))
  // What the parent sees of its ancestors is fixed; what it has itself ends at the fork.
  const [row] = await database.query<{ id: number }>(
    `with n as (select nextval(pg_get_serial_sequence('line', 'id')) as id)
     insert into line (id, warehouse_id, parent_line, fork_seq, chain_lines, chain_seqs) overriding system value
     select n.id, $1, $2, $3, n.id::bigint || $4::bigint[], $5::bigint || $6::bigint[] from n returning id`,
    [parent.warehouseId, parent.id, forkSeq, parent.chainLines, String(unlimited), limits.map(String)],
  )
  if (row === undefined) throw new Error('no line came back')
  return {
    id: row.id,
    warehouseId: parent.warehouseId,
    chainLines: [row.id, ...parent.chainLines],
    chainSeqs: [unlimited, ...limits],
  }
}

export const tableKey = (ns: string, name: string): EntryKey => ({ ns, name, space: space.relation })

export interface PutDraft {
  readonly key: EntryKey
  /** Null drops. */
  readonly location: string | null
  readonly expected: RelationState | undefined
}

/** One commit of one entry; throws `TransactionConflict` where it is not as expected. The seq of the commit. */
export const commitPut = (database: Database, line: Line, draft: PutDraft): Promise<number> =>
  database.transaction(async (tx) => {
    await lock(tx, [lineLock(line)])
    const seq = await writeCommit(tx, line, {
      id: crypto.randomUUID(),
      op: 'test',
      actor: 'test',
      requestId: 'test',
    })
    if (seq === undefined) throw new Error('the line is not live')
    const contentId = draft.expected?.contentId ?? crypto.randomUUID()
    const pointer = draft.location === null ? null : await pointerTo(tx, contentId, draft.location)
    const put = { key: draft.key, contentId, kind: 'table', pointer, expected: draft.expected, seq } as const
    if (!(await putEntry(tx, line, put))) throw new TransactionConflict(new Error('not as expected'))
    return seq
  })

const pointerTo = (tx: Transaction, contentId: string, metadataLocation: string): Promise<number> =>
  writePointer(tx, {
    contentId,
    metadataLocation,
    location: metadataLocation,
    uuid: contentId,
    formatVersion: 2,
    snapshotId: null,
    schemaId: 0,
  })

export const stateOf = async (
  database: Database,
  line: Line,
  { ns, name }: EntryKey,
): Promise<RelationState | undefined> => (await findRelations(database, line, [{ ns, name }]))[0]
