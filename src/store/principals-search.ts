/** Users by something like their name. */
import { type Sql, statement } from './database.ts'
import { storable } from './outbox.ts'
import type { UserType } from './principals.ts'

export interface FoundUser {
  readonly id: string
  readonly name: string
  readonly email: string | null
  readonly userType: UserType
}

const longestSearch = 64

/** Pieces of three letters, as they stand in the text: what a misspelt name still shares with the right one. */
const piecesOf = (text: string): readonly string[] => {
  const letters = [...text]
  if (letters.length <= 3) return [text]
  return [...new Set(letters.slice(2).map((_, i) => letters.slice(i, i + 3).join('')))]
}

/** `strpos` and no pattern: nothing in the words searched for has a meaning of its own. */
const selectLike = statement(`
  select id, name, email, user_type as "userType"
  from (
    select p.*, lower(p.name) as low,
      (select count(*) from unnest($2::text[]) as piece
        where strpos(lower(p.name), piece) > 0 or strpos(lower(coalesce(p.email, '')), piece) > 0) as hits
    from principal p where p.kind = 'user' and p.deleted_at is null
  ) as scored
  where hits * 2 >= cardinality($2::text[])
  order by (id = $1 or low = $1) desc, starts_with(low, $1) desc, strpos(low, $1) > 0 desc, hits desc,
    length(name), id
  limit $3`)

/** Best match first. At most the first 64 characters count; nothing is found by nothing. */
export const searchUsers = async (
  sql: Sql,
  search: { readonly text: string; readonly limit: number },
): Promise<readonly FoundUser[]> => {
  const text = storable([...search.text].slice(0, longestSearch).join(''))
    .trim()
    .toLowerCase()
  if (text === '') return []
  return sql.query<FoundUser>(selectLike, [text, piecesOf(text), search.limit])
}
