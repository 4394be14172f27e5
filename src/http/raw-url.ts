/** Reads the request target as it was sent: nothing is decoded before it has been split. */
import { CatalogError } from '#model/errors.ts'

export interface RawUrl {
  /** Between slashes, still percent-encoded. Empty ones at both ends are gone: a trailing slash means nothing. */
  readonly segments: readonly string[]
  readonly query: Query
}

/** Query parameters, decoded once, form style: `+` is a space. */
export interface Query {
  has(name: string): boolean
  /** BadRequest where the value is badly encoded or the parameter is given twice. */
  get(name: string): string | undefined
  /** Still percent-encoded, for a value that is split before it is decoded. BadRequest where it is given twice. */
  raw(name: string): string | undefined
  /** Every value, in order; for a parameter that may be repeated. */
  all(name: string): readonly string[]
}

const malformed = (what: string): CatalogError =>
  new CatalogError('BadRequestException', `Malformed URL: ${what}`)

/** BadRequest for a broken percent sequence, or one that is not UTF-8. */
const decodePercent = (text: string): string => {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    throw malformed('invalid percent-encoding')
  }
}

/** One path segment or query part. A raw `+` is a space: the reference client encodes path segments like forms. */
export const decodePart = (raw: string): string =>
  decodePercent(raw.includes('+') ? raw.replaceAll('+', ' ') : raw)

const noQuery: Query = { has: () => false, get: () => undefined, raw: () => undefined, all: () => [] }

const queryOf = (text: string): Query => {
  if (text === '') return noQuery
  const pairs = text.split('&').map((pair) => {
    const at = pair.indexOf('=')
    return at < 0 ? ([pair, ''] as const) : ([pair.slice(0, at), pair.slice(at + 1)] as const)
  })
  const raw = (name: string): string | undefined => {
    const [first, second] = pairs.filter(([key]) => key === name)
    if (second) throw malformed(`the parameter ${name} is given twice`)
    return first?.[1]
  }
  return {
    has: (name) => pairs.some(([key]) => key === name),
    raw,
    get: (name) => {
      const value = raw(name)
      return value === undefined ? undefined : decodePart(value)
    },
    all: (name) => pairs.filter(([key]) => key === name).map(([, value]) => decodePart(value)),
  }
}

/** `GET http://host/path` is legal too (RFC 9112, 3.2.2). */
export const pathOf = (target: string): string =>
  target.startsWith('/') ? target : target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')

export const splitUrl = (target: string): RawUrl => {
  const path = pathOf(target)
  const at = path.indexOf('?')
  const parts = (at < 0 ? path : path.slice(0, at)).split('/')
  let start = 0
  let end = parts.length
  while (start < end && parts[start] === '') start += 1
  while (end > start && parts[end - 1] === '') end -= 1
  const segments = parts.slice(start, end)
  return { segments, query: queryOf(at < 0 ? '' : path.slice(at + 1)) }
}
