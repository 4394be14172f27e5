/** What rules may ask about a local object beyond its names and tags. */
import type { Resource } from '#model/access.ts'
import { type Namespace, namespaceKey } from '#model/identifier.ts'
import { type Sql, statement } from './database.ts'
import { findNamespaces } from './entries.ts'
import { findLine } from './entries-lines.ts'

export interface RuleFactsRecord {
  /** Of the namespace that the object is, or lies in. */
  readonly properties?: Readonly<Record<string, string>>
  readonly formatVersion?: number
}

const selectFormat = statement(`
  select p.format_version as "formatVersion" from entry_head h join pointer p on p.id = h.pointer
  where h.content_id = $1 limit 1`)

const loadFormat = async (sql: Sql, contentId: string): Promise<RuleFactsRecord> => {
  const [row] = await sql.query<{ formatVersion: number }>(selectFormat, [contentId])
  return row ?? {}
}

const loadProperties = async (
  sql: Sql,
  warehouse: string,
  namespace: Namespace,
): Promise<RuleFactsRecord> => {
  const line = await findLine(sql, warehouse, 'main')
  if (line === undefined || namespace.length === 0) return {}
  const name = { ns: namespaceKey(namespace.slice(0, -1)), name: namespace.at(-1) ?? '' }
  const [state] = await findNamespaces(sql, line, [name])
  return state === undefined ? {} : { properties: state.properties }
}

/** Nothing for whatever is mounted: a decision is made before an upstream is reached. */
export const loadRuleFacts = async (sql: Sql, resource: Resource): Promise<RuleFactsRecord> => {
  if (!('namespace' in resource) || resource.mount !== undefined) return {}
  const properties = await loadProperties(sql, resource.warehouse, resource.namespace)
  const format =
    'contentId' in resource && resource.contentId !== undefined
      ? await loadFormat(sql, resource.contentId)
      : {}
  return { ...properties, ...format }
}
