import { describe, expect, it } from 'vitest'
import { checkHops, formatHops, hopOf } from '../../../src/catalog/hops.ts'
import { CatalogError } from '../../../src/model/errors.ts'

const self = hopOf('5b8c', '2')

const refusal = (header: string): string => {
  try {
    checkHops(header, self)
  } catch (error) {
    if (error instanceof CatalogError) return `${error.status} ${error.message}`
    throw error
  }
  return 'accepted'
}

describe('the hop header', () => {
  it('names the gateways that a request has passed, oldest first', () => {
    expect(checkHops(undefined, self)).toEqual([])
    expect(checkHops(' ', self)).toEqual([])
    expect(checkHops('a.1, b.1', self)).toEqual(['a.1', 'b.1'])
    expect(formatHops(['a.1', 'b.1'], self)).toBe('a.1, b.1, 5b8c.2')
    expect(checkHops(formatHops(['a.1'], self), 'other.1')).toEqual(['a.1', self])
  })

  it('refuses a request that has been here before, wherever in the list', () => {
    for (const header of [self, `a.1, ${self}`, `${self}, b.1`])
      expect(refusal(header)).toMatch(/^400 Loop detected/)
  })

  it('lets a restored copy of this gateway pass: it is another one', () => {
    expect(checkHops(hopOf('5b8c', '3'), self)).toEqual(['5b8c.3'])
  })

  it('refuses a list that nobody honest sends', () => {
    expect(refusal(Array.from({ length: 9 }, (_, i) => `g.${i}`).join(','))).toBe(
      '400 Invalid lakegate-hops header',
    )
    for (const header of ['a b', 'a,,b', 'x'.repeat(200), 'a\u0000'])
      expect(refusal(header)).toMatch(/^400 Invalid/)
  })
})
