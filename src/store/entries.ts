/**
 * What a line shows: the entry under a name, and the names under a namespace. Reads go through the line's chain: the
 * nearest line that knows the name decides, a tombstone there hides what lies beyond.
 */
import { type Sql, statement } from './database.ts'
import { isPlain, type Line } from './entries-lines.ts'
import { type EntryKind, space } from './schema.ts'

export interface EntryKey {
  /** Levels of the parent namespace joined by U+001F; empty for the root. */
  readonly ns: string
  readonly space: (typeof space)[keyof typeof space]
  readonly name: string
}

/** A live entry. What is read here is what a later change states as its expectation. */
export interface EntryState {
  readonly contentId: string
  readonly kind: EntryKind
  readonly pointer: number
  /** On the line itself, not on an ancestor. */
  readonly own: boolean
}

export interface RelationState extends EntryState {
  readonly kind: 'table' | 'view'
  readonly metadataLocation: string
  /** The table's own location. */
  readonly location: string
  readonly uuid: string
  /** The epoch of policy of the same moment. */
  readonly policyEpoch: number
}

export interface NamespaceState extends EntryState {
  readonly kind: 'namespace'
  readonly properties: Readonly<Record<string, string>>
}

export interface RelationName {
  readonly ns: string
  readonly name: string
}

/** Heads of one line: `$1` line, `$2` namespaces, `$3` names. */
const plainSource = (space: number): string => `
  unnest($2::text[], $3::text[]) with ordinality as k(ns, name, i)
  join entry_head e on e.line_id = $1 and e.ns = k.ns and e.space = ${space} and e.name = k.name
    and e.pointer is not null`

/**
 * The chain: `$1` lines, `$2` limits, `$3` namespaces, `$4` names. The head serves while it is within the limit;
 * else the newest version that is. Both agree where both exist, so their order is of no matter.
 */
const chainSource = (space: number): string => `
  unnest($3::text[], $4::text[]) with ordinality as k(ns, name, i)
  cross join lateral (
    select found.*
    from unnest($1::bigint[], $2::bigint[]) with ordinality as c(line_id, max_seq, depth)
    cross join lateral (
      (select h.line_id, h.content_id, h.kind, h.pointer from entry_head h
       where h.line_id = c.line_id and h.ns = k.ns and h.space = ${space} and h.name = k.name and h.seq <= c.max_seq)
      union all
      (select v.line_id, v.content_id, v.kind, v.pointer from entry_version v
       where v.line_id = c.line_id and v.ns = k.ns and v.space = ${space} and v.name = k.name and v.seq <= c.max_seq
       order by v.seq desc limit 1)
      limit 1
    ) found
    order by c.depth limit 1
  ) e`

/**
 * One column, U+001F between its parts (no location or name holds control characters): this is the query of every
 * load, and what the driver does for each column of each answer costs more than to split a text.
 */
const relationColumns = `
  select concat_ws(chr(31), k.i - 1, (select policy_epoch from server), e.line_id, e.content_id, e.kind, e.pointer, p.table_uuid, p.metadata_location,
    p.location) as relation`
const namespaceColumns =
  'select (k.i - 1)::int as i, e.line_id, e.content_id, e.kind, e.pointer, p.properties'

const relationText = (source: string): string =>
  `${relationColumns} from ${source} join pointer p on p.id = e.pointer`
const namespaceText = (source: string): string =>
  `${namespaceColumns} from ${source} join namespace_properties p on p.id = e.pointer`

/** An index a form of line: [plain, chain]. */
const findRelationsStatement = [
  statement(relationText(plainSource(space.relation))),
  statement(relationText(chainSource(space.relation))),
] as const
const findNamespacesStatement = [
  statement(namespaceText(plainSource(space.namespace))),
  statement(namespaceText(chainSource(space.namespace))),
] as const

interface EntryRow {
  readonly i: number
  readonly line_id: number
  readonly content_id: string
  readonly kind: EntryKind
  readonly pointer: number
}

interface RelationRow {
  readonly relation: string
}

interface NamespaceRow extends EntryRow {
  readonly kind: 'namespace'
  readonly properties: Readonly<Record<string, string>>
}

const find = async <Row>(
  sql: Sql,
  line: Line,
  query: { statement: typeof findRelationsStatement; names: readonly RelationName[] },
): Promise<readonly Row[]> => {
  const keys = [query.names.map((name) => name.ns), query.names.map((name) => name.name)]
  return isPlain(line)
    ? sql.query<Row>(query.statement[0], [line.id, ...keys])
    : sql.query<Row>(query.statement[1], [line.chainLines, line.chainSeqs.map(String), ...keys])
}

/** One answer a name, in order; undefined where nothing live has the name. */
export const findRelations = async (
  sql: Sql,
  line: Line,
  names: readonly RelationName[],
): Promise<readonly (RelationState | undefined)[]> => {
  const found: (RelationState | undefined)[] = names.map(() => undefined)
  const rows = await find<RelationRow>(sql, line, { statement: findRelationsStatement, names })
  for (const { relation } of rows) {
    const [i, epoch, lineId, contentId = '', kind, pointer, uuid = '', metadataLocation = '', location = ''] =
      relation.split('\u001f')
    found[Number(i)] = {
      contentId,
      kind: kind as 'table' | 'view',
      pointer: Number(pointer),
      own: Number(lineId) === line.id,
      metadataLocation,
      location,
      uuid,
      policyEpoch: Number(epoch),
    }
  }
  return found
}

