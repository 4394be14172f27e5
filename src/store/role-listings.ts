/** Who is in a role, and in which roles someone is: directly, or through other roles. In pages, by kind and id. */
import { type Sql, statement } from './database.ts'
import type { RoleMember } from './role-members.ts'

/** A member with what people know it by. */
export type KnownMember =
  | {
      readonly kind: 'principal'
      readonly id: string
      readonly name: string
      readonly email: string | null
      readonly userType: string
    }
  | ({ readonly kind: 'role' } & KnownRole)

export interface KnownRole {
  readonly id: string
  readonly name: string
  readonly providerId: string
  readonly sourceId: string
}

export interface MemberPage {
  /** Absent: of both kinds. */
  readonly kind?: RoleMember['kind']
  /** The last one of the page before. */
  readonly after?: RoleMember
  readonly limit: number
}

/** `members`: rows of kind and id. The cast stands in a case, since the planner may cast before it compares kinds. */
const pageOf = (members: string): string => `
  select m.kind, m.id, coalesce(p.name, r.name) as name, p.email, p.user_type as "userType",
    r.provider_id as "providerId", r.source_id as "sourceId"
  from (${members}) m
  left join principal p on m.kind = 'principal' and p.id = m.id and p.deleted_at is null
  left join role r on r.id = case when m.kind = 'role' then m.id::uuid end
  where (m.kind, m.id) > ($2, $3) and ($4::text is null or m.kind = $4)
    and (p.id is not null or r.id is not null)
  order by m.kind, m.id limit $5`

const directMembers = statement(
  pageOf(`select member_kind as kind, member_id as id from role_member where role_id = $1::uuid`),
)

const allMembers = statement(`
  with recursive below(id) as (
    select $1::uuid
    union
    select m.member_id::uuid from below b join role_member m on m.role_id = b.id and m.member_kind = 'role'
  )
  ${pageOf(`
    select 'role' as kind, id::text as id from below where id <> $1::uuid
    union
    select m.member_kind, m.member_id from below b
    join role_member m on m.role_id = b.id and m.member_kind = 'principal'`)}`)

export interface Reach {
  /** `transitive`: through other roles too. */
  readonly reach: 'direct' | 'transitive'
}

export const listMembers = (
  sql: Sql,
  roleId: string,
  { reach, kind, after, limit }: MemberPage & Reach,
): Promise<readonly KnownMember[]> =>
  sql.query(reach === 'direct' ? directMembers : allMembers, [
    ...[roleId, after?.kind ?? '', after?.id ?? '', kind ?? null, limit],
  ])

/** `$1`, `$2`: who; `$3`, `$4`: provider and source id of each group that its token claims. */
export const directlyHeld = `
  select role_id as id from role_member where member_kind = $1 and member_id = $2
  union
  select r.id from unnest($3::text[], $4::text[]) as g(provider, source) cross join lateral (
    select id from role where provider_id = g.provider and source_id = g.source offset 0
  ) r`

/** What is held, and every role above it. `offset 0`: each step is a look by index, whatever the planner would guess. */
export const heldThrough = (start: string): string => `
  with recursive held(id) as (
    (${start})
    union
    select m.role_id from held h cross join lateral (
      select role_id from role_member where member_kind = 'role' and member_id = h.id::text offset 0
    ) m
  )`

const rolesPage = `
  select r.id, r.name, r.provider_id as "providerId", r.source_id as "sourceId" from held h
  join role r on r.id = h.id
  where r.project_id = $5 and r.id > $6::uuid order by r.id limit $7`

const directRoles = statement(`with held as (${directlyHeld}) ${rolesPage}`)
const allRoles = statement(`${heldThrough(directlyHeld)} ${rolesPage}`)

/** A principal with what its token claims now, or a role. */
export interface Holder extends RoleMember {
  readonly groups: Groups
}

/** Two lists of the same length: the n-th group is of the n-th provider. */
export interface Groups {
  readonly providers: readonly string[]
  readonly sources: readonly string[]
}

/** Filled by hand alone, whatever a token says. `lakekeeper` is how Lakekeeper's clients name them. */
const byHand: ReadonlySet<string> = new Set(['lakegate', 'lakekeeper', 'system'])

/** True where people say who is in a role of the provider, and no token or provisioning does. */
export const isFilledByHand = (providerId: string): boolean => byHand.has(providerId)

/** `provider~source-id` each; what has no such form, or names a provider that is filled by hand, claims nothing. */
export const groupsOf = (claimed: readonly string[] = []): Groups => {
  const pairs = claimed
    .map((group) => [group.slice(0, group.indexOf('~')), group.slice(group.indexOf('~') + 1)] as const)
    .filter(([provider, source]) => provider !== '' && source !== '' && !isFilledByHand(provider))
  return { providers: pairs.map(([provider]) => provider), sources: pairs.map(([, source]) => source) }
}

export interface HeldPage {
  readonly projectId: string
  /** Id of the last role of the page before. */
  readonly after?: string
  readonly limit: number
}

const nil = '00000000-0000-0000-0000-000000000000'

/** The roles of one project that somebody is in. */
export const listHeldRoles = (
  sql: Sql,
  { kind, id, groups }: Holder,
  { projectId, after, limit, reach }: HeldPage & Reach,
): Promise<readonly KnownRole[]> =>
  sql.query(reach === 'direct' ? directRoles : allRoles, [
    ...[kind, id, groups.providers, groups.sources, projectId, after ?? nil, limit],
  ])
