/** Entries of the audit log: how a decision and a change become rows, each with a digest of its own. */
import { hash, randomUUID } from 'node:crypto'
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
}

/** SHA-256 in base64 over every column that we write, in this order; `tx` and the partition are the database's. */
export const digestEntry = (entry: AuditEntry): string => {
  const {
    at,
    id,
    kind,
    request_id,
    operation,
    principal_kind,
    principal,
    warehouse,
    detail,
    decision,
    status,
  } = entry
  const fields = [
    ...[at, id, kind, request_id, operation, principal_kind],
    ...[principal, warehouse, detail, decision, status],
  ]
  return hash('sha256', JSON.stringify(fields), 'base64')
}

const sourceOf = (draft: AuditDraft) => ({
  request_id: draft.requestId,
  operation: draft.operation,
  principal_kind: draft.principal.kind,
  principal: draft.principal.id,
  warehouse: draft.warehouse,
})

/** Keeps a batch of entries far below what one statement can carry; what a change touched stands in its own entries. */
const longestDetail = 64 * 1024

const decisionDetail = ({ reason, errorType, needs }: AuditDraft): string => {
  const whole = JSON.stringify({ reason, errorType, needs })
  if (whole.length <= longestDetail) return whole
  let room = longestDetail
  const kept = needs.filter((need) => {
    room -= JSON.stringify(need).length
    return room >= 0
  })
  return JSON.stringify({ reason, errorType, needs: kept, needsOmitted: needs.length - kept.length })
}

export const decisionEntry = (draft: AuditDraft): AuditEntry => ({
  at: draft.startedAt.toISOString(),
  id: randomUUID(),
  kind: 'decision',
  ...sourceOf(draft),
  detail: decisionDetail(draft),
  decision: draft.decision,
  status: draft.status,
})

/** What a request changed: joined to its decision by the request id. */
export const changeEntry = (draft: AuditDraft, event: EventDraft): AuditEntry => ({
  at: draft.startedAt.toISOString(),
  id: randomUUID(),
  kind: 'change',
  ...sourceOf(draft),
  detail: JSON.stringify(event),
  decision: null,
  status: null,
})

const storableEntry = (entry: AuditEntry): AuditEntry => ({
  ...entry,
  request_id: storable(entry.request_id),
  principal: storable(entry.principal),
  warehouse: entry.warehouse === null ? null : storable(entry.warehouse),
})

/** One JSON parameter for any number of rows. */
export const encodeEntries = (entries: readonly AuditEntry[]): string =>
  JSON.stringify(
    entries.map((raw) => {
      const entry = storableEntry(raw)
      return { ...entry, digest: digestEntry(entry) }
    }),
  )

/** `$1`: what `encodeEntries` gave. */
export const insertEntries = (parameter: string): string => `
  insert into audit_entry (at, id, kind, request_id, operation, principal_kind, principal, warehouse, detail,
    decision, status, digest)
  select at, id, kind, request_id, operation, principal_kind, principal, warehouse, detail,
    decision, status, decode(digest, 'base64')
  from json_to_recordset(${parameter}::json) as entry(at timestamptz, id uuid, kind text, request_id text,
    operation text, principal_kind text, principal text, warehouse text, detail text, decision text,
    status smallint, digest text)`

const insertAlone = statement(insertEntries('$1'))

/** All in one statement; inside a transaction they stand or fall with it. */
export const appendAudit = async (sql: Sql, entries: readonly AuditEntry[]): Promise<void> => {
  if (entries.length > 0) await sql.execute(insertAlone, [encodeEntries(entries)])
}
