/**
 * Locations: where a warehouse, table or file lives, and the normal form by which two of them are compared.
 * The client's spelling is what is stored and returned; the normal form only compares.
 */
import { CatalogError } from './errors.ts'

type StoreKind = 'file' | 's3'

export interface Location {
  readonly store: StoreKind
  /** The bucket; empty for `file`. */
  readonly bucket: string
  /** Literal, as object keys and Hadoop paths are: never percent-decoded. Without a leading or trailing slash. */
  readonly path: string
}

const storeOf: ReadonlyMap<string, StoreKind> = new Map([
  ['file', 'file'],
  ['s3', 's3'],
  ['s3a', 's3'],
  ['s3n', 's3'],
])

/** Keeps a normal form below what one entry of a Postgres index may hold. */
const maxBytes = 2000

const form = /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/([^/]*))?(\/.*)?$/s
const bucketForm = /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/
const refusedCharacter = /[\p{Cc}\p{Zl}\p{Zp}?#\\]/u
/** `.`, `/`, `\`, control characters and `%` itself: what one decoding too many would turn into a step. */
const refusedEscape = /%(?:2e|2f|5c|25|[01][0-9a-f]|7f)/i

const refuse = (text: string, why: string): never => {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text
  throw new CatalogError('BadRequestException', `Invalid location: ${JSON.stringify(shown)} ${why}`)
}

const checkCharacters = (text: string): void => {
  if (!text.isWellFormed()) refuse(text, 'has a lone surrogate')
  if (Buffer.byteLength(text) > maxBytes) refuse(text, `is longer than ${maxBytes} bytes`)
  if (refusedCharacter.test(text)) refuse(text, 'has a control character, backslash, query or fragment')
  if (refusedEscape.test(text)) refuse(text, 'has an encoded slash, dot, percent or control character')
}

const readBucket = (text: string, store: StoreKind, authority: string | undefined): string => {
  if (store === 'file') {
    if (authority !== undefined && authority !== '' && authority.toLowerCase() !== 'localhost')
      refuse(text, 'names a host')
    return ''
  }
  const bucket = authority ?? ''
  if (!bucketForm.test(bucket) || bucket.includes('..')) refuse(text, 'has no valid bucket')
  return bucket
}

const readPath = (text: string, path: string): string => {
  const trimmed = path.endsWith('/') ? path.slice(1, -1) : path.slice(1)
  if (trimmed === '') return ''
  for (const segment of trimmed.split('/')) {
    if (segment === '') refuse(text, 'has an empty segment')
    if (segment === '.' || segment === '..') refuse(text, 'has a relative segment')
  }
  return trimmed
}

/**
 * Reads `file:/x`, `file:///x`, `file://localhost/x`, and `s3`, `s3a`, `s3n` alike.
 * BadRequest: another scheme, a host or user info, a query or fragment, `.`, `..`, `//`, encoded slashes or
 * dots, control characters, more than 2,000 bytes. One trailing slash is allowed and means nothing.
 */
export const parseLocation = (text: string): Location => {
  checkCharacters(text)
  const [, scheme, authority, path] = form.exec(text) ?? refuse(text, 'is no absolute location')
  const store = storeOf.get((scheme ?? '').toLowerCase()) ?? refuse(text, 'has an unsupported scheme')
  const bucket = readBucket(text, store, authority)
  if (store === 'file' && path === undefined) refuse(text, 'is no absolute location')
  if (path === '//') refuse(text, 'has an empty segment')
  return { store, bucket, path: readPath(text, path ?? '/') }
}

/** `file:///a/b/` or `s3://bucket/a/b/`: equal for two spellings of one place, and always ending in `/`. */
export const normalFormOf = ({ store, bucket, path }: Location): string =>
  path === '' ? `${store}://${bucket}/` : `${store}://${bucket}/${path}/`

/** The same of a text. BadRequest as `parseLocation`. */
export const normalLocation = (text: string): string => normalFormOf(parseLocation(text))

/** True when `inner` is `outer` or lies below it, in whatever spelling either comes. BadRequest as `parseLocation`. */
export const isInside = (inner: string, outer: string): boolean =>
  normalLocation(inner).startsWith(normalLocation(outer))
