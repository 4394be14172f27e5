import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { groupFilters, readFilter, userFilters } from '#gateway/operations/scim/filter.ts'
import { ScimRefusal } from '#gateway/operations/scim/refusal.ts'
import { type Column, whereOf } from '#store/conditions.ts'

const leaf = (column: string, comparison: string, value: unknown) => ({
  kind: 'compare',
  column,
  comparison,
  value,
})
const users = (text: string) => readFilter(userFilters, text)

const refusal = (text: string): unknown => {
  try {
    return users(text)
  } catch (error) {
    return error instanceof ScimRefusal ? error.scimType : error
  }
}

describe('a filter', () => {
  test('binds "and" closer than "or", and brackets closer than both', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((value) => leaf('userName', 'eq', value))
    const text = ['a', 'b', 'c'].map((value) => `userName eq "${value}"`)
    expect(users(`${text[0]} or ${text[1]} and ${text[2]}`)).toEqual({
      kind: 'or',
      of: [a, { kind: 'and', of: [b, c] }],
    })
    expect(users(`(${text[0]} or ${text[1]}) and ${text[2]}`)).toEqual({
      kind: 'and',
      of: [{ kind: 'or', of: [a, b] }, c],
    })
  })

  test('names attributes in any letter case, and in full', () => {
    const expected = leaf('userName', 'eq', 'x')
    expect(users('USERNAME EQ "x"')).toEqual(expected)
    expect(users('urn:ietf:params:scim:schemas:core:2.0:User:userName eq "x"')).toEqual(expected)
  })

  test('reads truth as older clients write it', () => {
    expect(users('active eq "True"')).toEqual(leaf('active', 'eq', true))
  })

  test('of members asks for equality alone', () => {
    expect(readFilter(groupFilters, 'members[value eq "x"]')).toEqual(leaf('member', 'eq', 'x'))
    expect(() => readFilter(groupFilters, 'members.value co "x"')).toThrow(ScimRefusal)
  })

  test('that is absent or empty asks for nothing', () => {
    expect([users(''), readFilter(userFilters, undefined)]).toEqual([undefined, undefined])
  })

  test.each([
    'userName',
    'userName eq',
    'userName like "x"',
    'userName eq "x" and',
    'userName eq 7',
    'title eq "x"',
    'toString pr',
    `userName eq "${'x'.repeat(3000)}"`,
    `userName eq "${'\n'.repeat(200)}`,
    '('.repeat(1500),
  ])('is refused: %s', (text) => {
    expect(refusal(text)).toBe('invalidFilter')
  })

  test('is a filter or refused, whatever is sent', () => {
    const word = fc.constantFrom(
      'userName',
      'eq',
      '"x"',
      'and',
      'or',
      'not',
      '(',
      ')',
      '[',
      ']',
      'pr',
      'emails',
      '.',
      '\n',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join(' ')),
        ),
        (text) => {
          const found = refusal(text)
          expect(found === undefined || found === 'invalidFilter' || typeof found === 'object').toBe(true)
          expect(found).not.toBeInstanceOf(Error)
        },
      ),
    )
  })
})

describe('as SQL', () => {
  const columns: Readonly<Record<string, Column>> = {
    userName: { sql: 'u', type: 'folded' },
    active: { sql: 'a', type: 'boolean' },
  }

  test('no word of the caller stands in the text', () => {
    fc.assert(
      fc.property(fc.string(), (word) => {
        fc.pre(word.trim() !== '' && !word.includes('\u0000'))
        const condition = leaf('userName', 'co', word) as Parameters<typeof whereOf>[0]
        const { text, values } = whereOf(condition, columns, ['taken'])
        expect(text).toBe('strpos(lower(u), lower($2::text)) > 0')
        expect(values).toEqual(['taken', word.toWellFormed()])
      }),
    )
  })

  test('parameters count on over all branches', () => {
    const { text, values } = whereOf(users('not (userName eq "x") or active eq false'), columns, [])
    expect(text).toBe('(not coalesce(lower(u) = lower($1::text), false) or a = $2::boolean)')
    expect(values).toEqual(['x', false])
  })
})
