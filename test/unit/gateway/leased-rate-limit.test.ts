/** Replicas that draw from one bucket: together they keep to the limit, and one that is alone keeps to it by itself. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchOf, createLeasedRateLimit, type SharedBuckets } from '#gateway/leased-rate-limit.ts'
import type { RateLimit } from '#gateway/rate-limits.ts'
import { type Bucket, type BucketRules, tokensIn } from '#gateway/token-bucket.ts'

/** One bucket a name, on a clock that is set. */
const makeWorld = () => {
  const buckets = new Map<string, Bucket>()
  const state = { now: 1_000, reachable: true, answers: true, draws: 0 }
  const shared: SharedBuckets = {
    reachable: () => state.reachable,
    draw: async (name, { want, owed, seed, ...rules }) => {
      state.draws += 1
      if (!state.answers) throw new Error('no answer')
      const kept = buckets.get(name)
      const tokens = kept ? Math.max(0, tokensIn(kept, rules, state.now) - owed) : seed
      const granted = Math.min(want, Math.floor(tokens))
      buckets.set(name, { tokens: tokens - granted, at: state.now })
      return { granted, left: tokens - granted }
    },
  }
  const replica = (rules: BucketRules): RateLimit =>
    createLeasedRateLimit({ rules, shared, elapsed: () => state.now })
  return { state, buckets, replica }
}

const admitted = async (limit: RateLimit, times: number): Promise<number> => {
  const waits = await Promise.all(Array.from({ length: times }, () => limit.take('alice')))
  return waits.filter((wait) => wait === 0).length
}

const rules = fc.record({
  perSecond: fc.double({ min: 0.1, max: 3_000, noNaN: true }),
  burst: fc.integer({ min: 1, max: 3_000 }),
})

describe('replicas that draw from one bucket', () => {
  it('let in no more than the bucket and one draw each, however requests come', async () => {
    const step = fc.record({
      replica: fc.nat(3),
      requests: fc.integer({ min: 1, max: 60 }),
      pause: fc.double({ min: 0, max: 400, noNaN: true }),
    })
    await fc.assert(
      fc.asyncProperty(rules, fc.array(step, { maxLength: 60 }), async (limit, steps) => {
        const { state, replica } = makeWorld()
        const replicas = Array.from({ length: 4 }, () => replica(limit))
        const from = state.now
        let passed = 0
        for (const { replica: index, requests, pause } of steps) {
          state.now += pause
          passed += await admitted(replicas[index] as RateLimit, requests)
        }
        const dripped = ((state.now - from) * limit.perSecond) / 1000
        // Nothing is held before the first of them: a draw counts against the bucket.
        expect(passed).toBeLessThanOrEqual(limit.burst + dripped + 1e-6)
      }),
    )
  })

  it('let a whole burst in, wherever it comes, but for what others hold', async () => {
    const limit = { perSecond: 100, burst: 200 }
    const { replica } = makeWorld()
    const [first, second] = [replica(limit), replica(limit)]
    const passed = (await admitted(first, 150)) + (await admitted(second, 150))
    expect(passed).toBeLessThanOrEqual(200)
    expect(passed).toBeGreaterThanOrEqual(200 - batchOf(limit))
  })

  it('keep a slow limit to the request: nothing is drawn ahead', async () => {
    const limit = { perSecond: 5, burst: 10 }
    const { replica } = makeWorld()
    const replicas = [replica(limit), replica(limit), replica(limit)]
    let passed = 0
    for (let i = 0; i < 30; i += 1) passed += await admitted(replicas[i % 3] as RateLimit, 1)
    expect(passed).toBe(10)
  })

  it('ask once for many requests, and say at once what they know', async () => {
    const limit = { perSecond: 1_000, burst: 2_000 }
    const { state, replica } = makeWorld()
    const one = replica(limit)
    expect(one.take('alice')).toBeInstanceOf(Promise)
    await Promise.resolve()
    for (let i = 0; i < 1_000; i += 1) {
      state.now += 1
      await one.take('alice')
    }
    expect(state.draws).toBeLessThanOrEqual(25)
    await new Promise(setImmediate)
    expect(one.take('alice')).toBe(0)
  })

  it('are asked nothing by a flood that an empty bucket turns away', async () => {
    const limit = { perSecond: 1, burst: 1 }
    const { state, replica } = makeWorld()
    const one = replica(limit)
    expect(await one.take('alice')).toBe(0)
    await one.take('alice')
    const before = state.draws
    for (let i = 0; i < 100; i += 1) expect(one.take('alice')).toBe(1_000)
    expect(state.draws).toBe(before)
    state.now += 1_000
    expect(await one.take('alice')).toBe(0)
  })

  it('share a wait: many at once are one question or two', async () => {
    const limit = { perSecond: 1, burst: 500 }
    const { state, replica } = makeWorld()
    expect(await admitted(replica(limit), 600)).toBe(500)
    expect(state.draws).toBeLessThanOrEqual(2)
  })
})

