/** Looks for secrets in everything that a run leaves behind. */
import type { Sql } from '#store/database.ts'
import { spellingsOf } from './leaks/spellings.ts'

/** Every row of every table, as text. */
export const dumpOf = async (sql: Sql): Promise<string> => {
  const tables = await sql.query<{ name: string }>(
    `select quote_ident(tablename) as name from pg_tables where schemaname = 'public'`,
  )
  const parts: string[] = []
  for (const { name } of tables) {
    const rows = await sql.query<{ row: string }>(`select t::text as row from ${name} t`)
    parts.push(...rows.map(({ row }) => `${name}: ${row}`))
  }
  return parts.join('\n')
}

/** Names of the secrets that stand in the text. */
export const foundIn = (text: string, secrets: ReadonlyMap<string, string>): readonly string[] =>
  [...secrets]
    .filter(([, secret]) => spellingsOf(secret).some((spelling) => text.includes(spelling)))
    .map(([name]) => name)
