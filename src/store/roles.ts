/**
 * Roles: each of one project, filled by hand or by the provider whose groups it stands for. Every change raises the
 * identity epoch first, which puts such changes in one order.
 */
import { CatalogError } from '#model/errors.ts'
import { checkVersion, refusing } from './administration.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import { and, eq, sql as fragment } from './drizzle.ts'
import { endObject, removeGrantsTo } from './grant-removal.ts'
import { projectMember, role, roleMember } from './schema-identity.ts'
import { raiseIdentityEpoch } from './server.ts'

export interface RoleRecord {
  /** A uuid in lower case. */
  readonly id: string
  readonly projectId: string
  readonly name: string
  readonly description: string | null
  readonly providerId: string
  readonly sourceId: string
  /** Raised by every change of the record; members do not count. */
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

export type RoleDraft = Pick<
  RoleRecord,
  'id' | 'projectId' | 'name' | 'description' | 'providerId' | 'sourceId'
>
export type RoleChange = Partial<Pick<RoleRecord, 'name' | 'description' | 'providerId' | 'sourceId'>>

/** One role of one project: of another project it is not there. */
export interface RoleTarget {
  readonly id: string
  readonly projectId: string
  /** The version that the caller has seen. */
  readonly version?: number
}

const missing = (id: string): CatalogError =>
  new CatalogError('NoSuchRoleException', `Role does not exist: ${id}`)
const taken = 'The project has a role of this name, or of this provider and source id'

/** NotFound for a missing project; AlreadyExists where name, or provider and source id, are taken in it. */
export const insertRole = async (tx: Transaction, draft: RoleDraft): Promise<RoleRecord> => {
  await raiseIdentityEpoch(tx)
  const bound = { type: 'NotFoundException', message: `Project does not exist: ${draft.projectId}` } as const
  const insert = tx.orm((orm) => orm.insert(role).values(draft).returning())
  const [row] = await refusing({ taken, bound }, insert)
  if (row === undefined) throw new Error('no row came back from an insert')
  return row
}

/** Of whatever project: who asks for one compares the project before anything of it is shown. */
export const findRole = async (sql: Sql, id: string): Promise<RoleRecord | undefined> => {
  const [row] = await sql.orm((orm) => orm.select().from(role).where(eq(role.id, id)))
  return row
}

export const lockRole = async (tx: Transaction, target: RoleTarget): Promise<RoleRecord> => {
  const [row] = await tx.orm((orm) =>
    orm
      .select()
      .from(role)
      .where(and(eq(role.id, target.id), eq(role.projectId, target.projectId)))
      .for('update'),
  )
  if (row === undefined) throw missing(target.id)
  checkVersion(row, target.version)
  return row
}

/** NoSuchRole when absent; PreconditionFailed where it has moved on; AlreadyExists as for a new one. */
export const updateRole = async (
  tx: Transaction,
  target: RoleTarget,
  change: RoleChange,
): Promise<RoleRecord> => {
  await raiseIdentityEpoch(tx)
  const found = await lockRole(tx, target)
  const update = tx.orm((orm) =>
    orm
      .update(role)
      .set({ ...change, version: found.version + 1, updatedAt: fragment`now()` })
      .where(eq(role.id, target.id))
      .returning(),
  )
  const [row] = await refusing({ taken }, update)
  if (row === undefined) throw missing(target.id)
  return row
}

/** NoSuchRole when absent. It leaves the roles and the projects that it was a member of. */
export const deleteRole = async (tx: Transaction, target: RoleTarget): Promise<RoleRecord> => {
  await raiseIdentityEpoch(tx)
  const found = await lockRole(tx, target)
  await tx.orm((orm) =>
    orm.delete(roleMember).where(and(eq(roleMember.memberKind, 'role'), eq(roleMember.memberId, target.id))),
  )
  await tx.orm((orm) =>
    orm
      .delete(projectMember)
      .where(and(eq(projectMember.memberKind, 'role'), eq(projectMember.memberId, target.id))),
  )
  await tx.orm((orm) => orm.delete(role).where(eq(role.id, target.id)))
  await endObject(tx, `role:${target.id}`)
  await removeGrantsTo(tx, { kind: 'role', id: target.id })
  return found
}

/** Each absent one leaves its column open; a list holds any one of its values. */
export interface RoleFilter {
  readonly ids?: readonly string[]
  readonly sourceIds?: readonly string[]
  readonly providerIds?: readonly string[]
  /** Part of the name, in any letter case. */
  readonly name?: string
}

const columns = `id, project_id as "projectId", name, description, provider_id as "providerId",
  source_id as "sourceId", version, created_at as "createdAt", updated_at as "updatedAt"`

const selectSome = statement(`select ${columns} from role where id = any($1::uuid[])`)

/** Those that are there, of whatever projects. */
export const findRoles = (sql: Sql, ids: readonly string[]): Promise<readonly RoleRecord[]> =>
  sql.query(selectSome, [ids])

const selectPage = statement(`
  select ${columns} from role
  where project_id = $1 and lower(name) > lower($2)
    and ($3::uuid[] is null or id = any($3)) and ($4::text[] is null or source_id = any($4))
    and ($5::text[] is null or provider_id = any($5))
    and ($6::text is null or position(lower($6) in lower(name)) > 0)
  order by lower(name) limit $7`)

export interface RolePage {
  /** The last name of the page before. */
  readonly after?: string
  readonly limit: number
}

/** In the order of their names, letter case aside. */
export const listRoles = (
  sql: Sql,
  projectId: string,
  { ids, sourceIds, providerIds, name, after, limit }: RoleFilter & RolePage,
): Promise<readonly RoleRecord[]> =>
  sql.query(selectPage, [
    ...[projectId, after ?? '', ids ?? null, sourceIds ?? null, providerIds ?? null, name ?? null, limit],
  ])

/** What contains the text comes first, the nearest length first; then what has its letters in their order. */
const selectNearest = statement(`
  select ${columns} from role
  where project_id = $1 and (id::text = $2 or source_id = $2 or lower(name) like $3)
  order by (id::text = $2 or source_id = $2) desc, position(lower($2) in lower(name)) = 0, length(name),
    lower(name)
  limit 10`)

/** `ab` finds `ab`, `xaby` and `a-b`: every letter, in this order. */
const patternOf = (text: string): string => {
  const letters = [...text.toLowerCase()].map((letter) => letter.replace(/[\\%_]/, '\\$&'))
  return `%${letters.join('%')}%`
}

/** At most ten. */
export const searchRoles = (sql: Sql, projectId: string, text: string): Promise<readonly RoleRecord[]> =>
  sql.query(selectNearest, [projectId, text, patternOf(text)])

const selectUse = statement(`
  select 1 from project_member where project_id = $1 and member_kind = 'role' and member_id = $2`)

/** True where the role, of whatever project, is a member of this one. */
export const isRoleUsed = async (sql: Sql, projectId: string, id: string): Promise<boolean> =>
  (await sql.query(selectUse, [projectId, id])).length > 0
