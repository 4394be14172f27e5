/** Requests that change nothing: an answer of the specification or an error that says which connection failed. */
import type { CallContext, Page, PageRequest } from '#catalog/catalog.ts'
import { type UpstreamResponse, UpstreamUnreachable } from '#catalog/connector.ts'
import { CatalogError } from '#model/errors.ts'
import type { JsonObject, JsonValue } from '#model/json.ts'
import { checkWanted } from './changes.ts'
import type { Ask, Upstream } from './client.ts'
import {
  brokenError,
  busyError,
  credentialError,
  type Expectation,
  judge,
  readAnswer,
  refusalOf,
  unreachableError,
  unreadableError,
} from './translate.ts'

const send = async (upstream: Upstream, context: CallContext, ask: Ask): Promise<UpstreamResponse> => {
  checkWanted(context)
  try {
    return await upstream.send(context, ask)
  } catch (error) {
    if (!(error instanceof UpstreamUnreachable)) throw error
    checkWanted(context)
    throw unreachableError(upstream.connection, error)
  }
}

/** The answer of a read, `not-modified` included; everything else is thrown. */
export const read = async (
  upstream: Upstream,
  context: CallContext,
  request: { readonly ask: Ask; readonly expect: Expectation },
): Promise<UpstreamResponse> => {
  const response = await send(upstream, context, request.ask)
  const verdict = judge(response)
  if (verdict === 'done') return response
  if (verdict === 'not-modified' && request.ask.headers?.['if-none-match'] !== undefined) return response
  if (verdict === 'credential') throw credentialError(upstream.connection, response.status)
  if (verdict === 'busy') throw busyError(upstream.connection, response)
  if (verdict === 'refused') throw refusalOf(response, request.expect, upstream.credential())
  throw brokenError(upstream.connection, response)
}

/** Where a page starts: the upstream's token, and how much of its page has been handed out already. */
interface Position {
  readonly token: string
  readonly skip: number
}

const maxTokenLength = 8192
const positionForm = /^(\d{1,9}):(.*)$/s

const positionOf = (token: string | undefined): Position => {
  if (token === undefined) return { token: '', skip: 0 }
  const [, skip, rest] = positionForm.exec(token) ?? []
  if (skip === undefined || rest === undefined)
    throw new CatalogError('BadRequestException', 'Invalid page token')
  return { token: rest, skip: Number(skip) }
}

const tokenOf = ({ token, skip }: Position): string => `${skip}:${token}`

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

/** `next-page-token`, or `nextPageToken` as some upstreams spell it. BadGateway for one that would never end. */
const nextTokenOf = (upstream: Upstream, answer: JsonObject, current: string): string | undefined => {
  const next = answer['next-page-token'] ?? answer['nextPageToken']
  if (next === undefined || next === null || next === '') return undefined
  if (typeof next !== 'string' || next.length > maxTokenLength || next === current)
    throw unreadableError(upstream.connection, 'its page token is absurd')
  return next
}

const itemsOf = <T>(upstream: Upstream, answer: JsonObject, ask: ListAsk<T>): readonly T[] => {
  const values = answer[ask.member]
  if (!Array.isArray(values)) throw unreadableError(upstream.connection, `${ask.member} is no list`)
  return values.flatMap((value) => {
    const item = ask.item(value)
    return item === undefined ? [] : [item]
  })
}

/**
 * One page. The upstream's paging is passed through; where it ignores the size and answers more, its page is
 * handed out in parts, each of which asks for it again.
 */
export const list = async <T>(
  upstream: Upstream,
  context: CallContext,
  request: { readonly ask: ListAsk<T>; readonly page: PageRequest },
): Promise<Page<T>> => {
  const { ask, page } = request
  const position = positionOf(page.token)
  const query = new URLSearchParams({
    ...ask.query,
    pageToken: position.token,
    pageSize: String(page.size),
  })
  const response = await read(upstream, context, {
    ask: { method: 'GET', path: `${ask.path}?${query}`, change: false },
    expect: ask.expect,
  })
  const answer = readAnswer(upstream.connection, response)
  const items = itemsOf(upstream, answer, ask)
  const end = position.skip + page.size
  if (items.length > end)
    return { items: items.slice(position.skip, end), next: tokenOf({ token: position.token, skip: end }) }
  const next = nextTokenOf(upstream, answer, position.token)
  return {
    items: items.slice(position.skip),
    ...(next === undefined ? {} : { next: tokenOf({ token: next, skip: 0 }) }),
  }
}
