import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Bucket, type BucketRules, takeToken } from '#gateway/token-bucket.ts'

const rules = fc.record({
  perSecond: fc.double({ min: 0.01, max: 10_000, noNaN: true }),
  burst: fc.integer({ min: 1, max: 1_000 }),
})

/** Milliseconds between requests; a clock may also stand still. */
const gaps = fc.array(fc.double({ min: 0, max: 5_000, noNaN: true }), { maxLength: 300 })

interface Played {
  readonly admitted: number
  readonly elapsed: number
  readonly buckets: readonly Bucket[]
}

const play = (limit: BucketRules, pauses: readonly number[]): Played => {
  let bucket: Bucket | undefined
  let now = 1_000
  let admitted = 0
  const buckets: Bucket[] = []
  for (const pause of pauses) {
    now += pause
    const taken = takeToken(bucket, limit, now)
    bucket = taken.bucket
    buckets.push(bucket)
    if (taken.waitMs === 0) admitted += 1
  }
  return { admitted, elapsed: now - 1_000, buckets }
}

describe('a bucket of tokens', () => {
  it('lets no more in than its burst and what has dripped in meanwhile', () => {
    fc.assert(
      fc.property(rules, gaps, (limit, pauses) => {
        const { admitted, elapsed } = play(limit, pauses)
        expect(admitted).toBeLessThanOrEqual(limit.burst + (elapsed * limit.perSecond) / 1000 + 1e-6)
      }),
    )
  })

  it('lets everybody in who asks no more often than it drips', () => {
    fc.assert(
      fc.property(rules, fc.integer({ min: 1, max: 200 }), (limit, count) => {
        const gap = 1000 / limit.perSecond + 1e-6
        expect(
          play(
            limit,
            Array.from({ length: count }, () => gap),
          ).admitted,
        ).toBe(count)
      }),
    )
  })

  it('never holds more than its burst, nor less than nothing', () => {
    fc.assert(
      fc.property(rules, gaps, (limit, pauses) => {
        for (const { tokens } of play(limit, pauses).buckets) {
          expect(tokens).toBeGreaterThanOrEqual(0)
          expect(tokens).toBeLessThanOrEqual(limit.burst)
        }
      }),
    )
  })

  it('says truly when the next one will be there', () => {
    fc.assert(
      fc.property(rules, (limit) => {
        let bucket: Bucket | undefined
        let taken = takeToken(bucket, limit, 0)
        while (taken.waitMs === 0) {
          bucket = taken.bucket
          taken = takeToken(bucket, limit, 0)
        }
        expect(takeToken(taken.bucket, limit, taken.waitMs * 0.9).waitMs).toBeGreaterThan(0)
        expect(takeToken(taken.bucket, limit, taken.waitMs * 1.01).waitMs).toBe(0)
      }),
    )
  })

  it('is not delayed by asking in vain', () => {
    const limit = { perSecond: 1, burst: 1 }
    const empty = takeToken(undefined, limit, 0).bucket
    let bucket = empty
    for (let now = 0; now < 1_000; now += 10) bucket = takeToken(bucket, limit, now).bucket
    expect(takeToken(bucket, limit, 1_001).waitMs).toBe(0)
    expect(takeToken(empty, limit, 1_001).waitMs).toBe(0)
  })

  it('takes a clock that is set back for one that stands still', () => {
    const limit = { perSecond: 1, burst: 2 }
    const { bucket } = takeToken(undefined, limit, 5_000)
    expect(takeToken(bucket, limit, 1_000).bucket.tokens).toBe(0)
  })
})
