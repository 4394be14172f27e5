/** A local catalog for tests: a warehouse of its own in a database, files in memory unless a test brings others. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Catalog } from '#catalog/catalog.ts'
import { createEnginePool } from '#iceberg/engine-pool.ts'
import { tableEngine } from '#iceberg/table.ts'
import { viewEngine } from '#iceberg/view.ts'
import type { LocalDeps, LocalFiles, LocalWarehouse } from '#local/deps.ts'
import { openLocalCatalog } from '#local/local-catalog.ts'
import { createMetadataCache } from '#local/metadata-cache.ts'
import { createMetadataFiles } from '#storage/metadata-files.ts'
import type { Database } from '#store/database.ts'
import { createMainLine } from '#store/entries-lines.ts'
import { createMemoryStore, type MemoryStore } from './memory-store.ts'

/** Its threads start with the first large document, and do not hold up the end of the process. */
const engines = createEnginePool()

export interface TestWarehouse {
  readonly warehouse: LocalWarehouse
  readonly store: MemoryStore
  readonly files: LocalFiles
}

/** A warehouse with its `main` line; its files are in memory, below `file:/`. */
export const createTestWarehouse = async (
  database: Database,
  over: Partial<LocalWarehouse> = {},
): Promise<TestWarehouse> => {
  const id = crypto.randomUUID()
  await database.transaction((tx) => createMainLine(tx, id, 'test'))
  const store = createMemoryStore('file:/')
  return {
    warehouse: {
      id,
      location: `file:///warehouses/${id}`,
      allowedLocations: [`file:/allowed/${id}`],
      verifyMetadataFile: true,
      ...over,
    },
    store,
    files: createMetadataFiles(store),
  }
}

/** Another process on the same warehouse has a cache of its own: open the warehouse twice. */
export const openTestCatalog = (
  database: Database,
  { warehouse, files }: TestWarehouse,
  over: Partial<LocalDeps> = {},
): Catalog =>
  openLocalCatalog({
    database,
    warehouse,
    files,
    tableEngine: engines.of('table', tableEngine),
    viewEngine: engines.of('view', viewEngine),
    cache: createMetadataCache({ maxBytes: 32 * 1024 * 1024 }),
    now: () => Date.now(),
    newUuid: () => crypto.randomUUID(),
    pause: (milliseconds) => sleep(milliseconds),
    random: Math.random,
    log: () => {},
    ...over,
  })
