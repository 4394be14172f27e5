/** Removes the rows of lines that no ref and no other line reaches: those of deleted warehouses. No file is recorded. */
import { type Database, statement, type Transaction } from './database.ts'

const selectDead = statement(`
  select l.id from line l
  where l.state = 'dead' and not exists (
    select from line o where o.warehouse_id = l.warehouse_id and o.state = 'live' and l.id = any(o.chain_lines))`)

const batch = 2_000

const deleteVersions = statement(`
  delete from entry_version v where (v.line_id, v.ns, v.space, v.name, v.seq) in (
    select line_id, ns, space, name, seq from entry_version where line_id = $1 limit ${batch})
  returning v.pointer`)

const unreferenced = 'not exists (select from entry_version v where v.pointer = p.id)'
const deletePointers = statement(`delete from pointer p where p.id = any($1) and ${unreferenced}`)
const deleteProperties = statement(
  `delete from namespace_properties p where p.id = any($1) and ${unreferenced}`,
)

const rest = [
  statement('delete from entry_head where line_id = $1'),
  statement('delete from commit where line_id = $1'),
  statement('delete from ref where line_id = $1'),
  statement('delete from line where id = $1'),
]

interface Deleted {
  readonly pointer: number | null
}

const deleteStretch = async (tx: Transaction, lineId: number): Promise<boolean> => {
  const rows = await tx.query<Deleted>(deleteVersions, [lineId])
  const pointers = rows.flatMap(({ pointer }) => (pointer === null ? [] : [pointer]))
  await tx.execute(deletePointers, [pointers])
  await tx.execute(deleteProperties, [pointers])
  return rows.length === batch
}

/** The number of lines that are gone. */
export const sweepLines = async (database: Database): Promise<number> => {
  const lines = await database.query<{ id: number }>(selectDead)
  for (const { id } of lines) {
    while (await database.transaction((tx) => deleteStretch(tx, id)));
    await database.transaction(async (tx) => {
      for (const text of rest) await tx.execute(text, [id])
    })
  }
  return lines.length
}
