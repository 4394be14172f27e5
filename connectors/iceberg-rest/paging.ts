/** Listings of the upstream, page by page: its paging is passed through, and made up for where it has none. */
import { createHash } from 'node:crypto'
import type { CallContext, Page, PageRequest } from '#catalog/catalog.ts'
import { CatalogError } from '#model/errors.ts'
import type { JsonObject, JsonValue } from '#model/json.ts'
import type { Upstream } from './client.ts'
import { read } from './reads.ts'
import { type Expectation, readAnswer, unreadableError } from './translate.ts'

/** Where a page starts: the upstream's token, and how much of its page has been handed out already. */
interface Position {
  readonly token: string
  readonly skip: number
  /** How many pages lie before it. */
  readonly pages: number
  /** Digest of the token at the last page whose number was a power of two; empty before the first. */
  readonly mark: string
}

const maxTokenLength = 8192
/** A page is parsed at once: one without end would hold up everybody. */
const maxPageBytes = 32 * 1024 * 1024
const positionForm = /^(\d{1,9}):(\d{1,9}):([\w-]{0,16}):(.*)$/s
const start: Position = { token: '', skip: 0, pages: 0, mark: '' }

const positionOf = (token: string | undefined): Position => {
  if (token === undefined) return start
  const [, skip, pages, mark, rest] = positionForm.exec(token) ?? []
  if (mark === undefined || rest === undefined)
    throw new CatalogError('BadRequestException', 'Invalid page token')
  return { token: rest, skip: Number(skip), pages: Number(pages), mark }
}

const tokenOf = ({ token, skip, pages, mark }: Position): string => `${skip}:${pages}:${mark}:${token}`

const digestOf = (token: string): string =>
  createHash('sha256').update(token).digest('base64url').slice(0, 16)

const isPowerOfTwo = (count: number): boolean => count > 0 && (count & (count - 1)) === 0

/**
 * The next page's. Undefined where the upstream goes round in circles: a token that comes again is met at the latest when
 * the pages since a power of two are as many as the circle has (Brent).
 */
const positionAfter = ({ token, pages, mark: before }: Position, next: string): Position | undefined => {
  const mark = isPowerOfTwo(pages) ? digestOf(token) : before
  if (next === token || digestOf(next) === mark) return undefined
  return { token: next, skip: 0, pages: pages + 1, mark }
}

export interface ListAsk<T> {
  /** Below the session's root, without paging parameters. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly expect: Expectation
  /** The member that holds the items. */
  readonly member: string
  /** One item in our words; undefined for one that cannot be addressed, which is left out. */
  readonly item: (value: JsonValue) => T | undefined
}

/** By `next-page-token`, or `nextPageToken` as some upstreams spell it. BadGateway for one that would never end. */
const nextOf = (upstream: Upstream, answer: JsonObject, current: Position): Position | undefined => {
  const next = answer['next-page-token'] ?? answer['nextPageToken']
  if (next === undefined || next === null || next === '') return undefined
  const usable = typeof next === 'string' && next.length <= maxTokenLength
  const position = usable ? positionAfter(current, next) : undefined
  if (position === undefined) throw unreadableError(upstream.connection, 'its page token is absurd')
  return position
}

const itemsOf = <T>(upstream: Upstream, answer: JsonObject, ask: ListAsk<T>): readonly T[] => {
  const values = answer[ask.member]
  if (!Array.isArray(values)) throw unreadableError(upstream.connection, `${ask.member} is no list`)
  return values.flatMap((value) => {
    const item = ask.item(value)
    return item === undefined ? [] : [item]
  })
}

/** The upstream's page at a position: from memory where it is being handed out in parts, else asked for. */
const pageAt = async <T>(
  upstream: Upstream,
  context: CallContext,
  request: { readonly ask: ListAsk<T>; readonly position: Position; readonly size: number },
): Promise<{ readonly key: string; readonly answer: JsonObject; readonly bytes: number }> => {
  const { ask, position, size } = request
  const { token, skip } = position
  const key = JSON.stringify([ask.path, ask.query ?? {}, token, context.hops ?? []])
  const kept = skip > 0 ? upstream.longPages.get(key) : undefined
  if (kept !== undefined) return { key, ...kept }
  const query = new URLSearchParams({ ...ask.query, pageToken: token, pageSize: String(size) })
  const response = await read(upstream, context, {
    ask: { method: 'GET', path: `${ask.path}?${query}`, change: false, maxBytes: maxPageBytes },
    expect: ask.expect,
  })
  return { key, answer: readAnswer(upstream.connection, response), bytes: response.body.byteLength }
}

/**
 * One page. Where the upstream ignores the size and answers more, its page is handed out in parts and kept for
 * them for a minute: asked for again for each part, a long list would cost its square.
 */
export const list = async <T>(
  upstream: Upstream,
  context: CallContext,
  request: { readonly ask: ListAsk<T>; readonly page: PageRequest },
): Promise<Page<T>> => {
  const { ask, page } = request
  const position = positionOf(page.token)
  const { key, ...whole } = await pageAt(upstream, context, { ask, position, size: page.size })
  const items = itemsOf(upstream, whole.answer, ask)
  const end = position.skip + page.size
  if (items.length > end) {
    upstream.longPages.set(key, whole)
    return { items: items.slice(position.skip, end), next: tokenOf({ ...position, skip: end }) }
  }
  const next = nextOf(upstream, whole.answer, position)
  return {
    items: items.slice(position.skip),
    ...(next === undefined ? {} : { next: tokenOf(next) }),
  }
}
