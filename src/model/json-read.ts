/**
 * Typed readers over decoded JSON. Each takes a value and the path that names it in the message, and throws
 * BadRequest when the value is missing or of another type (specification: wrong types are 400).
 */
import { CatalogError } from './errors.ts'
import { isJsonObject, JsonNumber, type JsonObject, type JsonValue } from './json.ts'

/** What may be read: a decoded value, or nothing where the member is absent. */
export type Readable = JsonValue | undefined

/** A 64-bit id: a number, or a bigint beyond 2^53 (never both for one value). */
export type Id = number | bigint

const kindOf = (value: JsonValue): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (value instanceof JsonNumber || typeof value === 'number' || typeof value === 'bigint') return 'a number'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

const reject = (value: Readable, path: string, wanted: string): never => {
  throw new CatalogError(
    'BadRequestException',
    value === undefined
      ? `Cannot parse missing ${wanted.replace(/^an? /, '')}: ${path}`
      : `Cannot parse to ${wanted}: ${path} is ${kindOf(value)}`,
  )
}

export const asString = (value: Readable, path: string): string =>
  typeof value === 'string' ? value : reject(value, path, 'a string')

export const asBoolean = (value: Readable, path: string): boolean =>
  typeof value === 'boolean' ? value : reject(value, path, 'a boolean')

const minLong = -(2n ** 63n)
const maxLong = 2n ** 63n - 1n

/** A 64-bit integer. `1.0` and `1e3` are none, as in Java. */
export const asLong = (value: Readable, path: string): Id => {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  if (typeof value === 'bigint' && value >= minLong && value <= maxLong) return value
  return reject(value, path, 'a long')
}

/** A 32-bit integer. */
export const asInt = (value: Readable, path: string): number =>
  typeof value === 'number' && (value | 0) === value ? value : reject(value, path, 'an integer')

export const asArray = (value: Readable, path: string): readonly JsonValue[] =>
  Array.isArray(value) ? value : reject(value, path, 'an array')

export const asObject = (value: Readable, path: string): JsonObject =>
  isJsonObject(value) ? value : reject(value, path, 'an object')

/** Every item read by `read`; the path of an item is `path[index]`. */
export const asArrayOf = <T>(
  read: (value: Readable, path: string) => T,
): ((value: Readable, path: string) => readonly T[]) => {
  return (value, path) => asArray(value, path).map((item, i) => read(item, `${path}[${i}]`))
}

type StringMap = Readonly<Record<string, string>>

/** An object of strings, without a prototype. What the codec gave is not copied: it may be large, and has none. */
export const asStringMap = (value: Readable, path: string): StringMap => {
  const object = asObject(value, path)
  // The path is made for the one that is wrong.
  for (const key of Object.keys(object))
    if (typeof object[key] !== 'string') asString(object[key], `${path}.${key}`)
  const strings = object as StringMap
  return Object.getPrototypeOf(object) === null ? strings : Object.assign(Object.create(null), strings)
}

/** The value by `read`; undefined where it is absent or null. */
export const optional = <T>(
  read: (value: Readable, path: string) => T,
  value: Readable,
  path: string,
): T | undefined => (value === undefined || value === null ? undefined : read(value, path))

/** Equality of ids. Both sides come from the codec, or from code that may have used a bigint for a small id. */
export const sameId = (a: Id | null | undefined, b: Id | null | undefined): boolean => {
  if (a === undefined || a === null || b === undefined || b === null) return false
  return typeof a === typeof b ? a === b : BigInt(a) === BigInt(b)
}

/** The canonical form that the codec gives: a number where it is safe. For keys of a Map or Set. */
export const canonicalId = (id: Id): Id => {
  if (typeof id === 'number') return id
  const narrow = Number(id)
  return Number.isSafeInteger(narrow) ? narrow : id
}
