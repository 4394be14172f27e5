import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readNamespace, readParent } from '#http/iceberg/names.ts'
import { decodePart, splitUrl } from '#http/raw-url.ts'

describe('the path', () => {
  test.each<[string, readonly string[]]>([
    ['/a/b', ['a', 'b']],
    ['/a/b/', ['a', 'b']],
    ['//a//b//', ['a', '', 'b']],
    ['/', []],
    ['', []],
    ['*', ['*']],
    ['/a%2Fb/c', ['a%2Fb', 'c']],
    ['/a?b/c', ['a']],
    ['http://host:1/a/b?c', ['a', 'b']],
    ['http://host', []],
  ])('of %s is split before anything is decoded', (target, segments) => {
    expect(splitUrl(target).segments).toEqual(segments)
  })
})

describe('the query', () => {
  test.each<[string, string | undefined]>([
    ['/?x=1', '1'],
    ['/?x', ''],
    ['/?x=', ''],
    ['/?x=a+b%20c%2B', 'a b c+'],
    ['/?y=1&x=2', '2'],
    ['/?x=a=b?c', 'a=b?c'],
    ['/?X=1', undefined],
    ['/', undefined],
  ])('of %s is read once, form style', (target, value) => {
    expect(splitUrl(target).query.get('x')).toBe(value)
  })

  test('is refused where a parameter is given twice, but only if it matters', () => {
    const { query } = splitUrl('/?x=1&x=2&y=3')
    expect(query.get('y')).toBe('3')
    expect(() => query.get('x')).toThrow('given twice')
  })

  test.each(['%', '%z', '%ff', '%C3', '%ED%A0%80'])('is refused with the broken sequence %s', (text) => {
    expect(() => splitUrl(`/?x=${text}`).query.get('x')).toThrow('invalid percent-encoding')
  })
})

describe('a name', () => {
  const level = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.isWellFormed())
  const form = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+')

  test('comes back from both encodings that clients use', () => {
    fc.assert(
      fc.property(level, (text) => {
        expect(decodePart(encodeURIComponent(text))).toBe(text)
        expect(decodePart(form(text))).toBe(text)
      }),
    )
  })

  test('comes back level by level, whatever is in the levels', () => {
    fc.assert(
      fc.property(fc.array(level, { minLength: 1, maxLength: 5 }), (levels) => {
        const whole = levels.filter((one) => !one.includes('\u001f'))
        fc.pre(whole.length > 0)
        expect(readNamespace(whole.map(encodeURIComponent).join('%1F'))).toEqual(whole)
        expect(readNamespace(whole.map(form).join('%1f'))).toEqual(whole)
        const plain = whole.filter((one) => !one.includes('.'))
        fc.pre(plain.length > 0)
        expect(readNamespace(plain.map(encodeURIComponent).join('%2E'))).toEqual(plain)
      }),
    )
  })

  test('keeps its dots where the separator is the other one', () => {
    expect(readNamespace('a.b')).toEqual(['a.b'])
    expect(readNamespace('a.b%1Fc%2Ed')).toEqual(['a.b', 'c.d'])
  })
})

describe('the parent', () => {
  test.each<[string | undefined, object]>([
    [undefined, { parent: [] }],
    ['', { parent: [] }],
    ['a', { parent: ['a'] }],
    ['a\u001fb', { parent: ['a', 'b'] }],
    ['a%20b\u001fc', { parent: ['a%20b', 'c'], otherParent: ['a b', 'c'] }],
    ['50%25', { parent: ['50%25'], otherParent: ['50%'] }],
    ['100%', { parent: ['100%'] }],
    ['%FF', { parent: ['%FF'], otherParent: ['%FF'] }],
  ])('%j has a second reading only where one client may have meant it', (value, parent) => {
    expect(readParent(value)).toEqual(parent)
  })
})
