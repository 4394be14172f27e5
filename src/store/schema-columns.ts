/** Column kinds that the tables share. */
import { bigint, customType, sql, timestamp } from './drizzle.ts'

/** Text compared byte by byte, so that order and equality do not depend on the server's locale. */
export const key = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' })
/** A transaction id as decimal text. */
export const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' })
export const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
export const int8 = (name: string) => bigint(name, { mode: 'number' })
export const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })
export const created = () => instant('created_at').notNull().defaultNow()
export const updated = () => instant('updated_at').notNull().defaultNow()
export const currentTx = sql`pg_current_xact_id()`
