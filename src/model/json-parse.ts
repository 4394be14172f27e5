/**
 * The parser behind the JSON door. It keeps its open arrays and objects on a stack of its own, so that it can stop
 * between two values: a large text is read in slices that let the event loop go on, by the same code as a small one.
 */
import { malformed, readString, type Scan, skipSpace, unexpected } from './json-scan.ts'
import { JsonNumber, type JsonValue } from './json-values.ts'

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

type Members = Record<string, JsonValue>

/** An open array, or an open object and the name that waits for its value. */
interface Frame {
  readonly items: JsonValue[] | undefined
  readonly members: Members
  name: string
}

interface Parser extends Scan {
  readonly maxDepth: number
  readonly stack: Frame[]
  /** The name of a member is next, no value. */
  wantsName: boolean
  membersLeft: number
  /** Set when the outermost value has been read. */
  root: JsonValue | undefined
}

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

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

const skipDigits = (text: string, from: number): number => {
  let at = from
  while (isDigit(text.charCodeAt(at))) at++
  return at
}

/** Behind the integer part that begins at `from`; `from` where there is none. */
const endOfInteger = (text: string, from: number): number => {
  const first = text.charCodeAt(from) === 0x2d ? from + 1 : from
  if (text.charCodeAt(first) === 0x30) return first + 1
  const end = skipDigits(text, first)
  return end === first ? from : end
}

/** Behind fraction and exponent, as far as they are whole. */
const endOfNumber = (text: string, integer: number): number => {
  let end = integer
  if (text.charCodeAt(end) === 0x2e && isDigit(text.charCodeAt(end + 1))) end = skipDigits(text, end + 1)
  if ((text.charCodeAt(end) | 0x20) !== 0x65) return end
  const sign = text.charCodeAt(end + 1)
  const digits = sign === 0x2b || sign === 0x2d ? end + 2 : end + 1
  return isDigit(text.charCodeAt(digits)) ? skipDigits(text, digits) : end
}

/** Below 10^15: read digit by digit without a piece of text. */
const smallInteger = (text: string, start: number, end: number): number => {
  const negative = text.charCodeAt(start) === 0x2d
  let value = 0
  for (let at = negative ? start + 1 : start; at < end; at++) value = value * 10 + text.charCodeAt(at) - 0x30
  return negative ? -value : value
}

const longestSmall = 15

const readNumber = (p: Parser): JsonValue => {
  const { text, pos: start } = p
  const integer = endOfInteger(text, start)
  if (integer === start) throw unexpected(p)
  const end = endOfNumber(text, integer)
  if (end - start > maxNumberLength) throw malformed(`number at ${start} is too long`)
  p.pos = end
  const small = end - start <= longestSmall
  if (end === integer && small) {
    const value = smallInteger(text, start, end)
    return Object.is(value, -0) ? new JsonNumber('-0') : value
  }
  const spelling = text.slice(start, end)
  if (end !== integer) return new JsonNumber(spelling)
  const value = Number(spelling)
  return Number.isSafeInteger(value) ? value : BigInt(spelling)
}

const readWord = (p: Parser, word: string, value: JsonValue): JsonValue => {
  if (!p.text.startsWith(word, p.pos)) throw unexpected(p)
  p.pos += word.length
  return value
}

/** A value that holds no other; `code` is its first character. Undefined: a string that is not whole yet. */
const readPlain = (p: Parser, code: number): JsonValue | undefined => {
  if (code === 0x22) return readString(p)
  if (code === 0x74) return readWord(p, 'true', true)
  if (code === 0x66) return readWord(p, 'false', false)
  if (code === 0x6e) return readWord(p, 'null', null)
  return readNumber(p)
}

const countMember = (p: Parser): void => {
  if (--p.membersLeft < 0) throw malformed('too many members')
}

const readName = (p: Parser, frame: Frame): void => {
  if (skipSpace(p) !== 0x22) throw unexpected(p)
  const name = readString(p)
  if (name === undefined) return
  if (name === '__proto__') throw malformed('the member name __proto__ is not allowed')
  if (name in frame.members) throw malformed(`duplicate member ${JSON.stringify(name.slice(0, 100))}`)
  if (skipSpace(p) !== 0x3a) throw unexpected(p)
  p.pos++
  p.wantsName = false
  frame.name = name
}

