/** Pages of a listing: what may be seen of them, in bounded work, with a sealed token where more follows. */
import type { Sight } from '#authz/authorizer.ts'
import type { Listing, ListRequest, ListState, OutSource } from '#catalog/mounts-list.ts'
import type { Principal } from '#model/access.ts'
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
  /** Binds the token: `listingScope`. */
  readonly scope: string
  /** How much there is to be looked at. */
  readonly sight: Sight
  readonly ask: (request: ListRequest) => Promise<Listing<T>>
  readonly filter: (items: readonly T[]) => Promise<readonly T[]>
}

/** A page token is the asker's own, acting as it acted: what it stands at was found by what may be seen by it. */
export const listingScope = (
  operation: string,
  place: readonly string[],
  { id, assumedRole }: Principal,
): string => JSON.stringify([operation, ...place, id, assumedRole ?? null])

const largestPage = 1000
/** Without a token everything is asked for; beyond this the answer ends with a token, which clients follow. */
const everythingCap = 100_000
/** How many candidates a page examines at most, in pages. */
const examinedPages = 10
/** A source that returns empty pages for ever must not hold a request for ever. */
const mostAsks = 1000

interface Bounds {
  readonly pageSize: number
  /** With so many items a page is not gone on with. */
  readonly enough: number
  /** Of candidates, as many as were asked for. */
  readonly mostExamined: number
}

const boundsOf = ({ token, size }: PageQuery): Bounds => {
  if (token === undefined)
    return { pageSize: largestPage, enough: everythingCap, mostExamined: mostAsks * largestPage }
  const pageSize = Math.min(size ?? largestPage, largestPage)
  return { pageSize, enough: pageSize, mostExamined: examinedPages * pageSize }
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

interface Standing {
  readonly items: number
  readonly examined: number
  /** Whether anything that was asked for was left out. */
  readonly hidden: boolean
}

/**
 * How many more to ask for; 0 where the page is to be answered. A page of which a part was left out is filled up while
 * less than half of it is there: beyond that, what would be asked for becomes ever less. What a source itself gave in
 * short pages is answered in short pages.
 */
const wanted = (
  { pageSize, enough, mostExamined }: Bounds,
  { items, examined, hidden }: Standing,
): number => {
  const left = mostExamined - examined
  if (items >= enough || left <= 0) return 0
  if (enough > pageSize) return Math.min(pageSize, left)
  const worthIt = items === 0 || (hidden && items * 2 < pageSize)
  return worthIt ? Math.min(pageSize - items, left) : 0
}

const grantedOnly = (sight: Sight): Pick<ListRequest, 'granted'> =>
  typeof sight === 'object' ? { granted: sight } : {}

const filtered = <T>({ sight, filter }: ListingRun<T>, items: readonly T[]) =>
  sight === 'everything' ? items : filter(items)

export const listPage = async <T>(rules: ListingRules, run: ListingRun<T>): Promise<ListAnswer<T>> => {
  const bounds = boundsOf(run.query)
  const granted = grantedOnly(run.sight)
  const items: T[] = []
  const partial: OutSource[] = []
  let state = firstState(rules, run)
  let examined = 0
  let hidden = false
  for (let size = bounds.pageSize; ; ) {
    const listing = await run.ask({ size, ...(state ? { state } : {}), ...granted })
    checkWhole(rules.strict, listing.partial)
    const seen = await filtered(run, listing.items)
    for (const item of seen) items.push(item)
    hidden ||= seen.length < listing.items.length
    partial.push(...listing.partial)
    state = listing.next
    if (!state) return { items, partial }
    examined += listing.examined ?? size
    size = wanted(bounds, { items: items.length, examined, hidden })
    if (size === 0) return { items, partial, next: rules.tokens.seal(state, run.scope) }
  }
}
