/**
 * Grants on a mounted table or view stand for its uuid. The object is made anew at its upstream under the same name:
 * every operation answers as if it were missing, changes nothing, and says that the grants are to be suspended.
 */
import { afterEach, describe, expect, test } from 'vitest'
import type { Authorizer } from '#authz/authorizer.ts'
import type { Catalog } from '#catalog/catalog.ts'
import type { ExpectedUuid, Need } from '#model/access.ts'
import { samples } from '../support/iceberg-requests.ts'
import { createMemoryCatalog } from '../support/memory-catalog.ts'
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts'
import { watchCatalog } from '../support/watched-catalog.ts'
import { call, fill, newTable, newView, type Reply } from '../support/wire.ts'

const open: MemoryGateway[] = []
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.stop()
})

const start = async (...[options]: Parameters<typeof startMemoryGateway>): Promise<MemoryGateway> => {
  const gateway = await startMemoryGateway(options)
  open.push(gateway)
  return gateway
}

const mountedAtRoot = (catalog: Catalog) => ({
  mounts: [{ namespace: [], connection: 'far', catalog }],
})

const uuidOf = async (upstream: MemoryGateway, line: string): Promise<string> => {
  const { metadata } = (await call(upstream, line)).json as { metadata: Record<string, string> }
  return metadata['table-uuid'] ?? metadata['view-uuid'] ?? ''
}

/** As the policy authorizer decides where nothing but grants on the objects themselves allows. */
const byUuid = (uuids: Readonly<Record<string, string>>): Authorizer => {
  const expected = ({ resource }: Need): readonly ExpectedUuid[] => {
    if (resource.kind !== 'table' && resource.kind !== 'view') return []
    return [{ resource, uuid: uuids[resource.kind] ?? '' }]
  }
  return {
    check: (_principal, needs) => ({
      ...{ allow: true, visible: true, reason: 'granted on itself' },
      obligations: { expectUuids: needs.flatMap(expected) },
    }),
    visible: (_principal, _action, candidates) => candidates.map(() => true),
  }
}

/** An upstream with a table and a view, and a gateway whose asker has been granted both. */
const prepare = async () => {
  const catalog = createMemoryCatalog()
  const upstream = await start({ local: catalog })
  await fill(upstream)
  const uuids = {
    table: await uuidOf(upstream, 'GET /namespaces/a/tables/t'),
    view: await uuidOf(upstream, 'GET /namespaces/a/views/v'),
  }
  const { catalog: watched, reached } = watchCatalog(catalog)
  const suspended: { kind: string; expected: string; found: string | undefined }[] = []
  const gateway = await start({
    ...mountedAtRoot(watched),
    authorizer: byUuid(uuids),
    suspend: async ({ resource, uuid }, found) => {
      suspended.push({ kind: resource.kind, expected: uuid, found })
    },
  })
  const recreate = async (): Promise<void> => {
    await call(upstream, 'DELETE /namespaces/a/tables/t')
    await call(upstream, 'DELETE /namespaces/a/views/v')
    await call(upstream, 'POST /namespaces/a/tables', { body: newTable('t') })
    await call(upstream, 'POST /namespaces/a/views', { body: newView('v') })
  }
  return { upstream, gateway, uuids, suspended, reached, recreate }
}

const withOverwrite = (name: string) => ({
  name,
  'metadata-location': 'file:///lake/x/metadata/1.metadata.json',
  overwrite: true,
})
const requests = {
  ...samples,
  registerTable: { ...samples['registerTable'], body: withOverwrite('t') },
  registerView: { ...samples['registerView'], body: withOverwrite('v') },
}

const ask = (gateway: MemoryGateway, operation: string, headers = {}): Promise<Reply> => {
  const { line = '', body } = requests[operation as keyof typeof requests] ?? {}
  return call(gateway, line, { headers, ...(body === undefined ? {} : { body }) })
}

const ofTables = [
  ...['loadTable', 'tableExists', 'updateTable', 'dropTable', 'unregisterTable', 'reportMetrics'],
  ...['renameTable', 'registerTable', 'commitTransaction'],
]
const ofViews = ['loadView', 'viewExists', 'replaceView', 'dropView', 'renameView', 'registerView']

