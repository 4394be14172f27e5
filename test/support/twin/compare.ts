/** Brings two answers into one form (no uuids, times and paths of a server) and says where they differ. */
import { isDeepStrictEqual } from 'node:util'
import {
  isJsonObject,
  JsonNumber,
  type JsonObject,
  type JsonValue,
  stringifyJson,
} from '../../../src/model/json.ts'
import { isClientUuid } from './random.ts'
import type { Answer, Side } from './side.ts'

/** An answer as it is compared: status, error type, and what the body says of the catalog. */
export interface Outcome {
  readonly status: number
  readonly type?: string
  readonly message?: string
  readonly body?: JsonValue
}

const uuidPattern = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi

export const outcomeOf = (side: Side, answer: Answer, startedAt: number): Outcome => {
  const error = answer.body?.['error']
  if (answer.status >= 400) {
    const { type, message } = isJsonObject(error) ? error : {}
    return {
      status: answer.status,
      ...(typeof type === 'string' ? { type } : {}),
      ...(typeof message === 'string' ? { message } : {}),
    }
  }
  if (answer.body === undefined) return { status: answer.status }
  const known = { texts: replacements(side), startedAt }
  return { status: answer.status, body: normalise(known, shown(answer.body), '') }
}

/** Only what the specification gives to the catalog's state; not `config`, which servers choose freely. */
const shown = (body: JsonObject): JsonObject => {
  const { config: _config, 'storage-credentials': _credentials, 'next-page-token': _token, ...rest } = body
  return rest
}

interface Known {
  /** Longest first. */
  readonly texts: readonly (readonly [string, string])[]
  readonly startedAt: number
}

const replacements = (side: Side): (readonly [string, string])[] => {
  const given = [...side.bindings].filter(([key]) => key.startsWith('given:'))
  const homes = given.map(([, location]) => [location, '<given>'] as const)
  const texts = [...homes, [side.root, '<root>'] as const]
  return texts
    .map(([from, to]) => [from.replace(/^file:\/+/, 'file:/'), to] as const)
    .sort(([a], [b]) => b.length - a.length)
}

const normalise = (known: Known, value: JsonValue, key: string): JsonValue => {
  if (typeof value === 'string') return text(known, value)
  if (typeof value === 'number') return time(known, value, key)
  if (value instanceof JsonNumber) return Number(value.text)
  if (Array.isArray(value))
    return ordered(
      value.map((item) => normalise(known, item, key)),
      key,
    )
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value)
    .filter(([k]) => !(key === 'properties' && k === 'created-at'))
    .map(([k, item]) => [k, normalise(known, item, k)] as const)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What has no order in the specification: lists of names, answers about properties, sets of ids. */
const unordered = new Set([
  'namespaces',
  'identifiers',
  'updated',
  'removed',
  'missing',
  'identifier-field-ids',
  'statistics',
  'partition-statistics',
  'encryption-keys',
])

const ordered = (items: readonly JsonValue[], key: string): readonly JsonValue[] => {
  if (key === 'versions') return items.toSorted((a, b) => versionId(a) - versionId(b))
  if (!unordered.has(key)) return items
  return items.toSorted((a, b) => (stringifyJson(a) < stringifyJson(b) ? -1 : 1))
}

const versionId = (version: JsonValue): number =>
  isJsonObject(version) && typeof version['version-id'] === 'number' ? version['version-id'] : 0

const text = (known: Known, value: string): string => {
  let result = value.replace(/^file:\/+/, 'file:/')
  for (const [from, to] of known.texts) result = result.replaceAll(from, to)
  return result
    .replace(uuidPattern, (uuid) => (isClientUuid(uuid) ? uuid : '<uuid>'))
    .replace(/^decimal\((\d+), ?(\d+)\)$/, 'decimal($1,$2)')
}

const timeKeys = new Set(['last-updated-ms', 'timestamp-ms'])

/** A minute of slack: both servers run on this machine. */
const time = (known: Known, value: number, key: string): JsonValue =>
  timeKeys.has(key) && value >= known.startedAt - 60_000 ? '<now>' : value

export interface Divergence {
  readonly where: string
  readonly reference: unknown
  readonly other: unknown
}

/** Messages are not compared. */
export const differences = (reference: Outcome, other: Outcome): Divergence[] => {
  if (reference.status !== other.status || reference.type !== other.type) {
    const { body: _a, ...ours } = reference
    const { body: _b, ...theirs } = other
    return [{ where: 'outcome', reference: ours, other: theirs }]
  }
  return compareValues('', reference.body, other.body)
}

const compareValues = (where: string, a: unknown, b: unknown): Divergence[] => {
  if (isDeepStrictEqual(a, b)) return []
  if (isRecord(a) && isRecord(b)) {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
    return keys.flatMap((key) => compareValues(`${where}.${key}`, a[key], b[key]))
  }
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length)
    return a.flatMap((item, i) => compareValues(`${where}[${i}]`, item, b[i]))
  return [{ where, reference: a, other: b }]
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
