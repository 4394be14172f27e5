/** Random requirements: those that hold, and stale or foreign ones. */
import type { JsonObject, JsonValue } from '../../../src/model/json.ts'
import type { Random } from './random.ts'
import { numberOf, type TwinObject } from './world.ts'

type Maker = (random: Random, of: TwinObject) => JsonObject

/** The true value, or now and then another. */
const maybeStale = (random: Random, value: number): number =>
  random.chance(0.12) ? value + random.pick([-1, 1, 7]) : value

const counted =
  (type: string, field: string, member: string): Maker =>
  (random, of) => ({ type, [field]: maybeStale(random, numberOf(of.metadata, member, 0)) })

const uuid: Maker = (random, of) => ({
  type: `assert-${of.kind}-uuid`,
  uuid: random.chance(0.1) ? random.uuid() : `@uuid:${of.key}@`,
})

const refSnapshot: Maker = (random, of) => {
  const refs = (of.metadata['refs'] ?? {}) as JsonObject
  const ref = random.chance(0.5) ? 'main' : random.pick([...Object.keys(refs), 'absent', 'dev'])
  const held = (refs[ref] as JsonObject | undefined)?.['snapshot-id'] ?? null
  const expected: JsonValue = random.chance(0.12) ? random.pick<JsonValue>([null, random.long(), 1]) : held
  const omitted = expected === null && random.chance(0.2)
  return { type: 'assert-ref-snapshot-id', ref, ...(omitted ? {} : { 'snapshot-id': expected }) }
}

const tableMakers: readonly Maker[] = [
  uuid,
  refSnapshot,
  counted('assert-last-assigned-field-id', 'last-assigned-field-id', 'last-column-id'),
  counted('assert-current-schema-id', 'current-schema-id', 'current-schema-id'),
  counted('assert-last-assigned-partition-id', 'last-assigned-partition-id', 'last-partition-id'),
  counted('assert-default-spec-id', 'default-spec-id', 'default-spec-id'),
  counted('assert-default-sort-order-id', 'default-sort-order-id', 'default-sort-order-id'),
]

const odd: readonly Maker[] = [
  () => ({ type: 'assert-create' }),
  () => ({ type: 'assert-the-moon' }),
  () => ({ kind: 'assert-create' }),
  (_random, of) => ({
    type: `assert-${of.kind === 'table' ? 'view' : 'table'}-uuid`,
    uuid: `@uuid:${of.key}@`,
  }),
  (_random, of) => ({ type: `ASSERT-${of.kind.toUpperCase()}-UUID`, uuid: `@uuid:${of.key}@` }),
  () => ({ type: 'assert-default-spec-id' }),
  () => ({ type: 'assert-ref-snapshot-id' }),
]

export const newRequirements = (random: Random, of: TwinObject): JsonObject[] => {
  if (random.chance(0.35)) return []
  const makers = of.kind === 'table' ? tableMakers : [uuid]
  const list = Array.from({ length: 1 + random.int(2) }, () => random.pick(makers)(random, of))
  return random.chance(0.06) ? [...list, random.pick(odd)(random, of)] : list
}
