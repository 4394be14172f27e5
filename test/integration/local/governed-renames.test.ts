/** A table that is granted on, or tagged, and gets another name: what was remembered of it before counts no more. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Catalog } from '#catalog/catalog.ts'
import { loadPolicyEpoch } from '#store/server.ts'
import { bodyOf, newCall } from '../../contract/catalog/kit.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'
import { createTestWarehouse, openTestCatalog } from '../../support/local-catalog.ts'
import { newTable } from '../../support/wire.ts'

describe('a rename', () => {
  let test: TestDatabase
  let catalog: Catalog
  beforeAll(async () => {
    test = await openTestDatabase()
    catalog = openTestCatalog(test.database, await createTestWarehouse(test.database))
    for (const level of ['a', 'b']) await catalog.namespaces.create(newCall(), [level], bodyOf({}))
  })
  afterAll(() => test[Symbol.asyncDispose]())

  const make = async (name: string): Promise<string> => {
    await catalog.tables.create(newCall(), ['a'], bodyOf(newTable(name)))
    const [entry] = (await catalog.tables.find?.([{ namespace: ['a'], name }])) ?? []
    return entry?.contentId ?? ''
  }
  const raisedBy = async (name: string): Promise<number> => {
    const before = await loadPolicyEpoch(test.database)
    const destination = { namespace: ['b'], name }
    await catalog.tables.rename(newCall(), { source: { namespace: ['a'], name }, destination })
    return (await loadPolicyEpoch(test.database)) - before
  }

  it('raises the epoch of policy where the table has been granted on', async () => {
    const contentId = await make('granted')
    await test.database.execute(
      `insert into relation_tuple (object, relation, subject_kind, subject_id, content_id, granted_by)
       values ('table:' || $1, 'select', 'principal', 'alice', $1::uuid, 'test')`,
      [contentId],
    )
    expect(await raisedBy('granted')).toBe(1)
  })

  it('leaves it where nothing binds to the table', async () => {
    await make('plain')
    expect(await raisedBy('plain')).toBe(0)
  })
})
