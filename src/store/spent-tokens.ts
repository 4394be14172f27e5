/** Tokens that were exchanged: whoever has one may exchange it again for a moment, and then never more. */
import { type Sql, statement } from './database.ts'

export interface Spending {
  /** SHA-256 of what names the token. */
  readonly digest: Uint8Array
  /** Epoch milliseconds: from then on it is refused without a record. */
  readonly expiresAt: number
  /** How long after the first exchange another one is the same client's, who has lost the answer. */
  readonly graceSeconds: number
}

const spend = statement(`
  insert into spent_token as s (digest, expires_at) values ($1, $2)
  on conflict (digest) do update set expires_at = s.expires_at
  returning xmax = 0 or $3::float8 > 0 and s.spent_at + make_interval(secs => $3) >= now() as fresh`)

/**
 * False where it has been spent before. Of several at once, by any replica, one is the first. (A row that was
 * not there before has no `xmax`.)
 */
export const spendToken = async (
  sql: Sql,
  { digest, expiresAt, graceSeconds }: Spending,
): Promise<boolean> => {
  const values = [Buffer.from(digest), new Date(expiresAt), graceSeconds]
  const [row] = await sql.query<{ fresh: boolean }>(spend, values)
  return row?.fresh === true
}

const prune = statement(`
  delete from spent_token where ctid = any(array(
    select ctid from spent_token where expires_at < now() - interval '1 hour' order by expires_at limit 5000))`)

export const pruneSpentTokens = (sql: Sql): Promise<number> => sql.execute(prune)
