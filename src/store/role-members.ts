/**
 * Who is in which role: principals and roles, without cycles. Every change raises the identity epoch before it reads:
 * two additions that only together make a cycle come one after the other, and the later one sees the earlier.
 */
import { CatalogError } from '#model/errors.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import { storable } from './outbox.ts'
import { isFilledByHand } from './role-listings.ts'
import { lockRole, type RoleRecord, type RoleTarget, updateRole } from './roles.ts'
import { raiseIdentityEpoch } from './server.ts'

/** As stored: a user and a service account are both a principal. */
export interface RoleMember {
  readonly kind: 'principal' | 'role'
  readonly id: string
}

/** Edges of the longest chain of roles in roles. */
export const deepestNesting = 10

const idsOf = (members: readonly RoleMember[], kind: RoleMember['kind']): readonly string[] => [
  ...new Set(members.filter((member) => member.kind === kind).map(({ id }) => storable(id))),
]

const selectUnknown = statement(`
  select wanted.id from unnest($2::text[]) as wanted(id)
  where not exists (select 1 from principal p where p.id = wanted.id and p.deleted_at is null
    and (p.project_id is null or p.project_id = $1)) limit 1`)

/** A service account of another project is as unknown as one that never was. */
const checkPrincipals = async (tx: Transaction, projectId: string, ids: readonly string[]): Promise<void> => {
  if (ids.length === 0) return
  const [unknown] = await tx.query<{ id: string }>(selectUnknown, [projectId, ids])
  if (unknown !== undefined) throw new CatalogError('NotFoundException', `User does not exist: ${unknown.id}`)
}

const selectUnknownRole = statement(`
  select wanted.id from unnest($2::uuid[]) as wanted(id)
  where not exists (select 1 from role r where r.id = wanted.id and r.project_id = $1) limit 1`)

/** Every role above `$1` by its farthest distance; nothing stored is deeper than the bound, so the walk ends. */
const selectAbove = statement(`
  with recursive above(id, far) as (
    select $1::uuid, 0
    union
    select m.role_id, a.far + 1 from above a
    join role_member m on m.member_kind = 'role' and m.member_id = a.id::text
    where a.far <= ${deepestNesting}
  )
  select id, max(far)::int as far from above group by id`)

/** The role, and each that it is in, however deep. */
const withAbove = `
  with recursive above(id) as (
    select $1::uuid
    union
    select m.role_id from above a join role_member m on m.member_kind = 'role' and m.member_id = a.id::text
  )`

const selectOnServer = statement(`
  ${withAbove}
  select 1 from above a join relation_tuple t on t.subject_kind = 'role' and t.subject_id = a.id::text
  where t.object = (select 'server:' || id from server) and (t.expires_at is null or t.expires_at > now()) limit 1`)

/** Whether the role, or one that it is in, however deep, has been granted anything on the server. */
export const reachesServer = async (sql: Sql, id: string): Promise<boolean> =>
  (await sql.query(selectOnServer, [id])).length > 0

const selectOnProject = statement(`
  ${withAbove}
  select 1 from above a where exists (
    select 1 from project_member m
    where m.project_id = $2 and m.member_kind = 'role' and m.member_id = a.id::text
  ) or exists (
    select 1 from relation_tuple t
    where t.subject_kind = 'role' and t.subject_id = a.id::text and t.object = 'project:' || $2
      and t.relation = 'project_admin' and (t.expires_at is null or t.expires_at > now())
  ) limit 1`)

/** Whether the role, or one that it is in, however deep, may do everything in its project. */
export const administersProject = async (
  sql: Sql,
  { id, projectId }: Pick<RoleTarget, 'id' | 'projectId'>,
): Promise<boolean> => (await sql.query(selectOnProject, [id, projectId])).length > 0

const selectAccount = statement(`
  with recursive below(id) as (
    select r.id from unnest($1::uuid[]) as r(id)
    union
    select m.member_id::uuid from below b join role_member m on m.role_id = b.id and m.member_kind = 'role'
  ), inside(id) as (
    select unnest($2::text[])
    union
    select m.member_id from below b join role_member m on m.role_id = b.id and m.member_kind = 'principal'
  )
  select p.id from inside i join principal p on p.id = i.id where p.project_id is not null limit 1`)

/** Conflict where there is a service account among the principals or in the roles: a project makes its keys. */
export const refuseAccounts = async (
  tx: Transaction,
  { roles, principals }: { readonly roles: readonly string[]; readonly principals: readonly string[] },
): Promise<void> => {
  const [account] = await tx.query<{ id: string }>(selectAccount, [roles, principals])
  if (account !== undefined)
    throw new CatalogError(
      'ConflictException',
      `A service account of a project has no rights to the server, by a role either: ${account.id}`,
    )
}

