/** Governed tags: which there are in a project, which values they take, and what may have them. */
import { CatalogError } from '#model/errors.ts'
import { refusing } from './administration.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import { eq } from './drizzle.ts'
import { storable } from './outbox.ts'
import { tagDefinition } from './schema-policy.ts'

type TagKind = 'marker' | 'free-text' | 'enumerated'
type TagScope = 'warehouse' | 'namespace' | 'table' | 'view'

export interface TagDefinition {
  readonly id: string
  readonly projectId: string
  readonly name: string
  readonly description: string | null
  readonly valueKind: TagKind
  /** Of `enumerated` alone. */
  readonly allowedValues: readonly string[]
  readonly scope: readonly TagScope[]
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

export type TagDraft = Pick<
  TagDefinition,
  'projectId' | 'name' | 'description' | 'valueKind' | 'allowedValues' | 'scope'
>

const missing = (id: string): CatalogError =>
  new CatalogError('NotFoundException', `Tag definition does not exist: ${id}`)

const taken = (name: string) => ({ taken: `Tag definition already exists: ${name}` })

const asDefinition = (row: typeof tagDefinition.$inferSelect): TagDefinition => ({
  ...row,
  valueKind: row.valueKind as TagKind,
  scope: row.scope as TagScope[],
})

/** AlreadyExists for a name that another has, in any letter case. */
export const insertTagDefinition = async (tx: Transaction, draft: TagDraft): Promise<TagDefinition> => {
  const values = { ...draft, allowedValues: [...draft.allowedValues], scope: [...draft.scope] }
  const insert = tx.orm((orm) => orm.insert(tagDefinition).values(values).returning())
  const [row] = await refusing(taken(draft.name), insert)
  if (row === undefined) throw new Error('no row came back from an insert')
  return asDefinition(row)
}

export const findTagDefinition = async (sql: Sql, id: string): Promise<TagDefinition | undefined> => {
  const [row] = await sql.orm((orm) => orm.select().from(tagDefinition).where(eq(tagDefinition.id, id)))
  return row && asDefinition(row)
}

const selectNamed = statement(
  'select id from tag_definition where project_id = $1 and lower(name) = lower($2)',
)

/** In any letter case. */
export const findTagNamed = async (
  sql: Sql,
  projectId: string,
  name: string,
): Promise<TagDefinition | undefined> => {
  const [row] = await sql.query<{ id: string }>(selectNamed, [projectId, storable(name)])
  return row && findTagDefinition(sql, row.id)
}

const selectPage = statement(`
  select id, project_id as "projectId", name, description, value_kind as "valueKind",
    allowed_values as "allowedValues", scope, version::int, created_at as "createdAt", updated_at as "updatedAt"
  from tag_definition where project_id = $1 and name > $2 and ($3::text is null or position(lower($3) in lower(name)) > 0)
  order by name limit $4`)

export interface TagPage {
  /** Part of the name, in any letter case. */
  readonly name?: string
  readonly after?: string
  readonly limit: number
}

export const listTagDefinitions = (
  sql: Sql,
  projectId: string,
  { name, after = '', limit }: TagPage,
): Promise<readonly TagDefinition[]> =>
  sql.query<TagDefinition>(selectPage, [
    projectId,
    storable(after),
    name === undefined ? null : storable(name),
    limit,
  ])

const lockOne = statement('select 1 from tag_definition where id = $1 for update')

/** NotFound when absent. */
export const lockTagDefinition = async (tx: Transaction, id: string): Promise<TagDefinition> => {
  await tx.query(lockOne, [id])
  const found = await findTagDefinition(tx, id)
  if (found === undefined) throw missing(id)
  return found
}

export type TagChange = Pick<TagDefinition, 'name' | 'description' | 'allowedValues' | 'scope'>

/** Of one that is locked. AlreadyExists for a name that another has. */
export const updateTagDefinition = async (
  tx: Transaction,
  before: TagDefinition,
  change: TagChange,
): Promise<TagDefinition> => {
  const update = tx.orm((orm) =>
    orm
      .update(tagDefinition)
      .set({
        ...change,
        allowedValues: [...change.allowedValues],
        scope: [...change.scope],
        version: before.version + 1,
        updatedAt: new Date(),
      })
      .where(eq(tagDefinition.id, before.id))
      .returning(),
  )
  const [row] = await refusing(taken(change.name), update)
  if (row === undefined) throw missing(before.id)
  return asDefinition(row)
}

const selectUse = statement('select 1 from tag_assignment where tag_id = $1 limit 1')

/** NotFound when absent; Conflict while anything has the tag. */
export const deleteTagDefinition = async (tx: Transaction, id: string): Promise<TagDefinition> => {
  const found = await lockTagDefinition(tx, id)
  if ((await tx.query(selectUse, [id])).length > 0)
    throw new CatalogError('ConflictException', `Tag definition is in use: ${found.name}`)
  await tx.orm((orm) => orm.delete(tagDefinition).where(eq(tagDefinition.id, id)))
  return found
}
