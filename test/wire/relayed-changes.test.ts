/** What is on record of a change that an upstream has made: generated from the list of operations. */
import { afterEach, describe, expect, test } from 'vitest'
import { samples } from '../support/iceberg-requests.ts'
import { createMemoryCatalog } from '../support/memory-catalog.ts'
import { type MemoryGateway, startMemoryGateway, warehouseId } from '../support/memory-gateway.ts'
import { call, fill } from '../support/wire.ts'

const open: MemoryGateway[] = []
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.stop()
})

/** An upstream has no `find`: nothing is known of it without reaching it. */
const upstream = () => {
  const { tables, ...rest } = createMemoryCatalog()
  const { find: _, ...reachable } = tables
  return { ...rest, tables: reachable }
}

/** Mounted at the root, so that the samples are the upstream's. */
const start = async (): Promise<MemoryGateway> => {
  const mounts = [{ namespace: [], connection: 'far', catalog: upstream() }]
  const gateway = await startMemoryGateway({ mounts })
  open.push(gateway)
  await fill(gateway)
  return gateway
}

const changes = Object.entries(samples).filter(([, { line }]) => !/^(GET|HEAD)/.test(line))

const types: Readonly<Record<string, string>> = {
  createNamespace: 'namespace.created',
  dropNamespace: 'namespace.dropped',
  updateProperties: 'namespace.properties-updated',
  createTable: 'table.created',
  registerTable: 'table.registered',
  updateTable: 'table.committed',
  dropTable: 'table.dropped',
  renameTable: 'table.renamed',
  unregisterTable: 'table.unregistered',
  reportMetrics: 'metrics.reported',
  commitTransaction: 'table.committed',
  createView: 'view.created',
  registerView: 'view.registered',
  replaceView: 'view.committed',
  dropView: 'view.dropped',
  renameView: 'view.renamed',
}

/** Makes way for the sample; what is registered needs a file that is there. */
const prepare = async (gateway: MemoryGateway, name: string, body: unknown): Promise<unknown> => {
  if (name === 'dropNamespace') {
    await call(gateway, 'DELETE /namespaces/a/tables/t')
    await call(gateway, 'DELETE /namespaces/a/views/v')
  }
  if (!name.startsWith('register')) return body
  const path = name === 'registerTable' ? '/namespaces/a/tables/t' : '/namespaces/a/views/v'
  const { json } = await call(gateway, `GET ${path}`)
  await call(gateway, `DELETE ${path}`)
  return { name: 'again', 'metadata-location': Object(json)['metadata-location'] }
}

describe('a change through a mount', () => {
  test.each(changes)(
    '(%s) leaves its decision and what it changed, together',
    async (name, { line, body }) => {
      const gateway = await start()
      const sent = await prepare(gateway, name, body)
      const headers = { 'x-request-id': 'one' }
      const reply = await call(gateway, line, { headers, ...(sent === undefined ? {} : { body: sent }) })
      expect(reply.status, reply.text).toBeLessThan(300)
      const [recorded, ...more] = gateway.relayed.filter(({ entry }) => entry.requestId === 'one')
      expect(more).toEqual([])
      expect(recorded?.entry).toMatchObject({ operation: name, decision: 'allowed', status: reply.status })
      expect(recorded?.events.map(({ type }) => type)).toContain(types[name])
      expect(recorded?.events[0]).toMatchObject({ warehouse: warehouseId, data: { connection: 'far' } })
      expect(gateway.audited.filter(({ requestId }) => requestId === 'one')).toEqual([])
    },
  )

  test('that is told again under its key leaves a decision only', async () => {
    const gateway = await start()
    const headers = { 'idempotency-key': '018f9c3a-0000-7000-8000-00000000000a' }
    const before = gateway.relayed.length
    const create = () => call(gateway, 'POST /namespaces', { body: { namespace: ['twice'] }, headers })
    expect([(await create()).status, (await create()).status]).toEqual([200, 200])
    expect(gateway.relayed).toHaveLength(before + 1)
    expect(gateway.audited.filter(({ operation }) => operation === 'createNamespace')).toHaveLength(1)
  })

  test('that is refused, or only staged, leaves a decision only', async () => {
    const gateway = await start()
    const before = gateway.relayed.length
    const schema = { type: 'struct', fields: [] }
    const post = (body: object) => call(gateway, 'POST /namespaces/a/tables', { body })
    expect((await post({ name: 'staged', schema, 'stage-create': true })).status).toBe(200)
    expect((await post({ name: 't', schema })).status).toBe(409)
    expect(gateway.relayed).toHaveLength(before)
    expect(gateway.audited.map(({ operation, status }) => [operation, status])).toEqual([
      ['createTable', 200],
      ['createTable', 409],
    ])
  })
})
