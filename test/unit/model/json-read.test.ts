import { describe, expect, test } from 'vitest'
import type { JsonValue } from '#model/json.ts'
import { parseJson } from '#model/json.ts'
import {
  asArray,
  asArrayOf,
  asBoolean,
  asInt,
  asLong,
  asObject,
  asString,
  asStringMap,
  canonicalId,
  optional,
  type Readable,
  sameId,
} from '#model/json-read.ts'

type Read = (value: Readable, path: string) => unknown

const samples: readonly string[] = [
  '"a"',
  'true',
  '1',
  '3000000000',
  '9007199254740993',
  '9223372036854775808',
  '1.0',
  '[]',
  '{}',
  'null',
]

describe('a reader takes its own type and refuses every other', () => {
  test.each<[string, Read, readonly string[]]>([
    ['asString', asString, ['"a"']],
    ['asBoolean', asBoolean, ['true']],
    ['asInt', asInt, ['1']],
    ['asLong', asLong, ['1', '3000000000', '9007199254740993']],
    ['asArray', asArray, ['[]']],
    ['asObject', asObject, ['{}']],
    ['asStringMap', asStringMap, ['{}']],
  ])('%s', (_name, read, accepted) => {
    for (const text of samples) {
      const value = parseJson(text)
      if (accepted.includes(text)) expect(read(value, 'p')).toEqual(value)
      else expect(() => read(value, 'p')).toThrow(/^Cannot parse to an? .*: p is /)
    }
    expect(() => read(undefined, 'a.b')).toThrow(/^Cannot parse missing .*: a\.b$/)
  })
})

test('the message names the item and the entry that is wrong', () => {
  expect(() => asArrayOf(asString)(['a', 1], 'removals')).toThrow(/removals\[1\] is a number/)
  expect(() => asStringMap({ a: null }, 'properties')).toThrow(/properties\.a is null/)
})

test('a map of strings has no prototype, wherever it comes from, and is no second copy of what was parsed', () => {
  const parsed = parseJson('{"a":"b"}')
  expect(asStringMap(parsed, 'p')).toBe(parsed)
  const made = asStringMap({ a: 'b' }, 'p')
  expect(Object.getPrototypeOf(made)).toBeNull()
  expect({ ...made }).toEqual({ a: 'b' })
})

test('an optional member may be absent or null, but not of another type', () => {
  expect(optional(asString, undefined, 'p')).toBeUndefined()
  expect(optional(asString, null, 'p')).toBeUndefined()
  expect(optional(asString, 'x', 'p')).toBe('x')
  expect(() => optional(asString, 1, 'p')).toThrow(/p is a number/)
})

test('ids are equal by value, whatever type holds them', () => {
  const big: JsonValue = parseJson('9007199254740993')
  expect(sameId(1, 1n)).toBe(true)
  expect(sameId(asLong(big, 'p'), 9007199254740993n)).toBe(true)
  expect(sameId(9007199254740992, 9007199254740993n)).toBe(false)
  expect(sameId(null, null)).toBe(false)
  expect(canonicalId(7n)).toBe(7)
  expect(canonicalId(9007199254740993n)).toBe(9007199254740993n)
})
