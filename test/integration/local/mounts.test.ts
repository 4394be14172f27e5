/** A connection mounted while the local catalog is written to: one place is never both. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Catalog } from '#catalog/catalog.ts'
import type { Namespace } from '#model/identifier.ts'
import { insertConnection } from '#store/connections.ts'
import { insertMount } from '#store/mounts.ts'
import { insertProject } from '#store/projects.ts'
import { insertWarehouse } from '#store/warehouses.ts'
import { bodyOf, freshName, newCall } from '../../contract/catalog/kit.ts'
import { openTestDatabase, type TestDatabase, testServers } from '../../support/database.ts'
import { createTestWarehouse, openTestCatalog } from '../../support/local-catalog.ts'

describe.each(testServers)('mounts beside local content on the %s PostgreSQL', (kind) => {
  let test: TestDatabase
  let connectionId: string
  beforeAll(async () => {
    test = await openTestDatabase({ kind })
    const draft = { projectId: 'p', name: 'far', kind: 'iceberg-rest', config: {} }
    connectionId = await test.database.transaction(async (tx) => {
      await insertProject(tx, { id: 'p', name: 'project' })
      return (await insertConnection(tx, draft)).id
    })
  })
  afterAll(async () => {
    await test[Symbol.asyncDispose]()
  })

  interface Place {
    readonly catalog: Catalog
    readonly create: (namespace: Namespace) => Promise<unknown>
    readonly mount: (namespace: Namespace) => Promise<unknown>
    readonly warehouseId: string
  }

  const openPlace = async (): Promise<Place> => {
    const name = freshName('w')
    const storage = { kind: 'file', location: `file:///${name}`, settings: {} }
    const draft = { projectId: 'p', name, storage, createdBy: 'test' }
    const { id } = await test.database.transaction((tx) => insertWarehouse(tx, draft))
    const made = await createTestWarehouse(test.database)
    const catalog = openTestCatalog(test.database, { ...made, warehouse: { ...made.warehouse, id } })
    return {
      catalog,
      create: (namespace) => catalog.namespaces.create(newCall(), namespace, bodyOf({})),
      mount: (namespace) =>
        test.database.transaction((tx) => insertMount(tx, { warehouseId: id, namespace, connectionId })),
      warehouseId: id,
    }
  }

  const refused = { status: 409 }

  it('both at one place at one time: exactly one comes to be, the other is refused with 409', async () => {
    const { create, mount } = await openPlace()
    for (let i = 0; i < 12; i++) {
      const namespace = [`n${i}`]
      const both = i % 2 === 0 ? [mount(namespace), create(namespace)] : [create(namespace), mount(namespace)]
      const outcomes = await Promise.allSettled(both)
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: refused })
    }
  })

  it('a namespace that is asked for while its mount is being made waits, and is refused', async () => {
    const { create, catalog, warehouseId } = await openPlace()
    const waiting = await test.database.transaction(async (tx) => {
      await insertMount(tx, { warehouseId, namespace: ['far'], connectionId })
      return { created: Promise.allSettled([create(['far'])]) }
    })
    expect(await waiting.created).toMatchObject([{ reason: refused }])
    expect((await catalog.namespaces.list(newCall(), [], { size: 9 })).items).toEqual([])
  })

  it('a mount at the root is refused over any local namespace, and keeps every one out', async () => {
    const { create, mount } = await openPlace()
    await create(['mine'])
    await expect(mount([])).rejects.toMatchObject(refused)
    const other = await openPlace()
    await other.mount([])
    await expect(other.create(['mine'])).rejects.toMatchObject(refused)
  })

  it('a mount below a local namespace stands beside its other children', async () => {
    const { create, mount } = await openPlace()
    await create(['mine'])
    await create(['mine', 'own'])
    await expect(mount(['mine', 'own'])).rejects.toMatchObject(refused)
    await mount(['mine', 'far'])
    await expect(create(['mine', 'far'])).rejects.toMatchObject(refused)
    await create(['mine', 'next'])
  })
})
