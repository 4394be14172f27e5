/** Two gateways, one limit: what both let in together while Redis is there, goes, comes back, or was never reached. */
import { afterEach, describe, expect, test } from 'vitest'
import { openTestDatabase } from '../../support/database.ts'
import type { Gateway } from '../../support/gateway.ts'
import { hasRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { startReplicas } from '../../support/replicas.ts'

const parts = new AsyncDisposableStack()
let open = parts.move()
afterEach(async () => {
  const ended = open
  open = new AsyncDisposableStack()
  await ended.disposeAsync()
})

interface Limit {
  readonly perSecond: number
  readonly burst: number
}

interface World {
  readonly gateways: readonly Gateway[]
  readonly limit: Limit
  /** On the clock of this process, before the first request. */
  readonly since: number
}

const start = async (limit: Limit, url: string): Promise<World> => {
  const db = open.use(await openTestDatabase({ kind: 'embedded', schema: false }))
  const environment = {
    LAKEGATE_REDIS_URL: url,
    LAKEGATE_LIMITS_PRINCIPAL_PER_SECOND: String(limit.perSecond),
    LAKEGATE_LIMITS_PRINCIPAL_BURST: String(limit.burst),
  }
  const since = performance.now()
  const replicas = await startReplicas({ url: db.url, environments: [environment, environment] })
  open.defer(() => replicas.stop())
  return { gateways: replicas.gateways, limit, since }
}

const seconds = ({ since }: World): number => (performance.now() - since) / 1000

/** What has dripped into one bucket until now, and what it held at first. */
const mostOf = (world: World, buckets = 1): number =>
  world.limit.burst + buckets * world.limit.perSecond * seconds(world)

interface Answers {
  readonly admitted: number
  readonly statuses: ReadonlySet<number>
}

/** Requests of the one principal of development mode, spread over both, at most twenty at once. */
const flood = async ({ gateways }: World, requests: number): Promise<Answers> => {
  const statuses: number[] = []
  let left = requests
  const ask = async (gateway: Gateway): Promise<void> => {
    while (left > 0) {
      left -= 1
      const answer = await fetch(`${gateway.catalog}/v1/config?warehouse=default`)
      await answer.arrayBuffer()
      statuses.push(answer.status)
    }
  }
  await Promise.all(Array.from({ length: 20 }, (_, i) => ask(gateways[i % gateways.length] as Gateway)))
  return { admitted: statuses.filter((status) => status === 200).length, statuses: new Set(statuses) }
}

const metric = async ({ origin }: Gateway, line: string): Promise<number> => {
  const text = await (await fetch(`${origin}/metrics`)).text()
  return Number(
    text
      .split('\n')
      .find((one) => one.startsWith(`${line} `))
      ?.split(' ')[1],
  )
}

const sharing = ({ gateways }: World, value: number) =>
  expect
    .poll(() => Promise.all(gateways.map((one) => metric(one, 'lakegate_limits_shared'))), {
      timeout: 20_000,
    })
    .toEqual(gateways.map(() => value))

const startServer = async (password?: string): Promise<TestRedis> =>
  open.use(await startRedis(password === undefined ? {} : { password }))

describe.skipIf(!hasRedis())('two gateways that share Redis', () => {
  test('let in what one would: a slow limit to the request', async () => {
    const server = await startServer('the-password-of-redis')
    const world = await start({ perSecond: 1, burst: 100 }, server.url)
    await sharing(world, 1)
    const { admitted, statuses } = await flood(world, 400)
    expect(admitted).toBeLessThanOrEqual(mostOf(world))
    // The start itself has taken some: the state was applied.
    expect(admitted).toBeGreaterThan(50)
    expect(statuses).toEqual(new Set([200, 429]))
    expect((await server.command('KEYS', '*')) as readonly string[]).toHaveLength(1)
  })

  test('let in one draw each more than that of a fast one, and ask far less often than they are asked', async () => {
    const server = await startServer()
    const world = await start({ perSecond: 50, burst: 500 }, server.url)
    await sharing(world, 1)
    const { admitted } = await flood(world, 1_600)
    expect(admitted).toBeLessThanOrEqual(mostOf(world) + 2 * 5)
    const asked = async (outcome: string) => {
      const line = `lakegate_shared_limit_draws_total{outcome="${outcome}"}`
      const counts = await Promise.all(world.gateways.map((one) => metric(one, line)))
      return counts.reduce((sum, count) => sum + (Number.isNaN(count) ? 0 : count), 0)
    }
    expect(await asked('granted')).toBeLessThan(admitted / 2)
    expect(await asked('failed')).toBe(0)
  })

  test('go on alone while it is away, and forget nothing by it', async () => {
    const server = await startServer()
    const world = await start({ perSecond: 1, burst: 100 }, server.url)
    await sharing(world, 1)
    let { admitted } = await flood(world, 300)
    await server.stop()
    await sharing(world, 0)
    const away = await flood(world, 200)
    expect(away.statuses.has(500) || away.statuses.has(503)).toBe(false)
    admitted += away.admitted
    await server.start()
    await sharing(world, 1)
    const back = await flood(world, 200)
    admitted += back.admitted
    expect(back.statuses).not.toContain(500)
    expect(admitted).toBeLessThanOrEqual(mostOf(world, 2) + 2)
    for (const { output } of world.gateways) {
      expect(output()).toMatch(/redis.lost/)
      expect(output()).toMatch(/redis.regained/)
    }
  })

  test('answer while it gives no answer', async () => {
    const server = await startServer()
    const world = await start({ perSecond: 1, burst: 500 }, server.url)
    await sharing(world, 1)
    server.hold()
    const held = await flood(world, 100)
    server.release()
    expect(held.statuses).toEqual(new Set([200]))
    await sharing(world, 1)
    expect((await flood(world, 20)).statuses).toEqual(new Set([200]))
  })

  test('start and count alone where it does not let them in, and say so without the password', async () => {
    const server = await startServer('the-password-of-redis')
    const wrong = server.url.replace('the-password-of-redis', 'not-the-password-of-redis')
    const world = await start({ perSecond: 1, burst: 100 }, wrong)
    await sharing(world, 0)
    const { admitted, statuses } = await flood(world, 400)
    expect(statuses).toEqual(new Set([200, 429]))
    expect(admitted).toBeGreaterThan(100)
    expect(admitted).toBeLessThanOrEqual(2 * mostOf(world))
    for (const { output } of world.gateways) {
      expect(output()).toMatch(/redis.lost.*WRONGPASS/)
      expect(output()).not.toMatch(/password-of-redis/)
    }
  })
})
