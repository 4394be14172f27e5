import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isCatalogError } from '#model/errors.ts'
import { claimPath, storeName } from '#store/claims.ts'
import { deleteConnection, insertConnection, listConnections, updateConnection } from '#store/connections.ts'
import type { Database, Transaction } from '#store/database.ts'
import { findLine } from '#store/entries-lines.ts'
import { deleteMount, insertMount, listMounts, updateMount } from '#store/mounts.ts'
import {
  assignDefaultWarehouse,
  deleteProject,
  findProject,
  insertProject,
  listProjects,
  updateProject,
} from '#store/projects.ts'
import { claimKey, loadEpoch, loadServer } from '#store/server.ts'
import {
  deleteWarehouse,
  findWarehouseById,
  insertWarehouse,
  listAllWarehouses,
  listWarehouses,
  updateWarehouse,
} from '#store/warehouses.ts'
import { openTestDatabase, type TestDatabase, testServers } from '../../support/database.ts'

const typeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
  } catch (error) {
    if (isCatalogError(error)) return error.type
    throw error
  }
  return 'none'
}

describe.each(testServers)('administration on %s', (kind) => {
  let db: TestDatabase
  let database: Database
  const project = 'p'
  beforeAll(async () => {
    db = await openTestDatabase({ kind })
    database = db.database
    await database.transaction((tx) => insertProject(tx, { id: project, name: 'project' }))
  })
  afterAll(() => db[Symbol.asyncDispose]())

  const storageAt = (location: string, settings: Readonly<Record<string, unknown>> = {}) => ({
    kind: location.slice(0, location.indexOf(':')),
    location,
    settings,
  })
  const addWarehouse = (name: string, storage = storageAt(`file:///${name}`)) =>
    database.transaction((tx) =>
      insertWarehouse(tx, { projectId: project, name, storage, createdBy: 'test' }),
    )
  const addConnection = (name: string) =>
    database.transaction((tx) =>
      insertConnection(tx, { projectId: project, name, kind: 'iceberg-rest', config: { uri: 'http://x' } }),
    )

  it('keeps the identity of the store, and refuses another key', async () => {
    const before = await loadServer(database)
    await claimKey(database, 'fingerprint')
    await claimKey(database, 'fingerprint')
    await expect(claimKey(database, 'another')).rejects.toThrow('server key')
    expect((await loadServer(database)).id).toBe(before.id)
  })

  it('makes a warehouse with its settings and its main line', async () => {
    const storage = storageAt('file:///lake', { 'access-key-id': 'env:A' })
    const made = await addWarehouse('first', storage)
    expect(made).toMatchObject({
      ...{ name: 'first', status: 'active', protected: false, storage, allowedLocations: [] },
      ...{ verifyMetadataFile: null, purgeByDefault: false, historyRetentionSeconds: null, version: 1 },
    })
    expect(await findLine(database, made.id, 'main')).toBeDefined()
    expect(await findWarehouseById(database, made.id)).toEqual(made)
    expect(await typeOf(addWarehouse('first', storage))).toBe('AlreadyExistsException')
  })

  it('refuses a warehouse of a project that does not exist', async () => {
    const draft = { projectId: 'none', name: 'x', storage: storageAt('file:///none'), createdBy: 'test' }
    expect(await typeOf(database.transaction((tx) => insertWarehouse(tx, draft)))).toBe('NotFoundException')
  })

  it('changes a warehouse, unless it has moved on since the caller saw it', async () => {
    const { id, version } = await addWarehouse('changing')
    const change = {
      allowedLocations: ['file:/tmp'],
      verifyMetadataFile: true,
      storage: storageAt('s3://lake'),
    }
    const changed = await database.transaction((tx) => updateWarehouse(tx, { id, version }, change))
    expect(changed).toMatchObject({ ...change, version: 2 })
    const stale = database.transaction((tx) => updateWarehouse(tx, { id, version }, { protected: true }))
    expect(await typeOf(stale)).toBe('PreconditionFailedException')
    const renamed = database.transaction((tx) => updateWarehouse(tx, { id }, { name: 'first' }))
    expect(await typeOf(renamed)).toBe('AlreadyExistsException')
  })

  it('takes locations that nest at the same time one by one, whichever project asks', async () => {
    await database.transaction((tx) => insertProject(tx, { id: 'q', name: 'other project' }))
    for (const place of ['n1', 'n2', 'n3']) {
      const locations = ['', '/a', '/a/b', '', '/a', '/a/b/c'].map((below) => `file:///${place}${below}`)
      const outcomes = await Promise.all(
        locations.map((location, i) => {
          const projectId = i % 2 === 0 ? project : 'q'
          const draft = { projectId, name: `${place}-${i}`, storage: storageAt(location), createdBy: 'test' }
          return typeOf(database.transaction((tx) => insertWarehouse(tx, draft)))
        }),
      )
      expect(outcomes.filter((outcome) => outcome === 'none')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'BadRequestException')).toHaveLength(5)
    }
  })

  it('moves no two warehouses to one endpoint where their locations nest', async () => {
    const at = (endpoint: string, below = '') => storageAt(`s3://bucket${below}`, { endpoint })
    const ids = await Promise.all(
      ['x', 'y', 'z'].map(async (one) => (await addWarehouse(`at ${one}`, at(`http://${one}`))).id),
    )
    const moves = ids.map((id) =>
      typeOf(database.transaction((tx) => updateWarehouse(tx, { id }, { storage: at('http://one') }))),
    )
    const outcomes = await Promise.all(moves)
    expect(outcomes.sort()).toEqual(['BadRequestException', 'BadRequestException', 'none'])
  })

  it('takes the claims of tables along to another endpoint', async () => {
    const { id } = await addWarehouse('claims', storageAt('s3://moving', { endpoint: 'http://old' }))
    const claim = (endpoint: string | undefined, path: string, warehouseId = id) =>
      database.transaction((tx) =>
        claimPath(tx, {
          store: storeName({ scheme: 's3', bucket: 'moving', endpoint }),
          ...{ path, warehouseId, owner: randomUUID() },
        }),
      )
    expect(await claim('http://old', '/t/')).toBeUndefined()
    expect(await claim('http://old', '/other/', randomUUID())).toBeUndefined()
    const move = (settings: Readonly<Record<string, unknown>>) =>
      database.transaction((tx) =>
        updateWarehouse(tx, { id }, { storage: storageAt('s3://moving', settings) }),
      )
    await move({ endpoint: 'https://new' })
    expect(await claim('https://new', '/t/inner/')).toMatchObject({ path: '/t/' })
    expect(await claim('https://new', '/other/')).toBeUndefined()
    await move({})
    expect(await claim(undefined, '/t/')).toMatchObject({ path: '/t/' })
    expect(await claim('http://taken', '/t/', randomUUID())).toBeUndefined()
    expect(await typeOf(move({ endpoint: 'http://taken' }))).toBe('AlreadyExistsException')
  })

  it('deletes a warehouse that is empty and unprotected only, with its mounts', async () => {
    const { id } = await addWarehouse('going')
    const remove = () => database.transaction((tx) => deleteWarehouse(tx, { id }))
    await database.transaction((tx) => updateWarehouse(tx, { id }, { protected: true }))
    expect(await typeOf(remove())).toBe('ConflictException')
    await database.transaction((tx) => updateWarehouse(tx, { id }, { protected: false }))
    const line = await findLine(database, id, 'main')
    const values = [line?.id, randomUUID()]
    await database.query(
      `insert into entry_head (line_id, ns, space, name, seq, content_id, kind, pointer) values ($1, '', 0, 'n', 1, $2, 'namespace', 1)`,
      values,
    )
    expect(await typeOf(remove())).toBe('ConflictException')
    expect(await findLine(database, id, 'main')).toBeDefined()
    await database.query('update entry_head set pointer = null where line_id = $1', [line?.id])
    const { id: connectionId } = await addConnection('of-going')
    await database.transaction((tx) => insertMount(tx, { warehouseId: id, namespace: ['a'], connectionId }))
    await remove()
    expect(await findWarehouseById(database, id)).toBeUndefined()
    expect(await findLine(database, id, 'main')).toBeUndefined()
    expect(await typeOf(remove())).toBe('NoSuchWarehouseException')
    // Its name is free again.
    await addWarehouse('going')
  })

  it('pages names in byte order', async () => {
    for (const name of ['b', 'B', 'é', 'z', 'a-1', 'a_1']) await addConnection(`page ${name}`)
    const names: string[] = []
    for (let after = 'page'; ; after = names.at(-1) ?? '') {
      const page = await listConnections(database, project, { after, limit: 2 })
      names.push(...page.map((connection) => connection.name))
      if (page.length < 2) break
    }
    expect(names).toEqual(['page B', 'page a-1', 'page a_1', 'page b', 'page z', 'page é'])
    expect((await listWarehouses(database, project, { limit: 1 })).map((w) => w.name)).toEqual(['at x'])
    expect((await listAllWarehouses(database)).length).toBeGreaterThan(1)
    expect((await listProjects(database, { limit: 10 })).map((p) => p.id)).toEqual(['q', project])
  })

  it('mounts a connection once a prefix, in order, and keeps it while it is used', async () => {
    const { id: warehouseId } = await addWarehouse('mounted')
    const [one, two] = [await addConnection('one'), await addConnection('two')]
    const add = (namespace: string[], connectionId: string) =>
      database.transaction((tx) => insertMount(tx, { warehouseId, namespace, connectionId }))
    const deep = await add(['z', 'y'], one.id)
    await add([], two.id)
    expect(await typeOf(add(['z', 'y'], two.id))).toBe('AlreadyExistsException')
    expect(await typeOf(add(['q'], randomUUID()))).toBe('NotFoundException')
    const mounts = await listMounts(database, warehouseId)
    expect(mounts.map((mount) => [mount.namespace, mount.connection])).toEqual([
      [['z', 'y'], 'one'],
      [[], 'two'],
    ])
    const remove = (id: string) => database.transaction((tx) => deleteConnection(tx, { id }))
    expect(await typeOf(remove(one.id))).toBe('ConflictException')
    const moved = await database.transaction((tx) =>
      updateMount(tx, deep.id, { connectionId: two.id, position: 9 }),
    )
    expect(moved).toMatchObject({ connection: 'two', position: 9, version: 2 })
    await remove(one.id)
    await database.transaction((tx) => deleteMount(tx, { id: deep.id, warehouseId }))
    expect(await typeOf(database.transaction((tx) => deleteMount(tx, { id: deep.id, warehouseId })))).toBe(
      'NotFoundException',
    )
  })

  it('moves its epoch with every change, and with no change that was rolled back', async () => {
    const epochs = [await loadEpoch(database)]
    const moved = async (): Promise<boolean> => {
      epochs.push(await loadEpoch(database))
      return epochs.at(-1) !== epochs.at(-2)
    }
    const { id } = await addConnection('watched')
    expect(await moved()).toBe(true)
    await database.transaction((tx) => updateConnection(tx, { id }, { config: { uri: 'http://y' } }))
    expect(await moved()).toBe(true)
    const { id: warehouse } = await addWarehouse('watched')
    expect(await moved()).toBe(true)
    await database.transaction((tx) => assignDefaultWarehouse(tx, project, warehouse))
    expect(await moved()).toBe(true)
    expect((await findProject(database, project))?.defaultWarehouse).toBe(warehouse)
    await typeOf(addConnection('watched'))
    expect(await moved()).toBe(false)
  })

  it('makes many changes of one project at once, none of which waits for another in a ring', async () => {
    for (let round = 0; round < 6; round += 1) {
      const id = `busy-${round}`
      await database.transaction((tx) => insertProject(tx, { id, name: id }))
      const draft = { projectId: id, kind: 'iceberg-rest', config: { uri: 'http://x' } }
      const storage = storageAt(`file:///${id}`)
      const old = await database.transaction((tx) => insertConnection(tx, { ...draft, name: 'old' }))
      const works: readonly ((tx: Transaction) => Promise<unknown>)[] = [
        (tx: Transaction) => insertWarehouse(tx, { projectId: id, name: 'w', storage, createdBy: 'test' }),
        (tx: Transaction) => insertConnection(tx, { ...draft, name: 'c' }),
        (tx: Transaction) => updateConnection(tx, old, { name: 'renamed' }),
        (tx: Transaction) => updateProject(tx, id, { name: `${id}-renamed` }),
        (tx: Transaction) => assignDefaultWarehouse(tx, id, null),
        (tx: Transaction) => deleteProject(tx, id),
        (tx: Transaction) => deleteConnection(tx, old),
      ]
      const turns = await Promise.allSettled(works.map((work) => database.transaction(work)))
      for (const turn of turns)
        if (turn.status === 'rejected' && !isCatalogError(turn.reason)) throw turn.reason
    }
  })
})
