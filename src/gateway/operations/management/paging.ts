/** Lists by key in pages: a page begins after the last key of the page before, whatever was added or taken meanwhile. */
import type { PageTokens } from '../../page-token.ts'

export interface PageAsked {
  /** Of the page before; empty or absent for the first one. */
  readonly pageToken?: string | undefined
  /** Default 100, at most 1,000. */
  readonly pageSize?: number | undefined
}

export interface Paged<Item> {
  readonly items: readonly Item[]
  readonly nextPageToken: string | null
}

export interface KeyedListing<Item> {
  /** Names listing, filters and asker: a token opens for the same ones only. */
  readonly scope: string
  /** `after`: what `keyOf` gave for the last item of the page before. */
  readonly read: (limit: number, after: string | undefined) => Promise<readonly Item[]>
  readonly keyOf: (item: Item) => string
}

const usualPage = 100
const longestPage = 1_000

interface NamedListing<Item> {
  readonly scope: string
  /** All of them. */
  readonly items: readonly Item[]
}

const byBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other))

/** Of what is few: whole where nobody asks for pages, else in byte order of the names. */
export const pageByName = async <Item extends { readonly name: string }>(
  tokens: PageTokens,
  asked: PageAsked,
  { scope, items }: NamedListing<Item>,
): Promise<Paged<Item>> => {
  if (asked.pageToken === undefined && asked.pageSize === undefined) return { items, nextPageToken: null }
  const sorted = items.toSorted((one, other) => byBytes(one.name, other.name))
  return pageByKey(tokens, asked, {
    scope,
    read: async (limit, after) =>
      sorted.filter(({ name }) => after === undefined || byBytes(name, after) > 0).slice(0, limit),
    keyOf: ({ name }) => name,
  })
}

/** One item more than asked for is read, which tells whether there is a next page. */
export const pageByKey = async <Item>(
  tokens: PageTokens,
  { pageToken = '', pageSize = usualPage }: PageAsked,
  { scope, read, keyOf }: KeyedListing<Item>,
): Promise<Paged<Item>> => {
  const size = Math.min(pageSize, longestPage)
  const after = pageToken === '' ? undefined : tokens.open(pageToken, scope).token
  const rows = await read(size + 1, after)
  const items = rows.slice(0, size)
  const last = rows.length > size ? items.at(-1) : undefined
  const nextPageToken =
    last === undefined ? null : tokens.seal({ source: null, token: keyOf(last), epoch: '' }, scope)
  return { items, nextPageToken }
}
