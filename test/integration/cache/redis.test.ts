/** Buckets in a real Redis: what they give, what lies there, and what becomes of a connection that is lost or refused. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openRedis, type Redis } from '#cache/redis.ts'
import { redisAddressOf } from '#cache/redis-address.ts'
import { createRedisBuckets, type Draw, type RedisBuckets } from '#cache/redis-buckets.ts'
import { createAuthority } from '../../support/certificates.ts'
import { hasRedis, startRedis, type TestRedis } from '../../support/redis.ts'

interface Opened extends AsyncDisposable {
  readonly redis: Redis
  readonly buckets: RedisBuckets
  readonly told: string[]
  readonly counted: string[]
}

const prefix = 'lakegate:0190a1b2-0000-7000-8000-000000000001:rate:principal:'

const open = (url: string, more: { readonly password?: string; readonly ca?: string } = {}): Opened => {
  const told: string[] = []
  const counted: string[] = []
  const redis = openRedis({
    address: async () => redisAddressOf({ url, ...more }),
    report: (event, { error = '' }) => told.push(`${event} ${error}`),
  })
  const count = (outcome: string) => counted.push(outcome)
  const buckets = createRedisBuckets({ redis, prefix, secret: Buffer.alloc(32, 5), count })
  return { redis, buckets, told, counted, [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose]() }
}

const opened = async (server: Pick<TestRedis, 'url'>): Promise<Opened> => {
  const one = open(server.url)
  await expect.poll(one.redis.reachable).toBe(true)
  return one
}

const ask = (over: Partial<Draw> = {}): Draw => ({
  ...{ perSecond: 0.001, burst: 10, want: 4, owed: 0, seed: 10 },
  ...over,
})

const keys = (server: TestRedis) => server.command('KEYS', '*') as Promise<readonly string[]>

describe.skipIf(!hasRedis())('a bucket in Redis', () => {
  test('is one for all who draw from it, and one for each name', async () => {
    await using server = await startRedis()
    await using one = await opened(server)
    await using other = await opened(server)
    expect(await one.buckets.draw('alice', ask())).toMatchObject({ granted: 4 })
    expect(await other.buckets.draw('alice', ask({ want: 5 }))).toMatchObject({ granted: 5 })
    const last = await one.buckets.draw('alice', ask())
    expect(last.granted).toBe(1)
    expect(last.left).toBeLessThan(1)
    expect(await other.buckets.draw('alice', ask())).toMatchObject({ granted: 0 })
    expect(await one.buckets.draw('bob', ask())).toMatchObject({ granted: 4 })
    expect(one.counted).toEqual(['granted', 'granted', 'granted'])
    expect(other.counted).toEqual(['granted', 'empty'])
  })

  test('loses nothing to many who draw at once', async () => {
    await using server = await startRedis()
    await using one = await opened(server)
    await using other = await opened(server)
    const draws = Array.from({ length: 200 }, (_, i) =>
      (i % 2 === 0 ? one : other).buckets.draw('alice', ask({ burst: 500, seed: 500, want: 3 })),
    )
    const granted = (await Promise.all(draws)).reduce((sum, drawn) => sum + drawn.granted, 0)
    expect(granted).toBe(500)
  })

  test('begins with what is remembered of it where Redis remembers nothing, and pays what is owed where it does', async () => {
    await using server = await startRedis()
    await using one = await opened(server)
    expect(await one.buckets.draw('new', ask({ seed: 2, owed: 7 }))).toMatchObject({ granted: 2 })
    await one.buckets.draw('old', ask({ want: 0 }))
    expect(await one.buckets.draw('old', ask({ owed: 7 }))).toMatchObject({ granted: 3 })
    expect(await one.buckets.draw('old', ask({ owed: 100, want: 0 }))).toMatchObject({ left: 0 })
  })

  test('fills by the clock of the server', async () => {
    await using server = await startRedis()
    await using one = await opened(server)
    await one.buckets.draw('alice', ask({ want: 10 }))
    const [key = ''] = await keys(server)
    const [seconds] = (await server.command('TIME')) as readonly [string, string]
    await server.command('HSET', key, 'at', String((Number(seconds) - 3_000) * 1_000))
    expect(await one.buckets.draw('alice', ask({ want: 10 }))).toMatchObject({ granted: 3 })
    // Another server took over, whose clock is behind.
    await server.command('HSET', key, 'tokens', '2', 'at', String((Number(seconds) + 9_000) * 1_000))
    expect(await one.buckets.draw('alice', ask({ want: 10 }))).toMatchObject({ granted: 2 })
    expect(Number(await server.command('HGET', key, 'at'))).toBeLessThan((Number(seconds) + 100) * 1_000)
  })

  test('names nobody, and is gone when it would be full again', async () => {
    await using server = await startRedis()
    await using one = await opened(server)
    await one.buckets.draw('oidc~alice@example.org', ask({ perSecond: 2 }))
    const [key = ''] = await keys(server)
    expect(key).toMatch(/^lakegate:[0-9a-f-]{36}:rate:principal:[\w-]{27}$/)
    const ttl = Number(await server.command('PTTL', key))
    expect(ttl).toBeGreaterThan(0)
    expect(ttl).toBeLessThanOrEqual(3_000)
    await one.buckets.draw('slow', ask({ perSecond: 1e-9, burst: 1e6, seed: 0 }))
    const slow = (await keys(server)).find((found) => found !== key) ?? ''
    expect(Number(await server.command('PTTL', slow))).toBeGreaterThan(1e9)
  })

  test.each([
    ['nan', '0', 4],
    ['-5', '0', 4],
    ['inf', '0', 4],
    ['1e999', '-1', 4],
    ['', '', 4],
    ['0', 'inf', 0],
    ['5', 'nan', 4],
    ['; return', 'x', 4],
  ])('in which somebody else has written %s and %s gives no more than it holds', async (tokens, at, most) => {
    await using server = await startRedis()
    await using one = await opened(server)
    await one.buckets.draw('alice', ask({ want: 0 }))
    const [key = ''] = await keys(server)
    await server.command('HSET', key, 'tokens', tokens, 'at', at)
    const { granted, left } = await one.buckets.draw('alice', ask())
    expect(granted).toBe(most)
    expect(left).toBeLessThanOrEqual(10)
    expect(left).toBeGreaterThanOrEqual(0)
  })

  test('that is something else there fails by itself: others are drawn from', async () => {
    await using server = await startRedis()
    await using one = await opened(server)
    await one.buckets.draw('alice', ask())
    const [key = ''] = await keys(server)
    await server.command('SET', key, 'text')
    await expect(one.buckets.draw('alice', ask())).rejects.toThrow(/WRONGTYPE/)
    expect(one.redis.reachable()).toBe(true)
    expect(await one.buckets.draw('bob', ask())).toMatchObject({ granted: 4 })
    expect(one.counted).toEqual(['granted', 'failed', 'granted'])
  })

  test('is drawn from by a user who may do nothing else', async () => {
    await using server = await startRedis({ password: 'of-the-administrator' })
    const rights = '~lakegate:* -@all +auth +select +evalsha +eval +time +hmget +hset +pexpire'.split(' ')
    await server.command('ACL', 'SETUSER', 'lakegate', 'on', '>of-the-gateway', ...rights)
    await using one = open(`redis://lakegate@127.0.0.1:${server.port}/2`, { password: 'of-the-gateway' })
    await expect.poll(one.redis.reachable).toBe(true)
    expect(await one.buckets.draw('alice', ask())).toMatchObject({ granted: 4 })
    expect(one.told).toEqual([])
  })
})

describe.skipIf(!hasRedis())('a connection to Redis', () => {
  test('that is refused for its password is told of once, without it, and made when it is right', async () => {
    await using server = await startRedis({ password: 'of-the-administrator' })
    const user = (password: string) =>
      server.command('ACL', 'SETUSER', 'lakegate', 'on', 'resetpass', `>${password}`, '~*', '+@all')
    await user('the-right-password')
    await using one = open(`redis://lakegate:the-wrong-password@127.0.0.1:${server.port}`)
    await expect.poll(() => one.told).toHaveLength(1)
    expect(one.told[0]).toMatch(/^redis.lost .*WRONGPASS/)
    expect(one.redis.reachable()).toBe(false)
    await expect(one.buckets.draw('alice', ask())).rejects.toThrow('no connection')
    await user('the-wrong-password')
    await expect.poll(one.redis.reachable, { timeout: 20_000 }).toBe(true)
    expect(one.told.at(-1)).toBe('redis.regained ')
    expect(one.told).toHaveLength(2)
    expect(one.told.join()).not.toMatch(/the-wrong/)
  })

  test('is made with the password of the moment', async () => {
    await using server = await startRedis({ password: 'of-the-administrator' })
    let password = 'the-wrong-password'
    const told: string[] = []
    await using redis = openRedis({
      address: async () => redisAddressOf({ url: `redis://127.0.0.1:${server.port}`, password }),
      report: (event) => told.push(event),
    })
    await expect.poll(() => told).toEqual(['redis.lost'])
    password = 'of-the-administrator'
    await expect.poll(redis.reachable, { timeout: 20_000 }).toBe(true)
  })

  test('is made again after the server was away', async () => {
    await using server = await startRedis()
    await using one = await opened(server)
    await one.buckets.draw('alice', ask())
    await server.stop()
    await expect.poll(one.redis.reachable).toBe(false)
    await server.start()
    await expect.poll(one.redis.reachable, { timeout: 20_000 }).toBe(true)
    expect(await one.buckets.draw('alice', ask({ seed: 3 }))).toMatchObject({ granted: 3 })
    expect(one.told.at(-1)).toBe('redis.regained ')
  })

  test('that gives no answer is given up, and nobody waits for it again', async () => {
    await using server = await startRedis()
    await using one = await opened(server)
    server.hold()
    await expect(one.buckets.draw('alice', ask())).rejects.toThrow('no answer in time')
    expect(one.redis.reachable()).toBe(false)
    await expect(one.buckets.draw('alice', ask())).rejects.toThrow('no connection')
    server.release()
    await expect.poll(one.redis.reachable, { timeout: 20_000 }).toBe(true)
    expect(one.told).toEqual(['redis.lost no answer in time', 'redis.regained '])
  })

  test('on which nothing was ever answered does not stand', async () => {
    let met = 0
    const silent = createServer(() => {
      met += 1
    }).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    await using one = open(`redis://127.0.0.1:${(silent.address() as AddressInfo).port}`)
    await expect.poll(() => met, { timeout: 20_000 }).toBeGreaterThan(1)
    expect(one.told).toEqual(['redis.lost no answer in time'])
    expect(one.redis.reachable()).toBe(false)
    silent.close()
  })

  test('to a server that may not write any more is given up for another one', async () => {
    await using server = await startRedis()
    await using one = await opened(server)
    await server.command('REPLICAOF', '127.0.0.1', '1')
    await expect(one.buckets.draw('alice', ask())).rejects.toThrow()
    await expect.poll(() => one.told[0]).toMatch(/READONLY|MASTERDOWN/)
  })

  test('is encrypted, and made to nobody whose certificate is not trusted', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lakegate-redis-'))
    const authority = await createAuthority(folder)
    const { files } = await authority.issue('redis')
    await using server = await startRedis({ tls: { ...files, ca: authority.files.certificate } })
    await using trusting = open(server.url, { ca: authority.certificate })
    await using strange = open(server.url)
    await expect.poll(trusting.redis.reachable).toBe(true)
    expect(await trusting.buckets.draw('alice', ask())).toMatchObject({ granted: 4 })
    await expect.poll(() => strange.told[0]).toMatch(/certificate/)
    expect(strange.redis.reachable()).toBe(false)
    await rm(folder, { recursive: true })
  })

  test('that is never made keeps nothing from ending', async () => {
    const one = open('redis://127.0.0.1:1')
    await expect.poll(() => one.told).toHaveLength(1)
    await one.redis[Symbol.asyncDispose]()
    const hurried = open('redis://127.0.0.1:1')
    await hurried.redis[Symbol.asyncDispose]()
    expect(hurried.told).toEqual([])
  })
})
