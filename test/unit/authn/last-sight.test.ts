import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLastSight } from '#authn/last-sight.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const prepare = () => {
  const written: (readonly string[])[] = []
  const failures: unknown[] = []
  const store = { away: false }
  const sight = createLastSight({
    write: async (ids) => {
      if (store.away) throw new Error('the store is away')
      written.push(ids)
    },
    onFailure: (error) => failures.push(error),
    everyMs: 1_000,
  })
  return { sight, written, failures, store }
}

test('who is seen a thousand times is written once', async () => {
  const { sight, written } = prepare()
  for (let i = 0; i < 1_000; i++) sight.note('a')
  sight.note('b')
  expect(written).toEqual([])
  await vi.advanceTimersByTimeAsync(1_000)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(written).toEqual([['a', 'b']])
})

test('many are written in several statements', async () => {
  const { sight, written } = prepare()
  for (let i = 0; i < 2_500; i++) sight.note(`u${i}`)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(written.map((ids) => ids.length)).toEqual([1_000, 1_000, 500])
})

test('what cannot be written is reported and forgotten', async () => {
  const { sight, written, failures, store } = prepare()
  store.away = true
  sight.note('a')
  await vi.advanceTimersByTimeAsync(1_000)
  store.away = false
  sight.note('b')
  await vi.advanceTimersByTimeAsync(1_000)
  expect([failures.length, written]).toEqual([1, [['b']]])
})

test('the rest is written at the end', async () => {
  const { sight, written } = prepare()
  sight.note('a')
  await sight[Symbol.asyncDispose]()
  expect(written).toEqual([['a']])
})
