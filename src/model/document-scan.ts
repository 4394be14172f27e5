/**
 * Walks JSON bytes without decoding them: finds where the members of one object or the items of one array
 * lie. Linear in the span; what is nested deeper is skipped by brackets and closed strings alone.
 */
import { isUtf8 } from 'node:buffer'
import { CatalogError } from './errors.ts'
import { defaultJsonLimits, parseJson } from './json.ts'

/** Bytes `start` to `end` (exclusive) of a document. */
export interface Span {
  readonly start: number
  readonly end: number
}

export interface MemberSpan {
  readonly name: string
  /** Of the name with its quotes. */
  readonly nameSpan: Span
  readonly value: Span
}

/** Bytes that one step may cover before the event loop gets its turn: about two milliseconds. */
const stepBytes = 1 << 20

const maxDepth = defaultJsonLimits.maxDepth
/** A document of some 100 MB holds a million items at most; beyond that it is an attack on memory. */
const maxItems = 5_000_000

/** Up to here a loop beats a call of `indexOf`. */
const shortString = 48

const isToken = new Uint8Array(256)
for (const byte of Buffer.from('"{}[]')) isToken[byte] = 1

interface Walk {
  readonly bytes: Buffer
  readonly end: number
  pos: number
  /** Where this step ends. */
  pause: number
  /** Closing brackets still due inside the value that is being skipped. */
  readonly due: Uint8Array
  depth: number
  /** The step ended inside a string. */
  inString: boolean
  itemsLeft: number
}

const malformed = (message: string): CatalogError =>
  new CatalogError('ValidationException', `Malformed JSON document: ${message}`)

const unexpected = (w: Walk): CatalogError =>
  malformed(w.pos >= w.end ? 'unexpected end' : `unexpected byte at ${w.pos}`)

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const openWalk = (bytes: Uint8Array, span: Span): Walk => ({
  bytes: asBuffer(bytes),
  end: span.end,
  pos: span.start,
  pause: span.start + stepBytes,
  due: new Uint8Array(maxDepth),
  depth: 0,
  inString: false,
  itemsLeft: maxItems,
})

const skipSpace = (w: Walk): number => {
  const { bytes, end } = w
  while (w.pos < end) {
    const byte = bytes[w.pos]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte ?? -1
    w.pos++
  }
  return -1
}

const expect = (w: Walk, byte: number): void => {
  if (skipSpace(w) !== byte) throw unexpected(w)
  w.pos++
}

/** True where the quote at `at` is escaped: an odd run of backslashes stands before it, none before `from`. */
const isEscaped = (bytes: Buffer, from: number, at: number): boolean => {
  let before = at - 1
  while (before >= from && bytes[before] === 0x5c) before--
  return (at - before) % 2 === 0
}

/** Goes on inside a string to behind its closing quote; false when the step is used up before. */
const skipString = (w: Walk): boolean => {
  for (;;) {
    const quote = w.bytes.indexOf(0x22, w.pos)
    if (quote < 0 || quote >= w.end) {
      w.pos = w.end
      throw unexpected(w)
    }
    const escaped = isEscaped(w.bytes, w.pos, quote)
    w.pos = quote + 1
    w.inString = escaped
    if (!escaped) return true
    if (w.pos >= w.pause) return false
  }
}

const openString = (w: Walk): boolean => {
  w.pos++
  return skipString(w)
}

const open = (w: Walk, closing: number): void => {
  if (w.depth >= maxDepth - 1) throw malformed(`nested deeper than ${maxDepth} levels`)
  w.due[w.depth++] = closing
  w.pos++
}

const close = (w: Walk, byte: number): void => {
  if (w.depth === 0 || w.due[w.depth - 1] !== byte) throw unexpected(w)
  w.depth--
  w.pos++
}

/** Behind a short string without escapes whose text starts at `from`; 0 where the fast way does not apply. */
const endOfShortString = (bytes: Buffer, from: number, end: number): number => {
  const limit = Math.min(end, from + shortString)
  for (let pos = from; pos < limit; pos++) {
    const byte = bytes[pos]
    if (byte === 0x22) return pos + 1
    if (byte === 0x5c) return 0
  }
  return 0
}

/** At the next quote or bracket, or at `limit`. The hot loop: four bytes in five of a document pass here. */
const nextToken = (bytes: Buffer, from: number, limit: number): number => {
  let pos = from
  while (pos < limit) {
    const byte = bytes[pos]
    if (byte === 0x22) {
      const behind = endOfShortString(bytes, pos + 1, limit)
      if (behind === 0) return pos
      pos = behind
    } else if (byte !== undefined && isToken[byte] === 1) return pos
    else pos++
  }
  return pos
}

const skipToken = (w: Walk): boolean => {
  const byte = w.bytes[w.pos]
  if (byte === 0x22) return openString(w)
  if (byte === 0x7b) open(w, 0x7d)
  else if (byte === 0x5b) open(w, 0x5d)
  else if (byte !== undefined) close(w, byte)
  return true
}

