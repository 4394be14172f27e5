/**
 * Reads entries of the audit log in the order of time. A page looks at so many entries and no more: what is rare comes
 * in short pages with a place to read on from, and never holds the database.
 */
import { type AuditEntry, readableTime } from './audit-entries.ts'
import type { Database, Sql, Transaction } from './database.ts'
import { isOutOfTime } from './errors.ts'
import { storable } from './outbox.ts'

/** What is absent does not narrow. */
export interface AuditFilter {
  /** Absent: entries of every project, and of none. */
  readonly project?: string
  /** Inclusive. */
  readonly from?: Date
  /** Exclusive. */
  readonly to?: Date
  readonly kind?: 'decision' | 'change'
  readonly principal?: string
  readonly operations?: readonly string[]
  readonly decisions?: readonly string[]
  readonly status?: number
  readonly requestId?: string
  /** Id of a warehouse. */
  readonly warehouse?: string
  /** `table`, `namespace`, `role` … of what was asked for, or changed. */
  readonly resourceKind?: string
  /** Its name, alone or after its namespace (`sales.orders`), or its id. */
  readonly resource?: string
}

/** A place between two entries. */
export interface AuditPlace {
  readonly at: Date
  readonly id: string
}

type AuditOrder = 'newest-first' | 'oldest-first'

export interface AuditAsk {
  readonly limit: number
  readonly order: AuditOrder
  readonly after?: AuditPlace
  /** Entries that a page looks at where no index tells which ones are meant. Default 100,000. */
  readonly examined?: number
  /** How long summaries are read, which tell nothing of what is in every page of the table. Milliseconds; default 2,000. */
  readonly patienceMs?: number
}

export type AuditRecord = Omit<AuditEntry, 'at'> & AuditPlace & { readonly digest: Buffer }

export interface AuditPage {
  readonly records: readonly AuditRecord[]
  /** Where to read on; undefined when all has been looked at. */
  readonly next?: AuditPlace
}

const mostExamined = 100_000
const usualPatience = 2_000

interface Query {
  readonly conditions: string[]
  readonly values: unknown[]
}

const asStored = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(asStored)
  return typeof value === 'string' ? storable(value) : value
}

/** The number of the value's parameter. */
const bind = ({ values }: Query, value: unknown): string => `$${values.push(asStored(value))}`

const escapeLike = (text: string): string => text.replaceAll(/[\\%_]/g, '\\$&')

/** As JSON spells it within a text. */
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)

