/**
 * The one JSON door: lossless for 64-bit integers and for number spelling.
 * Decoded: safe integer → number, other integer → bigint, any other spelling → `JsonNumber`, kept as text.
 */
import { CatalogError } from './errors.ts'
import { type JsonLimits, parseJson, parseJsonInSlices } from './json-parse.ts'
import { JsonNumber, type JsonObject, type JsonValue, RawJson } from './json-values.ts'

export { defaultJsonLimits, type JsonLimits, parseJson, parseJsonInSlices } from './json-parse.ts'
export { JsonNumber, type JsonObject, type JsonValue, RawJson } from './json-values.ts'

export const isJsonObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof JsonNumber) &&
  !(value instanceof RawJson)

const requireObject = (value: JsonValue): JsonObject => {
  if (isJsonObject(value)) return value
  throw new CatalogError('BadRequestException', 'Malformed JSON: an object is required')
}

/** As `parseJson`; BadRequest when the text is anything but an object. */
export const parseJsonObject = (input: Uint8Array | string, limits: JsonLimits = {}): JsonObject =>
  requireObject(parseJson(input, limits))

/** Smaller texts are read at once: that takes less time than anybody notices. */
const largestAtOnce = 256 * 1024

/** As `parseJsonObject`, giving the event loop a turn between slices of a large text. */
export const parseJsonObjectInSlices = async (
  bytes: Uint8Array,
  limits: JsonLimits = {},
): Promise<JsonObject> =>
  requireObject(
    bytes.byteLength <= largestAtOnce ? parseJson(bytes, limits) : await parseJsonInSlices(bytes, limits),
  )

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