const selectBelow = statement(`
  with recursive below(start, id, far) as (
    select id, id, 0 from unnest($1::uuid[]) as s(id)
    union
    select b.start, m.member_id::uuid, b.far + 1 from below b
    join role_member m on m.role_id = b.id and m.member_kind = 'role'
    where b.far <= ${deepestNesting}
  )
  select start as id, max(far)::int as far from below group by start`)

interface Distance {
  readonly id: string
  readonly far: number
}

const deepest = (distances: readonly Distance[]): number =>
  distances.reduce((most, { far }) => Math.max(most, far), 0)

const checkNesting = async (tx: Transaction, role: RoleTarget, ids: readonly string[]): Promise<void> => {
  if (ids.length === 0) return
  const [unknown] = await tx.query<{ id: string }>(selectUnknownRole, [role.projectId, ids])
  if (unknown !== undefined)
    throw new CatalogError('NoSuchRoleException', `Role does not exist: ${unknown.id}`)
  const above = await tx.query<Distance>(selectAbove, [role.id])
  const cyclic = above.find(({ id }) => ids.includes(id))
  if (cyclic !== undefined)
    throw new CatalogError(
      'RoleMembershipCycle',
      `Role ${cyclic.id} cannot become a member of role ${role.id}, which is in it`,
    )
  const below = await tx.query<Distance>(selectBelow, [ids])
  if (deepest(above) + 1 + deepest(below) > deepestNesting)
    throw new CatalogError(
      'RoleMembershipDepthExceeded',
      `Roles nest at most ${deepestNesting} deep: role ${role.id} cannot take these members`,
    )
}

const insertMembers = statement(`
  insert into role_member (role_id, member_kind, member_id)
  select $1, $2, id from unnest($3::text[]) as m(id) on conflict do nothing`)

/**
 * All or none; who is in it already stays in it. NoSuchRole for a role that is missing in the project, NotFound for a
 * principal that is; RoleMembershipCycle; RoleMembershipDepthExceeded. Whose members are whose is not asked here.
 */
export const addRoleMembers = async (
  tx: Transaction,
  target: RoleTarget,
  members: readonly RoleMember[],
): Promise<void> => {
  await raiseIdentityEpoch(tx)
  await lockRole(tx, target)
  const principals = idsOf(members, 'principal')
  const roles = idsOf(members, 'role')
  await checkPrincipals(tx, target.projectId, principals)
  await checkNesting(tx, target, roles)
  if (await reachesServer(tx, target.id)) await refuseAccounts(tx, { roles, principals })
  await tx.execute(insertMembers, [target.id, 'principal', principals])
  await tx.execute(insertMembers, [target.id, 'role', roles])
}

const deleteMembers = statement(`
  delete from role_member where role_id = $1 and member_kind = $2 and member_id = any($3)`)

/** NoSuchRole for a missing role; who is not in it is passed over. */
export const removeRoleMembers = async (
  tx: Transaction,
  target: RoleTarget,
  members: readonly RoleMember[],
): Promise<void> => {
  await raiseIdentityEpoch(tx)
  await lockRole(tx, target)
  await tx.execute(deleteMembers, [target.id, 'principal', idsOf(members, 'principal')])
  await tx.execute(deleteMembers, [target.id, 'role', idsOf(members, 'role')])
}

const deleteAll = statement('delete from role_member where role_id = $1')

/**
 * Has it filled by another provider, or from another group: who was in it before is in it no longer, unless people say
 * who is from now on. Errors as those of `updateRole`.
 */
export const bindRole = async (
  tx: Transaction,
  target: RoleTarget,
  origin: Pick<RoleRecord, 'providerId' | 'sourceId'>,
): Promise<RoleRecord> => {
  await raiseIdentityEpoch(tx)
  const before = await lockRole(tx, target)
  const same = before.providerId === origin.providerId && before.sourceId === origin.sourceId
  if (!same && !isFilledByHand(origin.providerId)) await tx.execute(deleteAll, [target.id])
  return updateRole(tx, target, origin)
}

const selectPrincipal = statement(`
  select 1 from principal where id = $2 and deleted_at is null and (project_id is null or project_id = $1)`)

/** True for a user, and for a service account of the project. */
export const isPrincipalOf = async (sql: Sql, projectId: string, id: string): Promise<boolean> =>
  (await sql.query(selectPrincipal, [projectId, id])).length > 0
