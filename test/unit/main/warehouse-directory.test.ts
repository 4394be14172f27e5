import { describe, expect, test } from 'vitest'
import type { Catalog } from '#catalog/catalog.ts'
import { createEmptyCatalog } from '#catalog/mounts-synthetic.ts'
import type {
  ConnectionRecord,
  MountRecord,
  WarehouseRecord,
} from '#gateway/operations/management/registry.ts'
import { openWarehouseDirectory, type Records } from '../../../src/warehouse-directory.ts'
import { call as context } from '../../support/mounted-catalogs.ts'

const updatedAt = new Date(0)

const warehouse = (id: string, change: Partial<WarehouseRecord> = {}): WarehouseRecord => ({
  id,
  projectId: 'default',
  name: `name-${id}`,
  status: 'active',
  protected: false,
  storage: { kind: 'file', location: 'file:///a', settings: {} },
  allowedLocations: [],
  verifyMetadataFile: null,
  version: 1,
  updatedAt,
  ...change,
})

const connection = (id: string, version = 1): ConnectionRecord => ({
  id,
  projectId: 'default',
  name: `upstream-${id}`,
  kind: 'iceberg-rest',
  config: {},
  version,
  updatedAt,
})

const mount = (warehouseId: string, connectionId: string, level: string): MountRecord => ({
  id: `m-${level}`,
  warehouseId,
  namespace: [level],
  connectionId,
  connectionName: `upstream-${connectionId}`,
})

const projectOf = (defaultWarehouse: string | null) => ({ id: 'default', name: 'main', defaultWarehouse })

const recordsOf = (epoch: number, change: Partial<Records>): Records => ({
  epoch,
  warehouses: [],
  connections: [],
  mounts: new Map(),
  projectId: 'default',
  projects: [projectOf(null)],
  ...change,
})

/** A directory over records that the test sets, counting what is opened and closed. */
const openDirectory = async (first: Records, broken: ReadonlySet<string> = new Set()) => {
  let records = first
  const opened: string[] = []
  const closed: string[] = []
  const logged: string[] = []
  const open = async (record: { id: string; version: number }): Promise<Catalog> => {
    if (broken.has(record.id)) throw new Error('no such secret')
    const name = `${record.id}@${record.version}`
    opened.push(name)
    return {
      ...createEmptyCatalog(),
      kind: name,
      [Symbol.asyncDispose]: async () => {
        closed.push(name)
      },
    }
  }
  const directory = await openWarehouseDirectory({
    loadRecords: async () => records,
    loadEpoch: async () => records.epoch,
    openLocal: open,
    openUpstream: open,
    log: (event) => logged.push(event),
    graceMs: 0,
  })
  const change = (next: Records): Promise<void> => {
    records = next
    return directory.refresh()
  }
  return { directory, change, opened, closed, logged }
}

const sourcesOf = (open: { mounts: { sources: readonly { name: string }[] } } | undefined) =>
  open?.mounts.sources.map(({ name }) => name)