/** Goes on inside a value that was begun; false when the step is used up before its end. */
const continueValue = (w: Walk): boolean => {
  if (w.inString && !skipString(w)) return false
  const limit = Math.min(w.end, w.pause)
  while (w.depth > 0) {
    w.pos = nextToken(w.bytes, w.pos, limit)
    if (w.pos >= w.end) throw unexpected(w)
    if (w.pos >= w.pause || !skipToken(w)) return false
  }
  return true
}

const isDelimiter = (byte: number | undefined): boolean =>
  byte === 0x2c || byte === 0x7d || byte === 0x5d || (byte !== undefined && byte <= 0x20)

const longestScalar = 1000
const longestName = 64 * 1024

/** A number, `true`, `false` or `null`: short, so it is checked at once. */
const skipScalar = (w: Walk): void => {
  const start = w.pos
  const limit = Math.min(w.end, start + longestScalar)
  while (w.pos < limit && !isDelimiter(w.bytes[w.pos])) w.pos++
  try {
    JSON.parse(w.bytes.toString('latin1', start, w.pos))
  } catch {
    w.pos = start
    throw unexpected(w)
  }
}

/** Stands on a value, enters it, and says where it starts; `continueValue` brings it to its end. */
const beginValue = (w: Walk): number => {
  const byte = skipSpace(w)
  const start = w.pos
  if (byte === 0x22) openString(w)
  else if (byte === 0x7b || byte === 0x5b) open(w, byte === 0x7b ? 0x7d : 0x5d)
  else skipScalar(w)
  return start
}

/** Behind an item: true at a comma, false at `closing`. */
const more = (w: Walk, closing: number): boolean => {
  const byte = skipSpace(w)
  if (byte !== 0x2c && byte !== closing) throw unexpected(w)
  w.pos++
  if (--w.itemsLeft < 0) throw malformed(`more than ${maxItems} items`)
  return byte === 0x2c
}

interface Name {
  readonly name: string
  readonly nameSpan: Span
}

const readName = (w: Walk): Name => {
  if (skipSpace(w) !== 0x22) throw unexpected(w)
  const start = w.pos
  if (!openString(w) || w.pos - start > longestName) throw malformed('a member name is too long')
  const end = w.pos
  const name = String(parseJson(w.bytes.subarray(start, end)))
  expect(w, 0x3a)
  return { name, nameSpan: { start, end } }
}

const addMember = (members: Map<string, MemberSpan>, member: MemberSpan): void => {
  if (members.has(member.name))
    throw malformed(`duplicate member ${JSON.stringify(member.name.slice(0, 100))}`)
  members.set(member.name, member)
}

/** False where the container is empty; then it is closed. */
const enter = (w: Walk, opening: number, closing: number): boolean => {
  expect(w, opening)
  if (skipSpace(w) !== closing) return true
  w.pos++
  return false
}

const finish = (w: Walk): void => {
  skipSpace(w)
  if (w.pos < w.end) throw unexpected(w)
}

function* pauseWhenDue(w: Walk): Generator<void, void> {
  if (w.pos < w.pause) return
  yield
  w.pause = w.pos + stepBytes
}

/** The members of the object in `span`, in order. A generator: run it at once or in steps. */
export function* walkMembers(
  bytes: Uint8Array,
  span: Span,
): Generator<void, ReadonlyMap<string, MemberSpan>> {
  const w = openWalk(bytes, span)
  const members = new Map<string, MemberSpan>()
  let go = enter(w, 0x7b, 0x7d)
  while (go) {
    const name = readName(w)
    const start = beginValue(w)
    while (!continueValue(w)) yield* pauseWhenDue(w)
    addMember(members, { ...name, value: { start, end: w.pos } })
    go = more(w, 0x7d)
  }
  finish(w)
  return members
}

/** The items of the array in `span`, in order. */
export function* walkItems(bytes: Uint8Array, span: Span): Generator<void, readonly Span[]> {
  const w = openWalk(bytes, span)
  const items: Span[] = []
  let go = enter(w, 0x5b, 0x5d)
  while (go) {
    const start = beginValue(w)
    while (!continueValue(w)) yield* pauseWhenDue(w)
    items.push({ start, end: w.pos })
    if (w.pos >= w.pause) yield* pauseWhenDue(w)
    go = more(w, 0x5d)
  }
  finish(w)
  return items
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

/** Refuses bytes that are not UTF-8. Steps end between characters. */
export function* walkText(bytes: Uint8Array): Generator<void, void> {
  const step = 4 * stepBytes
  for (let start = 0; start < bytes.byteLength; ) {
    let end = Math.min(bytes.byteLength, start + step)
    for (let i = 0; i < 3 && end < bytes.byteLength && isContinuation(bytes[end]); i++) end--
    if (!isUtf8(bytes.subarray(start, end))) throw malformed('not valid UTF-8')
    start = end
    if (start < bytes.byteLength) yield
  }
}

/** Runs a walk to its end without a pause. */
export const runWalk = <T>(walk: Generator<void, T>): T => {
  let step = walk.next()
  while (!step.done) step = walk.next()
  return step.value
}

/** Runs a walk, giving the event loop a turn between steps. */
export const runWalkInSteps = async <T>(walk: Generator<void, T>): Promise<T> => {
  let step = walk.next()
  while (!step.done) {
    await new Promise((resolve) => setImmediate(resolve))
    step = walk.next()
  }
  return step.value
}
