/**
 * Buckets of tokens in Redis, which all replicas draw from. One script does it in one step, by the clock of the server:
 * those of the replicas may be apart.
 */
import { createHmac } from 'node:crypto'
import { type Redis, scriptOf } from './redis.ts'

export interface Draw {
  readonly perSecond: number
  readonly burst: number
  /** At most so many tokens. A whole number. */
  readonly want: number
  /** Tokens that were taken without asking; they go off a bucket that is there, down to nothing. */
  readonly owed: number
  /** What a bucket begins with that Redis does not have: it may have forgotten one that was empty. */
  readonly seed: number
}

interface Drawn {
  /** A whole number, `want` at most. */
  readonly granted: number
  /** What is left in the bucket. */
  readonly left: number
}

export interface RedisBuckets {
  /** False: a draw would fail. */
  reachable(): boolean
  /** Rejects where it is not known what is left. */
  draw(name: string, draw: Draw): Promise<Drawn>
}

export interface RedisBucketsDeps {
  readonly redis: Pick<Redis, 'reachable' | 'run'>
  /** What the keys of this installation begin with. */
  readonly prefix: string
  /** The same in all replicas: names stand in Redis as a keyed hash, which tells nothing to whoever reads it there. */
  readonly secret: Uint8Array
  /** Told of each draw. */
  readonly count: (outcome: 'granted' | 'empty' | 'failed') => void
}

/**
 * A bucket is forgotten when it would be full again. One whose time lies ahead (another server took over, whose clock is
 * behind) goes on from now. What is no number (somebody else has written here) counts as no bucket.
 */
const script = scriptOf(`
local perMs, burst = tonumber(ARGV[1]) / 1000, tonumber(ARGV[2])
local want, owed, seed = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(kept[1] or nil), tonumber(kept[2] or nil)
if not (tokens and at and tokens >= 0 and at >= 0) then tokens, at, owed = seed, now, 0 end
tokens = math.max(0, math.min(burst, tokens + math.max(0, now - at) * perMs) - owed)
local granted = math.min(want, math.floor(tokens))
tokens = tokens - granted
local left = string.format('%.9f', tokens)
redis.call('HSET', KEYS[1], 'tokens', left, 'at', string.format('%d', now))
redis.call('PEXPIRE', KEYS[1], string.format('%d', math.min(math.ceil((burst - tokens) / perMs) + 1000, 2678400000)))
return { granted, left }
`)

const numberIn = (value: unknown, most: number): number => {
  const number = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN
  if (!(number >= 0)) throw new Error('an answer of Redis that is none to a draw')
  return Math.min(number, most)
}

/** Whatever answers, it gives no more than was asked for. */
const readDrawn = (reply: unknown, { want, burst }: Draw): Drawn => {
  const [granted, left] = Array.isArray(reply) ? (reply as readonly unknown[]) : []
  return { granted: Math.floor(numberIn(granted, want)), left: numberIn(left, burst) }
}

export const createRedisBuckets = ({ redis, prefix, secret, count }: RedisBucketsDeps): RedisBuckets => {
  const keyOf = (name: string): string =>
    `${prefix}${createHmac('sha256', secret).update(name).digest('base64url').slice(0, 27)}`
  return {
    reachable: redis.reachable,
    draw: async (name, draw) => {
      const { perSecond, burst, want, owed, seed } = draw
      try {
        const values = [perSecond, burst, want, owed, seed].map(String)
        const drawn = readDrawn(await redis.run(script, keyOf(name), values), draw)
        count(drawn.granted > 0 ? 'granted' : 'empty')
        return drawn
      } catch (error) {
        count('failed')
        throw error
      }
    },
  }
}
