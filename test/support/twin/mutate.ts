/** Spoils one place of a request body: a member is missing, or holds a value of another kind. */
import { isJsonObject, JsonNumber, type JsonValue } from '../../../src/model/json.ts'
import type { Random } from './random.ts'

/** Members that say which object is meant: spoiling them would only make another request. */
const kept = new Set(['name', 'namespace', 'identifier', 'stage-create', 'table-changes', 'overwrite'])

type Step = string | number

const places = (value: JsonValue, at: readonly Step[] = []): Step[][] => {
  if (Array.isArray(value)) return value.flatMap((item, i) => [[...at, i], ...places(item, [...at, i])])
  if (!isJsonObject(value)) return []
  return Object.entries(value)
    .filter(([key, item]) => !kept.has(key) && !(typeof item === 'string' && item.includes('@')))
    .flatMap(([key, item]) => [[...at, key], ...places(item, [...at, key])])
}

const wrong: readonly JsonValue[] = [
  null,
  true,
  'text',
  '',
  0,
  -1,
  -5,
  2_147_483_648,
  9_223_372_036_854_775_808n,
  new JsonNumber('1.5'),
  [],
  [null],
  {},
  { a: {} },
]

const removed = Symbol('removed')

const change = (value: JsonValue, path: readonly Step[], to: JsonValue | typeof removed): JsonValue => {
  const [step, ...rest] = path
  if (Array.isArray(value)) {
    const items = value.map((item: JsonValue, i) =>
      i !== step ? item : rest.length > 0 ? change(item, rest, to) : to,
    )
    return items.filter((item): item is JsonValue => item !== removed)
  }
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value).map(
    ([key, item]) => [key, key !== step ? item : rest.length > 0 ? change(item, rest, to) : to] as const,
  )
  return Object.fromEntries(
    entries.filter((entry): entry is readonly [string, JsonValue] => entry[1] !== removed),
  )
}

export interface Spoiled {
  readonly body: JsonValue
  readonly what: string
}

export const spoil = (random: Random, body: JsonValue): Spoiled | undefined => {
  const candidates = places(body)
  if (candidates.length === 0) return undefined
  const path = random.pick(candidates)
  const to = random.chance(0.35) ? removed : random.pick(wrong)
  const shown = to === removed ? 'removed' : to instanceof JsonNumber ? to.text : String(to ?? null)
  return { body: change(body, path, to), what: `${path.join('.')} := ${shown}` }
}
