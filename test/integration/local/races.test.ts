/** Many at once, through two catalogs that share nothing but the database, as two processes do. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Catalog } from '#catalog/catalog.ts'
import type { IdempotencyClaim, Receipt } from '#model/event.ts'
import { formatIdentifier, type Identifier } from '#model/identifier.ts'
import type { JsonObject } from '#model/json.ts'
import { AlreadySettled } from '#store/receipt.ts'
import {
  bodyOf,
  commitBody,
  freshName,
  metadataOf,
  newCall,
  newReceipt,
  propertiesOf,
  readPages,
  setProperties,
  tableBody,
} from '../../contract/catalog/kit.ts'
import { openTestDatabase, type TestDatabase, testServers } from '../../support/database.ts'
import { createTestWarehouse, openTestCatalog, type TestWarehouse } from '../../support/local-catalog.ts'

describe.each(testServers)('races on the %s PostgreSQL', (kind) => {
  let test: TestDatabase
  let warehouse: TestWarehouse
  let catalogs: readonly [Catalog, Catalog]
  const minute = 60_000
  beforeAll(async () => {
    test = await openTestDatabase({ kind })
    warehouse = await createTestWarehouse(test.database)
    catalogs = [
      openTestCatalog(test.database, warehouse),
      // The second one's clock is a minute behind.
      openTestCatalog(test.database, warehouse, { now: () => Date.now() - minute }),
    ]
  })
  afterAll(async () => {
    await test[Symbol.asyncDispose]()
  })

  const either = (i: number): Catalog => catalogs[i % 2 === 0 ? 0 : 1]
  const createNamespace = async () => {
    const namespace = [freshName('ns')]
    await catalogs[0].namespaces.create(newCall(), namespace, bodyOf({}))
    return namespace
  }
  const createTable = async (): Promise<Identifier> => {
    const namespace = await createNamespace()
    await catalogs[0].tables.create(newCall(), namespace, tableBody('t'))
    return { namespace, name: 't' }
  }
  const load = (id: Identifier, i = 0) => either(i).tables.load(newCall(), id, { snapshots: 'all' })
  const typesOf = (outcomes: readonly PromiseSettledResult<unknown>[]): readonly string[] =>
    outcomes.map((o) => (o.status === 'fulfilled' ? 'done' : String(o.reason.type ?? o.reason)))

  it('64 writers on one table: no update is lost', async () => {
    const id = await createTable()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 64 }, (_, i) =>
        either(i).tables.commit(newCall(), id, commitBody([setProperties({ [`w${i}`]: 'yes' })])),
      ),
    )
    const done = outcomes.flatMap((o, i) => (o.status === 'fulfilled' ? [`w${i}`] : []))
    const properties = propertiesOf(await load(id))
    const present = Object.keys(properties).filter((key) => /^w\d+$/.test(key))
    expect([...present].sort()).toEqual([...done].sort())
    // What is refused is refused as a conflict, and most are not.
    expect(new Set(typesOf(outcomes).filter((type) => type !== 'done'))).toEqual(
      new Set(done.length < 64 ? ['CommitFailedException'] : []),
    )
    expect(done.length).toBeGreaterThan(32)
    const { length } = metadataOf(await load(id, 1))['metadata-log'] as readonly unknown[]
    expect(length).toBe(done.length)
  })

  it('leave no metadata file that is not of the history', async () => {
    const id = await createTable()
    await Promise.allSettled(
      Array.from({ length: 24 }, (_, i) =>
        either(i).tables.commit(newCall(), id, commitBody([setProperties({ [`w${i}`]: 'yes' })])),
      ),
    )
    const metadata = metadataOf(await load(id))
    const log = metadata['metadata-log'] as readonly JsonObject[]
    const files = [...warehouse.store.objects.keys()].filter((key) =>
      key.startsWith(`${metadata['location']}/`),
    )
    expect(files).toHaveLength(log.length + 1)
  })

  it('with clocks a minute apart, time never runs backwards in a table', async () => {
    const id = await createTable()
    let last = 0
    for (let i = 0; i < 8; i++) {
      await either(i).tables.commit(newCall(), id, commitBody([setProperties({ i: String(i) })]))
      const metadata = metadataOf(await load(id, i))
      const updated = Number(metadata['last-updated-ms'])
      expect(updated).toBeGreaterThanOrEqual(last)
      for (const entry of metadata['metadata-log'] as readonly JsonObject[])
        expect(Number(entry['timestamp-ms'])).toBeLessThanOrEqual(updated)
      last = updated
    }
  })

  it('transactions in opposite orders, with single commits between them, keep the tables in step', async () => {
    const ids = [await createTable(), await createTable(), await createTable()]
    const transact = (i: number) => {
      const json = { action: 'set-properties', updates: { last: String(i), [`w${i}`]: 'yes' } }
      const changes = ids.map((id) => ({ id, requirements: null, updates: [json] }))
      return either(i).transactions?.commit(newCall(), i % 4 < 2 ? changes : changes.reverse(), bodyOf({}))
    }
    const single = (i: number) =>
      either(i).tables.commit(newCall(), ids[i % 3]!, commitBody([setProperties({ single: String(i) })]))
    const outcomes = await Promise.allSettled(
      Array.from({ length: 24 }, (_, i) => (i % 3 === 0 ? single(i) : transact(i))),
    )
    expect(new Set(typesOf(outcomes)).isSubsetOf(new Set(['done', 'CommitFailedException']))).toBe(true)
    const states = await Promise.all(ids.map(async (id) => propertiesOf(await load(id))))
    const [first, ...others] = states.map(({ single: _, ...shared }) => shared)
    for (const other of others) expect(other).toEqual(first)
    const done = outcomes.flatMap((o, i) => (i % 3 !== 0 && o.status === 'fulfilled' ? [`w${i}`] : []))
    expect(
      Object.keys(first ?? {})
        .filter((key) => /^w\d/.test(key))
        .sort(),
    ).toEqual([...done].sort())
    expect(done.length).toBeGreaterThan(0)
  })

  it('a namespace is never dropped under a table that is being created', async () => {
    for (let i = 0; i < 12; i++) {
      const namespace = await createNamespace()
      const [dropped, created] = await Promise.allSettled([
        either(i).namespaces.drop(newCall(), namespace),
        either(i + 1).tables.create(newCall(), namespace, tableBody('t')),
      ])
      expect([dropped.status, created.status].filter((s) => s === 'fulfilled')).toHaveLength(1)
      if (created.status === 'fulfilled') await load({ namespace, name: 't' })
      else expect(created.reason).toMatchObject({ type: 'NoSuchNamespaceException' })
    }
  })

  it('one table is registered under one name, and never beside itself', async () => {
    const id = await createTable()
    const { metadataLocation } = (await load(id)) as { metadataLocation?: string }
    await catalogs[0].tables.drop(newCall(), id, { purge: false })
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) =>
        either(i).tables.register?.(
          newCall(),
          id.namespace,
          bodyOf({ name: i < 4 ? 'same' : `other${i}`, 'metadata-location': metadataLocation }),
        ),
      ),
    )
    expect(typesOf(outcomes).filter((type) => type === 'done')).toHaveLength(1)
    expect(new Set(typesOf(outcomes))).toEqual(new Set(['done', 'AlreadyExistsException']))
  })

  it('a commit that meets an unregister comes before it or fails', async () => {
    for (let i = 0; i < 10; i++) {
      const id = await createTable()
      const [gone, committed] = await Promise.allSettled([
        either(i).tables.unregister?.(newCall(), id),
        either(i + 1).tables.commit(newCall(), id, commitBody([setProperties({ a: '1' })])),
      ])
      expect(gone.status).toBe('fulfilled')
      const last = gone.status === 'fulfilled' && gone.value ? propertiesOf(gone.value) : {}
      expect('a' in last).toBe(committed.status === 'fulfilled')
      if (committed.status === 'rejected') expect(committed.reason.type).toBe('NoSuchTableException')
      await expect(load(id)).rejects.toMatchObject({ type: 'NoSuchTableException' })
    }
  })

  it('a commit never brings back a table that was dropped meanwhile', async () => {
    for (let i = 0; i < 10; i++) {
      const id = await createTable()
      await Promise.allSettled([
        either(i).tables.commit(newCall(), id, commitBody([setProperties({ a: '1' })])),
        either(i + 1).tables.drop(newCall(), id, { purge: false }),
      ])
      await expect(load(id), formatIdentifier(id)).rejects.toMatchObject({ type: 'NoSuchTableException' })
    }
  })

  it('two tables that swap their names at once neither vanish nor double', async () => {
    for (let i = 0; i < 6; i++) {
      const namespace = await createNamespace()
      for (const name of ['a', 'b']) await catalogs[0].tables.create(newCall(), namespace, tableBody(name))
      const at = (name: string) => ({ namespace, name })
      await Promise.allSettled([
        either(i).tables.rename(newCall(), { source: at('a'), destination: at('c') }),
        either(i + 1).tables.rename(newCall(), { source: at('b'), destination: at('c') }),
        either(i).tables.rename(newCall(), { source: at('a'), destination: at('d') }),
      ])
      const { items } = await catalogs[0].tables.list(newCall(), namespace, { size: 10 })
      expect(items).toHaveLength(2)
      const uuids = await Promise.all(items.map(async (id) => metadataOf(await load(id))['table-uuid']))
      expect(new Set(uuids).size).toBe(2)
    }
  })

  it('one request sent many times at once happens once', async () => {
    const namespace = await createNamespace()
    const idempotency: IdempotencyClaim = { scope: 'test', key: crypto.randomUUID(), digest: 'd' }
    const receipt = (): Receipt => ({ ...newReceipt(), idempotency })
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) =>
        either(i).tables.create(newCall({ receipt: receipt() }), namespace, tableBody('once')),
      ),
    )
    expect(typesOf(outcomes).filter((type) => type === 'done')).toHaveLength(1)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason.status, String(outcome.reason)).toBe(409)
    const retry = either(1).tables.commit(
      newCall({ receipt: receipt() }),
      { namespace, name: 'once' },
      commitBody([setProperties({ again: 'yes' })]),
    )
    await expect(retry).rejects.toBeInstanceOf(AlreadySettled)
    expect(propertiesOf(await load({ namespace, name: 'once' }))).not.toHaveProperty('again')
  })

  it('the events of a table are in the order of its commits', async () => {
    const id = await createTable()
    await Promise.allSettled(
      Array.from({ length: 12 }, (_, i) =>
        either(i).tables.commit(newCall(), id, commitBody([setProperties({ [`w${i}`]: 'yes' })])),
      ),
    )
    const rows = await test.database.query<{ data: Record<string, unknown> }>(
      `select data from outbox where data ->> 'name' = 't' and data -> 'namespace' = $1 order by tx, id`,
      [JSON.stringify(id.namespace)],
    )
    const log = (metadataOf(await load(id))['metadata-log'] as readonly JsonObject[]).map(
      (e) => e['metadata-file'],
    )
    expect(rows.map(({ data }) => data['previous-metadata-location'])).toEqual([null, ...log])
  })

  it('a listing that is read while tables come and go loses none that stayed', async () => {
    const namespace = await createNamespace()
    const stay = Array.from({ length: 30 }, (_, i) => `stay${String(i).padStart(2, '0')}`)
    for (const name of stay) await catalogs[0].tables.create(newCall(), namespace, tableBody(name))
    let reading = true
    const churn = async (i: number): Promise<void> => {
      for (let n = 0; reading; n++) {
        const id = { namespace, name: `churn${i}_${n}` }
        await either(i).tables.create(newCall(), namespace, tableBody(id.name))
        await either(i).tables.drop(newCall(), id, { purge: false })
      }
    }
    const churning = [churn(0), churn(1)]
    for (let round = 0; round < 5; round++) {
      const { items } = await readPages((page) => catalogs[0].tables.list(newCall(), namespace, page), 4)
      const names = items.map(({ name }) => name)
      expect(names.filter((name) => name.startsWith('stay'))).toEqual(stay)
      expect(new Set(names).size).toBe(names.length)
    }
    reading = false
    await Promise.all(churning)
  })

  it('a thousand tables are listed in pages, in byte order', async () => {
    const namespace = await createNamespace()
    const names = Array.from({ length: 1000 }, (_, i) => `t${i}`)
    for (let i = 0; i < names.length; i += 50)
      await Promise.all(
        names
          .slice(i, i + 50)
          .map((name, n) => either(n).tables.create(newCall(), namespace, tableBody(name))),
      )
    const { items, sizes } = await readPages(
      (page) => catalogs[1].tables.list(newCall(), namespace, page),
      99,
    )
    expect(items.map(({ name }) => name)).toEqual([...names].sort())
    expect(sizes).toHaveLength(11)
  })
})
