/** Reads the small members of a metadata document; what is missing or of another type is a ValidationException. */
import { type DocumentIndex, decodeMember, indexSpan, memberSpan, type Span } from '#model/document.ts'
import type { Id } from '#model/json-read.ts'
import { invalid } from './errors.ts'
import { excerpt } from './members.ts'

const isLong = (value: unknown): value is Id =>
  (typeof value === 'number' && Number.isSafeInteger(value)) ||
  (typeof value === 'bigint' && BigInt.asIntN(64, value) === value)

/** A 64-bit integer; undefined where it is absent or null. */
export const longMember = (index: DocumentIndex, name: string): Id | undefined => {
  const value = decodeMember(index, name) ?? undefined
  if (value !== undefined && !isLong(value))
    throw invalid(`Cannot parse to a long value: ${name}: ${excerpt(value)}`)
  return value
}

/** A 32-bit integer; undefined where it is absent or null. */
export const intMember = (index: DocumentIndex, name: string): number | undefined => {
  const value = longMember(index, name)
  if (value !== undefined && (typeof value !== 'number' || (value | 0) !== value))
    throw invalid(`Cannot parse to an integer value: ${name}: ${value}`)
  return value
}

export const stringMember = (index: DocumentIndex, name: string): string | undefined => {
  const value = decodeMember(index, name) ?? undefined
  if (value !== undefined && typeof value !== 'string')
    throw invalid(`Cannot parse to a string value: ${name}: ${excerpt(value)}`)
  return value
}

/** Epoch milliseconds; what is beyond 2^53 is no time. */
export const asTime = (value: Id, name: string): number => {
  const time = Number(value)
  if (!Number.isSafeInteger(time)) throw invalid(`Cannot parse to a time: ${name}: ${value}`)
  return time
}

/** The value, or a ValidationException that names the missing member. */
export const required = <T>(value: T | undefined, name: string): T => {
  if (value === undefined) throw invalid(`Cannot parse missing field: ${name}`)
  return value
}

const quote = 0x22
const colon = 0x3a
const openers: ReadonlySet<number> = new Set([0x7b, 0x5b])

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/** True when nothing is nested and no string is escaped before `at`: what is found there is a direct member. */
const isFlatUntil = (bytes: Uint8Array, from: number, at: number): boolean => {
  let quotes = 0
  for (let i = from; i < at; i++) {
    const byte = bytes[i] ?? 0
    if (openers.has(byte) || byte === 0x5c) return false
    if (byte === quote) quotes++
  }
  return quotes % 2 === 0
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The number behind the name, where that member comes before anything nested; undefined otherwise. */
const quickLong = (bytes: Buffer, span: Span, name: string): Id | undefined => {
  const key = `"${name}"`
  // Within the item only: where it is missing, the rest of the document must not be searched for every item.
  const found = bytes.subarray(span.start, span.end).indexOf(key, 0, 'latin1')
  const at = span.start + found
  if (found < 0 || !isFlatUntil(bytes, span.start + 1, at)) return undefined
  let start = at + key.length
  while (isSpace(bytes[start])) start++
  if (bytes[start] !== colon) return undefined
  start++
  while (isSpace(bytes[start])) start++
  const digits = /^-?(?:0|[1-9]\d*)(?=[,}\s])/.exec(bytes.toString('latin1', start, start + 24))?.[0]
  if (digits === undefined) return undefined
  const value = Number(digits)
  return Number.isSafeInteger(value) && digits !== '-0' ? value : BigInt(digits)
}

/**
 * A long of one item of an array (an id, a time), without decoding the item: thousands of snapshots are
 * looked through for one append.
 */
export const longOfItem = (index: DocumentIndex, span: Span, name: string): Id => {
  const quick = quickLong(asBuffer(index.bytes), span, name)
  if (quick !== undefined && isLong(quick)) return quick
  return required(longMember(indexSpan(index, span), name), name)
}

/** True where the document has the member, even as null. */
export const hasMember = (index: DocumentIndex | undefined, name: string): boolean =>
  index !== undefined && memberSpan(index, name) !== undefined
