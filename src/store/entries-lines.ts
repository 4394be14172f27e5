/** Lines: the append-only histories that a warehouse's refs point to. Today each warehouse has one, `main`. */
import type { Sql, Transaction } from './database.ts'

/** Everything committed to the line itself is visible on it; on its ancestors only what they had at the fork. */
export interface Line {
  readonly id: number
  /** This line, its parent, its grandparent …; reads never recurse. */
  readonly chainLines: readonly number[]
  /** The greatest seq that is visible on each line of the chain. */
  readonly chainSeqs: readonly bigint[]
}

/** Greater than any seq: the whole of a line is visible. */
export const unlimited = 2n ** 63n - 1n

/** True where reads may go straight to the heads of one line. */
export const isPlain = (line: Line): boolean =>
  line.chainLines.length === 1 && line.chainSeqs[0] === unlimited

interface LineRow {
  readonly id: number
  readonly chain_lines: readonly string[]
  readonly chain_seqs: readonly string[]
}

const insertMainLine = `
  with new_line as (
    insert into line (id, warehouse_id, chain_lines, chain_seqs) overriding system value
    select n.id, $1, array[n.id], array[${unlimited}]
    from (select nextval(pg_get_serial_sequence('line', 'id')) as id) n
    returning id
  )
  insert into ref (warehouse_id, name, kind, line_id, created_by)
  select $1, 'main', 'branch', id, $2 from new_line`

/** Belongs to the transaction that creates the warehouse. */
export const createMainLine = async (
  tx: Transaction,
  warehouseId: string,
  createdBy: string,
): Promise<void> => {
  await tx.execute(insertMainLine, [warehouseId, createdBy])
}

const selectLine = `
  select l.id, l.chain_lines::text[] as chain_lines, l.chain_seqs::text[] as chain_seqs
  from ref r join line l on l.id = r.line_id
  where r.warehouse_id = $1 and r.name = $2 and r.kind = 'branch' and r.deleted_at is null and l.state = 'live'`

/** The line that a branch of the warehouse points to; undefined where there is no such branch. */
export const findLine = async (sql: Sql, warehouseId: string, branch: string): Promise<Line | undefined> => {
  const [row] = await sql.query<LineRow>(selectLine, [warehouseId, branch])
  if (row === undefined) return undefined
  return { id: row.id, chainLines: row.chain_lines.map(Number), chainSeqs: row.chain_seqs.map(BigInt) }
}

const anyLiveEntry = `
  select 1 from entry_head h join line l on l.id = h.line_id
  where l.warehouse_id = $1 and h.pointer is not null limit 1`

/** True while any line of the warehouse has a namespace, table or view: then the warehouse is not to be deleted. */
export const hasContent = async (sql: Sql, warehouseId: string): Promise<boolean> =>
  (await sql.query(anyLiveEntry, [warehouseId])).length > 0
