/** Primitive types by their names and parameters (format specification, "Primitive Types"). */
import { illegal } from './errors.ts'

const plainNames = [
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'timestamp_ns',
  'timestamptz_ns',
  'string',
  'uuid',
  'binary',
  'unknown',
  'variant',
] as const

type PlainName = (typeof plainNames)[number]
export type PrimitiveName = PlainName | 'fixed' | 'decimal' | 'geometry' | 'geography'

/** `variant` counts as primitive here although the specification calls it semi-structured. */
export interface PrimitiveType {
  readonly kind: 'primitive'
  readonly name: PrimitiveName
  /** Canonical spelling, as the reference writes it. */
  readonly text: string
  /** Bytes of a `fixed`. */
  readonly length?: number
  /** Of a `decimal`. */
  readonly scale?: number
}

const plain: ReadonlyMap<string, PrimitiveType> = new Map(
  plainNames.map((name) => [name, { kind: 'primitive', name, text: name }]),
)

const fixedPattern = /^fixed\[\s*(\d+)\s*\]$/
const decimalPattern = /^decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)$/
const geometryPattern = /^geometry\s*(?:\(([^)]*)\))?$/i
const geographyPattern = /^geography\s*(?:\(([^,]*?)(?:,\s*(\w*)\s*)?\))?$/i

const defaultReferenceSystem = 'OGC:CRS84'
const defaultEdges = 'spherical'
const edgeAlgorithms = new Set(['spherical', 'vincenty', 'thomas', 'andoyer', 'karney'])
const maxInt = 2 ** 31 - 1
/** Patterns are tried on short text only. */
const longestName = 1000

const asSize = (digits: string | undefined, text: string): number => {
  const size = Number(digits)
  if (!(size <= maxInt)) throw illegal(`Cannot parse type string to primitive: ${text}`)
  return size
}

const referenceSystem = (text: string | undefined): string => {
  if (text === undefined) return defaultReferenceSystem
  const trimmed = text.trim()
  if (trimmed === '') throw illegal('Invalid CRS: (empty string)')
  return trimmed
}

const edgeAlgorithm = (text: string | undefined): string => {
  const name = text?.toLowerCase() ?? defaultEdges
  if (!edgeAlgorithms.has(name)) throw illegal(`Invalid edge interpolation algorithm: ${text}`)
  return name
}

/** Default parameters are left out: the short spelling is the one that every client reads. */
const spatialOf = (text: string): PrimitiveType | undefined => {
  const geometry = geometryPattern.exec(text)
  if (geometry !== null) {
    const crs = referenceSystem(geometry[1])
    const spelled = crs === defaultReferenceSystem ? 'geometry' : `geometry(${crs})`
    return { kind: 'primitive', name: 'geometry', text: spelled }
  }
  const geography = geographyPattern.exec(text)
  if (geography === null) return undefined
  const [crs, edges] = [referenceSystem(geography[1]), edgeAlgorithm(geography[2])]
  const isDefault = crs === defaultReferenceSystem && edges === defaultEdges
  return {
    kind: 'primitive',
    name: 'geography',
    text: isDefault ? 'geography' : `geography(${crs}, ${edges})`,
  }
}

const sizedOf = (lower: string): PrimitiveType | undefined => {
  const fixed = fixedPattern.exec(lower)
  if (fixed !== null) {
    const length = asSize(fixed[1], lower)
    return { kind: 'primitive', name: 'fixed', text: `fixed[${length}]`, length }
  }
  const decimal = decimalPattern.exec(lower)
  if (decimal === null) return undefined
  const precision = asSize(decimal[1], lower)
  const scale = asSize(decimal[2], lower)
  if (precision > 38) throw illegal(`Decimals with precision larger than 38 are not supported: ${precision}`)
  return { kind: 'primitive', name: 'decimal', text: `decimal(${precision}, ${scale})`, scale }
}

/** A primitive by its type string, in any letter case; IllegalArgument when there is none of that name. */
export const primitiveOf = (text: string): PrimitiveType => {
  if (text.length > longestName)
    throw illegal(`Cannot parse type string to primitive: ${text.slice(0, 200)}…`)
  const lower = text.toLowerCase()
  const type = plain.get(lower) ?? spatialOf(text) ?? sizedOf(lower)
  if (type === undefined) throw illegal(`Cannot parse type string to primitive: ${text.slice(0, 200)}`)
  return type
}

/** The first format version that knows a type (format specification, "Version 3"). */
export const minFormatVersion = (name: PrimitiveName): number => (versionThree.has(name) ? 3 : 1)

const versionThree: ReadonlySet<PrimitiveName> = new Set([
  'timestamp_ns',
  'timestamptz_ns',
  'variant',
  'unknown',
  'geometry',
  'geography',
])
