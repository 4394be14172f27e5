/** Pages of a listing: what may be seen of them, in bounded work, with a sealed token where more follows. */
import type { Listing, ListRequest, ListState, OutSource } from '#catalog/mounts-list.ts'
import { CatalogError } from '#model/errors.ts'
import type { PageTokens } from './page-token.ts'

/** `token` absent: everything at once. Empty: the first page (specification: pageToken). */
export interface PageQuery {
  readonly token?: string
  readonly size?: number
}

export interface ListAnswer<T> {
  readonly items: readonly T[]
  /** Sealed; absent on the last page, never empty. */
  readonly next?: string
  /** Sources that did not answer; what they hold is missing here. */
  readonly partial: readonly OutSource[]
}

export interface ListingRules {
  readonly tokens: PageTokens
  /** True: a listing with a source out fails with 503 instead of coming back partial. */
  readonly strict: boolean
}

export interface ListingRun<T> {
  readonly query: PageQuery
  /** Binds the token: operation, warehouse, namespace, asker. */
  readonly scope: string
  readonly ask: (request: ListRequest) => Promise<Listing<T>>
  readonly filter: (items: readonly T[]) => Promise<readonly T[]>
}

const largestPage = 1000
/** Without a token everything is asked for; beyond this the answer ends with a token, which clients follow. */
const everythingCap = 100_000
/** Pages examined in vain before a page comes back empty with a token. */
const examinedPages = 10
/** A source that returns empty pages for ever must not hold a request for ever. */
const mostAsks = 1000

interface Bounds {
  readonly pageSize: number
  readonly enough: number
  readonly asks: number
}

const boundsOf = ({ token, size }: PageQuery): Bounds => {
  if (token === undefined) return { pageSize: largestPage, enough: everythingCap, asks: mostAsks }
  return { pageSize: Math.min(size ?? largestPage, largestPage), enough: 1, asks: examinedPages }
}

const checkWhole = (strict: boolean, partial: readonly OutSource[]): void => {
  const [first] = partial
  if (!strict || !first) return
  const mount = first.mount.join('.') || '/'
  throw new CatalogError('ServiceUnavailableException', `Mount ${mount} does not answer: ${first.reason}`, {
    retryAfterSeconds: 5,
  })
}

const firstState = (
  rules: ListingRules,
  { query, scope }: Pick<ListingRun<unknown>, 'query' | 'scope'>,
): ListState | undefined => (query.token ? rules.tokens.open(query.token, scope) : undefined)

export const listPage = async <T>(rules: ListingRules, run: ListingRun<T>): Promise<ListAnswer<T>> => {
  const { pageSize, enough, asks } = boundsOf(run.query)
  const items: T[] = []
  const partial: OutSource[] = []
  let state = firstState(rules, run)
  for (let asked = 1; ; asked += 1) {
    const listing = await run.ask({ size: pageSize, ...(state ? { state } : {}) })
    checkWhole(rules.strict, listing.partial)
    for (const item of await run.filter(listing.items)) items.push(item)
    partial.push(...listing.partial)
    state = listing.next
    if (!state) return { items, partial }
    if (items.length >= enough || asked >= asks)
      return { items, partial, next: rules.tokens.seal(state, run.scope) }
  }
}
