/** Governed tags: which there are in a project, which values they take, and what may have them. */
import { CatalogError } from '#model/errors.ts'
import type { EventDraft } from '#model/event.ts'
import { refusing } from './administration.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import { eq } from './drizzle.ts'
import { endObject } from './grant-removal.ts'
import { deleteGrantRows, type GrantPlace, insertGrantRows } from './grants.ts'
import { storable } from './outbox.ts'
import { tagDefinition } from './schema-policy.ts'
import { takeTurn } from './server.ts'

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
  /** To set it needs a right to the tag too, besides that to set tags on the object. */
  readonly restricted: boolean
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

export type TagDraft = Pick<
  TagDefinition,
  'projectId' | 'name' | 'description' | 'valueKind' | 'allowedValues' | 'scope' | 'restricted'
>

const missing = (id: string): CatalogError =>
  new CatalogError('NotFoundException', `Tag definition does not exist: ${id}`)

const taken = (name: string) => ({ taken: `Tag definition already exists: ${name}` })

/** As an object of grants. */
export const tagPlace = ({ id, projectId }: Pick<TagDefinition, 'id' | 'projectId'>): GrantPlace => ({
  object: `tag:${id}`,
  projectId,
})

const toAll = { relation: 'apply', subject: { kind: 'anyone', id: '*' } } as const

/** A tag that is not restricted is given to everybody. */
const setRestricted = async (
  tx: Transaction,
  tag: Pick<TagDefinition, 'id' | 'projectId' | 'restricted'>,
  by: string,
): Promise<void> => {
  const place = tagPlace(tag)
  if (tag.restricted) await deleteGrantRows(tx, place.object, [toAll])
  else await insertGrantRows(tx, place, { drafts: [toAll], by, anyones: true })
}

const columns = `
  t.id, t.project_id as "projectId", t.name, t.description, t.value_kind as "valueKind",
  t.allowed_values as "allowedValues", t.scope, t.version::int, t.created_at as "createdAt",
  t.updated_at as "updatedAt", not exists (
    select 1 from relation_tuple r where r.subject_kind = 'anyone' and r.subject_id = '*'
      and r.object = 'tag:' || t.id and r.relation = 'apply') as restricted`

/** AlreadyExists for a name that another has, in any letter case. `by`: a principal's id. */
export const insertTagDefinition = async (
  tx: Transaction,
  { restricted, ...draft }: TagDraft,
  by: string,
): Promise<TagDefinition> => {
  const values = { ...draft, allowedValues: [...draft.allowedValues], scope: [...draft.scope] }
  const insert = tx.orm((orm) => orm.insert(tagDefinition).values(values).returning())
  const [row] = await refusing(taken(draft.name), insert)
  if (row === undefined) throw new Error('no row came back from an insert')
  await setRestricted(tx, { ...row, restricted }, by)
  return found(tx, row.id)
}

const selectOne = statement(`select ${columns} from tag_definition t where t.id = $1`)

export const findTagDefinition = async (sql: Sql, id: string): Promise<TagDefinition | undefined> =>
  (await sql.query<TagDefinition>(selectOne, [id]))[0]

const found = async (tx: Transaction, id: string): Promise<TagDefinition> => {
  const one = await findTagDefinition(tx, id)
  if (one === undefined) throw missing(id)
  return one
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
  select ${columns} from tag_definition t
  where t.project_id = $1 and t.name > $2 and ($3::text is null or position(lower($3) in lower(t.name)) > 0)
  order by t.name limit $4`)

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

/** NotFound when absent. The server's row comes first, as in every change of grants: `takeTurn`. */
export const lockTagDefinition = async (tx: Transaction, id: string): Promise<TagDefinition> => {
  await tx.query(lockOne, [id])
  return found(tx, id)
}

export type TagChange = Pick<TagDefinition, 'name' | 'description' | 'allowedValues' | 'scope' | 'restricted'>

/** Of one that is locked. AlreadyExists for a name that another has. `by`: a principal's id. */
export const updateTagDefinition = async (
  tx: Transaction,
  before: TagDefinition,
  { restricted, by, ...change }: TagChange & { readonly by: string },
): Promise<TagDefinition> => {
  const values = {
    ...{ ...change, allowedValues: [...change.allowedValues], scope: [...change.scope] },
    ...{ version: before.version + 1, updatedAt: new Date() },
  }
  const update = tx.orm((orm) => orm.update(tagDefinition).set(values).where(eq(tagDefinition.id, before.id)))
  await refusing(taken(change.name), update)
  if (restricted !== before.restricted) await setRestricted(tx, { ...before, restricted }, by)
  return found(tx, before.id)
}

const selectUse = statement('select 1 from tag_assignment where tag_id = $1 limit 1')

export interface DeletedTag {
  readonly tag: TagDefinition
  /** Tells of the grants that went with it. */
  readonly events: readonly EventDraft[]
}

/** NotFound when absent; Conflict while anything has the tag. */
export const deleteTagDefinition = async (tx: Transaction, id: string): Promise<DeletedTag> => {
  await takeTurn(tx)
  const tag = await lockTagDefinition(tx, id)
  if ((await tx.query(selectUse, [id])).length > 0)
    throw new CatalogError('ConflictException', `Tag definition is in use: ${tag.name}`)
  await tx.orm((orm) => orm.delete(tagDefinition).where(eq(tagDefinition.id, id)))
  return { tag, events: await endObject(tx, tagPlace(tag).object) }
}