/** Less than exact: what it lets through is looked at once more (`concerns`). */
const narrowByResource = (query: Query, { resource, resourceKind }: AuditFilter): void => {
  if (resource !== undefined) {
    const last = resource.slice(resource.lastIndexOf('.') + 1)
    query.conditions.push(`detail like ${bind(query, `%${escapeLike(inJson(last))}"%`)}`)
  }
  if (resourceKind !== undefined) {
    const kind = escapeLike(inJson(resourceKind))
    const asked = bind(query, `%"kind":"${kind}"%`)
    query.conditions.push(`(detail like ${asked} or detail like ${bind(query, `{"type":"${kind}.%`)})`)
  }
}

const columnsOf = (filter: AuditFilter): readonly (readonly [column: string, value: unknown])[] => [
  ['project', filter.project],
  ['kind', filter.kind],
  ['principal', filter.principal],
  ['status', filter.status],
  ['request_id', filter.requestId],
  ['warehouse', filter.warehouse],
]

const narrow = (query: Query, filter: AuditFilter): void => {
  for (const [column, value] of columnsOf(filter))
    if (value !== undefined) query.conditions.push(`${column} = ${bind(query, value)}`)
  const { operations, decisions } = filter
  if (operations) query.conditions.push(`operation = any(${bind(query, operations)}::text[])`)
  if (decisions) query.conditions.push(`decision = any(${bind(query, decisions)}::text[])`)
  // The index of what was not allowed serves where the planner can see that nothing else is meant.
  if (decisions && !decisions.includes('allowed')) query.conditions.push(`decision <> 'allowed'`)
  narrowByResource(query, filter)
}

const narrowByTime = (query: Query, { from, to }: AuditFilter): void => {
  if (from) query.conditions.push(`at >= ${bind(query, from)}`)
  if (to) query.conditions.push(`at < ${bind(query, to)}`)
}

const placeIn = (query: Query, { at, id }: AuditPlace): string =>
  `(${bind(query, at)}::timestamptz, ${bind(query, id)}::uuid)`

const signs = {
  'newest-first': { beyond: '<', upTo: '>=', by: 'audit_entry.at desc, audit_entry.id desc' },
  'oldest-first': { beyond: '>', upTo: '<=', by: 'audit_entry.at, audit_entry.id' },
} as const

const narrowByPlace = (query: Query, { after, order }: AuditAsk): void => {
  if (after) query.conditions.push(`(at, id) ${signs[order].beyond} ${placeIn(query, after)}`)
}

const where = ({ conditions }: Query): string =>
  conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`

const nothing = (): Query => ({ conditions: [], values: [] })

/** The last entry that this page may look at; undefined where there are fewer. */
const findEdge = async (sql: Sql, filter: AuditFilter, ask: AuditAsk): Promise<AuditPlace | undefined> => {
  const query = nothing()
  narrowByTime(query, filter)
  narrowByPlace(query, ask)
  const [edge] = await sql.query<AuditPlace>(
    `select ${readableTime('at')} as at, id from audit_entry ${where(query)} order by ${signs[ask.order].by} offset ${(ask.examined ?? mostExamined) - 1} limit 1`,
    query.values,
  )
  return edge
}

const columns = `${readableTime('at')} as at, id, kind, request_id, operation, principal_kind, principal, warehouse, detail, decision, status,
  project, latency_ms, digest`

type Json = { readonly [name: string]: unknown } | null

interface Told {
  readonly needs?: readonly { readonly resource?: Json }[]
  readonly type?: string
  readonly data?: Json
}

const idsOf = (resource: Json): readonly unknown[] => Object.values(resource ?? {})

const pathOf = (resource: Json): string =>
  [resource?.['namespace'] ?? [], resource?.['name'] ?? []].flat().join('.')

/** Whether one of the things that the entry tells of is of the kind and has the name. */
const concerns = ({ resource, resourceKind }: AuditFilter, { detail, kind }: AuditRecord): boolean => {
  if (resource === undefined && resourceKind === undefined) return true
  const told = JSON.parse(detail) as Told
  const things =
    kind === 'change'
      ? [{ kind: told.type?.split('.')[0], ...told.data }]
      : (told.needs ?? []).map((need) => need.resource ?? null)
  return things.some(
    (thing) =>
      (resourceKind === undefined || thing?.['kind'] === resourceKind) &&
      (resource === undefined || pathOf(thing) === resource || idsOf(thing).includes(resource)),
  )
}

interface Stretch {
  readonly ask: AuditAsk
  /** The last entry that is looked at. */
  readonly edge?: AuditPlace | undefined
}

/** One row more than asked for tells that there is more. */
const readStretch = (sql: Sql, filter: AuditFilter, { ask, edge }: Stretch) => {
  const { order, limit } = ask
  const query = nothing()
  narrowByTime(query, filter)
  narrowByPlace(query, ask)
  if (edge) query.conditions.push(`(at, id) ${signs[order].upTo} ${placeIn(query, edge)}`)
  narrow(query, filter)
  return sql.query<AuditRecord>(
    `select ${columns} from audit_entry ${where(query)} order by ${signs[order].by} limit ${limit + 1}`,
    query.values,
  )
}

/** Of these a summary tells in which pages of the table they may be: what is rare is found in a log of any length. */
const isSummarised = ({ principal, requestId, project, warehouse }: AuditFilter): boolean =>
  [principal, requestId, project, warehouse].some((one) => one !== undefined)

/** The planner takes summaries of what has no order for worthless, and would read the whole table instead. */
const bySummaries = 'set local enable_seqscan = off; set local enable_indexscan = off;'

/** By summaries where there are any; undefined where it takes too long: what is meant lies among too much that is not. */
const patiently = <Result>(
  database: Database,
  filter: AuditFilter,
  { patienceMs = usualPatience, read }: { patienceMs?: number; read: (tx: Transaction) => Promise<Result> },
): Promise<Result | undefined> =>
  database
    .transaction(async (tx) => {
      await tx.query(
        `${isSummarised(filter) ? bySummaries : ''} set local statement_timeout = ${Math.trunc(patienceMs)}`,
      )
      return read(tx)
    })
    .catch((error: unknown) => {
      if (isOutOfTime(error)) return undefined
      throw error
    })

const readBySummary = (database: Database, filter: AuditFilter, ask: AuditAsk) =>
  patiently(database, filter, { ...ask, read: (tx) => readStretch(tx, filter, { ask }) })

interface Found {
  readonly rows: readonly AuditRecord[]
  /** Where looking ended, though there may be more. */
  readonly edge?: AuditPlace | undefined
}

/** What is frequent is among the next entries; what is not is looked for by summaries where there are any. */
const find = async (database: Database, filter: AuditFilter, ask: AuditAsk): Promise<Found> => {
  const { limit } = ask
  const rare = filter.requestId === undefined ? undefined : await readBySummary(database, filter, ask)
  if (rare) return { rows: rare }
  const edge = await findEdge(database, filter, ask)
  const near = await readStretch(database, filter, { ask, edge })
  if (!edge || near.length > limit || !isSummarised(filter)) return { rows: near, edge }
  const rest = await readBySummary(database, filter, { ...ask, after: edge, limit: limit - near.length })
  return rest ? { rows: [...near, ...rest] } : { rows: near, edge }
}

/** Newest or oldest first, within the filter, after the place. A page may be short, or empty, and yet have a next one. */
export const searchAudit = async (
  database: Database,
  filter: AuditFilter,
  ask: AuditAsk,
): Promise<AuditPage> => {
  const { limit } = ask
  const { rows, edge } = await find(database, filter, ask)
  const page = rows.slice(0, limit)
  const records = page.filter((record) => concerns(filter, record))
  const last = rows.length > limit ? page.at(-1) : edge
  return last ? { records, next: { at: last.at, id: last.id } } : { records }
}

export interface AuditCount {
  readonly count: number
  /** False: there are more, or some of these may be meant by another name. */
  readonly exact: boolean
}

const countFound = async (sql: Sql, filter: AuditFilter, { most, edge }: CountAsk): Promise<number> => {
  const query = nothing()
  narrowByTime(query, filter)
  if (edge) query.conditions.push(`(at, id) >= ${placeIn(query, edge)}`)
  narrow(query, filter)
  const [row] = await sql.query<{ count: number }>(
    `select count(*)::int as count from (select 1 from audit_entry ${where(query)} limit ${most + 1}) found`,
    query.values,
  )
  return row?.count ?? 0
}

interface CountAsk {
  readonly most: number
  /** None before it are counted. */
  readonly edge?: AuditPlace | undefined
  /** As of a page. */
  readonly patienceMs?: number
}

/** Counts as far as `most`; where that takes too long, those among the newest that a page would look at. */
export const countAudit = async (
  database: Database,
  filter: AuditFilter,
  { most, patienceMs = usualPatience }: Omit<CountAsk, 'edge'>,
): Promise<AuditCount> => {
  const named = filter.resource !== undefined || filter.resourceKind !== undefined
  const found = await patiently(database, filter, {
    patienceMs,
    read: (tx) => countFound(tx, filter, { most }),
  })
  if (found !== undefined) return { count: Math.min(found, most), exact: found <= most && !named }
  const edge = await findEdge(database, filter, { limit: 1, order: 'newest-first' })
  return { count: Math.min(await countFound(database, filter, { most, edge }), most), exact: false }
}
