import { describe, expect, test } from 'vitest'
import { foldSpelling, heldOf } from '#authz/spellings.ts'
import { inheritedTags } from '#authz/tags.ts'

const warehouse = '0190a1b2-0000-7000-8000-000000000001'
const key = (name: string, ...levels: readonly string[]) =>
  `table:${warehouse}/${levels.join('\u001f')}\u001e${name}` as const
const governed = key('caf\u00e9', 'Far', 'Sales')

describe('a name at an upstream', () => {
  test.each([
    ['letter case', key('CAF\u00c9', 'far', 'SALES')],
    ['a form of Unicode', key('cafe\u0301', 'far', 'sales')],
    ['accents', key('cafe', 'far', 'sales')],
    ['spaces at the end', key('caf\u00e9 ', 'far ', 'sales')],
    ['full width', key('\uff43\uff41\uff46\u00e9', 'far', 'sales')],
    ['dots for levels', key('caf\u00e9', 'far.sales')],
  ])('is governed in another spelling: %s', (_, other) => {
    expect(foldSpelling(other)).toBe(foldSpelling(governed))
    expect(heldOf(new Map([[governed, 'it']]), other, 'any')).toEqual(['it'])
    expect(heldOf(new Map([[governed, 'it']]), other, 'exact')).toEqual([])
  })

  test.each([
    key('cafes', 'far', 'sales'),
    key('sales', 'far', 'caf\u00e9'),
    key('caf\u00e9', 'far', 'sale'),
  ])('is not that of another object: %j', (other) => {
    expect(heldOf(new Map([[governed, 'it']]), other, 'any')).toEqual([])
  })

  test('has its own tags before those of other spellings', () => {
    const tags = new Map([
      [key('A', 'far'), new Map([['class', 'public']])],
      [key('a', 'far'), new Map(Object.entries({ class: 'secret', pii: '' }))],
    ])
    expect(inheritedTags(tags, [key('A', 'far')], 'any')).toEqual({ class: 'public', pii: '' })
    expect(inheritedTags(tags, [key('A', 'far')])).toEqual({ class: 'public' })
  })
})
