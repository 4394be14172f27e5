/**
 * The outbox: a change and its events are written in one transaction. Read in order of (tx, id) and only below the
 * oldest transaction in flight, so that what commits late is not passed by.
 */
import type { EventDraft } from '#model/event.ts'
import { type Sql, statement, type Transaction } from './database.ts'

/** A place between two events; `tx` is decimal text. */
export interface OutboxPosition {
  readonly tx: string
  readonly id: number
}

export interface OutboxEvent extends OutboxPosition, EventDraft {
  readonly requestId: string | null
  readonly createdAt: Date
}

/** Text that Postgres can hold: an upstream's names may carry what it refuses. */
export const storable = (text: string): string => text.replaceAll('\u0000', '\ufffd').toWellFormed()

export const encodeEvents = (events: readonly EventDraft[]): string =>
  JSON.stringify(events, (_, value: unknown) => (typeof value === 'string' ? storable(value) : value))

/** `$n`: what `encodeEvents` gave, and the request's id. */
export const insertEvents = (events: string, requestId: string): string => `
  insert into outbox (type, object, warehouse, request_id, data)
  select event ->> 'type', event ->> 'object', event ->> 'warehouse', ${requestId}, event -> 'data'
  from jsonb_array_elements(${events}::jsonb) with ordinality as e(event, place) order by place`

const insertAlone = statement(insertEvents('$1', '$2'))

/** For changes without a receipt (the system's own). Others use `writeReceipt`. */
export const appendEvents = async (tx: Transaction, events: readonly EventDraft[]): Promise<void> => {
  if (events.length === 0) return
  await tx.execute(insertAlone, [encodeEvents(events), null])
  tx.announce(outboxChannel)
}

/** Before every event of a transaction that has not ended yet: where a tail that starts now begins. */
const nowPosition = statement('select pg_snapshot_xmin(pg_current_snapshot())::text as tx')

export const findTail = async (sql: Sql): Promise<OutboxPosition> => {
  const [row] = await sql.query<{ tx: string }>(nowPosition)
  return { tx: row?.tx ?? '0', id: 0 }
}

/** `o.tx`: the output column of that name is text, in which 10 comes before 9. */
const selectAfter = statement(`
  select o.tx::text as tx, o.id, o.type, o.object, o.warehouse, o.request_id as "requestId", o.data,
    o.created_at as "createdAt"
  from outbox o
  where (o.tx, o.id) > ($1::text::xid8, $2::bigint) and o.tx < pg_snapshot_xmin(pg_current_snapshot())
  order by o.tx, o.id limit $3`)

export interface OutboxPage {
  readonly events: readonly OutboxEvent[]
  /** Where to read on. */
  readonly next: OutboxPosition
  /** False: there was no more when it was read. */
  readonly more: boolean
}

/**
 * The next events after `position`; none where there are none yet. Paged by (tx, id), given by id: two transactions
 * that wait for one another are seen together, and their ids were drawn under the lock of the object.
 */
export const readEvents = async (sql: Sql, position: OutboxPosition, limit: number): Promise<OutboxPage> => {
  const rows = await sql.query<OutboxEvent>(selectAfter, [position.tx, position.id, limit])
  const last = rows.at(-1)
  return {
    events: rows.toSorted((a, b) => a.id - b.id),
    next: last === undefined ? position : { tx: last.tx, id: last.id },
    more: rows.length === limit,
  }
}

/** Wakes the readers of other processes. */
export const outboxChannel = 'lakegate_outbox'
