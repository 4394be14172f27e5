/**
 * A rate limit that replicas share. Each draws a few tokens at a time from the bucket that all have in common and spends
 * them by itself, so that a request seldom waits for anybody. While that bucket cannot be reached, each replica goes on
 * alone from what it last knew of it.
 *
 * What is drawn and not spent stays with whoever drew it: together the replicas let in at most `batchOf` each more than
 * the bucket alone would.
 */
import { LRUCache } from 'lru-cache'
import type { RateLimit } from './rate-limits.ts'
import { type Bucket, type BucketRules, takeToken, tokensIn } from './token-bucket.ts'

export interface SharedBuckets {
  /** False: whoever draws would wait in vain. */
  reachable(): boolean
  /** Rejects where it is not known what is left. */
  draw(
    name: string,
    draw: BucketRules & { readonly want: number; readonly owed: number; readonly seed: number },
  ): Promise<{ readonly granted: number; readonly left: number }>
}

export interface LeasedRateLimitDeps {
  readonly rules: BucketRules
  readonly shared: SharedBuckets
  /** Milliseconds on a clock that nobody can set. */
  readonly elapsed: () => number
}

interface Lease {
  /** Drawn and not spent. */
  tokens: number
  /** The shared bucket as it was last seen, and what has been taken of it alone since. */
  bucket: Bucket | undefined
  /** Before then nothing is there. */
  emptyUntil: number
  /** Before then nobody is asked: the last answer was none. */
  aloneUntil: number
  /** Taken alone, and not yet off the shared bucket. */
  owed: number
  waiting: number
  drawing: Promise<boolean> | undefined
}

/** As many as in memory alone; what has been drawn for whoever is forgotten is lost to him. */
const mostNames = 50_000

const largestBatch = 100
const aloneMs = 1_000

/** Tokens of a tenth of a second: so much is drawn at a time, and so far may a replica be off. Of a slow limit, one. */
export const batchOf = ({ perSecond, burst }: BucketRules): number =>
  Math.max(1, Math.min(Math.floor(Math.min(perSecond, burst) / 10), largestBatch))

const newLease = (): Lease => ({
  ...{ tokens: 0, bucket: undefined, emptyUntil: 0, aloneUntil: 0, owed: 0, waiting: 0, drawing: undefined },
})

type Drawing = (key: string, lease: Lease) => Promise<boolean>

/** False where there was no answer. One draw a name at a time; whoever waits has his share in it. */
const createDrawing = ({ rules, shared, elapsed }: LeasedRateLimitDeps, batch: number): Drawing => {
  // An empty bucket is left alone until there is something to draw: else each single token would be a question.
  const worthwhile = Math.max(1, Math.floor(batch / 2))
  const draw = async (key: string, lease: Lease): Promise<boolean> => {
    const want = Math.max(batch - lease.tokens, lease.waiting)
    const { owed } = lease
    const seed = tokensIn(lease.bucket, rules, elapsed())
    try {
      const { granted, left } = await shared.draw(key, { ...rules, want, owed, seed })
      const now = elapsed()
      lease.owed -= owed
      lease.tokens += granted
      lease.bucket = { tokens: left, at: now }
      lease.emptyUntil = left >= 1 ? 0 : now + ((worthwhile - left) * 1000) / rules.perSecond
      return true
    } catch {
      lease.aloneUntil = elapsed() + aloneMs
      return false
    }
  }
  return (key, lease) => {
    lease.drawing ??= draw(key, lease).finally(() => {
      lease.drawing = undefined
    })
    return lease.drawing
  }
}

export const createLeasedRateLimit = (deps: LeasedRateLimitDeps): RateLimit => {
  const { rules, shared, elapsed } = deps
  const batch = batchOf(rules)
  const drawn = createDrawing(deps, batch)
  const leases = new LRUCache<string, Lease>({ max: mostNames })
  const leaseOf = (key: string): Lease => {
    const known = leases.get(key)
    if (known) return known
    const lease = newLease()
    leases.set(key, lease)
    return lease
  }
  const isAlone = (lease: Lease): boolean => !shared.reachable() || elapsed() < lease.aloneUntil
  const alone = (lease: Lease): number => {
    const { bucket, waitMs } = takeToken(lease.bucket, rules, elapsed())
    lease.bucket = bucket
    if (waitMs === 0) lease.owed += 1
    return waitMs
  }
  /** Undefined where the bucket has to be asked first. */
  const atOnce = (key: string, lease: Lease): number | undefined => {
    if (lease.tokens >= 1) {
      lease.tokens -= 1
      const low = batch > 1 && lease.tokens < batch / 2 && lease.drawing === undefined
      if (low && elapsed() >= lease.emptyUntil && !isAlone(lease)) void drawn(key, lease)
      return 0
    }
    if (isAlone(lease)) return alone(lease)
    const waitMs = lease.emptyUntil - elapsed()
    return waitMs > 0 ? waitMs : undefined
  }
  const waited = async (key: string, lease: Lease): Promise<number> => {
    lease.waiting += 1
    try {
      for (;;) {
        if (!(await drawn(key, lease))) return atOnce(key, lease) ?? alone(lease)
        const waitMs = atOnce(key, lease)
        if (waitMs !== undefined) return waitMs
      }
    } finally {
      lease.waiting -= 1
    }
  }
  return {
    take: (key) => {
      const lease = leaseOf(key)
      return atOnce(key, lease) ?? waited(key, lease)
    },
  }
}