describe('the directory of warehouses', () => {
  test('finds a warehouse by id, by name, by project and name, and as the default', async () => {
    const { directory } = await openDirectory(
      recordsOf(1, { warehouses: [warehouse('a'), warehouse('b')], projects: [projectOf('b')] }),
    )
    expect((await directory.byPrefix('a'))?.id).toBe('a')
    expect((await directory.byName('name-a'))?.id).toBe('a')
    expect((await directory.byName('default/name-a'))?.id).toBe('a')
    expect((await directory.byDefault())?.id).toBe('b')
    expect(await directory.byName('other/name-a')).toBeUndefined()
    expect(await directory.byPrefix('c')).toBeUndefined()
    expect(directory.size).toBe(2)
  })

  test('has no default where the project has none', async () => {
    const { directory } = await openDirectory(recordsOf(1, { warehouses: [warehouse('a')] }))
    expect(await directory.byDefault()).toBeUndefined()
  })

  test('a deactivated warehouse is not served', async () => {
    const inactive = warehouse('a', { status: 'inactive' })
    const { directory } = await openDirectory(
      recordsOf(1, { warehouses: [inactive], projects: [projectOf('a')] }),
    )
    expect(await directory.byPrefix('a')).toBeUndefined()
    expect(await directory.byDefault()).toBeUndefined()
  })

  test('a change is in force when refresh resolves, and opens only what changed', async () => {
    const first = { warehouses: [warehouse('a'), warehouse('b')], connections: [connection('c')] }
    const { directory, change, opened, closed } = await openDirectory(recordsOf(1, first))
    opened.length = 0
    const mounts = new Map([['a', [mount('a', 'c', 'legacy')]]])
    await change(
      recordsOf(2, { ...first, warehouses: [warehouse('a', { version: 2 }), warehouse('b')], mounts }),
    )
    expect(sourcesOf(await directory.byPrefix('a'))).toEqual(['local', 'upstream-c'])
    expect(opened).toEqual(['a@2'])
    await expect.poll(() => closed).toEqual(['a@1'])
    expect(directory.epoch).toBe(2)
  })

  test('nothing is read again while the epoch stands', async () => {
    const { directory, opened } = await openDirectory(recordsOf(1, { warehouses: [warehouse('a')] }))
    await directory.refresh()
    expect(opened).toEqual(['a@1'])
  })

  test('a refresh asked for during another one sees what the first may have missed', async () => {
    const { directory, change } = await openDirectory(recordsOf(1, {}))
    await Promise.all([
      change(recordsOf(2, { warehouses: [warehouse('a')] })),
      change(recordsOf(3, { warehouses: [warehouse('a'), warehouse('b')] })),
    ])
    expect(directory.size).toBe(2)
  })

  test('a connection that cannot be opened is out at its mounts, and takes down no other', async () => {
    const mounts = new Map([['a', [mount('a', 'c', 'bad'), mount('a', 'd', 'good')]]])
    const { directory, logged } = await openDirectory(
      recordsOf(1, { warehouses: [warehouse('a')], connections: [connection('c'), connection('d')], mounts }),
      new Set(['c']),
    )
    const found = await directory.byPrefix('a')
    expect(sourcesOf(found)).toEqual(['local', 'upstream-c', 'upstream-d'])
    const { partial } = await found!.mounts.listNamespaces(context, ['bad'], { size: 10 })
    expect(partial).toMatchObject([{ mount: ['bad'] }])
    const { catalog } = found!.mounts.route(['bad', 'n'])
    const table = { namespace: ['bad', 'n'], name: 't' }
    const body = { bytes: new Uint8Array(0), json: {} }
    await expect(catalog.tables.load(context, table, { snapshots: 'all' })).rejects.toMatchObject({
      status: 503,
    })
    await expect(catalog.tables.commit(context, table, body)).rejects.toMatchObject({ status: 429 })
    expect(logged).toEqual(['connection.not-opened'])
  })

  test('a connection that opens after its record has changed is no longer out', async () => {
    const broken = new Set(['c'])
    const mounts = new Map([['a', [mount('a', 'c', 'far')]]])
    const first = { warehouses: [warehouse('a')], connections: [connection('c')], mounts }
    const { directory, change } = await openDirectory(recordsOf(1, first), broken)
    broken.clear()
    await change(recordsOf(2, { ...first, connections: [connection('c', 2)] }))
    const { partial } = await (await directory.byPrefix('a'))!.mounts.listNamespaces(context, ['far'], {
      size: 10,
    })
    expect(partial).toEqual([])
  })

  test('a warehouse that cannot be opened takes down no other', async () => {
    const { directory, logged } = await openDirectory(
      recordsOf(1, { warehouses: [warehouse('a'), warehouse('b')] }),
      new Set(['a']),
    )
    expect(await directory.byPrefix('a')).toBeUndefined()
    expect((await directory.byPrefix('b'))?.id).toBe('b')
    expect(logged).toEqual(['warehouse.not-opened'])
  })

  test('closing it closes every catalog once', async () => {
    const { directory, closed } = await openDirectory(
      recordsOf(1, { warehouses: [warehouse('a')], connections: [connection('c')] }),
    )
    await directory[Symbol.asyncDispose]()
    expect(closed.sort()).toEqual(['a@1', 'c@1'])
  })
})