const beginMember = (p: Parser, frame: Frame): void => {
  countMember(p)
  p.wantsName = frame.items === undefined
}

const noMembers: Members = Object.create(null)

/** Opens an array or object. Undefined: its first value is next. An empty one is whole at once. */
const open = (p: Parser, code: number): JsonValue | undefined => {
  if (p.stack.length >= p.maxDepth) throw malformed(`nested deeper than ${p.maxDepth} levels`)
  p.pos++
  const items: JsonValue[] | undefined = code === 0x5b ? [] : undefined
  const members: Members = items ? noMembers : Object.create(null)
  if (skipSpace(p) === (items ? 0x5d : 0x7d)) {
    p.pos++
    return items ?? members
  }
  const frame = { items, members, name: '' }
  p.stack.push(frame)
  beginMember(p, frame)
  return undefined
}

/** Behind a value: true at a comma, false where its array or object ends. */
const goesOn = (p: Parser, frame: Frame): boolean => {
  const code = skipSpace(p)
  if (code !== 0x2c && code !== (frame.items ? 0x5d : 0x7d)) throw unexpected(p)
  p.pos++
  if (code !== 0x2c) return false
  beginMember(p, frame)
  return true
}

/** Puts a value where it belongs, and closes what ends behind it. False when the outermost value is whole. */
const take = (p: Parser, taken: JsonValue): boolean => {
  let value = taken
  for (let frame = p.stack.at(-1); frame !== undefined; frame = p.stack.at(-1)) {
    const { items, members } = frame
    if (items) items.push(value)
    else members[frame.name] = value
    if (goesOn(p, frame)) return true
    p.stack.pop()
    value = items ?? members
  }
  p.root = value
  return false
}

/** Reads a name, or a value, or as much of a long string as goes into a slice. False when the outermost value is whole. */
const readNext = (p: Parser): boolean => {
  const frame = p.wantsName ? p.stack.at(-1) : undefined
  if (frame) {
    readName(p, frame)
    return true
  }
  const code = skipSpace(p)
  const value = code === 0x7b || code === 0x5b ? open(p, code) : readPlain(p, code)
  return value === undefined || take(p, value)
}

/** Reads on until the position has been passed. False when the outermost value is whole. */
const readUpTo = (p: Parser, until: number): boolean => {
  do if (!readNext(p)) return false
  while (p.pos < until && p.long === undefined)
  return true
}

const openParser = (input: Uint8Array | string, limits: JsonLimits, sliced: Pick<Scan, 'sliced'>): Parser => {
  const { maxBytes, maxDepth, maxMembers } = { ...defaultJsonLimits, ...limits }
  const text = decodeText(input, maxBytes)
  const fresh = { pos: 0, long: undefined, stack: [], wantsName: false, root: undefined }
  return { text, maxDepth, membersLeft: maxMembers, ...sliced, ...fresh }
}

const finish = (p: Parser): JsonValue => {
  skipSpace(p)
  if (p.pos < p.text.length || p.root === undefined) throw unexpected(p)
  return p.root
}

/**
 * Reads one JSON text. Member order is kept, except that JavaScript puts integer-like names (`"7"`) first:
 * where order is data, index the bytes (`document.ts`) instead.
 * BadRequest: malformed, not UTF-8, with a byte-order mark, lone surrogates, duplicate or `__proto__` members, beyond a limit.
 */
export const parseJson = (input: Uint8Array | string, limits: JsonLimits = {}): JsonValue => {
  const p = openParser(input, limits, { sliced: false })
  readUpTo(p, Number.POSITIVE_INFINITY)
  return finish(p)
}

/** Characters between two turns of the event loop: some milliseconds of work, whatever they hold. */
const sliceLength = 64 * 1024

/** As `parseJson`, giving the event loop a turn between slices of the text. */
export const parseJsonInSlices = async (
  input: Uint8Array | string,
  limits: JsonLimits = {},
  slice = sliceLength,
): Promise<JsonValue> => {
  const p = openParser(input, limits, { sliced: true })
  do await new Promise((resolve) => setImmediate(resolve))
  while (readUpTo(p, p.pos + slice))
  return finish(p)
}
