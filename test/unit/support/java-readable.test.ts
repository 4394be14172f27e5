import { expect, test } from 'vitest'
import { timeFaults } from '../../support/java-readable.ts'

const at = (...times: number[]) => times.map((time) => ({ 'timestamp-ms': time }))

test('entries up to a minute out of order are readable, more are not', () => {
  expect(timeFaults({ 'last-updated-ms': 200_000, 'snapshot-log': at(160_000, 100_000) })).toEqual([])
  expect(timeFaults({ 'last-updated-ms': 200_000, 'snapshot-log': at(160_001, 100_000) })).toEqual([
    'snapshot-log: entry 1 is older than the one before it',
  ])
})

test('last-updated-ms more than a minute behind a log is unreadable', () => {
  expect(timeFaults({ 'last-updated-ms': 100_000, 'metadata-log': at(160_001) })).toEqual([
    'last-updated-ms is behind metadata-log',
  ])
})
