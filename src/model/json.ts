/**
 * The one JSON door: lossless for 64-bit integers and for number spelling.
 * Decoded: safe integer → number, other integer → bigint, any other spelling → `JsonNumber`, kept as text.
 */
import { CatalogError } from './errors.ts'

/** A number whose spelling matters (`1.0`, `1e3`, `-0`): kept as the text that was sent. */
export class JsonNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Bytes that are already JSON and are written as they stand. */
export class RawJson {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

export type JsonValue =
  | null
  | boolean
  | string
  | number
  | bigint
  | JsonNumber
  | RawJson
  | readonly JsonValue[]
  | JsonObject

/** Without a prototype: no key of a client can reach one. */
export interface JsonObject {
  readonly [key: string]: JsonValue
}

export interface JsonLimits {
  /** Of the encoded text. Default 64 MiB. */
  readonly maxBytes?: number
  /** Open arrays and objects at once. Default 256. */
  readonly maxDepth?: number
  /** Array items and object members in all. Default 1,000,000. */
  readonly maxMembers?: number
}

export const defaultJsonLimits = { maxBytes: 64 * 1024 * 1024, maxDepth: 256, maxMembers: 1_000_000 } as const

/** Longer numbers cost more than linear time to read, and no type of Iceberg holds one. */
const maxNumberLength = 1000

interface Parser {
  readonly text: string
  readonly maxDepth: number
  pos: number
  depth: number
  membersLeft: number
}

const malformed = (message: string, cause?: unknown): CatalogError =>
  new CatalogError('BadRequestException', `Malformed JSON: ${message}`, cause === undefined ? {} : { cause })

const unexpected = (p: Parser): CatalogError =>
  malformed(p.pos >= p.text.length ? 'unexpected end of input' : `unexpected character at ${p.pos}`)

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const decodeText = (input: Uint8Array | string, maxBytes: number): string => {
  const bytes = typeof input === 'string' ? Buffer.byteLength(input) : input.byteLength
  if (bytes > maxBytes) throw malformed(`larger than ${maxBytes} bytes`)
  if (typeof input === 'string') {
    if (!input.isWellFormed()) throw malformed('not well-formed Unicode')
    return input
  }
  try {
    return utf8.decode(input)
  } catch (cause) {
    throw malformed('not valid UTF-8', cause)
  }
}

const skipSpace = (p: Parser): number => {
  let code = p.text.charCodeAt(p.pos)
  while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = p.text.charCodeAt(++p.pos)
  return code
}

const decodeEscapes = (p: Parser, start: number, end: number): string => {
  let value: string
  try {
    value = JSON.parse(p.text.slice(start - 1, end + 1))
  } catch (cause) {
    throw malformed(`bad string at ${start - 1}`, cause)
  }
  if (!value.isWellFormed()) throw malformed(`lone surrogate in the string at ${start - 1}`)
  return value
}

const readString = (p: Parser): string => {
  const { text } = p
  const start = ++p.pos
  let escaped = false
  for (;;) {
    const code = text.charCodeAt(p.pos)
    if (code === 0x22) break
    // NaN, past the end, fails this comparison as control characters do.
    if (!(code >= 0x20)) throw unexpected(p)
    if (code === 0x5c) {
      escaped = true
      p.pos++
    }
    p.pos++
  }
  const end = p.pos++
  return escaped ? decodeEscapes(p, start, end) : text.slice(start, end)
}

const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const integerPattern = /^-?[0-9]+$/

const readNumber = (p: Parser): JsonValue => {
  numberPattern.lastIndex = p.pos
  const text = numberPattern.exec(p.text)?.[0]
  if (text === undefined) throw unexpected(p)
  if (text.length > maxNumberLength) throw malformed(`number at ${p.pos} is too long`)
  p.pos += text.length
  if (text === '-0' || !integerPattern.test(text)) return new JsonNumber(text)
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : BigInt(text)
}

const readWord = (p: Parser): JsonValue => {
  for (const [word, value] of [['true', true] as const, ['false', false] as const, ['null', null] as const])
    if (p.text.startsWith(word, p.pos)) {
      p.pos += word.length
      return value
    }
  return readNumber(p)
}

const countMember = (p: Parser): void => {
  if (--p.membersLeft < 0) throw malformed('too many members')
}

/** After an item: true at a comma, false at `close`. */
const readComma = (p: Parser, close: number): boolean => {
  const code = skipSpace(p)
  if (code !== 0x2c && code !== close) throw unexpected(p)
  p.pos++
  return code === 0x2c
}

const readArray = (p: Parser): JsonValue => {
  const items: JsonValue[] = []
  p.pos++
  if (skipSpace(p) === 0x5d) {
    p.pos++
    return items
  }
  do {
    countMember(p)
    items.push(readValue(p))
  } while (readComma(p, 0x5d))
  return items
}

const readMember = (p: Parser, object: Record<string, JsonValue>): void => {
  countMember(p)
  if (skipSpace(p) !== 0x22) throw unexpected(p)
  const key = readString(p)
  if (key === '__proto__') throw malformed('the member name __proto__ is not allowed')
  if (key in object) throw malformed(`duplicate member ${JSON.stringify(key.slice(0, 100))}`)
  if (skipSpace(p) !== 0x3a) throw unexpected(p)
  p.pos++
  object[key] = readValue(p)
}

const readObject = (p: Parser): JsonObject => {
  const object: Record<string, JsonValue> = Object.create(null)
  p.pos++
  if (skipSpace(p) === 0x7d) {
    p.pos++
    return object
  }
  do readMember(p, object)
  while (readComma(p, 0x7d))
  return object
}

const readValue = (p: Parser): JsonValue => {
  const code = skipSpace(p)
  if (code === 0x22) return readString(p)
  if (code !== 0x7b && code !== 0x5b) return readWord(p)
  if (++p.depth > p.maxDepth) throw malformed(`nested deeper than ${p.maxDepth} levels`)
  const value = code === 0x7b ? readObject(p) : readArray(p)
  p.depth--
  return value
}

/**
 * Reads one JSON text. Member order is kept, except that JavaScript puts integer-like names (`"7"`) first:
 * where order is data, index the bytes (`document.ts`) instead.
 * BadRequest: malformed, not UTF-8, with a byte-order mark, lone surrogates, duplicate or `__proto__` members, beyond a limit.
 */
export const parseJson = (input: Uint8Array | string, limits: JsonLimits = {}): JsonValue => {
  const { maxBytes, maxDepth, maxMembers } = { ...defaultJsonLimits, ...limits }
  const p: Parser = {
    text: decodeText(input, maxBytes),
    maxDepth,
    pos: 0,
    depth: 0,
    membersLeft: maxMembers,
  }
  const value = readValue(p)
  skipSpace(p)
  if (p.pos < p.text.length) throw unexpected(p)
  return value
}

export const isJsonObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof JsonNumber) &&
  !(value instanceof RawJson)