/** As `findRelations`, for namespaces: each by its parent's key and its last level. */
export const findNamespaces = async (
  sql: Sql,
  line: Line,
  names: readonly RelationName[],
): Promise<readonly (NamespaceState | undefined)[]> => {
  const found: (NamespaceState | undefined)[] = names.map(() => undefined)
  const rows = await find<NamespaceRow>(sql, line, { statement: findNamespacesStatement, names })
  for (const row of rows)
    found[row.i] = {
      contentId: row.content_id,
      kind: row.kind,
      pointer: row.pointer,
      own: row.line_id === line.id,
      properties: row.properties,
    }
  return found
}

export interface EntryPage {
  readonly ns: string
  readonly kind: EntryKind
  /** Names after this one; empty for the first page. */
  readonly after: string
  readonly size: number
}

const spaceOf = (kind: EntryKind): number => (kind === 'namespace' ? space.namespace : space.relation)

/** Both in one column: what the driver does for each column of each row costs more than to split a text. */
const listPlain = statement(`
  select name || chr(31) || content_id as entry from entry_head
  where line_id = $1 and ns = $2 and space = $3 and name > $5 and kind = $4 and pointer is not null
  order by name limit $6`)

/** The smallest names of all lines of the chain: each line gives its own smallest, so none is missed. */
const listCandidates = statement(`
  select distinct h.name
  from unnest($1::bigint[]) as c(line_id)
  cross join lateral (
    select e.name from entry_head e
    where e.line_id = c.line_id and e.ns = $2 and e.space = $3 and e.name > $4
    order by e.name limit $5
  ) h
  order by h.name limit $5`)

/** An entry as listed. */
export interface EntryName {
  readonly name: string
  readonly contentId: string
}

/** Up to `size` entries of one kind in byte order of their names, after `after`. Fewer only where there are no more. */
export const listEntries = async (sql: Sql, line: Line, page: EntryPage): Promise<readonly EntryName[]> => {
  const { ns, kind, after, size } = page
  if (!isPlain(line)) return listThroughChain(sql, line, page)
  const rows = await sql.query<{ entry: string }>(listPlain, [line.id, ns, spaceOf(kind), kind, after, size])
  return rows.map(({ entry }) => {
    const [name = '', contentId = ''] = entry.split('\u001f')
    return { name, contentId }
  })
}

const listThroughChain = async (sql: Sql, line: Line, page: EntryPage): Promise<readonly EntryName[]> => {
  const names: EntryName[] = []
  for (let after: string | undefined = page.after; after !== undefined && names.length < page.size; ) {
    const candidates: readonly { readonly name: string }[] = await sql.query(listCandidates, [
      line.chainLines,
      page.ns,
      spaceOf(page.kind),
      after,
      page.size,
    ])
    names.push(...(await liveOf(sql, line, { ...page, names: candidates.map((row) => row.name) })))
    after = candidates.length < page.size ? undefined : candidates.at(-1)?.name
  }
  return names.slice(0, page.size)
}

const liveOf = async (
  sql: Sql,
  line: Line,
  { ns, kind, names }: EntryPage & { readonly names: readonly string[] },
): Promise<readonly EntryName[]> => {
  if (names.length === 0) return []
  const keys = names.map((name) => ({ ns, name }))
  const states =
    kind === 'namespace' ? await findNamespaces(sql, line, keys) : await findRelations(sql, line, keys)
  return names.flatMap((name, i) => {
    const state = states[i]
    return state?.kind === kind ? [{ name, contentId: state.contentId }] : []
  })
}

/** True while the namespace with this key has a child namespace, table or view. */
export const hasEntries = async (sql: Sql, line: Line, ns: string): Promise<boolean> => {
  for (const kind of ['table', 'view', 'namespace'] as const)
    if ((await listEntries(sql, line, { ns, kind, after: '', size: 1 })).length > 0) return true
  return false
}

const liveByUuid = statement(`
  select distinct on (h.content_id) h.content_id, h.ns, h.name
  from entry_head h
  join line l on l.id = h.line_id and l.warehouse_id = $1
  join pointer p on p.id = h.pointer
  where h.content_id in (select content_id from pointer where table_uuid = $2) and p.table_uuid = $2`)

/** Who has this table or view uuid on any line of the warehouse. Only certain under the uuid's lock. */
export const findByUuid = async (
  sql: Sql,
  warehouseId: string,
  uuid: string,
): Promise<readonly { readonly contentId: string; readonly ns: string; readonly name: string }[]> => {
  const rows = await sql.query<{ content_id: string; ns: string; name: string }>(liveByUuid, [
    warehouseId,
    uuid,
  ])
  return rows.map((row) => ({ contentId: row.content_id, ns: row.ns, name: row.name }))
}

const liveHead = statement('select 1 from entry_head where content_id = $1 and pointer is not null limit 1')

/** True while some line has a live entry of this content. */
export const isLive = async (sql: Sql, contentId: string): Promise<boolean> =>
  (await sql.query(liveHead, [contentId])).length > 0
