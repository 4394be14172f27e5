import { describe } from 'vitest'
import { openDatabase } from '#store/database.ts'
import { openTestDatabase, type TestServerKind, testServers } from '../support/database.ts'
import { createTestWarehouse, openTestCatalog } from '../support/local-catalog.ts'
import { hasPooler, openPooler } from '../support/pooler.ts'
import type { OpenedCatalog } from './catalog/kit.ts'
import { describeCatalog } from './catalog.ts'

const open = async (kind: TestServerKind): Promise<OpenedCatalog> => {
  const test = await openTestDatabase({ kind })
  const warehouse = await createTestWarehouse(test.database)
  return {
    catalog: openTestCatalog(test.database, warehouse),
    location: warehouse.warehouse.allowedLocations[0] ?? '',
    close: async () => test[Symbol.asyncDispose](),
  }
}

/** Everything goes through a pooler that gives each transaction another connection. */
const openThroughPooler = async (kind: TestServerKind): Promise<OpenedCatalog> => {
  const test = await openTestDatabase({ kind })
  const pooler = await openPooler(test.server)
  const database = await openDatabase({ url: pooler.through(test.url) })
  const warehouse = await createTestWarehouse(database)
  return {
    catalog: openTestCatalog(database, warehouse),
    location: warehouse.warehouse.allowedLocations[0] ?? '',
    close: async () => {
      await database[Symbol.asyncDispose]()
      await pooler[Symbol.asyncDispose]()
      await test[Symbol.asyncDispose]()
    },
  }
}

for (const kind of testServers) describeCatalog(`local on the ${kind} PostgreSQL`, () => open(kind))

describe.skipIf(!hasPooler)('behind a transaction pooler', () => {
  describeCatalog('local through pgbouncer', () => openThroughPooler('embedded'))
})
