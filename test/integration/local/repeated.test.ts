/** Changes sent more than once under one `Idempotency-Key`, from the wire down to the rows. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAuditBuffer } from '#store/audit-buffer.ts'
import { createIdempotencyLedger } from '#store/idempotency.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'
import { samples } from '../../support/iceberg-requests.ts'
import { createTestWarehouse, openTestCatalog, type TestWarehouse } from '../../support/local-catalog.ts'
import { createMemoryCatalog, type MemoryCatalog } from '../../support/memory-catalog.ts'
import { type MemoryGateway, startMemoryGateway } from '../../support/memory-gateway.ts'
import { call, newTable, type Reply } from '../../support/wire.ts'

let database: TestDatabase
let warehouse: TestWarehouse
let upstream: MemoryCatalog
let gateway: MemoryGateway

beforeAll(async () => {
  database = await openTestDatabase({ kind: 'embedded' })
  warehouse = await createTestWarehouse(database.database)
  upstream = createMemoryCatalog()
  gateway = await startMemoryGateway({
    local: openTestCatalog(database.database, warehouse),
    ledger: createIdempotencyLedger(database.database),
    audit: createAuditBuffer(database.database, { strict: true }),
    mounts: [{ namespace: ['far'], connection: 'far', catalog: upstream }],
  })
})
afterAll(async () => {
  await gateway?.stop()
  await database?.[Symbol.asyncDispose]()
})

const createTable = async (namespace: string): Promise<string> => {
  const [mount = '', ...below] = namespace.split('%1F')
  await call(gateway, 'POST /namespaces', { body: { namespace: [mount, ...below], properties: {} } })
  const name = `t${randomUUID()}`
  const made = await call(gateway, `POST /namespaces/${namespace}/tables`, { body: newTable(name) })
  expect(made.status, made.text).toBe(200)
  return `/namespaces/${namespace}/tables/${name}`
}

const send = (key: string, line: string, body?: unknown): Promise<Reply> =>
  call(gateway, line, { headers: { 'idempotency-key': key }, ...(body === undefined ? {} : { body }) })

const eight = <T>(work: () => Promise<T>): Promise<readonly T[]> =>
  Promise.all(Array.from({ length: 8 }, work))

const countEvents = async (type: string): Promise<readonly [outbox: number, audit: number]> => {
  const [row] = await database.database.query<{ outbox: number; audit: number }>(
    `select (select count(*)::int from outbox where type = $1) as outbox,
            (select count(*)::int from audit_entry where kind = 'change' and detail::jsonb ->> 'type' = $1) as audit`,
    [type],
  )
  return [row?.outbox ?? 0, row?.audit ?? 0]
}

const report = samples['reportMetrics']?.body

describe('a metrics report', () => {
  test('is recorded once, one after the other and all at once', async () => {
    const table = await createTable('near')
    const [outbox, audit] = await countEvents('metrics.reported')
    const key = randomUUID()
    const first = await send(key, `POST ${table}/metrics`, report)
    const all = [first, ...(await eight(() => send(key, `POST ${table}/metrics`, report)))]
    expect(all.map(({ status }) => status)).toEqual(all.map(() => 204))
    const other = randomUUID()
    await eight(() => send(other, `POST ${table}/metrics`, report))
    expect(await countEvents('metrics.reported')).toEqual([outbox + 2, audit + 2])
  })

  test('is relayed once', async () => {
    const table = await createTable('far%1Fdb')
    const key = randomUUID()
    const replies = await eight(() => send(key, `POST ${table}/metrics`, report))
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 204))
    expect(upstream.reports).toHaveLength(1)
  })
})

describe.each(['near', 'far%1Fdb'])('an unregister in %s', (namespace) => {
  test('is answered with the same document each time, also when its file is gone', async () => {
    const table = await createTable(namespace)
    const key = randomUUID()
    const [first, ...others] = await eight(() => send(key, `POST ${table}/unregister`))
    expect(first?.status, first?.text).toBe(200)
    const { 'metadata-location': location } = JSON.parse(first?.text ?? '') as Record<string, string>
    if (namespace === 'near') await warehouse.store.delete(location ?? '')
    const later = await send(key, `POST ${table}/unregister`)
    for (const reply of [...others, later]) {
      expect([reply.status, reply.text]).toEqual([first?.status, first?.text])
      expect(reply.headers.get('etag')).toBe(first?.headers.get('etag'))
    }
    expect((await send(randomUUID(), `POST ${table}/unregister`)).status).toBe(404)
  })

  test('does not touch another table that has got the name since', async () => {
    const table = await createTable(namespace)
    const key = randomUUID()
    await send(key, `POST ${table}/unregister`)
    const name = table.split('/').at(-1) ?? ''
    await call(gateway, `POST /namespaces/${namespace}/tables`, { body: newTable(name) })
    expect((await send(key, `POST ${table}/unregister`)).status).toBe(200)
    expect((await call(gateway, `GET ${table}`)).status).toBe(200)
  })
})
