/** How far a consumer of the outbox has come. A cursor of another incarnation of the store starts anew. */
import { type Sql, statement } from './database.ts'
import type { OutboxPosition } from './outbox.ts'

const select = statement(`
  select c.tx::text as tx, c.id from outbox_cursor c join server s on s.incarnation = c.incarnation
  where c.consumer = $1`)

/** The start of the outbox where the consumer has none. */
export const loadCursor = async (sql: Sql, consumer: string): Promise<OutboxPosition> => {
  const [row] = await sql.query<OutboxPosition>(select, [consumer])
  return row ?? { tx: '0', id: 0 }
}

const upsert = statement(`
  insert into outbox_cursor (consumer, incarnation, tx, id, updated_at)
  select $1, incarnation, $2::text::xid8, $3, now() from server
  on conflict (consumer) do update set
    incarnation = excluded.incarnation, tx = excluded.tx, id = excluded.id, updated_at = now()`)

export const storeCursor = async (sql: Sql, consumer: string, position: OutboxPosition): Promise<void> => {
  await sql.execute(upsert, [consumer, position.tx, position.id])
}
