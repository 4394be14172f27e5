/** The arithmetic of a rate limit: tokens drip into a bucket, each request takes one. Pure. */

export interface BucketRules {
  /** Tokens that come in a second. */
  readonly perSecond: number
  /** Tokens that a full bucket holds: so many requests may come at once after a pause. At least 1. */
  readonly burst: number
}

/** Whoever has none has a full one. */
export interface Bucket {
  readonly tokens: number
  /** Milliseconds, on a clock that nobody can set. */
  readonly at: number
}

export interface Taken {
  readonly bucket: Bucket
  /** Milliseconds after which a token will be there; 0 where one was taken. */
  readonly waitMs: number
}

/** What is in it now. */
export const tokensIn = (
  bucket: Bucket | undefined,
  { perSecond, burst }: BucketRules,
  now: number,
): number =>
  bucket ? Math.min(bucket.tokens + (Math.max(now - bucket.at, 0) * perSecond) / 1000, burst) : burst

/** A refused request takes nothing: whoever goes on asking is let in again as soon as whoever waits. */
export const takeToken = (bucket: Bucket | undefined, rules: BucketRules, now: number): Taken => {
  const tokens = tokensIn(bucket, rules, now)
  if (tokens >= 1) return { bucket: { tokens: tokens - 1, at: now }, waitMs: 0 }
  return { bucket: { tokens, at: now }, waitMs: ((1 - tokens) * 1000) / rules.perSecond }
}
