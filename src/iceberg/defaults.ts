/** Column defaults: which JSON value a type accepts (format specification, "JSON single-value serialization"). */
import { JsonNumber, type JsonValue } from '#model/json.ts'
import { illegal } from './errors.ts'
import { excerpt } from './members.ts'
import type { PrimitiveName, PrimitiveType } from './primitives.ts'

const decimalPattern = /^[+-]?(?:\d+(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d{1,9}))?$/
const uuidPattern = /^[0-9a-f]{1,8}(?:-[0-9a-f]{1,4}){3}-[0-9a-f]{1,12}$/i
const datePattern = /^(\d{4})-(\d{2})-(\d{2})$/
const timePattern = /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?$/
const utcPattern = /(?:Z|\+00:00(?::00)?)(?:\[UTC\])?$/i
const hexPattern = /^[0-9a-f]*$/i

const isDate = (text: string): boolean => {
  const [, year, month, day] = datePattern.exec(text) ?? []
  if (year === undefined || month === undefined || day === undefined) return false
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(day)
}

const isTimestamp = (text: string): boolean => {
  const at = text.search(/t/i)
  return at > 0 && isDate(text.slice(0, at)) && timePattern.test(text.slice(at + 1))
}

const isUtcTimestamp = (text: string): boolean =>
  utcPattern.test(text) && isTimestamp(text.replace(utcPattern, ''))

const hasScale = (text: string, scale: number | undefined): boolean => {
  const match = decimalPattern.exec(text)
  if (match === null) return false
  const digits = (match[1] ?? match[2] ?? '').length
  return digits - Number(match[3] ?? 0) === scale
}

type Accepts = (value: JsonValue, type: PrimitiveType) => boolean

const text = (accepts: (value: string, type: PrimitiveType) => boolean): Accepts => {
  return (value, type) => typeof value === 'string' && accepts(value, type)
}

const isLong = (value: JsonValue): boolean =>
  (typeof value === 'number' && Number.isSafeInteger(value)) ||
  (typeof value === 'bigint' && BigInt.asIntN(64, value) === value)

/** Java insists on a floating-point token: `1.0`, never `1`. */
const isFloating = (value: JsonValue): boolean => value instanceof JsonNumber

const accepted: Readonly<Record<PrimitiveName, Accepts | undefined>> = {
  boolean: (value) => typeof value === 'boolean',
  int: (value) => typeof value === 'number' && (value | 0) === value,
  long: isLong,
  float: isFloating,
  double: isFloating,
  decimal: text((value, type) => hasScale(value, type.scale)),
  string: text(() => true),
  uuid: text((value) => value.length === 36 && uuidPattern.test(value)),
  date: text(isDate),
  time: text((value) => timePattern.test(value)),
  timestamp: text(isTimestamp),
  timestamptz: text(isUtcTimestamp),
  timestamp_ns: text(isTimestamp),
  timestamptz_ns: text(isUtcTimestamp),
  fixed: text((value, type) => value.length === (type.length ?? 0) * 2 && hexPattern.test(value)),
  binary: text((value) => value.length % 2 === 0 && hexPattern.test(value)),
  unknown: undefined,
  variant: undefined,
  geometry: undefined,
  geography: undefined,
}

/** Refuses (400) a default that the type does not accept. */
export const checkDefault = (type: PrimitiveType, value: JsonValue): void => {
  const accepts = accepted[type.name]
  if (accepts === undefined) throw illegal(`Type: ${type.text} is not supported: default must be null`)
  if (!accepts(value, type)) throw illegal(`Cannot parse default as a ${type.text} value: ${excerpt(value)}`)
}
