import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { connectors } from '../../../connectors/index.ts'
import { apiDocument } from '../../support/api-document.ts'
import { secretMembers } from '../../support/leaks/exchange.ts'
import { createSearcher } from '../../support/leaks/search.ts'
import { spellingsOf } from '../../support/leaks/spellings.ts'

const finds = (text: string, secret: string): boolean =>
  createSearcher(spellingsOf(secret)).find(Buffer.from(text), 10).length > 0

describe('the search', () => {
  test('finds what a search for each text by itself finds', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'ü'), minLength: 8, maxLength: 12 })
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'ü'), maxLength: 3000 })
    fc.assert(
      fc.property(fc.uniqueArray(letters, { minLength: 1, maxLength: 20 }), text, (sought, within) => {
        const found = createSearcher(sought).find(Buffer.from(within), Number.POSITIVE_INFINITY)
        const names = new Set(found.map((hit) => sought[hit.sought]))
        expect(names).toEqual(new Set(sought.filter((one) => within.includes(one))))
      }),
    )
  })

  test('says where each occurrence begins, and no more of them than wanted', () => {
    const text = Buffer.from('12345678 x 12345678')
    expect(createSearcher(['12345678']).find(text, 9)).toEqual([
      { sought: 0, at: 0 },
      { sought: 0, at: 11 },
    ])
    expect(createSearcher(['12345678']).find(text, 1)).toHaveLength(1)
  })
})

describe('a secret', () => {
  const secret = `s3cr+t/${randomBytes(9).toString('base64')} "`

  test.each([
    ['as it is', secret],
    ['in JSON', JSON.stringify({ a: secret })],
    ['in a URL', `?a=${encodeURIComponent(secret)}&b`],
    [
      'in a URL with small letters',
      encodeURIComponent(secret).replaceAll(/%../g, (one) => one.toLowerCase()),
    ],
    ['in a form', `${new URLSearchParams({ a: secret })}`],
    ['in hexadecimal', Buffer.from(`a${secret}b`).toString('hex')],
    ['in base64, after a name', Buffer.from(`me:${secret}`).toString('base64')],
    ['in base64, after a longer name', Buffer.from(`her:${secret}.`).toString('base64')],
    ['in base64 for URLs', Buffer.from(`them:${secret}..`).toString('base64url')],
  ])('is found %s', (_where, text) => {
    expect(finds(`before ${text} after`, secret)).toBe(true)
  })

  test('of another value is not found', () => {
    expect(finds(`${secret}`.replace('+', '-'), secret)).toBe(false)
  })
})

test('a token is found by its signature alone, and not by what it has in common with others', () => {
  const part = (text: string): string => Buffer.from(text).toString('base64url')
  const head = `${part('{"alg":"ES256","kid":"1"}')}.${part('{"sub":"alice","aud":"lakegate"}')}`
  const token = `${head}.${randomBytes(64).toString('base64url')}`
  expect(finds(`signed ${token.split('.')[2]}`, token)).toBe(true)
  expect(finds(head, token)).toBe(false)
})

test('a server key is found as its bytes, however it was given', () => {
  const key = randomBytes(32)
  for (const given of [key.toString('hex'), key.toString('base64')])
    for (const shown of [
      `\\x${key.toString('hex')}`,
      Buffer.concat([Buffer.from('k'), key]).toString('base64'),
    ])
      expect(finds(shown, given)).toBe(true)
})

/** Names of the members that are write-only, wherever they stand. */
const writeOnlyIn = (node: unknown, name = ''): readonly string[] => {
  if (typeof node !== 'object' || node === null) return []
  const own = Reflect.get(node, 'writeOnly') === true ? [name] : []
  return [...own, ...Object.entries(node).flatMap(([key, member]) => writeOnlyIn(member, key))]
}

test('every member that a schema of ours calls write-only is recorded as a secret', () => {
  const names = new Set(
    [apiDocument, ...connectors.map(({ schema }) => schema)].flatMap((one) => writeOnlyIn(one)),
  )
  expect(names.size).toBeGreaterThan(3)
  expect([...names].filter((name) => !secretMembers.has(name))).toEqual([])
})
