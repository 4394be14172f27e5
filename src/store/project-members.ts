/** Who may act inside a project: principals and roles. Everything inside it follows from that. */
import { CatalogError } from '#model/errors.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import { storable } from './outbox.ts'
import { raiseIdentityEpoch } from './server.ts'

/** As stored: a user and a service account are both a principal. */
export interface ProjectMemberKey {
  readonly kind: 'principal' | 'role'
  readonly id: string
}

/** A principal with what is known of it, or a role. */
export type ProjectMemberRecord =
  | {
      readonly kind: 'principal'
      readonly id: string
      readonly name: string
      readonly email: string | null
      readonly userType: string
    }
  | {
      readonly kind: 'role'
      readonly id: string
      readonly name: string
      readonly providerId: string
      readonly sourceId: string
      readonly projectId: string
    }

/** Principals before roles, each in byte order of their ids; `after` is the last one of the page before. */
export interface ProjectMemberPage {
  readonly after?: ProjectMemberKey
  readonly limit: number
}

const selectMembers = statement(`
  select m.member_kind as kind, m.member_id as id, coalesce(p.name, r.name) as name, p.email,
    p.user_type as "userType", r.provider_id as "providerId", r.source_id as "sourceId", r.project_id as "projectId"
  from project_member m
  left join principal p on m.member_kind = 'principal' and p.id = m.member_id and p.deleted_at is null
  left join role r on r.id = case when m.member_kind = 'role' then m.member_id::uuid end
  where m.project_id = $1 and (m.member_kind, m.member_id) > ($2, $3)
    and (p.id is not null or r.id is not null)
  order by m.member_kind, m.member_id limit $4`)

export const listProjectMembers = (
  sql: Sql,
  projectId: string,
  { after, limit }: ProjectMemberPage,
): Promise<readonly ProjectMemberRecord[]> =>
  sql.query<ProjectMemberRecord>(selectMembers, [
    storable(projectId),
    after?.kind ?? '',
    storable(after?.id ?? ''),
    limit,
  ])

const idsOf = (members: readonly ProjectMemberKey[], kind: ProjectMemberKey['kind']): readonly string[] => [
  ...new Set(members.filter((member) => member.kind === kind).map(({ id }) => storable(id))),
]

/** Waits for whoever deletes the project, and keeps it from being deleted. */
const holdProject = statement('select id from project where id = $1 for key share')

const checkProject = async (tx: Transaction, projectId: string): Promise<void> => {
  const rows = await tx.query(holdProject, [storable(projectId)])
  if (rows.length === 0) throw new CatalogError('NotFoundException', `Project does not exist: ${projectId}`)
}

/** Locked, so that nobody deletes them meanwhile. A service account of another project is as unknown as none. */
const selectPrincipals = statement(`
  select id from principal
  where id = any($2::text[]) and deleted_at is null and (project_id is null or project_id = $1)
  for key share`)

/** Of whatever project: who may let a foreign one in has been asked before. */
const selectRoles = statement('select id::text as id from role where id = any($1::uuid[]) for key share')

const firstUnknown = (wanted: readonly string[], found: readonly { readonly id: string }[]) => {
  const known = new Set(found.map(({ id }) => id))
  return wanted.find((id) => !known.has(id))
}

const checkKnown = async (
  tx: Transaction,
  projectId: string,
  members: readonly ProjectMemberKey[],
): Promise<void> => {
  const principals = idsOf(members, 'principal')
  const user = firstUnknown(principals, await tx.query(selectPrincipals, [projectId, principals]))
  if (user !== undefined) throw new CatalogError('NotFoundException', `User does not exist: ${user}`)
  const roles = idsOf(members, 'role')
  const role = firstUnknown(roles, await tx.query(selectRoles, [roles]))
  if (role !== undefined) throw new CatalogError('NoSuchRoleException', `Role does not exist: ${role}`)
}

const insertMembers = statement(`
  insert into project_member (project_id, member_kind, member_id)
  select $1, $2, id from unnest($3::text[]) as m(id) on conflict do nothing`)

/**
 * All or none; who is a member already stays one. NotFound for a missing project or user, NoSuchRole for a missing
 * role. A role of another project is let in.
 */
export const addProjectMembers = async (
  tx: Transaction,
  projectId: string,
  members: readonly ProjectMemberKey[],
): Promise<void> => {
  await raiseIdentityEpoch(tx)
  await checkProject(tx, projectId)
  await checkKnown(tx, projectId, members)
  await tx.execute(insertMembers, [projectId, 'principal', idsOf(members, 'principal')])
  await tx.execute(insertMembers, [projectId, 'role', idsOf(members, 'role')])
}

const deleteMember = statement(`
  delete from project_member where project_id = $1 and member_kind = $2 and member_id = $3`)

/** NotFound for a missing project, and for who is not a member. */
export const removeProjectMember = async (
  tx: Transaction,
  projectId: string,
  { kind, id }: ProjectMemberKey,
): Promise<void> => {
  await raiseIdentityEpoch(tx)
  await checkProject(tx, projectId)
  if ((await tx.execute(deleteMember, [projectId, kind, storable(id)])) === 0)
    throw new CatalogError('NotFoundException', `Not a member of the project: ${id}`)
}
