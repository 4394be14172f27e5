/** Who holds what, and who can reach something by what: in pages, by keys that stay in their places. */
import type { ObjectKey } from '#model/object-key.ts'
import { type Sql, statement } from './database.ts'
import { storable } from './outbox.ts'

/** How a grant came to somebody: itself, or through a role. */
export interface HeldGrant {
  readonly object: ObjectKey
  readonly relation: string
  readonly expiresAt: Date | null
  readonly reason: string | null
  /** Id of the role that holds it; null: the principal, or the role that was asked for, itself. */
  readonly role: string | null
  /** Place of the object, where it is known by name. */
  readonly ns: string | null
  readonly name: string | null
  readonly contentId: string | null
  readonly warehouseId: string | null
}

export interface HoldingsPage {
  readonly projectId: string
  readonly subject: { readonly kind: 'principal' | 'role'; readonly id: string }
  /** Roles of the subject, transitively, as they stand. */
  readonly roles: readonly string[]
  /** Key of the last one of the page before. */
  readonly after?: string
  readonly limit: number
}

const inForce = '(t.expires_at is null or t.expires_at > now())'

/** A local table is told by the name that it has now. */
const heldColumns = `
  t.object, t.relation, t.expires_at as "expiresAt", t.reason, t.warehouse_id as "warehouseId",
  t.content_id as "contentId", coalesce(t.ns, h.ns) as ns, coalesce(t.name, h.name) as name`

const presentName = `
  left join lateral (
    select h.ns, h.name from entry_head h where h.content_id = t.content_id and h.pointer is not null limit 1
  ) h on true`

const selectHoldings = statement(`
  select ${heldColumns}, nullif(t.subject_id, $3) as role
  from (select $2::text as kind, $3::text as id union select 'role', unnest($4::text[])) s
  join relation_tuple t on t.subject_kind = s.kind and t.subject_id = s.id
  ${presentName}
  where (t.project_id = $1 or t.project_id is null) and ${inForce}
    and concat_ws(chr(10), t.object, t.relation, t.subject_kind, t.subject_id) > $5 collate "C"
  order by concat_ws(chr(10), t.object, t.relation, t.subject_kind, t.subject_id) collate "C" limit $6`)

/** What a page begins after. */
export const keyOfHeld = (
  { object, relation, role }: HeldGrant,
  { kind, id }: HoldingsPage['subject'],
): string => [object, relation, role === null ? kind : 'role', role ?? id].join('\n')

export const listHoldings = (
  sql: Sql,
  { projectId, subject, roles, after = '', limit }: HoldingsPage,
): Promise<readonly HeldGrant[]> =>
  sql.query(selectHoldings, [projectId, subject.kind, storable(subject.id), roles, storable(after), limit])

/** One way in which somebody reaches an object. */
export interface ReachedGrant {
  readonly principal: string
  /** On the object itself, or on one that it lies in. */
  readonly object: ObjectKey
  readonly relation: string
  /** Id of the role to which it was granted; null: to the principal. */
  readonly role: string | null
  readonly expiresAt: Date | null
}

export interface ReachPage {
  /** The object and what it lies in, up to the server. */
  readonly chain: readonly ObjectKey[]
  /** Of the chain's end: their members and administrators stand in lists of their own. */
  readonly projectId: string | null
  /** Key of the last one of the page before. */
  readonly after?: string
  readonly limit: number
}

/** Grants, memberships of the project and administration of the server alike: as relations of the chain's objects. */
const reaching = `
  with recursive given(object, relation, kind, id, expires_at) as (
    select t.object, t.relation, t.subject_kind, t.subject_id, t.expires_at
    from relation_tuple t
    where t.object = any($1::text[]) and t.subject_kind <> 'anyone' and ${inForce}
    union all
    select 'project:' || m.project_id, 'member', m.member_kind, m.member_id, null::timestamptz
    from project_member m where m.project_id = $2
    union all
    select o.object, 'admin', 'principal', p.id, null::timestamptz
    from principal p, unnest($1::text[]) as o(object)
    where o.object like 'server:%' and p.server_admin and p.active and p.deleted_at is null
  ),
  below(role, id) as (
    select distinct g.id, g.id from given g where g.kind = 'role'
    union
    select b.role, m.member_id from below b
    join role_member m on m.role_id = b.id::uuid and m.member_kind = 'role'
  ),
  reached(principal, object, relation, role, expires_at) as (
    select g.id, g.object, g.relation, null::text, g.expires_at from given g where g.kind = 'principal'
    union
    select m.member_id, g.object, g.relation, g.id, g.expires_at
    from given g join below b on g.kind = 'role' and b.role = g.id
    join role_member m on m.role_id = b.id::uuid and m.member_kind = 'principal'
  )`

const selectReach = statement(`
  ${reaching}
  select r.principal, r.object, r.relation, r.role, r.expires_at as "expiresAt"
  from reached r join principal p on p.id = r.principal and p.deleted_at is null
  where concat_ws(chr(10), r.principal, r.object, r.relation, coalesce(r.role, '')) > $3 collate "C"
  order by concat_ws(chr(10), r.principal, r.object, r.relation, coalesce(r.role, '')) collate "C" limit $4`)

export const keyOfReached = ({ principal, object, relation, role }: ReachedGrant): string =>
  [principal, object, relation, role ?? ''].join('\n')

export const listReach = (
  sql: Sql,
  { chain, projectId, after = '', limit }: ReachPage,
): Promise<readonly ReachedGrant[]> => sql.query(selectReach, [chain, projectId, storable(after), limit])
