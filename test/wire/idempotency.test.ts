/** The `Idempotency-Key` at the wire: a change runs once, whoever repeats it, and is told again truthfully. */
import { afterEach, describe, expect, test } from 'vitest'
import type { Authorizer } from '#authz/authorizer.ts'
import type { Catalog } from '#catalog/catalog.ts'
import { CatalogError, type ErrorType } from '#model/errors.ts'
import { samples } from '../support/iceberg-requests.ts'
import { createMemoryCatalog } from '../support/memory-catalog.ts'
import {
  createMemoryLedger,
  type MemoryGateway,
  type MemoryGatewayOptions,
  startMemoryGateway,
} from '../support/memory-gateway.ts'
import { watchCatalog } from '../support/watched-catalog.ts'
import { call, fill, newTable, type Reply } from '../support/wire.ts'

const open: MemoryGateway[] = []
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.stop()
})

const start = async (options: MemoryGatewayOptions = {}): Promise<MemoryGateway> => {
  const gateway = await startMemoryGateway(options)
  open.push(gateway)
  return gateway
}

const key = '018f9c3a-0000-7000-8000-00000000000A'

/** Under `key`; `sendUnder` chooses another. */
const sendUnder = (sent: string) => (gateway: MemoryGateway, line: string, body?: unknown) =>
  call(gateway, line, { headers: { 'idempotency-key': sent }, ...(body === undefined ? {} : { body }) })
const send = sendUnder(key)

const replayed = Object.entries(samples).filter(([, { line }]) => !/^(GET|HEAD)/.test(line))

describe('every change', () => {
  test.each(replayed)('(%s) reaches the catalog once and is told again', async (name, { line, body }) => {
    const watched = watchCatalog(createMemoryCatalog())
    const gateway = await start({ local: watched.catalog })
    await fill(gateway)
    if (name === 'dropNamespace') {
      await call(gateway, 'DELETE /namespaces/a/tables/t')
      await call(gateway, 'DELETE /namespaces/a/views/v')
    }
    const first = await send(gateway, line, body)
    const changes = watched.reached.filter((one) => !one.endsWith('.load')).length
    const second = await send(gateway, line, body)
    expect([second.status, second.text]).toEqual([first.status, expectedText(first, second)])
    expect(watched.reached.filter((one) => !one.endsWith('.load'))).toHaveLength(changes)
  })
})

/** The request ids of two errors differ; everything else is equal. */
const expectedText = (first: Reply, second: Reply): string => {
  const id = (reply: Reply): string => reply.headers.get('x-request-id') ?? ''
  return first.text.replace(id(first), id(second))
}

describe('a key', () => {
  test('that is no UUID is refused, whatever letter case a UUID has', async () => {
    const gateway = await start()
    const body = { namespace: ['n'], properties: {} }
    expect((await sendUnder('abc')(gateway, 'POST /namespaces', body)).status).toBe(400)
    expect((await sendUnder(key.toUpperCase())(gateway, 'POST /namespaces', body)).status).toBe(200)
    expect((await sendUnder(key.toLowerCase())(gateway, 'POST /namespaces', body)).status).toBe(200)
  })

  test('means nothing on a read', async () => {
    const gateway = await start()
    expect((await sendUnder('abc')(gateway, 'GET /namespaces')).status).toBe(200)
  })

  test('of another request is refused with 422', async () => {
    const gateway = await start()
    await send(gateway, 'POST /namespaces', { namespace: ['n'], properties: {} })
    const other = await send(gateway, 'POST /namespaces', { namespace: ['m'], properties: {} })
    expect(other.status).toBe(422)
  })

  test('of a final refusal is refused again without running', async () => {
    const gateway = await start()
    await fill(gateway)
    expect((await send(gateway, 'POST /namespaces/a/tables', newTable('t'))).status).toBe(409)
    await call(gateway, 'DELETE /namespaces/a/tables/t')
    const again = await send(gateway, 'POST /namespaces/a/tables', newTable('t'))
    expect(again.json).toMatchObject({ error: { type: 'AlreadyExistsException' } })
  })

  test('of a staged create is not remembered: staging again changes nothing', async () => {
    const ledger = createMemoryLedger()
    const gateway = await start({ ledger })
    await fill(gateway)
    const staged = { ...newTable('staged'), 'stage-create': true }
    for (const _ of [1, 2])
      expect((await send(gateway, 'POST /namespaces/a/tables', staged)).status).toBe(200)
    expect(ledger.rows.size).toBe(0)
  })

  test('does not open what its owner may no longer do: a replay is authorized anew', async () => {
    let allowed = true
    const authorizer: Authorizer = {
      check: () => ({ allow: allowed, visible: true, reason: 'switch' }),
      visible: (_principal, _action, candidates) => candidates.map(() => true),
    }
    const gateway = await start({ authorizer })
    await fill(gateway)
    const create = () => send(gateway, 'POST /namespaces/a/tables', newTable('mine'))
    expect((await create()).status).toBe(200)
    allowed = false
    expect((await create()).status).toBe(403)
    allowed = true
    expect((await create()).status).toBe(200)
  })
})

