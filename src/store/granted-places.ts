/**
 * Where the grants of somebody lie: the projects, warehouses and namespaces that lead to them, and the local content that
 * they are on. Read upward from the grantee, so that what others hold costs nothing.
 */
import type { Grantees } from '#model/access.ts'
import { type Sql, statement } from './database.ts'
import type { EntryPage } from './entries.ts'
import { isPlain, type Line } from './entries-lines.ts'
import { space } from './schema.ts'

/** Principal first, then each role: as `unnest($1, $2)` takes them. */
const subjectsOf = ({ principal, roles }: Grantees): readonly [readonly string[], readonly string[]] => {
  const ids = [...(principal === undefined ? [] : [principal]), ...roles]
  return [ids.map((_, i) => (i === 0 && principal !== undefined ? 'principal' : 'role')), ids]
}

/** Grants that count, `t`: in force, and on no mounted object that has been suspended. */
const held = `
  unnest($1::text[], $2::text[]) as s(kind, id)
  join relation_tuple t on t.subject_kind = s.kind and t.subject_id = s.id
    and (t.expires_at is null or t.expires_at > now())
    and not exists (select 1 from governed_object g where g.object = t.object and g.suspended_at is not null)`

/** `t` with the local entry that it is on, `h`; all null where it is on none that is live. */
const withEntry = `${held}
  left join lateral (
    select e.ns from entry_head e where e.content_id = t.content_id and e.pointer is not null offset 0
  ) h on true`

interface PlacesRow {
  readonly epoch: number
  readonly until: Date | null
}

export interface GrantedPlaces {
  /** Keys of namespaces: each that has a grant, or something in it that has one. */
  readonly namespaces: readonly string[]
  /** There is a grant on the warehouse or on something inside it. */
  readonly any: boolean
  /** When the first of these grants ends; null: none does. */
  readonly until: Date | null
  /** The epoch of policy that this was true in. */
  readonly epoch: number
}

const selectPlaces = statement(`
  select (select policy_epoch from server) as epoch, min(t.expires_at) as until, count(*) > 0 as any,
    array(select distinct n.ns from ${withEntry}
      cross join lateral (select coalesce(t.ns, h.ns) as ns) n
      where t.warehouse_id = $3 and n.ns is not null) as namespaces
  from ${held} where t.warehouse_id = $3`)

export const loadGrantedPlaces = async (
  sql: Sql,
  grantees: Grantees,
  warehouseId: string,
): Promise<GrantedPlaces> => {
  const values = [...subjectsOf(grantees), warehouseId]
  const [row] = await sql.query<PlacesRow & GrantedPlaces>(selectPlaces, values)
  if (row === undefined) throw new Error('an aggregate gave no row')
  return row
}

export interface GrantedRoots {
  readonly projects: readonly string[]
  readonly warehouses: readonly string[]
  readonly until: Date | null
  readonly epoch: number
}

const selectRoots = statement(`
  select (select policy_epoch from server) as epoch, min(t.expires_at) as until,
    coalesce(array_agg(distinct t.project_id) filter (where t.project_id is not null), '{}') as projects,
    coalesce(array_agg(distinct t.warehouse_id::text) filter (where t.warehouse_id is not null), '{}') as warehouses
  from ${held}`)

/** The projects and warehouses in which there is a grant on anything. */
export const loadGrantedRoots = async (sql: Sql, grantees: Grantees): Promise<GrantedRoots> => {
  const [row] = await sql.query<GrantedRoots>(selectRoots, [...subjectsOf(grantees)])
  if (row === undefined) throw new Error('an aggregate gave no row')
  return row
}

const countHeld = statement(`
  select count(*)::int as n from (
    select 1 from ${held} where t.warehouse_id = $3 limit $4
  ) few`)

interface GrantedScope {
  readonly grantees: Grantees
  readonly warehouseId: string
}

/** How many grants there are in the warehouse, counted no further than `most`. */
export const countGranted = async (
  sql: Sql,
  { grantees, warehouseId }: GrantedScope,
  most: number,
): Promise<number> => {
  const [row] = await sql.query<{ n: number }>(countHeld, [...subjectsOf(grantees), warehouseId, most])
  return row?.n ?? 0
}

