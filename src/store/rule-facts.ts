/** What rules may ask about a local object beyond its names and tags. */
import { type Namespace, namespaceKey } from '#model/identifier.ts'
import { type Sql, statement } from './database.ts'
import { findNamespaces } from './entries.ts'
import { findLine } from './entries-lines.ts'

const selectFormat = statement(`
  select p.format_version as "formatVersion" from entry_head h join pointer p on p.id = h.pointer
  where h.content_id = $1 limit 1`)

/** Undefined where the table or view is gone. */
export const loadFormatVersion = async (sql: Sql, contentId: string): Promise<number | undefined> => {
  const [row] = await sql.query<{ formatVersion: number }>(selectFormat, [contentId])
  return row?.formatVersion
}

/** Undefined where the namespace is not there. */
export const loadProperties = async (
  sql: Sql,
  warehouse: string,
  namespace: Namespace,
): Promise<Readonly<Record<string, string>> | undefined> => {
  const line = await findLine(sql, warehouse, 'main')
  if (line === undefined || namespace.length === 0) return undefined
  const name = { ns: namespaceKey(namespace.slice(0, -1)), name: namespace.at(-1) ?? '' }
  const [state] = await findNamespaces(sql, line, [name])
  return state?.properties
}
