/** The local catalog when its database or its files fail: what is told is true, and no file is lost or left behind. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CallContext, Catalog } from '#catalog/catalog.ts'
import { CatalogError, isCatalogError } from '#model/errors.ts'
import type { Identifier } from '#model/identifier.ts'
import {
  bodyOf,
  commitBody,
  freshName,
  metadataOf,
  newCall,
  newReceipt,
  propertiesOf,
  setProperties,
  tableBody,
} from '../../contract/catalog/kit.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'
import { createFailingDatabase, type FailingDatabase, type Fault } from '../../support/failing-database.ts'
import { createTestWarehouse, openTestCatalog, type TestWarehouse } from '../../support/local-catalog.ts'

describe('the local catalog under faults', () => {
  let test: TestDatabase
  let failing: FailingDatabase
  let warehouse: TestWarehouse
  let catalog: Catalog
  beforeAll(async () => {
    test = await openTestDatabase()
    failing = createFailingDatabase(test.database)
    warehouse = await createTestWarehouse(test.database)
    catalog = openTestCatalog(failing.database, warehouse, { pause: async () => {} })
  })
  afterAll(async () => {
    await test[Symbol.asyncDispose]()
  })

  const createTable = async (): Promise<Identifier> => {
    const id = { namespace: [freshName('ns')], name: 't' }
    await catalog.namespaces.create(newCall(), id.namespace, bodyOf({ namespace: id.namespace }))
    await catalog.tables.create(newCall(), id.namespace, tableBody(id.name))
    return id
  }
  const load = async (id: Identifier) => catalog.tables.load(newCall(), id, { snapshots: 'all' })
  const filesOf = (location: string): readonly string[] =>
    [...warehouse.store.objects.keys()].filter((key) => key.startsWith(`${location}/`))
  /** The outcome of a call, and whether its receipt is in the store. */
  const outcomeOf = async (work: (context: CallContext) => Promise<unknown>) => {
    const context = newCall({ receipt: newReceipt() })
    const error = await work(context).then(
      () => undefined,
      (thrown: unknown) => thrown as CatalogError,
    )
    return { error, written: context.receipt.written }
  }
  const auditsOf = async (requestId: string): Promise<number> =>
    (
      await test.database.query(`select 1 from audit_entry where request_id = $1 and kind = 'decision'`, [
        requestId,
      ])
    ).length

  /** The statements of a commit, learned by watching one. */
  const statementsOfCommit = async (): Promise<number> => {
    const id = await createTable()
    await catalog.tables.commit(newCall(), id, commitBody([setProperties({ a: '1' })]))
    return failing.statements
  }

  it('a commit cut before any of its statements did not happen, says so, and leaves no file', async () => {
    const statements = await statementsOfCommit()
    expect(statements).toBeGreaterThan(3)
    for (let number = 0; number < statements; number++) {
      const id = await createTable()
      const before = await load(id)
      const { location } = metadataOf(before)
      const files = filesOf(String(location))
      failing.failNext({ at: 'statement', number })
      const { error, written } = await outcomeOf((context) =>
        catalog.tables.commit(context, id, commitBody([setProperties({ a: '1' })])),
      )
      // 429: a client would read 503 of a commit as "may have happened".
      expect(error, `statement ${number}`).toMatchObject({ type: 'SlowDownException' })
      expect(written).toBe(false)
      expect(await load(id)).toEqual(before)
      expect(filesOf(String(location))).toEqual(files)
    }
  })

  it.each<[Fault['at'], number]>([
    ['commit-happened', 2],
    ['commit-lost', 2],
  ])('a commit whose answer was lost (%s) is told as it ended, and is there once', async (at, files) => {
    const id = await createTable()
    failing.failNext({ at } as Fault)
    const context = newCall()
    const answer = await catalog.tables.commit(context, id, commitBody([setProperties({ a: '1' })]))
    const loaded = await load(id)
    expect(metadataOf(loaded)).toEqual(metadataOf(answer))
    expect(propertiesOf(loaded)).toMatchObject({ a: '1' })
    expect(context.receipt.written).toBe(true)
    expect(await auditsOf(context.receipt.audit.requestId)).toBe(1)
    expect(filesOf(String(metadataOf(loaded)['location']))).toHaveLength(files)
  })

  it.each(['commit-happened', 'commit-lost'] as const)(
    'a commit whose end cannot be learned (%s) is unknown, and its file stays',
    async (at) => {
      const id = await createTable()
      const { location } = metadataOf(await load(id))
      failing.failNext({ at })
      const cutAfter = failing.database.transaction
      const cutting = openTestCatalog(
        {
          ...failing.database,
          transaction: async (work) => {
            try {
              return await cutAfter(work)
            } finally {
              failing.cut()
            }
          },
        },
        warehouse,
        { pause: async () => {} },
      )
      const { error, written } = await outcomeOf((context) =>
        cutting.tables.commit(context, id, commitBody([setProperties({ a: '1' })])),
      )
      failing.heal()
      expect(error).toMatchObject({ type: 'CommitStateUnknownException' })
      expect(written).toBe(false)
      expect(filesOf(String(location))).toHaveLength(2)
      const loaded = await load(id)
      if (at === 'commit-happened') expect(propertiesOf(loaded)).toMatchObject({ a: '1' })
      else expect(propertiesOf(loaded)).not.toHaveProperty('a')
    },
  )

  it.each(['commit-happened', 'commit-lost'] as const)(
    'every other change whose answer was lost (%s) is told as it ended',
    async (at) => {
      const id = await createTable()
      const moved = { ...id, name: 'moved' }
      const steps: readonly ((context: CallContext) => Promise<unknown>)[] = [
        (context) => catalog.namespaces.create(context, [...id.namespace, 'child'], bodyOf({})),
        (context) =>
          catalog.namespaces.updateProperties(context, id.namespace, bodyOf({ updates: { a: '1' } })),
        (context) => catalog.namespaces.drop(context, [...id.namespace, 'child']),
        (context) => catalog.tables.create(context, id.namespace, tableBody('other')),
        (context) => catalog.tables.rename(context, { source: id, destination: moved }),
        (context) => catalog.tables.drop(context, moved, { purge: true }),
      ]
      for (const [i, step] of steps.entries()) {
        failing.failNext({ at })
        const { error, written } = await outcomeOf(step)
        expect({ i, error, written }).toEqual({ i, error: undefined, written: true })
      }
      expect((await catalog.namespaces.load(newCall(), id.namespace)).properties).toMatchObject({ a: '1' })
      const { items } = await catalog.tables.list(newCall(), id.namespace, { size: 10 })
      expect(items.map(({ name }) => name)).toEqual(['other'])
      const purges = await test.database.query('select 1 from purge_request where warehouse_id = $1', [
        warehouse.warehouse.id,
      ])
      expect(purges.length).toBeGreaterThan(0)
    },
  )

  it('a metrics report cut before any of its statements was not recorded, and may be sent again', async () => {
    const id = await createTable()
    const report = (context: CallContext) =>
      catalog.tables.reportMetrics?.(context, id, bodyOf({})) ?? Promise.reject(new Error('no such member'))
    failing.cut()
    expect((await outcomeOf(report)).error).toMatchObject({ type: 'SlowDownException' })
    failing.heal()
    expect((await outcomeOf(report)).written).toBe(true)
    for (let number = failing.statements; number > 0; number--) {
      failing.failNext({ at: 'statement', number: number - 1 })
      const { error, written } = await outcomeOf(report)
      expect([error?.type, written]).toEqual(['SlowDownException', false])
    }
  })

  it('a create cut before any of its statements leaves no table, claim or file', async () => {
    const namespace = [freshName('ns')]
    await catalog.namespaces.create(newCall(), namespace, bodyOf({}))
    const location = `${warehouse.warehouse.allowedLocations[0]}/${freshName('place')}`
    const body = tableBody('t', { location })
    for (let number = 0; ; number++) {
      failing.failNext({ at: 'statement', number })
      const { error } = await outcomeOf((context) => catalog.tables.create(context, namespace, body))
      if (error === undefined) break
      expect(isCatalogError(error, 'SlowDownException'), String(error)).toBe(true)
      const path = location.replace('file:', '')
      expect(await test.database.query('select 1 from location_claim where path = $1', [`${path}/`])).toEqual(
        [],
      )
      expect(filesOf(`file://${path}`)).toEqual([])
    }
    await load({ namespace, name: 't' })
  })

  it('a metadata file that is gone is named, cached or not, and may come back', async () => {
    const id = await createTable()
    const { metadataLocation = '' } = (await load(id)) as { metadataLocation?: string }
    const key = metadataLocation
    const bytes = warehouse.store.objects.get(key)
    expect(bytes).toBeDefined()
    warehouse.store.objects.delete(key)
    // Past the moment within which loads share one look at the file.
    await delay(5)
    const cold = openTestCatalog(test.database, warehouse)
    for (const each of [catalog, cold])
      await expect(each.tables.load(newCall(), id, { snapshots: 'all' })).rejects.toMatchObject({
        type: 'NotFoundException',
        message: `Failed to open input stream for file: ${metadataLocation}`,
      })
    await expect(
      catalog.tables.load(newCall(), id, { snapshots: 'all', unlessVersion: metadataLocation }),
    ).rejects.toMatchObject({ type: 'NotFoundException' })
    if (bytes !== undefined) warehouse.store.objects.set(key, bytes)
    await load(id)
  })

  it('a change that cannot reach the database at all is told to try again, not left in doubt', async () => {
    const id = await createTable()
    const away = new CatalogError('ServiceUnavailableException', 'away', { cause: new Error('ECONNREFUSED') })
    const query = (): Promise<never> => Promise.reject(away)
    const cut = openTestCatalog({ ...test.database, query, execute: query, transaction: query }, warehouse, {
      pause: async () => {},
    })
    const changes = [
      () => cut.tables.commit(newCall(), id, commitBody([setProperties({ a: '1' })])),
      () => cut.tables.create(newCall(), id.namespace, tableBody('other')),
    ]
    for (const change of changes) await expect(change()).rejects.toMatchObject({ type: 'SlowDownException' })
    await expect(cut.tables.load(newCall(), id, { snapshots: 'all' })).rejects.toMatchObject({
      type: 'ServiceUnavailableException',
    })
  })

  it('a file that is no metadata is not registered', async () => {
    const id = await createTable()
    const place = `${warehouse.warehouse.location}/odd/metadata`
    const bodies = [
      '',
      '{}',
      '[]',
      'not json',
      '{"format-version":2}',
      '{"format-version":99,"table-uuid":"x"}',
    ]
    for (const [i, text] of bodies.entries()) {
      const location = `${place}/0000${i}-x.metadata.json`
      await warehouse.files.writeIfAbsent(location, Buffer.from(text))
      const register = catalog.tables.register?.(
        newCall(),
        id.namespace,
        bodyOf({ name: 'odd', 'metadata-location': location }),
      )
      const refusal = await register?.catch((error: unknown) => error as CatalogError)
      expect(isCatalogError(refusal) ? refusal.status : refusal, text).toBe(400)
    }
    await expect(
      catalog.tables.register?.(
        newCall(),
        id.namespace,
        bodyOf({ name: 'x', 'metadata-location': 'file:/etc/passwd' }),
      ),
    ).rejects.toMatchObject({ type: 'BadRequestException' })
  })
})
