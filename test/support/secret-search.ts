/** Looks for secrets in everything that a run leaves behind. */
import type { Sql } from '#store/database.ts'

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

/** As it stands, and in the spellings in which it might hide from a search for it. */
export const spellingsOf = (secret: string): readonly string[] => {
  const bytes = Buffer.from(secret)
  // The last letters of base64 depend on what follows.
  const base64 = bytes.toString('base64').replace(/=+$/, '').slice(0, -2)
  return [
    secret,
    encodeURIComponent(secret),
    base64,
    bytes.toString('base64url').slice(0, -2),
    bytes.toString('hex'),
  ]
}

/** Names of the secrets that stand in the text. */
export const foundIn = (text: string, secrets: ReadonlyMap<string, string>): readonly string[] =>
  [...secrets]
    .filter(([, secret]) => spellingsOf(secret).some((spelling) => text.includes(spelling)))
    .map(([name]) => name)
