/** How much is let in: limits of the configuration, counted in this process, or in Redis for all replicas together. */
import { createStrangers, type Strangers } from '#authn/strangers.ts'
import type { Redis } from '#cache/redis.ts'
import { createFailureLimit } from '#gateway/failure-limit.ts'
import { createLeasedRateLimit } from '#gateway/leased-rate-limit.ts'
import {
  createMemoryRateLimit,
  createRateLimits,
  type RateLimit,
  type RateLimits,
} from '#gateway/rate-limits.ts'
import type { ShedRecord } from '#gateway/shed.ts'
import type { Ground } from './ground.ts'
import type { LimitRules, Rate } from './limits-schema.ts'
import type { Metrics } from './metrics.ts'
import type { RedisSettings } from './redis-schema.ts'
import { derivedKey, resolveUrl, type SecretResolver } from './secrets.ts'

interface RateLimitingDeps {
  readonly ground: Pick<Ground, 'config' | 'logs' | 'parts' | 'secret' | 'serverKey' | 'store'>
  readonly metrics: Pick<Metrics, 'observeDraw' | 'watchShared'>
  readonly shed: ShedRecord
}

type Meter = (kind: 'principal' | 'connection', rate: Rate) => RateLimit

const elapsed = (): number => performance.now()

const accessOf = async ({ url, password, ca }: RedisSettings, secret: SecretResolver) => ({
  url: await resolveUrl(url, secret),
  password: password === undefined ? undefined : await secret(password),
  ca: ca === undefined ? undefined : await secret(ca),
})

/** The connection is made in the background: a Redis that is down keeps nobody from starting. */
const openShared = async ({ ground, metrics }: RateLimitingDeps, settings: RedisSettings): Promise<Redis> => {
  const { logs, parts, secret } = ground
  const [{ openRedis }, { redisAddressOf }] = await Promise.all([
    import('#cache/redis.ts'),
    import('#cache/redis-address.ts'),
  ])
  const address = async () => redisAddressOf(await accessOf(settings, secret))
  // What can never be right stops the start.
  await address()
  const redis = parts.use(openRedis({ address, report: (event, detail) => logs.warn(event, detail) }))
  metrics.watchShared(redis.reachable)
  return redis
}

const sharedMeter = async (deps: RateLimitingDeps, settings: RedisSettings): Promise<Meter> => {
  const { store, serverKey } = deps.ground
  const { createRedisBuckets } = await import('#cache/redis-buckets.ts')
  const redis = await openShared(deps, settings)
  const secret = derivedKey(serverKey, 'rate limits')
  return (kind, rules) => {
    const prefix = `lakegate:${store.id}:rate:${kind}:`
    const shared = createRedisBuckets({ redis, prefix, secret, count: deps.metrics.observeDraw })
    return createLeasedRateLimit({ rules, shared, elapsed })
  }
}

const memoryMeter: Meter = (_kind, rules) => createMemoryRateLimit(rules, elapsed)

const limitsOf = ({ principal, connection }: LimitRules, meter: Meter) => ({
  principals: principal && meter('principal', principal),
  connections: connection && meter('connection', connection),
})

/** Undefined where no limit is configured: Redis is not asked then. BadRequest where its address or a secret is none. */
export const openRateLimits = async (deps: RateLimitingDeps): Promise<RateLimits | undefined> => {
  const { limits, redis } = deps.ground.config.server
  if (!limits.principal && !limits.connection) return undefined
  const meter = redis ? await sharedMeter(deps, redis) : memoryMeter
  return createRateLimits({ ...limitsOf(limits, meter), shed: deps.shed })
}

export interface StrangersInput {
  readonly limits: LimitRules
  readonly shed: Pick<ShedRecord, 'count'>
  readonly countRefused: Metrics['observeRefused']
}

/** Short, so that an honest newcomer at an address that floods does not wait for long. */
const windowMs = 10_000

/** By process: a failure is no more than a failure, and a flood meets each replica by itself. */
export const openStrangers = ({ limits, shed, countRefused }: StrangersInput): Strangers => {
  const most = Math.ceil((limits.refusedPerMinute * windowMs) / 60_000)
  const { check, note } = createFailureLimit({ most, windowMs, elapsed })
  const counted = (names: readonly string[]): void => {
    try {
      check(names)
    } catch (error) {
      shed.count(error)
      countRefused('none', 'limit')
      throw error
    }
  }
  return createStrangers({ failures: { check: counted, note } })
}
