import { expect, test } from 'vitest'
import { checkLookup } from '#gateway/operations/place.ts'

test('a name that is longer than new ones may be is still looked up', () => {
  expect(() => checkLookup(['n'.repeat(10_000), 't'])).not.toThrow()
})

test('a name that fits into no URL is refused before anyone is asked', () => {
  expect(() => checkLookup(['n'.repeat(40_000)])).toThrow('Invalid name: too long')
  expect(() => checkLookup(Array.from({ length: 40_000 }, () => 'n'))).toThrow('Invalid name: too long')
})

test.each(['', 'a\u0000', 'a\u001fb', '\u007f', '\ud800'])('%j can name nothing', (level) => {
  expect(() => checkLookup(['n', level])).toThrow('Invalid name')
})