describe('a replica that is alone', () => {
  const limit = { perSecond: 10, burst: 20 }

  it('keeps to the limit by itself, and waits for nobody', () => {
    const { state, replica } = makeWorld()
    state.reachable = false
    const one = replica(limit)
    const waits = Array.from({ length: 50 }, () => one.take('alice'))
    expect(waits.filter((wait) => wait === 0)).toHaveLength(20)
    expect(waits.every((wait) => typeof wait === 'number')).toBe(true)
    expect(state.draws).toBe(0)
  })

  it('goes on from what it last knew: whoever had nothing left has nothing more', async () => {
    const { state, replica } = makeWorld()
    const one = replica(limit)
    expect(await admitted(one, 50)).toBe(20)
    state.reachable = false
    expect(await admitted(one, 50)).toBe(0)
    state.now += 500
    expect(await admitted(one, 50)).toBe(5)
  })

  it('puts back what was forgotten, not a full bucket', async () => {
    const { state, buckets, replica } = makeWorld()
    const one = replica(limit)
    expect(await admitted(one, 50)).toBe(20)
    buckets.clear()
    state.now += 500
    expect(await admitted(one, 50)).toBe(5)
    expect(await admitted(replica(limit), 50)).toBe(0)
  })

  it('has what it let in taken off the bucket when it comes back', async () => {
    const wide = { perSecond: 10, burst: 200 }
    const { state, replica } = makeWorld()
    const one = replica(wide)
    expect(await admitted(one, 300)).toBe(200)
    state.reachable = false
    state.now += 5_000
    expect(await admitted(one, 300)).toBe(50)
    state.now += 5_000
    state.reachable = true
    expect(await admitted(one, 300)).toBe(50)
  })

  it('does not ask again at once where there was no answer', async () => {
    const { state, replica } = makeWorld()
    const one = replica(limit)
    state.answers = false
    expect(await admitted(one, 50)).toBe(20)
    expect(state.draws).toBe(1)
    state.now += 1_001
    state.answers = true
    await admitted(one, 1)
    expect(state.draws).toBe(2)
  })

  it('of many, each keeps to the limit however often the others come and go', async () => {
    const step = fc.record({
      reachable: fc.boolean(),
      answers: fc.boolean(),
      requests: fc.integer({ min: 1, max: 40 }),
      pause: fc.double({ min: 0, max: 2_000, noNaN: true }),
    })
    await fc.assert(
      fc.asyncProperty(rules, fc.array(step, { maxLength: 40 }), async (limits, steps) => {
        const { state, buckets, replica } = makeWorld()
        const one = replica(limits)
        const from = state.now
        let [passed, outages] = [0, 0]
        for (const { reachable, answers, requests, pause } of steps) {
          if (!reachable || !answers) outages += 1
          Object.assign(state, { reachable, answers, now: state.now + pause })
          if (!reachable) buckets.clear()
          passed += await admitted(one, requests)
        }
        const most = limits.burst + ((state.now - from) * limits.perSecond) / 1000
        expect(passed).toBeLessThanOrEqual(most + outages * batchOf(limits) + 1e-6)
      }),
    )
  })
})
