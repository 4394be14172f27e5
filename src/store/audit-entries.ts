/** Entries of the audit log: how a decision and a change become rows, each with a digest of its own. */
import { hash, randomUUID } from 'node:crypto'
import type { Need } from '#model/access.ts'
import type { AuditDraft, EventDraft } from '#model/event.ts'
import { type Sql, statement } from './database.ts'
import { storable } from './outbox.ts'

/** As it is written; member names are the columns. */
export interface AuditEntry {
  readonly at: string
  readonly id: string
  readonly kind: 'decision' | 'change'
  readonly request_id: string
  readonly operation: string
  readonly principal_kind: string
  readonly principal: string
  readonly warehouse: string | null
  readonly detail: string
  readonly decision: string | null
  readonly status: number | null
  readonly project: string | null
  /** Null in what older builds wrote, together with `project`. */
  readonly latency_ms: number | null
}

type Fields = readonly (string | number | null)[]

/** Every column that we write, in this order; `tx` and the partition are the database's. */
const fieldsOf = (entry: AuditEntry): Fields => [
  entry.at,
  entry.id,
  entry.kind,
  entry.request_id,
  entry.operation,
  entry.principal_kind,
  entry.principal,
  entry.warehouse,
  entry.detail,
  entry.decision,
  entry.status,
  entry.project,
  entry.latency_ms,
]

/** Those that builds before `project` wrote. */
const olderFields = 11

/** SHA-256 in base64 over the JSON array of the columns. */
const digestOf = (fields: string): string => hash('sha256', fields, 'base64')

/** What older builds wrote has none of the newer columns: whoever fills one in has altered the entry. */
const isOlder = ({ project, latency_ms }: AuditEntry): boolean => project === null && latency_ms === null

export const digestEntry = (entry: AuditEntry): string =>
  digestOf(JSON.stringify(isOlder(entry) ? fieldsOf(entry).slice(0, olderFields) : fieldsOf(entry)))

/** Keeps a batch of entries far below what one statement can carry; what a change touched stands in its own entries. */
const longestDetail = 64 * 1024

/** What most entries do not have; undefined where there is nothing of it. */
const rareOf = ({ principal, connection, by, roles, handedOut, through }: AuditDraft): object | undefined => {
  const { assumedRole, engine } = principal
  return (assumedRole ?? engine ?? connection ?? by ?? roles ?? handedOut ?? through) === undefined
    ? undefined
    : { assumedRole, engine, connection, by, roles, handedOut, through }
}

const wholeDetail = (draft: AuditDraft, needs: readonly Need[], needsOmitted?: number): string => {
  const { reason, errorType, sender } = draft
  const rare = rareOf(draft)
  const usual = { reason, errorType, needs, needsOmitted, address: sender?.address, agent: sender?.agent }
  return JSON.stringify(rare ? { ...usual, ...rare } : usual)
}

const decisionDetail = (draft: AuditDraft): string => {
  const { needs } = draft
  const whole = wholeDetail(draft, needs)
  if (whole.length <= longestDetail) return whole
  let room = longestDetail
  const kept = needs.filter((need) => {
    room -= JSON.stringify(need).length
    return room >= 0
  })
  return wholeDetail(draft, kept, needs.length - kept.length)
}

const longestLatency = 2 ** 31 - 1

/** A clock that is set back makes no request end before it began. */
const latencyOf = ({ startedAt }: AuditDraft): number =>
  Math.min(Math.max(Date.now() - startedAt.getTime(), 0), longestLatency)

export const decisionEntry = (draft: AuditDraft): AuditEntry => ({
  at: draft.startedAt.toISOString(),
  id: randomUUID(),
  kind: 'decision',
  request_id: draft.requestId,
  operation: draft.operation,
  principal_kind: draft.principal.kind,
  principal: draft.principal.id,
  warehouse: draft.warehouse,
  detail: decisionDetail(draft),
  decision: draft.decision,
  status: draft.status,
  project: draft.project,
  latency_ms: latencyOf(draft),
})

/** What a request changed: joined to its decision by the request id. */
export const changeEntry = (draft: AuditDraft, event: EventDraft): AuditEntry => ({
  ...decisionEntry(draft),
  kind: 'change',
  detail: JSON.stringify(event),
  decision: null,
  status: null,
})

const storableEntry = (entry: AuditEntry): AuditEntry => ({
  ...entry,
  request_id: storable(entry.request_id),
  principal: storable(entry.principal),
  warehouse: entry.warehouse === null ? null : storable(entry.warehouse),
  project: entry.project === null ? null : storable(entry.project),
})

/** How JSON spells what `storable` replaces; it stands in the text of a detail too, where it is harmless. */
const perhapsNotStorable = /\\u(?:0000|d[89a-f])/

/**
 * The columns as one JSON array: what is sent, and what the digest is of. One flat text, since entries wait: object
 * trees that outlive a request cost more to collect than to write out.
 */
export const encodeEntry = (entry: AuditEntry): string => {
  const plain = JSON.stringify(fieldsOf(entry))
  // The first look is for one word, and nearly always the only one.
  const altered = plain.includes('\\u') && perhapsNotStorable.test(plain)
  return altered ? JSON.stringify(fieldsOf(storableEntry(entry))) : plain
}

/** One parameter for any number of entries that `encodeEntry` gave: a line each, since JSON breaks none itself. */
export const bindEntries = (encoded: readonly string[]): string => encoded.join('\n')

/**
 * `rows`: what `bindEntries` gave. The digest of each is made where it is written: of the very text that came (without
 * `offset 0` it would be read anew for every column).
 */
export const insertEntries = (rows: string): string => `
  insert into audit_entry (at, id, kind, request_id, operation, principal_kind, principal, warehouse, detail,
    decision, status, project, latency_ms, digest)
  select (e ->> 0)::timestamptz, (e ->> 1)::uuid, e ->> 2, e ->> 3, e ->> 4, e ->> 5, e ->> 6, e ->> 7, e ->> 8,
    e ->> 9, (e ->> 10)::smallint, e ->> 11, (e ->> 12)::integer, sha256(convert_to(line, 'UTF8'))
  from (select line, line::jsonb as e from unnest(string_to_array(${rows}::text, chr(10))) as lines(line) offset 0) entries`

/**
 * A time of the log as one that can be told: the database knows some that are none here, and whoever writes to it may
 * have put one there. What it names is altered then. In the same order as the column itself.
 */
export const readableTime = (column: string): string =>
  `least(greatest(${column}, '0001-01-01Z'::timestamptz), '9999-12-31 23:59:59.999Z'::timestamptz)`

const insertAlone = statement(insertEntries('$1'))

/** Entries as `encodeEntry` gave them, all in one statement; inside a transaction they stand or fall with it. */
export const appendAudit = async (sql: Sql, encoded: readonly string[]): Promise<void> => {
  if (encoded.length > 0) await sql.execute(insertAlone, [bindEntries(encoded)])
}