describe.each([...ofTables, ...ofViews])('%s of what was made anew under its name', (operation) => {
  const kind = ofTables.includes(operation) ? 'table' : 'view'
  const where = kind === 'table' ? 'tables/t' : 'views/v'

  test('answers as for a missing one, changes nothing, and suspends the grants', async () => {
    const { upstream, gateway, uuids, suspended, recreate } = await prepare()
    await recreate()
    const line = `GET /namespaces/a/${where}`
    const before = await call(upstream, line)
    const reply = await ask(gateway, operation)
    expect(reply.status).toBe(404)
    if (!operation.endsWith('Exists'))
      expect(reply.json).toMatchObject({
        error: {
          message: `${kind === 'table' ? 'Table' : 'View'} does not exist: a.${where.slice(-1)}`,
        },
      })
    expect((await call(upstream, line)).text).toBe(before.text)
    const found = await uuidOf(upstream, line)
    expect(suspended).toEqual([{ kind, expected: uuids[kind], found }])
    expect(gateway.audited.at(-1)).toMatchObject({
      decision: 'denied',
      reason: expect.stringContaining('grants suspended'),
    })
  })

  test('goes on as long as it is the one that was granted', async () => {
    const { gateway, suspended } = await prepare()
    const { status } = await ask(gateway, operation)
    // The samples register a file that is not there; the catalog in memory says so.
    expect(operation.startsWith('register') ? [200, 404, 409] : [200, 204]).toContain(status)
    expect(suspended).toEqual([])
  })
})

describe('a load under grants that stand for a uuid', () => {
  test('says not-modified only of the object that was granted', async () => {
    const { gateway, recreate } = await prepare()
    const etag = (await ask(gateway, 'loadTable')).headers.get('etag') ?? ''
    expect((await ask(gateway, 'loadTable', { 'if-none-match': etag })).status).toBe(304)
    await recreate()
    expect((await ask(gateway, 'loadTable', { 'if-none-match': etag })).status).toBe(404)
    expect((await ask(gateway, 'loadTable', { 'if-none-match': '*' })).status).toBe(404)
  })
})

describe('a commit under grants that stand for a uuid', () => {
  const properties = { action: 'set-properties', updates: { a: '1' } }

  test('is sent as it came where it asserts that uuid itself', async () => {
    const { gateway, uuids, reached } = await prepare()
    const requirements = [{ type: 'assert-table-uuid', uuid: uuids.table }]
    const body = { requirements, updates: [properties] }
    expect((await call(gateway, 'POST /namespaces/a/tables/t', { body })).status).toBe(200)
    expect(reached.filter((one) => one !== 'supported')).toEqual(['tables.commit'])
  })

  test('that asserts the uuid of what is there by now is refused all the same', async () => {
    const { upstream, gateway, recreate, suspended } = await prepare()
    await recreate()
    const uuid = await uuidOf(upstream, 'GET /namespaces/a/tables/t')
    const body = { requirements: [{ type: 'assert-table-uuid', uuid }], updates: [properties] }
    expect((await call(gateway, 'POST /namespaces/a/tables/t', { body })).status).toBe(404)
    expect(suspended).toHaveLength(1)
  })

  test('keeps its own conflicts where the object is the one that was granted', async () => {
    const { gateway, suspended } = await prepare()
    const requirements = [{ type: 'assert-current-schema-id', 'current-schema-id': 7 }]
    const body = { requirements, updates: [properties] }
    expect((await call(gateway, 'POST /namespaces/a/tables/t', { body })).status).toBe(409)
    expect(suspended).toEqual([])
  })
})

test('where the suspension cannot be written the answer is the same, and somebody is told', async () => {
  const catalog = createMemoryCatalog()
  const upstream = await start({ local: catalog })
  await fill(upstream)
  const gateway = await start({
    ...mountedAtRoot(catalog),
    authorizer: byUuid({ table: crypto.randomUUID() }),
    suspend: () => Promise.reject(new Error('the store is away')),
  })
  expect((await ask(gateway, 'loadTable')).status).toBe(404)
  expect(gateway.logged).toMatchObject([{ event: 'grants.not-suspended' }])
})