const listContent = statement(`
  with g as materialized (
    select distinct t.content_id from ${held} where t.warehouse_id = $3 and t.content_id is not null
  )
  select h.name, g.content_id as "contentId" from g
  cross join lateral (
    select e.name from entry_head e
    where e.content_id = g.content_id and e.line_id = $4 and e.ns = $5 and e.space = ${space.relation}
      and e.kind = $6 and e.name > $7 and e.pointer is not null offset 0
  ) h
  order by h.name limit $8`)

const listNamespaces = statement(`
  with g as materialized (
    select distinct n.ns from ${withEntry}
    cross join lateral (select coalesce(t.ns, h.ns) as ns) n
    where t.warehouse_id = $3 and n.ns is not null and starts_with(n.ns, $6)
  ), c as materialized (
    select distinct split_part(substr(g.ns, length($6) + 1), chr(31), 1) as name from g
  )
  select c.name from c
  cross join lateral (
    select 1 from entry_head e
    where e.line_id = $4 and e.ns = $5 and e.space = ${space.namespace} and e.name = c.name
      and e.pointer is not null offset 0
  ) h
  where c.name > $7
  order by c.name collate "C" limit $8`)

export interface GrantedEntry {
  readonly name: string
  /** Of tables and views. */
  readonly contentId?: string
}

/**
 * As `listEntries`, of those entries alone that have been granted, or hold what has been. In the same order, so that a
 * listing may go on either way. Only where `isPlain` says that the line has no ancestors.
 */
export const listGrantedEntries = async (
  sql: Sql,
  line: Line,
  { ns, kind, after, size, grantees, warehouseId }: EntryPage & GrantedScope,
): Promise<readonly GrantedEntry[]> => {
  if (!isPlain(line)) throw new Error('grants are joined to the heads of one line')
  const [kinds, ids] = subjectsOf(grantees)
  const values = [kinds, ids, warehouseId, line.id, ns]
  if (kind !== 'namespace') return sql.query<GrantedEntry>(listContent, [...values, kind, after, size])
  const prefix = ns === '' ? '' : `${ns}\u001f`
  return sql.query<GrantedEntry>(listNamespaces, [...values, prefix, after, size])
}

/** By object, so that the number of roles costs nothing: one look a head. */
const filterHeads = statement(`
  with heads as materialized (
    select e.name, e.content_id from entry_head e
    where e.line_id = $4 and e.ns = $5 and e.space = ${space.relation} and e.kind = $6 and e.name > $7
      and e.pointer is not null
    order by e.name limit $8
  )
  select (select count(*)::int from heads) as examined, (select max(name) from heads) as last,
    array(
      select h.name || chr(31) || h.content_id from heads h
      where exists (
        select 1 from relation_tuple t
        where t.object = $6 || ':' || h.content_id and t.warehouse_id = $3
          and (t.subject_kind, t.subject_id) in (select * from unnest($1::text[], $2::text[]))
          and (t.expires_at is null or t.expires_at > now())
        offset 0)
      order by h.name) as entries`)

interface FilteredRow {
  readonly examined: number
  readonly last: string | null
  readonly entries: readonly string[]
}

export interface FilteredEntries {
  readonly entries: readonly GrantedEntry[]
  /** The last name that was looked at; absent where none follows. */
  readonly last?: string
}

/** As `listGrantedEntries`, where the grants are many: `size` tables or views are looked at for one. */
export const filterGrantedEntries = async (
  sql: Sql,
  line: Line,
  { ns, kind, after, size, grantees, warehouseId }: EntryPage & GrantedScope,
): Promise<FilteredEntries> => {
  if (!isPlain(line)) throw new Error('grants are joined to the heads of one line')
  const values = [...subjectsOf(grantees), warehouseId, line.id, ns, kind, after, size]
  const [row] = await sql.query<FilteredRow>(filterHeads, values)
  const entries = (row?.entries ?? []).map((entry) => {
    const [name = '', contentId = ''] = entry.split('\u001f')
    return { name, contentId }
  })
  return row?.last != null && row.examined >= size ? { entries, last: row.last } : { entries }
}
