/** Too much, too late, or gone: what the server does when it cannot serve. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Catalog } from '#catalog/catalog.ts'
import { CatalogError } from '#model/errors.ts'
import { createMemoryCatalog } from '../support/memory-catalog.ts'
import {
  type MemoryGateway,
  type MemoryGatewayOptions,
  startMemoryGateway,
} from '../support/memory-gateway.ts'
import { call, exchange, fill, wireText } from '../support/wire.ts'

const open: MemoryGateway[] = []
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.stop()
})
const start = async (options: MemoryGatewayOptions): Promise<MemoryGateway> => {
  const gateway = await startMemoryGateway(options)
  open.push(gateway)
  return gateway
}

/** Loads of namespaces wait until the test lets them go. */
const withGate = () => {
  const catalog = createMemoryCatalog()
  const entered: AbortSignal[] = []
  let letGo = (): void => {}
  const gate = new Promise<void>((resolve) => {
    letGo = resolve
  })
  let arrive = (): void => {}
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const load: Catalog['namespaces']['load'] = async (context, namespace) => {
    entered.push(context.signal)
    arrive()
    await gate
    return catalog.namespaces.load(context, namespace)
  }
  return { local: { ...catalog, namespaces: { ...catalog.namespaces, load } }, entered, arrived, letGo }
}

describe('a server with its hands full', () => {
  test('tells further requests to slow down, before any work, and recovers by itself', async () => {
    const { local, arrived, letGo, entered } = withGate()
    const gateway = await start({ local, limits: { maxInFlight: 1 } })
    await fill(gateway)
    const first = call(gateway, 'GET /namespaces/a')
    await arrived
    const second = await call(gateway, 'POST /namespaces', { body: { namespace: ['b'] } })
    expect(second.status).toBe(429)
    expect(second.json).toMatchObject({ error: { type: 'SlowDownException', code: 429 } })
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(entered).toHaveLength(1)
    letGo()
    expect((await first).status).toBe(200)
    await expect.poll(async () => (await call(gateway, 'GET /namespaces/a')).status).toBe(200)
  })

  test('begins nothing that it could not record', async () => {
    const admit = (): void => {
      throw new CatalogError('SlowDownException', 'The audit buffer is full')
    }
    const catalog = createMemoryCatalog()
    const gateway = await start({ local: catalog, audit: { admit, record: () => {} } })
    const reply = await call(gateway, 'POST /namespaces', { body: { namespace: ['b'], properties: {} } })
    expect(reply.status).toBe(429)
    const page = await catalog.namespaces.list({} as never, [], { size: 10 })
    expect(page.items).toEqual([])
  })
})

describe('an audit log that cannot be written', () => {
  const record = () => Promise.reject(new CatalogError('ServiceUnavailableException', 'The store is out'))

  test('takes back the answer of a read, and calls a change that was made neither done nor failed', async () => {
    const gateway = await start({ audit: { admit: () => {}, record } })
    expect((await call(gateway, 'GET /namespaces')).status).toBe(503)
    const change = await call(gateway, 'POST /namespaces', { body: { namespace: ['b'], properties: {} } })
    expect(change.json).toMatchObject({ error: { type: 'CommitStateUnknownException', code: 500 } })
  })

  test('tells a change that did not happen to try again, and leaves open what nobody knows', async () => {
    const catalog = createMemoryCatalog()
    const unknown = new CatalogError('CommitStateUnknownException', 'The upstream was cut off')
    const drop = () => Promise.reject(unknown)
    const gateway = await start({
      audit: { admit: () => {}, record },
      local: { ...catalog, namespaces: { ...catalog.namespaces, drop } },
    })
    const body = { updates: {}, removals: [] }
    const refused = await call(gateway, 'POST /namespaces/absent/properties', { body })
    expect(refused.json).toMatchObject({ error: { type: 'SlowDownException', code: 429 } })
    const open = await call(gateway, 'DELETE /namespaces/absent')
    expect(open.json).toMatchObject({ error: { type: unknown.type, message: unknown.message } })
  })
})

describe('a server that stops', () => {
  test('finishes what is in flight, refuses what comes, and ends', async () => {
    const { local, arrived, letGo } = withGate()
    const gateway = await start({ local })
    await fill(gateway)
    const first = call(gateway, 'GET /namespaces/a')
    await arrived
    const stopped = gateway.server.stop(10_000)
    const late = await exchange(gateway.port, wireText('GET /catalog/v1/config'))
    expect(late).toMatch(/^HTTP\/1.1 429 .*Retry-After: 2/s)
    letGo()
    expect((await first).status).toBe(200)
    await stopped
    await expect(call(gateway, 'GET /namespaces')).rejects.toThrow()
  })
})

describe('a client that goes away', () => {
  /** Sent by a client that is gone when the work for it has begun. */
  const leave = async (gateway: MemoryGateway, arrived: Promise<void>): Promise<void> => {
    const socket = connect(gateway.port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(wireText(`GET ${new URL(`${gateway.base}/namespaces/a`).pathname}`))
    await arrived
    socket.destroy()
  }

  test('leaves work behind that a stop waits for, so that it is on record', async () => {
    const { local, arrived, letGo, entered } = withGate()
    const gateway = await start({ local })
    await fill(gateway)
    await leave(gateway, arrived)
    await expect.poll(() => entered[0]?.aborted).toBe(true)
    const stopped = gateway.server.stop(10_000)
    setImmediate(letGo)
    await stopped
    expect(gateway.audited.at(-1)).toMatchObject({ operation: 'loadNamespaceMetadata' })
  })

  test('leaves work behind that counts as in flight until it ends', async () => {
    const { local, arrived, letGo, entered } = withGate()
    const gateway = await start({ local, limits: { maxInFlight: 1 } })
    await fill(gateway)
    await leave(gateway, arrived)
    await expect.poll(() => entered[0]?.aborted).toBe(true)
    expect((await call(gateway, 'GET /namespaces/a')).status).toBe(429)
    letGo()
    await expect.poll(async () => (await call(gateway, 'GET /namespaces/a')).status).toBe(200)
  })

  test('aborts the work that was done for it', async () => {
    const { local, arrived, entered, letGo } = withGate()
    const gateway = await start({ local })
    await fill(gateway)
    const socket = connect(gateway.port, '127.0.0.1')
    await once(socket, 'connect')
    const path = new URL(`${gateway.base}/namespaces/a`).pathname
    socket.write(wireText(`GET ${path}`))
    await arrived
    socket.destroy()
    await expect.poll(() => entered[0]?.aborted).toBe(true)
    letGo()
    await expect.poll(async () => (await call(gateway, 'GET /namespaces/a')).status).toBe(200)
    expect(gateway.logged).toEqual([])
  })
})

describe('probes', () => {
  test('answer outside of the pipeline, for a process that is up', async () => {
    const gateway = await start({})
    expect((await call(gateway, `GET ${gateway.origin}/health/live`)).json).toEqual({ live: true })
    expect((await call(gateway, `GET ${gateway.origin}/health/ready`)).json).toEqual({
      ready: true,
      missing: [],
    })
    expect((await call(gateway, `GET ${gateway.origin}/metrics`)).text).toContain('up 1')
    expect(gateway.audited).toEqual([])
  })
})
