/**
 * Applies the schema changes of this build in order, and says whether a store's schema suits this build. Each change
 * opens with `-- compatible-from: N`: the oldest build (by its newest change) that still works once it is applied.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { prepareAudit } from './audit-partitions.ts'
import type { Database, Sql, Transaction } from './database.ts'

interface Journal {
  readonly entries: readonly { readonly idx: number; readonly tag: string }[]
}

/** One file under `changes/`. Numbers start at 1. */
interface SchemaChange {
  readonly number: number
  readonly name: string
  readonly compatibleFrom: number
  readonly digest: string
  readonly statements: readonly string[]
}

export interface SchemaState {
  /** The newest change that is applied; 0 for an empty store. */
  readonly applied: number
  /** The newest change of this build. */
  readonly known: number
  /** The oldest build that the applied schema allows. */
  readonly compatibleFrom: number
}

const folder = new URL('./changes/', import.meta.url)

const parseChange = (number: number, name: string, text: string): SchemaChange => {
  const header = /^-- compatible-from: (\d+)\n/.exec(text)
  if (header === null) throw new Error(`The schema change ${name} does not name what it is compatible from`)
  return {
    number,
    name,
    compatibleFrom: Number(header[1]),
    digest: createHash('sha256').update(text).digest('hex'),
    statements: text.slice(header[0].length).split('--> statement-breakpoint'),
  }
}

const loadChanges = async (): Promise<readonly SchemaChange[]> => {
  const journal = JSON.parse(await readFile(new URL('meta/_journal.json', folder), 'utf8')) as Journal
  return Promise.all(
    journal.entries.map(async ({ idx, tag }) =>
      parseChange(idx + 1, tag, await readFile(new URL(`${tag}.sql`, folder), 'utf8')),
    ),
  )
}

const recordTable = `create table if not exists schema_change (
  number integer primary key, name text not null, digest text not null,
  compatible_from integer not null, applied_at timestamptz not null default now())`

interface AppliedRow {
  readonly number: number
  readonly name: string
  readonly digest: string
  readonly compatible_from: number
}

const loadApplied = async (sql: Sql): Promise<readonly AppliedRow[]> => {
  const [found] = await sql.query<{ there: boolean }>(
    `select to_regclass('schema_change') is not null as there`,
  )
  if (found?.there !== true) return []
  return sql.query<AppliedRow>(
    'select number, name, digest, compatible_from from schema_change order by number',
  )
}

const stateOf = (applied: readonly AppliedRow[], changes: readonly SchemaChange[]): SchemaState => ({
  applied: applied.at(-1)?.number ?? 0,
  known: changes.length,
  compatibleFrom: applied.at(-1)?.compatible_from ?? 0,
})

export const loadSchemaState = async (sql: Sql): Promise<SchemaState> => {
  const [applied, changes] = await Promise.all([loadApplied(sql), loadChanges()])
  return stateOf(applied, changes)
}

/** Throws a plain sentence where this build may not serve this store. */
export const checkSchema = (state: SchemaState): void => {
  if (state.applied < state.known)
    throw new Error(
      `The database's schema is at change ${state.applied}, this build needs ${state.known}: run \`lakegate migrate-schema\` first`,
    )
  if (state.applied > state.known && state.compatibleFrom > state.known)
    throw new Error(
      `The database's schema is at change ${state.applied} and serves builds from change ${state.compatibleFrom} on; this build knows ${state.known}: use a newer one`,
    )
}

const rejectEdited = (applied: readonly AppliedRow[], changes: readonly SchemaChange[]): void => {
  for (const row of applied) {
    const change = changes[row.number - 1]
    if (change !== undefined && change.digest !== row.digest)
      throw new Error(`The schema change ${row.name} was edited after it had been applied`)
  }
}

const applyChange = async (tx: Transaction, change: SchemaChange): Promise<void> => {
  for (const text of change.statements) await tx.query(text)
  await tx.query(
    'insert into schema_change (number, name, digest, compatible_from) values ($1, $2, $3, $4)',
    [change.number, change.name, change.digest, change.compatibleFrom],
  )
}

/** An arbitrary number: two processes never apply changes at once. */
const applyLock = 7_235_190_411

/**
 * All or none, one process at a time; applying nothing is success. `migrate-schema` calls it, and `serve` for the
 * embedded database alone.
 */
export const applyChanges = async (database: Database): Promise<SchemaState> => {
  const changes = await loadChanges()
  return database.transaction(async (tx) => {
    await tx.query('set local statement_timeout = 0')
    await tx.query('select pg_advisory_xact_lock($1)', [applyLock])
    await tx.query(recordTable)
    const applied = await loadApplied(tx)
    rejectEdited(applied, changes)
    const from = applied.at(-1)?.number ?? 0
    for (const change of changes.slice(from)) await applyChange(tx, change)
    await prepareAudit(tx)
    await tx.query('insert into server default values on conflict do nothing')
    return stateOf(await loadApplied(tx), changes)
  })
}
