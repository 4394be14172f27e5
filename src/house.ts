/** The warehouses, and what administers them: a change is in force here before it is answered. */
import type { Engines } from '#authn/engines.ts'
import { createEveryRight, type Rights } from '#authz/rights.ts'
import { hopOf } from '#catalog/hops.ts'
import { checkMount } from '#catalog/mounts-check.ts'
import { createManagementOperations } from '#gateway/operations/management/management.ts'
import { missingWarehouse, type ServerFacts } from '#gateway/operations/management/place.ts'
import type { Registry } from '#gateway/operations/management/registry.ts'
import { createStoreRegistry } from '#gateway/operations/management/store-registry.ts'
import { createPageTokens } from '#gateway/page-token.ts'
import type { EventDraft } from '#model/event.ts'
import { loadEpoch } from '#store/server.ts'
import { createAuditRegistry } from './auditing.ts'
import { type CatalogDeps, createLocals, createUpstreams, storageTools } from './catalogs.ts'
import { isDevelopment, isLoopback } from './config.ts'
import { openExternal } from './external-policy.ts'
import type { Ground } from './ground.ts'
import { type OpenIdentity, openIdentity } from './identity.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { type OpenTokens, openOwnTokens } from './own-tokens.ts'
import { createPermissions, type PolicyOperations } from './permissions.ts'
import { fgaAccessOf } from './policy-engine.ts'
import { createRecordLoader, defaultProject } from './records.ts'
import { checkFileLocations, checkStorage, profileOf } from './storage-profile.ts'
import { createTenancy, type Tenancy } from './tenancy.ts'
import { openEngines } from './trusted-engines.ts'
import { version } from './version.ts'
import { type OpenDirectory, openWarehouseDirectory } from './warehouse-directory.ts'

const catalogDeps = (ground: Ground, metrics: Metrics, epoch: () => number): CatalogDeps => {
  const { config, database, logs, telemetry, store } = ground
  const { server } = config
  const { secrets } = ground.vault
  return {
    ...{ server, database, secrets, logs, metrics, epoch },
    storage: {
      filesAllowed: isLoopback(server.host) || server.sharedFilesystem,
      dataFolder: server.data,
    },
    traced: telemetry.enabled,
    hop: hopOf(store.id, store.incarnation),
  }
}

/** What both halves of the management face are made from. */
type ManagedDeps = Parameters<typeof createManagementOperations>[0]

/** The open warehouses, and what they were opened with. */
interface Warehouses {
  readonly registry: Registry
  readonly directory: OpenDirectory
  readonly metrics: Metrics
  readonly upstreams: ReturnType<typeof createUpstreams>
  readonly deps: CatalogDeps
}

export interface House extends Pick<Warehouses, 'registry' | 'directory' | 'metrics'> {
  readonly identity: OpenIdentity
  readonly management: ReturnType<typeof createManagementOperations>
  readonly permissions: PolicyOperations
  readonly tenancy: Tenancy
  /** For who decides about grants. */
  readonly rights: Rights
  readonly issued: OpenTokens
  readonly engines: Engines | undefined
}

const serverFacts = ({ store, config }: Ground, { authorizerName }: Tenancy): ServerFacts => ({
  ...{ id: store.id, version, authorizer: authorizerName },
  development: isDevelopment(config.server),
})

const openTenancy = async (
  ground: Ground,
  directory: OpenDirectory,
  identity: OpenIdentity,
): Promise<Tenancy> => {
  const { database, parts, logs, config, store, secret } = ground
  const fga = await fgaAccessOf(config.server.policy, { secret, serverId: store.id })
  const report = (event: string, error: unknown) => logs.warn(event, { error })
  const tenancy = createTenancy({
    ...{ database, directory, development: isDevelopment(config.server), serverId: store.id },
    ...(fga ? { fga } : {}),
    external: await openExternal({ settings: config.server.policy.external, secret, report }, parts),
    changed: identity.changed,
    report,
  })
  if (tenancy.policy) parts.use(tenancy.policy)
  identity.remember(tenancy.memory)
  return tenancy
}

/** `tell`: what remembers something of what has changed forgets it before the change is answered. */
const openWarehouses = async (ground: Ground, tell: (event: EventDraft) => void): Promise<Warehouses> => {
  const { database, parts, logs } = ground
  let directory: OpenDirectory | undefined
  const metrics = createMetrics({ warehouses: () => directory?.size ?? 0, version })
  const deps = catalogDeps(ground, metrics, () => directory?.epoch ?? 0)
  const upstreams = createUpstreams(deps)
  const registry = createStoreRegistry({
    database,
    changed: async (event) => {
      tell(event)
      await directory?.refresh()
    },
    report: (error) => logs.warn('warehouses.not-refreshed', { error }),
  })
  for (const { storage, allowedLocations } of await registry.listAllWarehouses())
    checkFileLocations(profileOf(storage, allowedLocations), deps.storage.filesAllowed)
  directory = parts.use(
    await openWarehouseDirectory({
      loadRecords: createRecordLoader(database, registry),
      loadEpoch: () => loadEpoch(database),
      openLocal: createLocals(deps, parts),
      openUpstream: upstreams.open,
      log: logs.warn,
    }),
  )
  return { registry, directory, metrics, upstreams, deps }
}

/** What is tried out before it is stored: a place for files, and a mount. */
const createChecks = ({
  registry,
  directory,
  upstreams,
  deps,
}: Warehouses): Pick<ManagedDeps, 'checkStorage' | 'checkMount'> => ({
  checkStorage: (storage, allowed, secrets) =>
    checkStorage(profileOf(storage, allowed), { ...deps.storage, tools: storageTools(deps, secrets) }),
  checkMount: async (context, { warehouse, namespace, connection }) => {
    const local = directory.local(warehouse.id)
    if (local === undefined) throw missingWarehouse(warehouse.id)
    await using catalog = await upstreams.open(connection)
    const existing = (await registry.listMounts(warehouse.id)).map((mount) => mount.namespace)
    await checkMount(context, { namespace, catalog, existing, local })
  },
})

export const openHouse = async (ground: Ground): Promise<House> => {
  const { database, parts, logs } = ground
  const identity = await openIdentity({ database, warn: logs.warn }, parts)
  let tenancy: Tenancy | undefined
  const warehouses = await openWarehouses(ground, (event) => tenancy?.policy?.tell([event]))
  const { registry, directory, metrics, upstreams } = warehouses
  tenancy = await openTenancy(ground, directory, identity)
  const issued = openOwnTokens(ground)
  const managed: ManagedDeps = {
    registry,
    server: serverFacts(ground, tenancy),
    projects: tenancy.projects,
    roles: tenancy.roles,
    people: identity.registry,
    audit: createAuditRegistry(ground),
    signingKeys: issued.registry,
    rights: tenancy.policy?.rights ?? createEveryRight(),
    pageTokens: createPageTokens(ground.serverKey),
    projectId: defaultProject,
    connectors: upstreams.connectors,
    sealing: ground.vault.sealing,
    ...createChecks(warehouses),
  }
  const permissions = createPermissions({
    ...{ ...managed, ...tenancy, database, policy: tenancy.policy },
    ...{ warehouses: directory, identityChanged: identity.changed, warn: logs.warn },
  })
  return {
    ...{ identity, registry, directory, metrics, permissions, tenancy, issued, rights: managed.rights },
    management: createManagementOperations(managed),
    engines: openEngines({ database, engines: ground.config.server.trustedEngines, identity }),
  }
}
