/**
 * The store does not answer before a change has begun: the client is told to try again (429). A 503 would tell it that
 * its change may have happened.
 */
import { afterEach, describe, expect, test } from 'vitest'
import type { Catalog } from '#catalog/catalog.ts'
import type { IdempotencyLedger } from '#gateway/idempotency.ts'
import { CatalogError } from '#model/errors.ts'
import { samples } from '../support/iceberg-requests.ts'
import { createMemoryCatalog } from '../support/memory-catalog.ts'
import {
  createMemoryLedger,
  type MemoryGateway,
  type MemoryGatewayOptions,
  startMemoryGateway,
} from '../support/memory-gateway.ts'
import { watchCatalog } from '../support/watched-catalog.ts'
import { call, fill, type Reply } from '../support/wire.ts'

const open: MemoryGateway[] = []
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.stop()
})

const start = async (options: MemoryGatewayOptions): Promise<MemoryGateway> => {
  const gateway = await startMemoryGateway(options)
  open.push(gateway)
  return gateway
}

const away = (): Promise<never> =>
  Promise.reject(
    new CatalogError('ServiceUnavailableException', "The catalog's database is not reachable", {
      cause: new Error('connect ECONNREFUSED'),
      retryAfterSeconds: 2,
    }),
  )

const key = '018f9c3a-0000-7000-8000-00000000000a'

const send = (gateway: MemoryGateway, operation: string, headers = {}): Promise<Reply> => {
  const { line, body } = samples[operation] ?? { line: '' }
  return call(gateway, line, { headers, ...(body === undefined ? {} : { body }) })
}

const changes = Object.keys(samples).filter((name) => !/^(GET|HEAD)/.test(samples[name]?.line ?? ''))
/** Those that look objects up before they are allowed. */
const finding = changes.filter((name) => !/Namespace|Properties|^create|^register/.test(name))

const withoutFind = (): Catalog => {
  const catalog = createMemoryCatalog()
  return { ...catalog, tables: { ...catalog.tables, find: away } }
}

const expectToldToRetry = (gateway: MemoryGateway, reply: Reply): void => {
  expect(reply.json).toMatchObject({ error: { type: 'SlowDownException', code: 429 } })
  expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(gateway.audited.at(-1)).toMatchObject({ decision: 'failed', status: 429 })
}

describe('while the store is away', () => {
  test.each(finding)('%s cannot look its object up, and may be tried again', async (operation) => {
    const gateway = await start({ local: withoutFind() })
    expectToldToRetry(gateway, await send(gateway, operation))
  })

  test.each(changes)('%s cannot look its key up, and may be tried again', async (operation) => {
    const watched = watchCatalog(createMemoryCatalog())
    const ledger: IdempotencyLedger = { ...createMemoryLedger(), find: away }
    const gateway = await start({ local: watched.catalog, ledger })
    await fill(gateway)
    watched.reached.length = 0
    expectToldToRetry(gateway, await send(gateway, operation, { 'idempotency-key': key }))
    expect(watched.reached).toEqual([])
  })

  test('a relayed change cannot take its key, and may be tried again', async () => {
    const watched = watchCatalog(createMemoryCatalog())
    const ledger: IdempotencyLedger = { ...createMemoryLedger(), begin: away }
    const gateway = await start({
      ledger,
      mounts: [{ namespace: ['a'], connection: 'far', catalog: watched.catalog }],
    })
    expectToldToRetry(gateway, await send(gateway, 'dropTable', { 'idempotency-key': key }))
    expect(watched.reached).toEqual([])
  })

  test('a read is 503: it has nothing that may have happened', async () => {
    const gateway = await start({ local: withoutFind() })
    expect((await send(gateway, 'loadTable')).status).toBe(503)
    expect(gateway.audited.at(-1)).toMatchObject({ status: 503 })
  })
})
