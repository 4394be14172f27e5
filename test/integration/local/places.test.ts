/** Who owns which places: locations and the paths that data and metadata files are sent to, one by one and at once. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Catalog } from '#catalog/catalog.ts'
import type { Identifier } from '#model/identifier.ts'
import { createFileStore } from '#storage/file-store.ts'
import { createMetadataFiles } from '#storage/metadata-files.ts'
import type { Database } from '#store/database.ts'
import { TransactionConflict } from '#store/errors.ts'
import {
  bodyOf,
  commitBody,
  freshName,
  metadataOf,
  newCall,
  setProperties,
  tableBody,
} from '../../contract/catalog/kit.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'
import { createFailingDatabase } from '../../support/failing-database.ts'
import { createTestWarehouse, openTestCatalog, type TestWarehouse } from '../../support/local-catalog.ts'

const taken = { type: 'BadRequestException', message: expect.stringContaining('location of another') }

describe('places of the local catalog', () => {
  let test: TestDatabase
  let warehouse: TestWarehouse
  let catalog: Catalog
  const namespace = ['places']
  beforeAll(async () => {
    test = await openTestDatabase()
    warehouse = await createTestWarehouse(test.database)
    catalog = openTestCatalog(test.database, warehouse)
    await catalog.namespaces.create(newCall(), namespace, bodyOf({}))
  })
  afterAll(async () => {
    await test[Symbol.asyncDispose]()
  })

  const freshPlace = (): string => `${warehouse.warehouse.allowedLocations[0]}/${freshName('place')}`
  const create = async (over: object = {}): Promise<Identifier> => {
    const name = freshName('t')
    await catalog.tables.create(newCall(), namespace, tableBody(name, { ...over }))
    return { namespace, name }
  }
  const sendTo = (path: string, key = 'write.data.path') => ({ properties: { [key]: path } })
  const commit = (id: Identifier, ...updates: readonly unknown[]) =>
    catalog.tables.commit(newCall(), id, commitBody(updates))
  const drop = (id: Identifier) => catalog.tables.drop(newCall(), id, { purge: false })

  it.each([
    'write.data.path',
    'write.metadata.path',
    'write.object-storage.path',
    'write.folder-storage.path',
  ])('a new table has the place of its %s for itself until it is dropped', async (key) => {
    const path = freshPlace()
    const id = await create(sendTo(path, key))
    await expect(create({ location: path })).rejects.toMatchObject(taken)
    await expect(create({ location: `${path}/inner` })).rejects.toMatchObject(taken)
    await expect(create(sendTo(`${path}/inner`))).rejects.toMatchObject(taken)
    await drop(id)
    await create({ location: `${path}/inner` })
  })

  it('a namespace says where a client that chooses the place puts its tables, and takes them there', async () => {
    const { properties } = await catalog.namespaces.load(newCall(), namespace)
    const location = `${properties['location']}/${freshName('chosen')}`
    expect(properties['location']?.startsWith(`${warehouse.warehouse.location}/`)).toBe(true)
    const staged = await catalog.tables.create(
      newCall(),
      namespace,
      tableBody('staged', { location, 'stage-create': true }),
    )
    expect(metadataOf(staged)['location']).toBe(location)
    await catalog.namespaces.create(newCall(), ['elsewhere'], bodyOf({}))
    const other = await catalog.namespaces.load(newCall(), ['elsewhere'])
    expect(other.properties['location']).not.toBe(properties['location'])
  })

  it('a location that the namespace was given goes before', async () => {
    const location = freshPlace()
    await catalog.namespaces.create(newCall(), ['given'], bodyOf({ properties: { location } }))
    expect((await catalog.namespaces.load(newCall(), ['given'])).properties).toEqual({ location })
  })

  it('a path set by a commit is claimed, and kept when it is changed: the files written there stay the table’s', async () => {
    const [first, second] = [freshPlace(), freshPlace()]
    const id = await create()
    await commit(id, setProperties({ 'write.data.path': first }))
    await commit(id, setProperties({ 'write.data.path': second }))
    await commit(id, { action: 'remove-properties', removals: ['write.data.path'] })
    for (const location of [first, second]) await expect(create({ location })).rejects.toMatchObject(taken)
    await drop(id)
    for (const location of [first, second]) await create({ location })
  })

  it('a commit that is refused for its path claims nothing', async () => {
    const [free, held] = [freshPlace(), freshPlace()]
    await create({ location: held })
    const id = await create()
    const both = setProperties({ 'write.data.path': free, 'write.metadata.path': held })
    await expect(commit(id, both)).rejects.toMatchObject(taken)
    await create({ location: free })
  })

  it('a path inside of the own location, or around it, is no rival of the table', async () => {
    const outer = freshPlace()
    const id = await create({ location: `${outer}/t`, ...sendTo(`${outer}/t/data`) })
    await commit(id, setProperties({ 'write.data.path': outer }))
    await expect(create({ location: `${outer}/other` })).rejects.toMatchObject(taken)
  })

  it('a staged create keeps the place of its path, for the table that it becomes', async () => {
    const path = freshPlace()
    const name = freshName('staged')
    const staged = await catalog.tables.create(
      newCall(),
      namespace,
      tableBody(name, { 'stage-create': true, ...sendTo(path) }),
    )
    await expect(create({ location: path })).rejects.toMatchObject(taken)
    const { location, 'table-uuid': uuid } = metadataOf(staged)
    const created = [
      { action: 'assign-uuid', uuid },
      { action: 'upgrade-format-version', 'format-version': 2 },
      { action: 'set-location', location },
      { action: 'add-schema', schema: { type: 'struct', 'schema-id': 0, fields: [] } },
      { action: 'set-current-schema', 'schema-id': -1 },
      { action: 'add-spec', spec: { 'spec-id': 0, fields: [] } },
      { action: 'set-default-spec', 'spec-id': -1 },
      { action: 'add-sort-order', 'sort-order': { 'order-id': 0, fields: [] } },
      { action: 'set-default-sort-order', 'sort-order-id': -1 },
      setProperties({ 'write.data.path': path }),
    ]
    const body = commitBody(created, [{ type: 'assert-create' }])
    await catalog.tables.commit(newCall(), { namespace, name }, body)
    await expect(create({ location: path })).rejects.toMatchObject(taken)
    await drop({ namespace, name })
    await create({ location: path })
  })

  it('a registered table claims its paths again', async () => {
    const path = freshPlace()
    const id = await create(sendTo(path))
    const { metadataLocation } = (await catalog.tables.load(newCall(), id, { snapshots: 'all' })) as {
      metadataLocation: string
    }
    await drop(id)
    await catalog.tables.register?.(
      newCall(),
      namespace,
      bodyOf({ name: id.name, 'metadata-location': metadataLocation }),
    )
    await expect(create({ location: path })).rejects.toMatchObject(taken)
  })

  it('tables that send files to each other’s wishes at once get each place once, and none waits in a ring', async () => {
    for (let round = 0; round < 5; round++) {
      const [one, two] = [freshPlace(), freshPlace()]
      const ids = await Promise.all([create(), create(), create(), create()])
      const outcomes = await Promise.allSettled(
        ids.map((id, i) => {
          const [data, metadata] = i % 2 === 0 ? [one, two] : [two, one]
          return commit(id, setProperties({ 'write.data.path': data, 'write.metadata.path': metadata }))
        }),
      )
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(taken)
    }
  })

  it('a staged create on a file system finds the folders that its client writes to, within its own place', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lakegate-'))
    try {
      const root = `file://${folder}`
      const on = {
        ...(await createTestWarehouse(test.database, { location: root, allowedLocations: [] })),
        files: createMetadataFiles(createFileStore([root])),
      }
      const files = openTestCatalog(test.database, on)
      await files.namespaces.create(newCall(), namespace, bodyOf({}))
      const stage = (name: string, properties = {}) =>
        files.tables.create(newCall(), namespace, tableBody(name, { 'stage-create': true, properties }))
      const location = String(metadataOf(await stage('one'))['location'])
      const own = location.slice('file://'.length)
      expect((await readdir(own)).sort()).toEqual(['data', 'metadata'])
      await stage('two', { 'write.data.path': `${root}/two-data`, 'write.metadata.path': `${root}/two-meta` })
      expect((await readdir(folder)).sort()).toEqual([basename(own), 'two-data', 'two-meta'].sort())
      await expect(stage('three', { 'write.data.path': `${location}/data/inner` })).rejects.toMatchObject(
        taken,
      )
      expect(await readdir(join(own, 'data'))).toEqual([])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  const stageOn = (database: Database) =>
    openTestCatalog(database, warehouse).tables.create(
      newCall(),
      namespace,
      tableBody(freshName('staged'), { 'stage-create': true }),
    )

  it('a staged create that meets another transaction is tried again', async () => {
    let conflicts = 3
    const meeting: Database = {
      ...test.database,
      transaction: async (work) => {
        if (conflicts-- > 0) throw new TransactionConflict(new Error('deadlock'))
        return test.database.transaction(work)
      },
    }
    expect(metadataOf(await stageOn(meeting))['location']).toBeDefined()
  })

  it.each(['commit-happened', 'commit-lost'] as const)(
    'a staged create whose answer of COMMIT is lost succeeds all the same (%s)',
    async (at) => {
      const failing = createFailingDatabase(test.database)
      failing.failNext({ at })
      expect(metadataOf(await stageOn(failing.database))['location']).toBeDefined()
    },
  )
})
