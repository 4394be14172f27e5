/** The rules, as sets: each is stored whole, and the newest is in force. */
import { CatalogError } from '#model/errors.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import { storable } from './outbox.ts'
import { raiseGovernanceEpoch } from './server.ts'

export interface RuleSetHead {
  readonly id: number
  /** SHA-256 of the files, in hexadecimal. */
  readonly digest: string
  readonly appliedBy: string
  readonly createdAt: Date
}

export interface RuleSetRecord extends RuleSetHead {
  /** Texts by file name. */
  readonly sources: Readonly<Record<string, string>>
}

export interface RuleSetDraft {
  readonly sources: Readonly<Record<string, string>>
  /** As `#authz/cedar/program.ts` takes them. */
  readonly prepared: object
  readonly digest: Buffer
  readonly appliedBy: string
}

const insert = statement(`
  insert into rule_set (digest, sources, prepared, applied_by) values ($1, $2::jsonb, $3::jsonb, $4)
  returning id::int, encode(digest, 'hex') as digest, applied_by as "appliedBy", created_at as "createdAt"`)

/** The epoch is raised first, so that the newest set is the one that was last in line. */
export const insertRuleSet = async (tx: Transaction, draft: RuleSetDraft): Promise<RuleSetHead> => {
  await raiseGovernanceEpoch(tx)
  const { digest, sources, prepared, appliedBy } = draft
  const [row] = await tx.query<RuleSetHead>(insert, [
    ...[digest, JSON.stringify(sources), JSON.stringify(prepared)],
    storable(appliedBy),
  ])
  if (row === undefined) throw new Error('no row came back from an insert')
  return row
}

const selectAny = statement('select 1 from rule_set limit 1')

/** A new store begins with the draft; of racing starts one stores it. True where this one did. */
export const ensureRuleSet = async (tx: Transaction, draft: RuleSetDraft): Promise<boolean> => {
  await raiseGovernanceEpoch(tx)
  if ((await tx.query(selectAny)).length > 0) return false
  await insertRuleSet(tx, draft)
  return true
}

export const hasRuleSet = async (sql: Sql): Promise<boolean> => (await sql.query(selectAny)).length > 0

const selectPrepared = statement('select id::int, prepared from rule_set order by id desc limit 1')

/** Undefined before a first start has stored any. */
export const loadPreparedRules = async (
  sql: Sql,
): Promise<{ readonly id: number; readonly prepared: unknown } | undefined> => {
  const [row] = await sql.query<{ id: number; prepared: unknown }>(selectPrepared)
  return row
}

const columns = `id::int, encode(digest, 'hex') as digest, applied_by as "appliedBy", created_at as "createdAt"`
const selectOne = statement(
  `select ${columns}, sources from rule_set where $1::bigint is null or id = $1 order by id desc limit 1`,
)

/** NotFound where there is none of the id; without one, the newest. */
export const findRuleSet = async (sql: Sql, id?: number): Promise<RuleSetRecord> => {
  const [row] = await sql.query<RuleSetRecord>(selectOne, [id ?? null])
  if (row === undefined)
    throw new CatalogError('NotFoundException', `Rule set does not exist: ${id ?? 'any'}`)
  return row
}

const selectPage = statement(`
  select ${columns} from rule_set where $1::bigint is null or id < $1 order by id desc limit $2`)

/** The newest first. */
export const listRuleSets = (
  sql: Sql,
  { before, limit }: { readonly before?: number; readonly limit: number },
): Promise<readonly RuleSetHead[]> => sql.query<RuleSetHead>(selectPage, [before ?? null, limit])
