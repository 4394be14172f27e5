/**
 * How many requests a second are taken of one principal, and toward one connection. Beyond it the answer is 429, before
 * anything is read, looked up or sent; such requests are on record as a number (`shed.ts`), not one by one.
 */
import { LRUCache } from 'lru-cache'
import type { Principal } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import type { Trail } from './audit.ts'
import type { ShedRecord } from './shed.ts'
import { type Bucket, type BucketRules, takeToken } from './token-bucket.ts'

/** Where buckets are kept: in this process, or anywhere that several share. */
export interface RateLimit {
  /** Takes a token. Milliseconds after which it may be tried again; 0 where there was one. */
  take(key: string): number | Promise<number>
}

/** More names are not remembered; whoever is forgotten has a full bucket again. */
const mostNames = 50_000

/** `elapsed`: milliseconds on a clock that nobody can set. */
export const createMemoryRateLimit = (rules: BucketRules, elapsed: () => number): RateLimit => {
  const buckets = new LRUCache<string, Bucket>({ max: mostNames })
  return {
    take: (key) => {
      const { bucket, waitMs } = takeToken(buckets.get(key), rules, elapsed())
      buckets.set(key, bucket)
      return waitMs
    },
  }
}

export interface RateLimits {
  /** SlowDown (429) where the principal has asked too often. */
  enter(trail: Trail): void | Promise<void>
  /** SlowDown (429) where too much has been asked of the connection that the request would go to. */
  reach(trail: Trail): void | Promise<void>
}

export interface RateLimitsDeps {
  /** Absent: no limit. */
  readonly principals?: RateLimit | undefined
  readonly connections?: RateLimit | undefined
  readonly shed: Pick<ShedRecord, 'count'>
}

const slowDown = (message: string, waitMs: number): CatalogError =>
  new CatalogError('SlowDownException', message, { retryAfterSeconds: Math.max(Math.ceil(waitMs / 1000), 1) })

interface Refusal {
  readonly key: string
  readonly message: string
  readonly principal?: Principal
  readonly connection?: string
}

export const createRateLimits = ({ principals, connections, shed }: RateLimitsDeps): RateLimits => {
  const limited = (limit: RateLimit, trail: Trail, refusal: Refusal): void | Promise<void> => {
    const conclude = (waitMs: number): void => {
      if (waitMs === 0) return
      const { message, key: _, ...who } = refusal
      const error = slowDown(message, waitMs)
      trail.throttled = true
      shed.count(error, { ...who, project: trail.project })
      throw error
    }
    const taken = limit.take(refusal.key)
    return taken instanceof Promise ? taken.then(conclude) : conclude(taken)
  }
  return {
    enter: (trail) => {
      const { principal } = trail
      if (!principals) return undefined
      const message = 'Too many requests of this principal'
      return limited(principals, trail, { key: principal.id, message, principal })
    },
    reach: (trail) => {
      const { connection, project } = trail
      if (!connections || connection === undefined) return undefined
      const message = 'Too many requests to this connection'
      return limited(connections, trail, { key: `${project}/${connection}`, message, connection })
    },
  }
}
