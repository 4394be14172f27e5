/** What is granted on stays until the grant is written, or the grant is refused. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { namespaceObject } from '#model/object-key.ts'
import { insertConnection } from '#store/connections.ts'
import type { Database } from '#store/database.ts'
import { holdPlace } from '#store/grant-places.ts'
import type { GrantPlace } from '#store/grants.ts'
import { deleteMount, insertMount } from '#store/mounts.ts'
import { insertProject } from '#store/projects.ts'
import { insertWarehouse } from '#store/warehouses.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'

let db: TestDatabase
let database: Database
let warehouseId: string
beforeAll(async () => {
  db = await openTestDatabase()
  database = db.database
  warehouseId = await database.transaction(async (tx) => {
    await insertProject(tx, { id: 'p', name: 'p' })
    const storage = { kind: 'file', location: 'file:///lake', settings: {} }
    return (await insertWarehouse(tx, { projectId: 'p', name: 'w', storage, createdBy: 'test' })).id
  })
})
afterAll(() => db[Symbol.asyncDispose]())

const placeOf = (...namespace: string[]): GrantPlace => ({
  object: namespaceObject(warehouseId, namespace),
  ...{ projectId: 'p', warehouseId, namespace },
})
const hold = (place: GrantPlace) => database.transaction((tx) => holdPlace(tx, place, true))

test('what a mount shows is there as long as the mount is', async () => {
  const connection = await database.transaction((tx) =>
    insertConnection(tx, { projectId: 'p', name: 'far', kind: 'iceberg-rest', config: {} }),
  )
  const mounted = await database.transaction((tx) =>
    insertMount(tx, { warehouseId, namespace: ['far'], connectionId: connection.id }),
  )
  await hold(placeOf('far'))
  await hold(placeOf('far', 'sales'))
  await expect(hold(placeOf('farther'))).rejects.toMatchObject({ type: 'NotFoundException' })
  await database.transaction((tx) => deleteMount(tx, { id: mounted.id, warehouseId }))
  await expect(hold(placeOf('far', 'sales'))).rejects.toMatchObject({ type: 'NotFoundException' })
})
