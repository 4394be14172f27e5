/** The text that is parsed, and its strings: the one kind of plain value that may be as long as the whole text. */
import { CatalogError } from './errors.ts'

/** A string with escapes that is too long to be read in one slice. */
interface LongString {
  readonly start: number
  at: number
  /** Where its pieces begin: at its start, then before an escape. */
  readonly cuts: number[]
  readonly decoded: string[]
  /** Where it ends; undefined as long as that has not been found. */
  end: number | undefined
}

export interface Scan {
  readonly text: string
  pos: number
  /** True where reading stops between two pieces of a long string. */
  readonly sliced: boolean
  /** The long string that begins at `pos`, half-read. */
  long: LongString | undefined
}

export const malformed = (message: string, cause?: unknown): CatalogError =>
  new CatalogError('BadRequestException', `Malformed JSON: ${message}`, cause === undefined ? {} : { cause })

export const unexpected = (p: Scan): CatalogError =>
  malformed(p.pos >= p.text.length ? 'unexpected end of input' : `unexpected character at ${p.pos}`)

export const skipSpace = (p: Scan): number => {
  const { text } = p
  let at = p.pos
  let code = text.charCodeAt(at)
  while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = text.charCodeAt(++at)
  p.pos = at
  return code
}

/** All but control characters, quote and backslash. */
const plainRun = /[ !#-[\]-\uffff]*/y

/** Characters that are looked at one by one; a longer run is given to the pattern, which takes a while to begin. */
const shortRun = 64

const skipPlain = (text: string, from: number): number => {
  plainRun.lastIndex = from
  plainRun.test(text)
  return plainRun.lastIndex
}

/** Characters of a string with escapes that are read in one go. */
const pieceLength = 64 * 1024

const decodeEscapes = (p: Scan, from: number, to: number): string => {
  try {
    return JSON.parse(`"${p.text.slice(from, to)}"`)
  } catch (cause) {
    throw malformed(`bad string at ${p.pos}`, cause)
  }
}

const wellFormed = (p: Scan, value: string): string => {
  if (!value.isWellFormed()) throw malformed(`lone surrogate in the string at ${p.pos}`)
  return value
}

/** A control character, or nothing where a string should go on. */
const brokenAt = (p: Scan, at: number): CatalogError => {
  p.pos = at
  return unexpected(p)
}

/** Looks for the end, a piece further. */
const scanPiece = (p: Scan, long: LongString): void => {
  const { text } = p
  const stop = long.at + pieceLength
  let { at } = long
  long.cuts.push(at)
  while (at < stop) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      long.end = at
      return
    }
    if (!(code >= 0x20)) throw brokenAt(p, at)
    at += code === 0x5c ? 2 : 1
  }
  // A piece ends where no escape can be cut: behind what is plain, before a backslash or the quote.
  long.at = skipPlain(text, at)
}

/** Decodes the next piece; the whole when it was the last one. */
const decodePiece = (p: Scan, long: LongString, end: number): string | undefined => {
  const { cuts, decoded } = long
  const from = cuts[decoded.length] ?? end
  decoded.push(decodeEscapes(p, from, cuts[decoded.length + 1] ?? end))
  if (decoded.length < cuts.length) return undefined
  const value = wellFormed(p, decoded.join(''))
  p.pos = end + 1
  p.long = undefined
  return value
}

/** Undefined: there is more, and a slice may end here. */
const readPiece = (p: Scan, long: LongString): string | undefined => {
  if (long.end !== undefined) return decodePiece(p, long, long.end)
  scanPiece(p, long)
  return undefined
}

const readLong = (p: Scan): string | undefined => {
  const start = p.pos + 1
  const long = p.long ?? { start, at: start, cuts: [], decoded: [], end: undefined }
  p.long = long
  let value = readPiece(p, long)
  while (value === undefined && !p.sliced) value = readPiece(p, long)
  return value
}

const isPlain = (code: number): boolean => code >= 0x20 && code !== 0x22 && code !== 0x5c

/** The next quote, backslash or control character; the end of the text where there is none. */
const endOfPlain = (text: string, from: number): number => {
  const far = from + shortRun
  let at = from
  while (at < far && isPlain(text.charCodeAt(at))) at++
  return at < far ? at : skipPlain(text, at)
}

const readEscaped = (p: Scan, start: number, backslash: number): string | undefined => {
  let at = backslash
  while (p.text.charCodeAt(at) === 0x5c) {
    if (at - start > pieceLength) return readLong(p)
    at = endOfPlain(p.text, at + 2)
  }
  if (p.text.charCodeAt(at) !== 0x22) throw brokenAt(p, at)
  const value = wellFormed(p, decodeEscapes(p, start, at))
  p.pos = at + 1
  return value
}

/** The string that begins at `pos`. Undefined: it is long and not whole yet; to be asked for again. */
export const readString = (p: Scan): string | undefined => {
  if (p.long) return readLong(p)
  const { text } = p
  const start = p.pos + 1
  const end = endOfPlain(text, start)
  if (text.charCodeAt(end) !== 0x22) return readEscaped(p, start, end)
  p.pos = end + 1
  return text.slice(start, end)
}