/** As `parseJson`; BadRequest when the text is anything but an object. */
export const parseJsonObject = (input: Uint8Array | string, limits: JsonLimits = {}): JsonObject => {
  const value = parseJson(input, limits)
  if (!isJsonObject(value)) throw malformed('an object is required')
  return value
}

interface Writer {
  text: string
  readonly chunks: Uint8Array[]
}

const flush = (w: Writer): void => {
  if (w.text !== '') w.chunks.push(Buffer.from(w.text))
  w.text = ''
}

const writeNumber = (value: number): string => {
  if (!Number.isFinite(value)) throw new TypeError(`JSON has no number ${value}`)
  return Object.is(value, -0) ? '-0' : String(value)
}

const writeArray = (w: Writer, items: readonly JsonValue[]): void => {
  let separator = '['
  for (const item of items) {
    w.text += separator
    writeValue(w, item)
    separator = ','
  }
  w.text += separator === '[' ? '[]' : ']'
}

const writeObject = (w: Writer, object: JsonObject): void => {
  let separator = '{'
  for (const key of Object.keys(object)) {
    w.text += `${separator}${JSON.stringify(key)}:`
    writeValue(w, object[key])
    separator = ','
  }
  w.text += separator === '{' ? '{}' : '}'
}

const writeStructure = (w: Writer, value: JsonObject | JsonNumber | RawJson | readonly JsonValue[]): void => {
  if (value instanceof JsonNumber) w.text += value.text
  else if (value instanceof RawJson) {
    flush(w)
    w.chunks.push(value.bytes)
  } else if (Array.isArray(value)) writeArray(w, value)
  else writeObject(w, value as JsonObject)
}

const writeValue = (w: Writer, value: JsonValue | undefined): void => {
  if (value === undefined) throw new TypeError('JSON has no undefined')
  if (value === null) w.text += 'null'
  else if (typeof value === 'string') w.text += JSON.stringify(value)
  else if (typeof value === 'number') w.text += writeNumber(value)
  else if (typeof value === 'object') writeStructure(w, value)
  else w.text += String(value)
}

/** Compact JSON as UTF-8 in pieces; the bytes of a `RawJson` are handed on uncopied. */
export const encodeJsonChunks = (value: JsonValue): readonly Uint8Array[] => {
  const w: Writer = { text: '', chunks: [] }
  writeValue(w, value)
  flush(w)
  return w.chunks
}

/** Compact JSON as UTF-8. Member order is JavaScript's order of the object's keys. */
export const encodeJson = (value: JsonValue): Uint8Array => {
  const chunks = encodeJsonChunks(value)
  const [first] = chunks
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
}

/** As `encodeJson`, as text. */
export const stringifyJson = (value: JsonValue): string => {
  const bytes = encodeJson(value)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
