/** The catalogs of this process: the local one of each warehouse, the upstream of each connection, and what they share. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Catalog } from '#catalog/catalog.ts'
import { createEgressPolicy } from '#catalog/egress-policy.ts'
import { measuredFetch, tracedFetch } from '#catalog/traced-fetch.ts'
import type { StorageSecrets } from '#gateway/operations/management/literals.ts'
import type { WarehouseRecord } from '#gateway/operations/management/registry.ts'
import { createEnginePool } from '#iceberg/engine-pool.ts'
import { tableEngine } from '#iceberg/table.ts'
import { viewEngine } from '#iceberg/view.ts'
import { openLocalCatalog } from '#local/local-catalog.ts'
import { createMetadataCache } from '#local/metadata-cache.ts'
import { createMetadataFiles } from '#storage/metadata-files.ts'
import type { StorageTools } from '#storage/profile.ts'
import { openStorage } from '#storage/storage.ts'
import type { Database } from '#store/database.ts'
import { createCommitIntents } from '#store/intents.ts'
import { connectors } from '../connectors/index.ts'
import { isDevelopment, type ServerConfig } from './config.ts'
import type { Logs } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { ScopedSecrets } from './secrets.ts'
import { checkFileLocations, endpointOf, profileOf, type StorageRules } from './storage-profile.ts'
import { openUpstream, type UpstreamDeps } from './upstreams.ts'

export interface CatalogDeps {
  readonly server: ServerConfig
  readonly database: Database
  readonly secrets: ScopedSecrets
  readonly storage: Omit<StorageRules, 'tools'>
  readonly logs: Logs
  readonly metrics: Metrics
  readonly traced: boolean
  readonly hop: string
  readonly epoch: () => number
}

const cacheBytes = 64 * 1024 * 1024

const warehouseOf = ({ id, storage, allowedLocations, verifyMetadataFile }: WarehouseRecord) => {
  const endpoint = endpointOf(storage)
  return {
    id,
    location: storage.location,
    allowedLocations,
    verifyMetadataFile: verifyMetadataFile ?? storage.kind === 'file',
    ...(endpoint === undefined ? {} : { endpoint }),
  }
}

/** What a project's warehouse may use of the world. */
export const storageTools = (
  { secrets }: Pick<CatalogDeps, 'secrets'>,
  { projectId, secrets: drafts }: StorageSecrets,
): StorageTools => ({ secret: secrets({ purpose: 'storage-credential', projectId }, drafts), now: Date.now })

/** Opens local catalogs; threads and the cache of metadata are shared by all. */
export const createLocals = (deps: CatalogDeps, parts: AsyncDisposableStack) => {
  const engines = parts.use(createEnginePool())
  const cache = createMetadataCache({ maxBytes: cacheBytes })
  const shared = {
    database: deps.database,
    tableEngine: engines.of('table', tableEngine),
    viewEngine: engines.of('view', viewEngine),
    cache,
    now: Date.now,
    newUuid: randomUUID,
    pause: (milliseconds: number) => sleep(milliseconds),
    random: Math.random,
    log: deps.logs.warn,
  }
  return async (record: WarehouseRecord): Promise<Catalog> => {
    const profile = profileOf(record.storage, record.allowedLocations)
    checkFileLocations(profile, deps.storage.filesAllowed)
    const store = openStorage(profile, storageTools(deps, { projectId: record.projectId, secrets: [] }))
    const catalog = openLocalCatalog({
      ...shared,
      warehouse: warehouseOf(record),
      files: createMetadataFiles(store),
    })
    return {
      ...catalog,
      [Symbol.asyncDispose]: async () => {
        await catalog[Symbol.asyncDispose]()
        await store[Symbol.asyncDispose]()
      },
    }
  }
}

const upstreamDeps = (deps: CatalogDeps): UpstreamDeps => ({
  connectors: new Map(connectors.map((connector) => [connector.kind, connector])),
  policy: createEgressPolicy({
    allow: deps.server.egressAllow,
    loopback: isDevelopment(deps.server),
  }),
  secrets: deps.secrets,
  hop: deps.hop,
  log: deps.logs.warn,
  intentsOf: (connectionId) => createCommitIntents(deps.database, { connectionId, epoch: deps.epoch }),
  // By its id: names are its project's own, and everybody may read the metrics.
  observed: ({ id, name }, fetch) => {
    const measured = measuredFetch(id, fetch, deps.metrics.observeUpstream)
    return deps.traced ? tracedFetch(name, measured) : measured
  },
})

export const createUpstreams = (deps: CatalogDeps) => {
  const upstream = upstreamDeps(deps)
  return {
    connectors: upstream.connectors,
    open: (record: Parameters<typeof openUpstream>[1]): Promise<Catalog> => openUpstream(upstream, record),
  }
}
