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

const mostPieces = 8
/** Stands where a search has fewer pieces: no text of ours holds it. */
const noPiece = '\uffff'

/**
 * Pieces of three letters, as they stand in the text, evenly chosen: what a misspelt name still shares with the right
 * one.
 */
const piecesOf = (text: string): readonly string[] => {
  const letters = [...text]
  const all = letters.slice(2).map((_, i) => letters.slice(i, i + 3).join(''))
  const step = Math.max(1, all.length / mostPieces)
  const chosen = Array.from({ length: Math.min(all.length, mostPieces) }, (_, i) => all[Math.floor(i * step)])
  return [...new Set(chosen.filter((piece) => piece !== undefined))]
}

/** `strpos` and no pattern: nothing in the words searched for has a meaning of its own. */
const selectHolding = statement(`
  select id, name, email, user_type as "userType"
  from (select p.*, lower(name) as low, lower(coalesce(email, '')) as address from principal p
    where kind = 'user' and deleted_at is null offset 0) as users
  where strpos(low, $1) > 0 or strpos(address, $1) > 0 or id = $1
  order by (id = $1 or low = $1) desc, starts_with(low, $1) desc, strpos(low, $1) > 0 desc, length(name), id
  limit $2`)

const hits = Array.from(
  { length: mostPieces },
  (_, i) => `(strpos(words, ($1::text[])[${i + 1}]) > 0)::int`,
).join(' + ')

/** One look a piece at each user's text, and nothing evaluated a row beyond it: this reads every user. */
const selectLike = statement(`
  select id, name, email, user_type as "userType"
  from (
    select *, ${hits} as hits
    from (select p.*, lower(name) as words from principal p
      where kind = 'user' and deleted_at is null offset 0) as users
    offset 0
  ) as scored
  where hits * 2 >= $2
  order by hits desc, length(name), id
  limit $3`)

/** The best match first: who has the words in name or address, and while there is room, whose name has much of them. */
export const searchUsers = async (
  sql: Sql,
  search: { readonly text: string; readonly limit: number },
): Promise<readonly FoundUser[]> => {
  const text = storable([...search.text].slice(0, longestSearch).join(''))
    .trim()
    .toLowerCase()
  if (text === '') return []
  const holding = await sql.query<FoundUser>(selectHolding, [text, search.limit])
  const pieces = piecesOf(text)
  if (holding.length >= search.limit || pieces.length < 2) return holding
  const padded = [...pieces, ...Array.from({ length: mostPieces - pieces.length }, () => noPiece)]
  const like = await sql.query<FoundUser>(selectLike, [padded, pieces.length, search.limit])
  const known = new Set(holding.map(({ id }) => id))
  return [...holding, ...like.filter(({ id }) => !known.has(id))].slice(0, search.limit)
}
