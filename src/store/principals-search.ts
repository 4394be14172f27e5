/**
 * Users by something like their name, from indices alone: by how a name begins, then by the pieces of three letters that
 * names and addresses have. No extension of the database is needed for that.
 */
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
/** What is shorter finds only who is called exactly that: nobody lists all users letter by letter. */
const shortestSearch = 3
/** What a search looks at, however many fit: among so many, ten are as good as ten others. */
const mostSeen = 2_000

const columns = `id, name, email, user_type as "userType"`
const isUser = `kind = 'user' and deleted_at is null`
/** As the index has it. */
const pieces = `lakegate_pieces(lower(name || ' ' || coalesce(email, '')))`

const selectEqual = statement(`
  select ${columns} from principal where ${isUser} and (id = $1 or lower(name) = $2) order by id limit $3`)

/** In the order of the index: who is called exactly that comes first. */
const selectBeginning = statement(`
  select ${columns} from principal
  where ${isUser} and lower(name) ~>=~ $1 and lower(name) ~<~ ($1 || chr(1114111))
  order by lower(name) using ~<~ limit $2`)

/** `strpos` and no pattern: nothing in the words searched for has a meaning of its own. */
const selectHolding = statement(`
  select ${columns}
  from (
    select *, lower(name) as low from principal
    where ${isUser} and ${pieces} @> lakegate_pieces($1)
      and (strpos(lower(name), $1) > 0 or strpos(lower(coalesce(email, '')), $1) > 0)
    limit ${mostSeen}
  ) as users
  order by strpos(low, $1) > 0 desc, length(name), id limit $2`)

const mostPieces = 8
/** Stands where a search has fewer pieces: no text of ours holds it. */
const noPiece = '\uffff'

/** Two that follow one another: what a slip leaves of a word holds some such pair, and few other words do. */
const somePair = Array.from(
  { length: mostPieces - 1 },
  (_, i) => `${pieces} @> ($1::text[])[${i + 1}:${i + 2}]`,
).join(' or ')

const hits = Array.from(
  { length: mostPieces },
  (_, i) => `(strpos(low, ($1::text[])[${i + 1}]) > 0)::int`,
).join(' + ')

/** Whose name has half of the pieces or more: what a misspelt name still shares with the right one. */
const selectLike = statement(`
  select ${columns}
  from (
    select *, ${hits} as hits
    from (
      select *, lower(name) as low from principal where ${isUser} and (${somePair}) limit ${mostSeen}
    ) as users
    offset 0
  ) as scored
  where hits * 2 >= $2
  order by hits desc, length(name), id limit $3`)

/** Evenly chosen, as they stand in the text. */
const piecesOf = (text: string): readonly string[] => {
  const letters = [...text]
  const all = letters.slice(2).map((_, i) => letters.slice(i, i + 3).join(''))
  const step = Math.max(1, all.length / mostPieces)
  const chosen = Array.from({ length: Math.min(all.length, mostPieces) }, (_, i) => all[Math.floor(i * step)])
  return [...new Set(chosen.filter((piece) => piece !== undefined))]
}

const padded = (chosen: readonly string[]): readonly string[] => [
  ...chosen,
  ...Array.from({ length: mostPieces - chosen.length }, () => noPiece),
]

/** Who is called so, then whose name begins so, then who has the words in name or address. */
const searchExactly = async (sql: Sql, asked: string, limit: number): Promise<readonly FoundUser[]> => {
  const text = asked.toLowerCase()
  const found = new Map<string, FoundUser>()
  const add = (users: readonly FoundUser[]): boolean => {
    for (const user of users) found.set(user.id, user)
    return found.size < limit && [...text].length >= shortestSearch
  }
  if (!add(await sql.query(selectEqual, [asked, text, limit]))) return [...found.values()]
  if (add(await sql.query(selectBeginning, [text, limit]))) add(await sql.query(selectHolding, [text, limit]))
  return [...found.values()].slice(0, limit)
}

/** The best match first; where nothing holds the words, whose name has much of them. */
export const searchUsers = async (
  sql: Sql,
  search: { readonly text: string; readonly limit: number },
): Promise<readonly FoundUser[]> => {
  const text = storable([...search.text].slice(0, longestSearch).join('')).trim()
  if (text === '') return []
  const found = await searchExactly(sql, text, search.limit)
  const chosen = piecesOf(text.toLowerCase())
  if (found.length > 0 || chosen.length < 2) return found
  return sql.query(selectLike, [padded(chosen), chosen.length, search.limit])
}
