import fc from 'fast-check'
import { Histogram, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { createDurations } from '../../../src/durations.ts'

const options = { name: 'seconds', help: 'Time.', buckets: [0.01, 0.1, 1] }
const observations = fc.array(
  fc.tuple(
    fc.constantFrom('loadTable', 'listTables', 'constructor'),
    fc.constantFrom(200, 404, 503),
    fc.oneof(fc.constantFrom(0, 0.01, 0.1, 1, 1.5), fc.double({ min: 0, max: 3, noNaN: true })),
  ),
  { maxLength: 40 },
)

const sorted = async (registry: Registry): Promise<readonly string[]> =>
  (await registry.metrics()).split('\n').toSorted()

test('durations read as those of the library do', async () => {
  await fc.assert(
    fc.asyncProperty(observations, async (given) => {
      const [own, theirs] = [new Registry(), new Registry()]
      const durations = createDurations(own, options)
      const histogram = new Histogram({
        ...options,
        labelNames: ['operation', 'status'],
        registers: [theirs],
      })
      for (const [operation, status, seconds] of given) {
        durations.observe(operation, status, seconds)
        histogram.observe({ operation, status }, seconds)
      }
      expect(await sorted(own)).toEqual(await sorted(theirs))
    }),
  )
})
