/** Grants on mounted objects are suspended once, and only where they stand for the uuid that was expected. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ObjectKey } from '#model/object-key.ts'
import type { Database } from '#store/database.ts'
import { loadGovernedStates, suspendGrants } from '#store/governed-state.ts'
import { insertProject } from '#store/projects.ts'
import { loadPolicyEpoch } from '#store/server.ts'
import { insertWarehouse } from '#store/warehouses.ts'
import { openTestDatabase, type TestDatabase, testServers } from '../../support/database.ts'

describe.each(testServers)('grants on mounted objects on %s', (kind) => {
  let db: TestDatabase
  let database: Database
  let warehouse: string
  beforeAll(async () => {
    db = await openTestDatabase({ kind })
    database = db.database
    warehouse = await database.transaction(async (tx) => {
      await insertProject(tx, { id: 'p', name: 'p' })
      const storage = { kind: 'file', location: 'file:///lake', settings: {} }
      return (await insertWarehouse(tx, { projectId: 'p', name: 'w', storage, createdBy: 'test' })).id
    })
  })
  afterAll(() => db[Symbol.asyncDispose]())

  const govern = async (name: string, uuid: string | null): Promise<ObjectKey> => {
    const object: ObjectKey = `table:${warehouse}/a\u001e${name}`
    await database.execute(
      `insert into governed_object (object, id, kind, warehouse_id, ns, name, table_uuid)
       values ($1, $2, 'table', $3, 'a', $4, $5)`,
      [object, crypto.randomUUID(), warehouse, name, uuid],
    )
    return object
  }
  const suspend = (object: ObjectKey, expected: string, found?: string) =>
    database.transaction((tx) => suspendGrants(tx, { object, expected, found }))

  it('are told by their key, with the uuid that they stand for', async () => {
    const known = await govern('known', 'U-1')
    const unseen = await govern('unseen', null)
    const { epoch, objects } = await loadGovernedStates(database, [known, unseen, 'table:w/none'])
    expect(epoch).toBe(await loadPolicyEpoch(database))
    expect(objects.toSorted((a, b) => (a.object < b.object ? -1 : 1))).toEqual([
      { object: known, uuid: 'U-1', suspended: false },
      { object: unseen, uuid: null, suspended: false },
    ])
  })

  it('are suspended once, with one event, and the epoch is raised', async () => {
    const object = await govern('t', 'U-1')
    const before = await loadPolicyEpoch(database)
    const events = await Promise.all([suspend(object, 'u-1', 'u-2'), suspend(object, 'u-1', 'u-2')])
    expect(events.flat()).toMatchObject([
      { type: 'grant.suspended', object, warehouse, data: { expected: 'u-1', found: 'u-2' } },
    ])
    expect(await loadPolicyEpoch(database)).toBe(before + 1)
    expect((await loadGovernedStates(database, [object])).objects).toMatchObject([{ suspended: true }])
    const sent = "select 1 from outbox where type = 'grant.suspended' and object = $1"
    expect(await database.query(sent, [object])).toHaveLength(1)
  })

  it('stay as they are where they stand for another uuid by now', async () => {
    const object = await govern('confirmed', 'u-2')
    expect(await suspend(object, 'u-1', 'u-2')).toEqual([])
    expect((await loadGovernedStates(database, [object])).objects).toMatchObject([{ suspended: false }])
  })
})