describe('a create that is told again', () => {
  /** Everything is allowed, but to read where `readable` says no. */
  const startWith = (readable: () => boolean): Promise<MemoryGateway> =>
    start({
      authorizer: {
        check: () => ({ allow: true, visible: true, reason: 'may create' }),
        visible: (_principal, action, candidates) =>
          candidates.map(() => action !== 'describe' || readable()),
      },
    })
  const create = (gateway: MemoryGateway) => send(gateway, 'POST /namespaces/a/tables', newTable('mine'))

  test('shows what it showed before to its maker, who need not be allowed to read', async () => {
    const gateway = await startWith(() => false)
    await fill(gateway)
    const first = await create(gateway)
    expect(await create(gateway)).toMatchObject({ status: 200, json: first.json })
  })

  test('shows what has got the name since to those who may read it, and to nobody else', async () => {
    let readable = true
    const gateway = await startWith(() => readable)
    await fill(gateway)
    await create(gateway)
    await call(gateway, 'DELETE /namespaces/a/tables/mine')
    const other = await call(gateway, 'POST /namespaces/a/tables', { body: newTable('mine') })
    expect((await create(gateway)).json).toEqual(other.json)
    readable = false
    expect((await create(gateway)).json).toMatchObject({ error: { type: 'NoSuchTableException' } })
  })
})

/** A catalog whose drops wait for the test, or fail as told. */
const withDrop = (drop: () => Promise<void>): Catalog => {
  const catalog = createMemoryCatalog()
  return { ...catalog, tables: { ...catalog.tables, drop } }
}

const dropLine = 'DELETE /namespaces/up/a/tables/t'.replace('up/a', 'up%1Fa')

/** The catalog stands behind a mount, as an upstream does. */
const startRelay = async (catalog: Catalog, ledger = createMemoryLedger()) => {
  const gateway = await start({
    ledger,
    mounts: [{ namespace: ['up'], connection: 'up', catalog }],
  })
  return { gateway, ledger }
}

describe('a relayed change', () => {
  test('in flight holds its duplicate back until the outcome is known', async () => {
    let finish = (): void => {}
    const started = Promise.withResolvers<void>()
    let drops = 0
    const { gateway } = await startRelay(
      withDrop(() => {
        drops += 1
        started.resolve()
        return new Promise((resolve) => {
          finish = resolve
        })
      }),
    )
    const first = send(gateway, dropLine)
    await started.promise
    const second = send(gateway, dropLine)
    finish()
    expect([(await first).status, (await second).status, drops]).toEqual([204, 204, 1])
  })

  test.each<[ErrorType, 'failed' | 'in-flight' | 'free']>([
    ['NoSuchTableException', 'failed'],
    ['CommitFailedException', 'failed'],
    ['UnprocessableEntityException', 'failed'],
    ['BadRequestException', 'failed'],
    ['SlowDownException', 'free'],
    ['ForbiddenException', 'free'],
    ['ServiceUnavailableException', 'free'],
    ['CommitStateUnknownException', 'in-flight'],
  ])('that ends with %s leaves its key %s', async (type, state) => {
    const { gateway, ledger } = await startRelay(
      withDrop(() => Promise.reject(new CatalogError(type, 'as told'))),
    )
    await send(gateway, dropLine)
    const [row] = ledger.rows.values()
    const found = row === undefined ? 'free' : row.outcome === 'in-flight' ? 'in-flight' : row.outcome.kind
    expect(found).toBe(state)
  })

  test('that happened is never reported as failed because its outcome could not be stored', async () => {
    const ledger = createMemoryLedger()
    const { gateway } = await startRelay(
      withDrop(async () => {}),
      { ...ledger, settle: () => Promise.reject(new Error('the store is out')) },
    )
    expect((await send(gateway, dropLine)).status).toBe(204)
    expect(gateway.logged).toMatchObject([{ event: 'idempotency.not-settled' }])
  })
})
