/** What makes a table the same table: content ids, uuids and places, through renames, registers and drops. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Catalog, Entry } from '#catalog/catalog.ts'
import type { Identifier } from '#model/identifier.ts'
import {
  bodyOf,
  commitBody,
  freshName,
  metadataOf,
  newCall,
  propertiesOf,
  setProperties,
  tableBody,
} from '../../contract/catalog/kit.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'
import { createTestWarehouse, openTestCatalog, type TestWarehouse } from '../../support/local-catalog.ts'

describe('objects of the local catalog', () => {
  let test: TestDatabase
  let warehouse: TestWarehouse
  let catalog: Catalog
  beforeAll(async () => {
    test = await openTestDatabase()
    warehouse = await createTestWarehouse(test.database)
    catalog = openTestCatalog(test.database, warehouse)
  })
  afterAll(async () => {
    await test[Symbol.asyncDispose]()
  })

  const createTable = async (properties: Record<string, string> = {}): Promise<Identifier> => {
    const namespace = [freshName('ns')]
    await catalog.namespaces.create(newCall(), namespace, bodyOf({ properties }))
    await catalog.tables.create(newCall(), namespace, tableBody('t'))
    return { namespace, name: 't' }
  }
  const find = async (id: Identifier): Promise<Entry> => {
    const [entry] = (await catalog.tables.find?.([id])) ?? []
    if (entry === undefined) throw new Error('nothing was found')
    return entry
  }
  const register = (id: Identifier, metadataLocation: string, over: object = {}) =>
    catalog.tables.register?.(
      newCall(),
      id.namespace,
      bodyOf({ name: id.name, 'metadata-location': metadataLocation, ...over }),
    )
  const drop = (id: Identifier, purge = false) => catalog.tables.drop(newCall(), id, { purge })
  const claimsOf = (contentId: string) =>
    test.database.query('select path from location_claim where content_id = $1', [contentId])

  it('are found with what a decision needs, in the order asked, of either kind', async () => {
    const id = await createTable()
    const entries = await catalog.tables.find?.([{ ...id, name: 'missing' }, id])
    expect(entries).toEqual([
      undefined,
      {
        identifier: id,
        contentId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        kind: 'table',
        uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        location: expect.stringContaining(warehouse.warehouse.location),
        metadataLocation: expect.stringContaining('/metadata/00000-'),
        // Found by the same statement: nothing remembered of an older one may allow.
        policyEpoch: expect.any(Number),
      },
    ])
    expect(entries?.[1]?.contentId).not.toBe(entries?.[1]?.uuid)
  })

  it('keep their content id through commits and renames', async () => {
    const id = await createTable()
    const { contentId } = await find(id)
    await catalog.tables.commit(newCall(), id, commitBody([setProperties({ a: '1' })]))
    const destination = { ...id, name: 'moved' }
    await catalog.tables.rename(newCall(), { source: id, destination })
    expect((await find(destination)).contentId).toBe(contentId)
  })

  it('that are dropped and registered again are other objects, for grants', async () => {
    const id = await createTable()
    const before = await find(id)
    await drop(id)
    await register(id, before.metadataLocation)
    const after = await find(id)
    expect(after.uuid).toBe(before.uuid)
    expect(after.contentId).not.toBe(before.contentId)
  })

  it('that are overwritten stay the same by their uuid, and are others by another', async () => {
    const id = await createTable()
    const before = await find(id)
    await catalog.tables.commit(newCall(), id, commitBody([setProperties({ a: '1' })]))
    await register(id, before.metadataLocation, { overwrite: true })
    expect(await find(id)).toEqual(before)

    const other = await createTable()
    const file = (await find(other)).metadataLocation
    await drop(other)
    await register(id, file, { overwrite: true })
    const after = await find(id)
    expect(after.contentId).not.toBe(before.contentId)
    expect(await claimsOf(before.contentId)).toEqual([])
    expect(await claimsOf(after.contentId)).toHaveLength(1)
  })

  it('are acted on only as they were authorized', async () => {
    const id = await createTable()
    const entry = await find(id)
    await drop(id)
    await catalog.tables.create(newCall(), id.namespace, tableBody('t'))
    const stale = (): ReturnType<typeof newCall> => newCall({ entries: [entry] })
    const missing = { type: 'NoSuchTableException' }
    const commit = commitBody([setProperties({ a: '1' })])
    await expect(catalog.tables.commit(stale(), id, commit)).rejects.toMatchObject(missing)
    await expect(catalog.tables.drop(stale(), id, { purge: true })).rejects.toMatchObject(missing)
    const destination = { ...id, name: 'stolen' }
    await expect(catalog.tables.rename(stale(), { source: id, destination })).rejects.toMatchObject(missing)
    const over = bodyOf({ name: id.name, 'metadata-location': entry.metadataLocation, overwrite: true })
    for (const context of [stale(), newCall({ entries: [] })])
      await expect(catalog.tables.register?.(context, id.namespace, over)).rejects.toMatchObject({
        type: 'AlreadyExistsException',
      })
    const unseen = newCall({ entries: [] })
    await expect(catalog.tables.load(unseen, id, { snapshots: 'all' })).rejects.toMatchObject(missing)
    expect(propertiesOf(await catalog.tables.load(newCall(), id, { snapshots: 'all' }))).not.toHaveProperty(
      'a',
    )
  })

  it('never take another uuid', async () => {
    const id = await createTable()
    const assign = { action: 'assign-uuid', uuid: crypto.randomUUID() }
    await expect(catalog.tables.commit(newCall(), id, commitBody([assign]))).rejects.toMatchObject({
      type: 'BadRequestException',
    })
    const nonsense = { action: 'assign-uuid', uuid: 'nonsense' }
    await expect(catalog.tables.commit(newCall(), id, commitBody([nonsense]))).rejects.toMatchObject({
      status: 400,
    })
  })

  it('of version 1 without a uuid are given one that stays', async () => {
    const { namespace } = await createTable()
    const id = { namespace, name: 'old' }
    const location = `${warehouse.warehouse.location}/old`
    const file = `${location}/metadata/v1.metadata.json`
    const document = {
      'format-version': 1,
      location,
      'last-updated-ms': 1,
      'last-column-id': 1,
      schema: { type: 'struct', fields: [{ id: 1, name: 'x', required: false, type: 'long' }] },
      'partition-spec': [],
      properties: {},
      'current-snapshot-id': -1,
      snapshots: [],
    }
    await warehouse.files.writeIfAbsent(file, Buffer.from(JSON.stringify(document)))
    await register(id, file)
    const { uuid } = await find(id)
    await catalog.tables.commit(newCall(), id, commitBody([setProperties({ a: '1' })]))
    const loaded = await catalog.tables.load(newCall(), id, { snapshots: 'all' })
    expect(metadataOf(loaded)['table-uuid']).toBe(uuid)
    expect((await find(id)).uuid).toBe(uuid)
  })

  it('lie below the location of their namespace where it has one', async () => {
    const location = `${warehouse.warehouse.allowedLocations[0]}/sales/`
    const id = await createTable({ location })
    expect((await find(id)).location).toMatch(/\/sales\/[0-9a-f-]{36}$/)
    await expect(
      catalog.namespaces.create(
        newCall(),
        [freshName('ns')],
        bodyOf({ properties: { location: 'file:/etc' } }),
      ),
    ).rejects.toMatchObject({ type: 'BadRequestException' })
  })

  it('that move claim the new place and keep the old one, until they are dropped', async () => {
    const id = await createTable()
    const { contentId } = await find(id)
    const location = `${warehouse.warehouse.allowedLocations[0]}/${freshName('moved')}`
    await catalog.tables.commit(newCall(), id, commitBody([{ action: 'set-location', location }]))
    expect(await claimsOf(contentId)).toHaveLength(2)
    const rival = tableBody('rival', { location: `${location}/inner` })
    await expect(catalog.tables.create(newCall(), id.namespace, rival)).rejects.toThrow('location of another')
    await drop(id)
    expect(await claimsOf(contentId)).toEqual([])
    await catalog.tables.create(newCall(), id.namespace, rival)
  })

  it('that are dropped with purge leave a durable request, and no file is touched', async () => {
    const id = await createTable()
    const { contentId, metadataLocation, location } = await find(id)
    await drop(id, true)
    const rows = await test.database.query(
      `select metadata_location, location, requested_by, state from purge_request where content_id = $1`,
      [contentId],
    )
    expect(rows).toEqual([
      { metadata_location: metadataLocation, location, requested_by: 'anonymous', state: 'requested' },
    ])
    expect(await warehouse.files.exists(metadataLocation)).toBe(true)
  })

  it('leave a commit, events and audit entries for every change, in one history', async () => {
    const id = await createTable()
    const { contentId } = await find(id)
    await catalog.tables.commit(newCall(), id, commitBody([setProperties({ a: '1' })]))
    await catalog.tables.rename(newCall(), { source: id, destination: { ...id, name: 'moved' } })
    await drop({ ...id, name: 'moved' })
    const events = await test.database.query<{ type: string }>(
      'select type from outbox where object = $1 order by tx, id',
      [contentId],
    )
    expect(events.map(({ type }) => type)).toEqual([
      'table.created',
      'table.committed',
      'table.renamed',
      'table.dropped',
    ])
    const history = await test.database.query<{ op: string; name: string; live: boolean }>(
      `select c.op, v.name, v.pointer is not null as live
       from entry_version v join commit c on c.line_id = v.line_id and c.seq = v.seq
       where v.content_id = $1 order by v.seq, v.name`,
      [contentId],
    )
    expect(history.map(({ op, name, live }) => `${op} ${name} ${live ? 'put' : 'gone'}`)).toEqual([
      'createTable t put',
      'updateTable t put',
      'renameTable moved put',
      'renameTable t gone',
      'dropTable moved gone',
    ])
  })
})
