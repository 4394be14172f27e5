import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createKey, hashKey, isLikeKey, kindOfKey } from '#authn/keys.ts'

test.each(['api-key', 'client-secret'] as const)(
  'a new %s is recognised by its form and checksum',
  (kind) => {
    const key = createKey(kind)
    expect(kindOfKey(key.text)).toBe(kind)
    expect(isLikeKey(key.text)).toBe(true)
    expect(key.hash).toEqual(hashKey(key.text))
    expect(key.text.startsWith(key.hint)).toBe(true)
  },
)

test('256 random bits are in it: what people see of it leaves 232 of them', () => {
  const { text, hint } = createKey('api-key')
  const random = text.slice(3, -6)
  expect(Buffer.from(random, 'base64url').byteLength).toBe(32)
  expect(hint).toBe(text.slice(0, 7))
  expect(createKey('api-key').text).not.toBe(text)
})

test('a key with any letter changed is none', () => {
  const { text } = createKey('client-secret')
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, letter) => {
      fc.pre(text[at] !== letter)
      expect(kindOfKey(text.slice(0, at) + letter + text.slice(at + 1))).toBeUndefined()
    }),
  )
})

test.each(['', 'lg_', 'lgs_', 'Bearer x', 'lg_short', 'eyJhbGciOiJub25lIn0.e30.'])('%j is no key', (text) => {
  expect(kindOfKey(text)).toBeUndefined()
})
