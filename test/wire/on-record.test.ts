/** Every request is on record: those that lead nowhere, and those that nobody had the time to look at. */
import { afterEach, describe, expect, test } from 'vitest'
import { CatalogError } from '#model/errors.ts'
import type { AuditDraft } from '#model/event.ts'
import { createMemoryCatalog } from '../support/memory-catalog.ts'
import {
  type MemoryGateway,
  type MemoryGatewayOptions,
  startMemoryGateway,
} from '../support/memory-gateway.ts'
import { staticTokenAuthenticator } from '../support/static-token.ts'
import { call, exchange, wireText } from '../support/wire.ts'

const open: MemoryGateway[] = []
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.stop()
})
const start = async (options: MemoryGatewayOptions = {}): Promise<MemoryGateway> => {
  const gateway = await startMemoryGateway(options)
  open.push(gateway)
  return gateway
}

describe('a request that leads to no operation', () => {
  test.each([
    ['an unknown path', 'GET /nothing', 404, /No such endpoint: \/catalog\/v1\/.*\/nothing/],
    ['a method that the path lacks', 'PATCH /namespaces', 405, /PATCH \/catalog\/v1\/.*\/namespaces/],
    ['a method that nobody has', 'PROPFIND /namespaces', 405, /PROPFIND/],
  ])('(%s) is on record with its sender', async (...row) => {
    const [, line, status, reason] = row
    const gateway = await start({ authenticator: staticTokenAuthenticator('t') })
    const headers = { authorization: 'Bearer t', 'x-request-id': 'lost-1' }
    expect((await call(gateway, line, { headers })).status).toBe(status)
    expect(gateway.audited).toMatchObject([
      { requestId: 'lost-1', operation: 'unmatchedRoute', status, decision: 'failed' },
    ])
    expect(gateway.audited[0]).toMatchObject({
      principal: { id: 'token:static' },
      reason: expect.stringMatching(reason),
    })
  })

  test('tells a stranger nothing but that it is one, with a body or without', async () => {
    const gateway = await start({ authenticator: staticTokenAuthenticator('t') })
    for (const body of ['', 'hello']) {
      const text = await exchange(gateway.port, wireText('POST /nothing', [], body))
      expect(text).toMatch(/^HTTP\/1\.1 401 /)
    }
    expect(gateway.audited).toMatchObject([1, 2].map(() => ({ operation: 'unmatchedRoute', status: 401 })))
  })

  test('or that expects what nobody knows, is on record all the same', async () => {
    const gateway = await start()
    const text = await exchange(gateway.port, wireText('GET /nothing', ['Expect: 200-maybe']))
    expect(text).toMatch(/^HTTP\/1\.1 404 /)
    expect(gateway.audited).toMatchObject([{ operation: 'unmatchedRoute', status: 404 }])
  })

  test('with a body is answered, and its connection is none for further requests', async () => {
    const gateway = await start()
    const text = await exchange(gateway.port, wireText('PUT /nothing', [], 'hello') + wireText('GET /x'))
    expect(text).toMatch(/^HTTP\/1\.1 404 .*^Connection: close\r$/ms)
    expect(gateway.audited).toHaveLength(1)
  })
})

/** A catalog whose loads of namespaces wait. */
const waiting = () => {
  const catalog = createMemoryCatalog()
  const { promise, resolve } = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const load: typeof catalog.namespaces.load = async (context, namespace) => {
    arrived.resolve()
    await promise
    return catalog.namespaces.load(context, namespace)
  }
  const local = { ...catalog, namespaces: { ...catalog.namespaces, load } }
  return { local, arrived: arrived.promise, letGo: resolve }
}

describe('requests that are shed', () => {
  test('are one entry with their number, not one each', async () => {
    const { local, arrived, letGo } = waiting()
    const gateway = await start({ local, limits: { maxInFlight: 1 } })
    const first = call(gateway, 'GET /namespaces/a')
    await arrived
    const statuses = await Promise.all([1, 2, 3, 4, 5].map(() => call(gateway, 'GET /namespaces')))
    expect(statuses.map(({ status }) => status)).toEqual([429, 429, 429, 429, 429])
    letGo()
    await first
    const shed = () => gateway.audited.filter(({ operation }) => operation === 'shed')
    const counts = () => shed().map(({ reason }) => Number(/\((\d+) requests?\)$/.exec(reason)?.[1]))
    await expect.poll(() => counts().reduce((sum, one) => sum + one, 0)).toBe(5)
    expect(shed()[0]).toMatchObject({ status: 429, errorType: 'SlowDownException', decision: 'failed' })
    expect(shed().length).toBeLessThan(5)
  })

  test('for want of room in the audit log are counted all the same', async () => {
    const recorded: AuditDraft[] = []
    const admit = (): void => {
      throw new CatalogError('SlowDownException', 'The log is full')
    }
    const gateway = await start({ audit: { admit, record: (entry) => void recorded.push(entry) } })
    expect((await call(gateway, 'GET /namespaces')).status).toBe(429)
    await expect
      .poll(() => recorded)
      .toMatchObject([{ operation: 'shed', reason: 'The log is full (1 request)' }])
  })
})
