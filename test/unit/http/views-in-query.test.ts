import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readViews } from '../../../src/http/iceberg/names.ts'
import { splitUrl } from '../../../src/http/raw-url.ts'

const read = (query: string) => readViews(splitUrl(`/x?${query}`).query.raw('referenced-by') ?? '')

test('views are told apart by commas, and names from namespaces by the last separator', () => {
  expect(read('referenced-by=prod%1Fanalytics%1Fquarterly,prod%1fmonthly')).toEqual([
    { namespace: ['prod', 'analytics'], name: 'quarterly' },
    { namespace: ['prod'], name: 'monthly' },
  ])
  expect(read('referenced-by=a%2Eb.c')).toEqual([{ namespace: ['a'], name: 'b.c' }])
})

test('whatever a name holds comes back', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((one) => !one.includes('\u001f'))
  const view = fc.record({ namespace: fc.array(name, { minLength: 1, maxLength: 4 }), name })
  fc.assert(
    fc.property(fc.array(view, { minLength: 1 }), (views) => {
      const encoded = views.map((one) => [...one.namespace, one.name].map(encodeURIComponent).join('%1F'))
      expect(read(`snapshots=all&referenced-by=${encoded.join(',')}`)).toEqual(views)
    }),
  )
})

test.each([['a'], ['a%1Fb,'], [',a%1Fb']])('what is no list of views is refused: %s', (value) => {
  expect(() => read(`referenced-by=${value}`)).toThrow('a view without a namespace')
})

test('a parameter is said once', () => {
  expect(() => read('referenced-by=a%1Fb&referenced-by=a%1Fb')).toThrow('given twice')
  expect(splitUrl('/x?referenced-by').query.has('referenced-by')).toBe(true)
  expect(splitUrl('/x').query.has('referenced-by')).toBe(false)
})
