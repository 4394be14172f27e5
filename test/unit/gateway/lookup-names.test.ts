import { expect, test } from 'vitest'
import { checkLookup } from '#gateway/operations/place.ts'

test('a name that is longer than new ones may be is still looked up', () => {
  expect(() => checkLookup(['n'.repeat(10_000), 't'])).not.toThrow()
})

test('a name that fits into no URL is refused before anyone is asked', () => {
  expect(() => checkLookup(['n'.repeat(40_000)])).toThrow('Invalid name: too long')
  const deep = Array.from({ length: 32 }, () => 'n'.repeat(1100))
  expect(() => checkLookup(deep)).toThrow('Invalid name: too long')
})

// Each level is an object to whoever decides, so that their number is refused before their length.
test('a name of more levels than anybody decides on is refused', () => {
  const deep = (levels: number): readonly string[] => Array.from({ length: levels }, () => 'n')
  expect(() => checkLookup(deep(32))).not.toThrow()
  expect(() => checkLookup(deep(33))).toThrow('Invalid name: more than 32 levels')
  expect(() => checkLookup(deep(40_000))).toThrow('Invalid name: more than 32 levels')
})

test.each(['', 'a\u0000', 'a\u001fb', '\u007f', '\ud800'])('%j can name nothing', (level) => {
  expect(() => checkLookup(['n', level])).toThrow('Invalid name')
})
