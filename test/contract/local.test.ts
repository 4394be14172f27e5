import { openTestDatabase, testServers } from '../support/database.ts'
import { createTestWarehouse, openTestCatalog } from '../support/local-catalog.ts'
import { describeCatalog } from './catalog.ts'

for (const kind of testServers)
  describeCatalog(`local on the ${kind} PostgreSQL`, async () => {
    const test = await openTestDatabase({ kind })
    const warehouse = await createTestWarehouse(test.database)
    return {
      catalog: openTestCatalog(test.database, warehouse),
      location: warehouse.warehouse.allowedLocations[0] ?? '',
      close: async () => test[Symbol.asyncDispose](),
    }
  })
