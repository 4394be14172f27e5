/** Roles of one provider in one project as a provisioning system sees them: groups, filled by it alone. */
import { type Column, type Condition, type Counted, type OffsetPage, whereOf } from './conditions.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import { addRoleMembers, type RoleMember, removeRoleMembers } from './role-members.ts'
import type { RoleRecord, RoleTarget } from './roles.ts'

/** Whose groups are meant. */
export interface GroupScope {
  readonly projectId: string
  readonly provider: string
}

const columns: Readonly<Record<string, Column>> = {
  id: { sql: 'r.id::text', type: 'folded' },
  name: { sql: 'r.name', type: 'folded' },
  sourceId: { sql: 'r.source_id', type: 'exact' },
  /** Of its many members any may fit: equality is all that can be asked. */
  member: {
    sql: '(select min(m.member_id) from role_member m where m.role_id = r.id)',
    type: 'exact',
    equals: (value) => `exists (select from role_member m where m.role_id = r.id and m.member_id = ${value})`,
  },
  created: { sql: 'r.created_at', type: 'time' },
  changed: { sql: 'r.updated_at', type: 'time' },
}

const shown = `r.id, r.project_id as "projectId", r.name, r.description, r.provider_id as "providerId",
  r.source_id as "sourceId", r.version, r.created_at as "createdAt", r.updated_at as "updatedAt"`

/** In the order of their ids. */
export const listGroups = async (
  sql: Sql,
  { projectId, provider, condition }: GroupScope & { readonly condition: Condition | undefined },
  { offset, limit }: OffsetPage,
): Promise<Counted<RoleRecord>> => {
  const where = whereOf(condition, columns, [projectId, provider])
  const from = `from role r where r.project_id = $1 and r.provider_id = $2 and ${where.text}`
  const [counted] = await sql.query<{ total: number }>(`select count(*) as total ${from}`, where.values)
  const total = Number(counted?.total ?? 0)
  if (limit === 0 || offset >= total) return { total, items: [] }
  const page = `order by r.id limit $${where.values.length + 1} offset $${where.values.length + 2}`
  const items = await sql.query<RoleRecord>(`select ${shown} ${from} ${page}`, [
    ...[...where.values, limit, offset],
  ])
  return { total, items }
}

export interface GroupMember extends RoleMember {
  readonly roleId: string
  readonly name: string | null
}

const selectMembers = statement(`
  select m.role_id as "roleId", m.member_kind as kind, m.member_id as id, coalesce(p.name, r.name) as name
  from role_member m
  left join principal p on m.member_kind = 'principal' and p.id = m.member_id
  left join role r on r.id = case when m.member_kind = 'role' then m.member_id::uuid end
  where m.role_id = any($1::uuid[]) order by m.role_id, m.member_kind, m.member_id`)

/** Direct ones, of all these roles together. */
export const membersOf = (sql: Sql, roleIds: readonly string[]): Promise<readonly GroupMember[]> =>
  sql.query(selectMembers, [roleIds])

const keyOf = ({ kind, id }: RoleMember): string => `${kind} ${id}`

/** From now on these and no others. Errors as of `addRoleMembers`. */
export const assignMembers = async (
  tx: Transaction,
  target: RoleTarget,
  members: readonly RoleMember[],
): Promise<void> => {
  const wanted = new Set(members.map(keyOf))
  const present = await membersOf(tx, [target.id])
  const known = new Set(present.map(keyOf))
  await removeRoleMembers(
    tx,
    target,
    present.filter((member) => !wanted.has(keyOf(member))),
  )
  await addRoleMembers(
    tx,
    target,
    members.filter((member) => !known.has(keyOf(member))),
  )
}
