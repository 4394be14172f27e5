/** Partition and sort transforms (format specification, "Partition Transforms"). */
import { illegal } from './errors.ts'
import type { PrimitiveName } from './primitives.ts'
import { type ColumnType, formatType } from './types.ts'

export interface Transform {
  readonly name: 'identity' | 'bucket' | 'truncate' | 'year' | 'month' | 'day' | 'hour' | 'void' | 'unknown'
  /** Canonical spelling; that of an unknown transform as it was given. */
  readonly text: string
}

const widthPattern = /^(bucket|truncate)\[(\d+)\]$/i
const plainNames = ['identity', 'year', 'month', 'day', 'hour', 'void'] as const
const maxInt = 2 ** 31 - 1

const sized = (name: 'bucket' | 'truncate', digits: string): Transform => {
  const width = Number(digits)
  const subject = name === 'bucket' ? 'number of buckets' : 'truncate width'
  if (width === 0) throw illegal(`Invalid ${subject}: 0 (must be > 0)`)
  if (width > maxInt) throw illegal(`Invalid ${subject}: ${digits}`)
  return { name, text: `${name}[${width}]` }
}

/** Reads a transform. One that we do not know is kept as its text and fits every type. */
export const parseTransform = (text: string): Transform => {
  const [, name, digits] = widthPattern.exec(text) ?? []
  if (name !== undefined && digits !== undefined)
    return sized(name.toLowerCase() === 'bucket' ? 'bucket' : 'truncate', digits)
  const lower = text.toLowerCase()
  const plain = plainNames.find((known) => known === lower)
  return plain === undefined ? { name: 'unknown', text } : { name: plain, text: plain }
}

const timestamps: readonly PrimitiveName[] = ['timestamp', 'timestamptz', 'timestamp_ns', 'timestamptz_ns']
const dates: ReadonlySet<PrimitiveName> = new Set(['date', ...timestamps])

const sources: Readonly<Record<string, ReadonlySet<PrimitiveName>>> = {
  bucket: new Set<PrimitiveName>([
    ...(['int', 'long', 'date', 'time', 'string', 'binary', 'fixed', 'decimal', 'uuid'] as const),
    ...timestamps,
  ]),
  truncate: new Set<PrimitiveName>(['int', 'long', 'string', 'binary', 'decimal']),
  year: dates,
  month: dates,
  day: dates,
  hour: new Set(timestamps),
}

const unfit: ReadonlySet<PrimitiveName> = new Set(['variant', 'geometry', 'geography'])

const refusals: Readonly<Record<string, string>> = {
  identity: 'Unsupported type for identity',
  bucket: 'Cannot bucket by type',
  truncate: 'Cannot truncate type',
}

const fits = (transform: Transform, type: ColumnType): boolean => {
  // Whether a nested type may be a source at all is checked apart from the transform.
  if (transform.name === 'identity') return type.kind !== 'primitive' || !unfit.has(type.name)
  const allowed = sources[transform.name]
  return allowed === undefined || (type.kind === 'primitive' && allowed.has(type.name))
}

/** Refuses (400) a transform of a type that it cannot take. */
export const checkTransform = (transform: Transform, type: ColumnType): void => {
  if (!fits(transform, type))
    throw illegal(`${refusals[transform.name] ?? 'Unsupported type'}: ${formatType(type)}`)
}
