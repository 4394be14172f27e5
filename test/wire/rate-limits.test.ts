/** Who asks too often, and what is asked of a connection too often, is answered 429 before anything is done. */
import { afterEach, describe, expect, test } from 'vitest'
import { createMemoryRateLimit, type RateLimit } from '#gateway/rate-limits.ts'
import { createMemoryCatalog } from '../support/memory-catalog.ts'
import {
  type MemoryGateway,
  type MemoryGatewayOptions,
  startMemoryGateway,
} from '../support/memory-gateway.ts'
import { call } from '../support/wire.ts'

const open: MemoryGateway[] = []
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.stop()
})
const start = async (options: MemoryGatewayOptions): Promise<MemoryGateway> => {
  const gateway = await startMemoryGateway(options)
  open.push(gateway)
  return gateway
}

/** A clock that stands still until it is set. */
const clock = () => {
  const state = { now: 0 }
  return { state, elapsed: () => state.now }
}

const byName = {
  authenticate: ({ authorization = '' }: { readonly authorization: string | undefined }) =>
    ({ kind: 'user', id: authorization.replace('Bearer ', '') }) as const,
}

const as = (name: string) => ({ headers: { authorization: `Bearer ${name}` } })
const shedOf = ({ audited }: MemoryGateway) => audited.filter(({ operation }) => operation === 'shed')

describe('a principal that asks too often', () => {
  test('is told when to come back, and comes back then; nobody else waits for it', async () => {
    const { state, elapsed } = clock()
    const principals = createMemoryRateLimit({ perSecond: 0.5, burst: 2 }, elapsed)
    const gateway = await start({ authenticator: byName, rates: { principals } })
    const ask = (name: string) => call(gateway, 'GET /namespaces', as(name))
    expect([(await ask('alice')).status, (await ask('alice')).status]).toEqual([200, 200])
    const refused = await ask('alice')
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('2')
    expect(refused.json).toMatchObject({ error: { type: 'SlowDownException', code: 429 } })
    expect((await ask('bob')).status).toBe(200)
    state.now = 2_000
    expect((await ask('alice')).status).toBe(200)
  })

  test('is on record with a number, not with an entry for each request', async () => {
    const principals = createMemoryRateLimit({ perSecond: 0.001, burst: 1 }, () => 0)
    const gateway = await start({ authenticator: byName, rates: { principals } })
    for (let i = 0; i < 9; i += 1) await call(gateway, 'GET /namespaces', as('alice'))
    const counted = () =>
      shedOf(gateway).map(({ reason }) => Number(/\((\d+) requests?\)$/.exec(reason)?.[1]))
    await expect.poll(() => counted().reduce((sum, one) => sum + one, 0)).toBe(8)
    expect(shedOf(gateway)[0]).toMatchObject({ principal: { id: 'alice' }, status: 429 })
    expect(gateway.audited.filter(({ operation }) => operation === 'listNamespaces')).toHaveLength(1)
  })

  test('has nothing read, looked up or decided for it', async () => {
    const principals: RateLimit = { take: async () => 1_000 }
    const gateway = await start({
      ...{ authenticator: byName, rates: { principals } },
      authorizer: {
        check: () => {
          throw new Error('asked')
        },
        visible: () => [],
      },
      directory: {
        byName: () => undefined,
        byDefault: () => undefined,
        byPrefix: () => {
          throw new Error('looked up')
        },
      },
    })
    const body = '{"this is no JSON'
    const headers = { ...as('alice').headers, 'content-type': 'application/json' }
    expect((await call(gateway, 'POST /namespaces', { headers, body })).status).toBe(429)
    expect(gateway.logged).toEqual([])
  })

  test('changes nothing: a commit that is turned away may be sent again', async () => {
    const principals: RateLimit = { take: () => 1 }
    const gateway = await start({ rates: { principals } })
    const reply = await call(gateway, 'POST /namespaces', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ namespace: ['n'] }),
    })
    expect(reply.status).toBe(429)
    expect(reply.headers.get('retry-after')).toBe('1')
  })
})

describe('a connection of which too much is asked', () => {
  const start2 = (connections: RateLimit, authorizer?: MemoryGatewayOptions['authorizer']) =>
    start({
      mounts: [
        { namespace: ['up'], connection: 'one', catalog: createMemoryCatalog() },
        { namespace: ['other'], connection: 'two', catalog: createMemoryCatalog() },
      ],
      rates: { connections },
      ...(authorizer ? { authorizer } : {}),
    })

  test('is spared, and no other one is, nor what is local', async () => {
    const gateway = await start2(createMemoryRateLimit({ perSecond: 0.1, burst: 1 }, () => 0))
    const load = async (namespace: string) =>
      (await call(gateway, `GET /namespaces/${namespace}/tables/t`)).status
    expect(await load('up%1Fa')).toBe(404)
    expect(await load('up%1Fa')).toBe(429)
    expect(await load('other%1Fa')).toBe(404)
    expect([await load('a'), await load('a')]).toEqual([404, 404])
    await expect.poll(() => shedOf(gateway)).toMatchObject([{ connection: 'one', status: 429 }])
  })

  test('is not burdened by what is denied', async () => {
    const gateway = await start2(
      createMemoryRateLimit({ perSecond: 0.1, burst: 1 }, () => 0),
      {
        check: () => ({ allow: false, visible: false, reason: 'no' }),
        visible: () => [],
      },
    )
    for (let i = 0; i < 3; i += 1)
      expect((await call(gateway, 'GET /namespaces/up%1Fa/tables/t')).status).toBe(404)
  })

  test('is named by the entries of what goes there', async () => {
    const gateway = await start2(createMemoryRateLimit({ perSecond: 100, burst: 100 }, () => 0))
    await call(gateway, 'GET /namespaces/up%1Fa/tables/t')
    await call(gateway, 'GET /namespaces/a/tables/t')
    expect(gateway.audited.map(({ connection }) => connection)).toEqual(['one', undefined])
  })
})
