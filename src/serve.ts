/** `lakegate serve`: parts wired in the order in which they need one another, and closed in the opposite one. */
import { randomUUID } from 'node:crypto'
import type { Engines } from '#authn/engines.ts'
import { startReconciler } from '#catalog/doubts.ts'
import { hopOf } from '#catalog/hops.ts'
import { checkMount } from '#catalog/mounts-check.ts'
import { tail } from '#events/relay.ts'
import type { AuditSink } from '#gateway/audit.ts'
import { createIcebergOperations } from '#gateway/operations/iceberg.ts'
import { createManagementOperations } from '#gateway/operations/management/management.ts'
import { missingWarehouse, type ServerFacts } from '#gateway/operations/management/place.ts'
import type { Registry } from '#gateway/operations/management/registry.ts'
import { createStoreRegistry } from '#gateway/operations/management/store-registry.ts'
import { createOpaOperations } from '#gateway/operations/opa/opa.ts'
import type { TokenOperations } from '#gateway/operations/tokens/tokens.ts'
import { createPageTokens } from '#gateway/page-token.ts'
import { createPipeline, type Pipeline, type PipelineDeps } from '#gateway/pipeline.ts'
import type { RateLimits } from '#gateway/rate-limits.ts'
import { measuredPipeline, tracedPipeline } from '#gateway/traced.ts'
import { createCors } from '#http/cors.ts'
import { createForwarding } from '#http/forwarded.ts'
import { createPages } from '#http/openapi/pages.ts'
import { createRouter } from '#http/router.ts'
import { createHttpServer, defaultLimits, type ServerDeps } from '#http/server.ts'
import type { Database } from '#store/database.ts'
import { createDoubtLedger } from '#store/doubts.ts'
import { createIdempotencyLedger } from '#store/idempotency.ts'
import { claimKey, loadEpoch, loadServer, type ServerRecord } from '#store/server.ts'
import { startSweeper } from '#store/sweeper.ts'
import { tracedDatabase } from '#store/traced.ts'
import { createAuditRegistry, openAuditing, startAuditWorkers } from './auditing.ts'
import { type Authentication, openAuthentication } from './authentication.ts'
import { type CatalogDeps, createLocals, createUpstreams, storageTools } from './catalogs.ts'
import { type Config, checkConfig, type Environment, isDevelopment, isLoopback } from './config.ts'
import { openExternal } from './external-policy.ts'
import { createFaces } from './faces.ts'
import { applyFirstState } from './first-state.ts'
import { originOf } from './greeting.ts'
import { type OpenIdentity, openIdentity } from './identity.ts'
import { openInside } from './inside.ts'
import { openListener } from './listener.ts'
import type { Logs } from './log.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { openConfiguredDatabase, prepareSchema } from './open-database.ts'
import { type OpenTokens, openOwnTokens, openTokenEndpoint } from './own-tokens.ts'
import { createPermissions, type PolicyOperations } from './permissions.ts'
import { fgaAccessOf } from './policy-engine.ts'
import { createProvisioning } from './provisioning.ts'
import { createReadiness } from './readiness.ts'
import { createRecordLoader, defaultProject, ensureRecords } from './records.ts'
import { createRelayedRecord } from './relayed-records.ts'
import {
  createSecretResolver,
  fingerprintOf,
  openServerKey,
  openToken,
  type SecretResolver,
  withoutOwnSecrets,
} from './secrets.ts'
import { releaseWhenIdle } from './start-memory.ts'
import { checkFileLocations, checkStorage, profileOf } from './storage-profile.ts'
import { createSuspension } from './suspended-grants.ts'
import { startTelemetry, type Telemetry } from './telemetry.ts'
import { createTenancy, type Tenancy } from './tenancy.ts'
import { openEngines } from './trusted-engines.ts'
import { createVault, type Vault } from './vault.ts'
import { version } from './version.ts'
import { type OpenDirectory, openWarehouseDirectory } from './warehouse-directory.ts'

export interface ServeRequest {
  readonly config: Config
  readonly environment: Environment
  readonly logs: Logs
}

export interface RunningServer {
  readonly origin: string
  /** True when this start prepared an empty store. */
  readonly firstStart: boolean
  /** Readiness goes false, requests in flight finish, the audit buffer is flushed, the database is stopped. */
  stop(): Promise<void>
}

const graceMs = 25_000

/** Everything that is known once the store is open. */
interface Ground extends ServeRequest {
  readonly parts: AsyncDisposableStack
  readonly secret: SecretResolver
  readonly serverKey: Buffer
  readonly vault: Vault
  readonly database: Database
  readonly store: ServerRecord
  readonly telemetry: Telemetry
  readonly token: string | undefined
}

const openGround = async (request: ServeRequest, parts: AsyncDisposableStack): Promise<Ground> => {
  const { config, environment, logs } = request
  const { server } = config
  const telemetry = parts.use(
    await startTelemetry({ endpoint: server.telemetryEndpoint, environment, version }),
  )
  const secret = createSecretResolver(environment)
  const token = await openToken(server, secret)
  const opened = await openConfiguredDatabase({ server, secret, logs }, parts)
  const database = telemetry.enabled ? tracedDatabase(opened) : opened
  await prepareSchema(database, server)
  const serverKey = await openServerKey(server, secret)
  await claimKey(database, fingerprintOf(serverKey))
  await ensureRecords(database)
  return {
    ...request,
    ...{ parts, secret, serverKey, database, telemetry, token },
    vault: createVault({ database, serverKey, secret: withoutOwnSecrets(secret, server) }),
    store: await loadServer(database),
  }
}

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

interface House {
  readonly identity: OpenIdentity
  readonly registry: Registry
  readonly directory: OpenDirectory
  readonly metrics: Metrics
  readonly management: ReturnType<typeof createManagementOperations>
  readonly permissions: PolicyOperations
  readonly tenancy: Tenancy
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

/** The warehouses and what administers them: a change is in force here before it is answered. */
const openHouse = async (ground: Ground): Promise<House> => {
  const { database, parts, logs } = ground
  const identity = await openIdentity({ database, warn: logs.warn }, parts)
  let directory: OpenDirectory | undefined
  const metrics = createMetrics({ warehouses: () => directory?.size ?? 0, version })
  const deps = catalogDeps(ground, metrics, () => directory?.epoch ?? 0)
  const upstreams = createUpstreams(deps)
  const registry = createStoreRegistry({
    database,
    changed: async () => directory?.refresh(),
    report: (error) => logs.warn('warehouses.not-refreshed', { error }),
  })
  for (const { storage, allowedLocations } of await registry.listAllWarehouses())
    checkFileLocations(profileOf(storage, allowedLocations), deps.storage.filesAllowed)
  const opened = await openWarehouseDirectory({
    loadRecords: createRecordLoader(database, registry),
    loadEpoch: () => loadEpoch(database),
    openLocal: createLocals(deps, parts),
    openUpstream: upstreams.open,
    log: logs.warn,
  })
  directory = parts.use(opened)
  const tenancy = await openTenancy(ground, opened, identity)
  const issued = openOwnTokens(ground)
  const managed: ManagedDeps = {
    registry,
    server: serverFacts(ground, tenancy),
    projects: tenancy.projects,
    roles: tenancy.roles,
    people: identity.registry,
    audit: createAuditRegistry(ground),
    signingKeys: issued.registry,
    pageTokens: createPageTokens(ground.serverKey),
    projectId: defaultProject,
    connectors: upstreams.connectors,
    sealing: ground.vault.sealing,
    checkStorage: (storage, allowed, secrets) =>
      checkStorage(profileOf(storage, allowed), { ...deps.storage, tools: storageTools(deps, secrets) }),
    checkMount: async (context, { warehouse, namespace, connection }) => {
      const local = opened.local(warehouse.id)
      if (local === undefined) throw missingWarehouse(warehouse.id)
      await using catalog = await upstreams.open(connection)
      const existing = (await registry.listMounts(warehouse.id)).map((mount) => mount.namespace)
      await checkMount(context, { namespace, catalog, existing, local })
    },
  }
  const management = createManagementOperations(managed)
  const permissions = createPermissions({
    ...{ ...managed, ...tenancy, database, policy: tenancy.policy },
    ...{ warehouses: opened, identityChanged: identity.changed, warn: logs.warn },
  })
  const engines = openEngines({ database, engines: ground.config.server.trustedEngines, identity })
  return {
    ...{ identity, registry, directory: opened, metrics, management, permissions, tenancy, issued },
    engines,
  }
}

interface Door {
  readonly authenticator: Authentication
  readonly tokens: TokenOperations
}

/** Who is let in by what, and who gets tokens of ours for it. */
const openDoor = (ground: Ground, { identity, issued, metrics }: House): Door => {
  const { database, logs, config, parts } = ground
  const { server } = config
  const { people, keyring: clients } = identity
  const told = { warn: logs.warn, countRefused: metrics.observeRefused }
  const own = [clients, issued.tokens]
  const authenticator = openAuthentication({ ...ground, server, ...told, own, people }, parts)
  identity.remember(authenticator)
  const endpoint = { database, rules: server.tokens, clients, people, providers: authenticator.providers }
  return { authenticator, tokens: openTokenEndpoint(issued, endpoint) }
}

interface Watched {
  readonly sink: AuditSink
  readonly limits: RateLimits | undefined
  readonly authenticator: Authentication
}

const openPipelineDeps = (
  ground: Ground,
  { tenancy, engines }: House,
  { sink, limits, authenticator }: Watched,
): PipelineDeps => {
  const { database, logs, store } = ground
  return {
    authenticator,
    authorizer: tenancy.authorizer,
    holdsRole: tenancy.holdsRole,
    engines,
    limits,
    audit: sink,
    recordRelayed: createRelayedRecord({ database, sink, policy: tenancy.policy, error: logs.error }),
    idempotency: createIdempotencyLedger(database),
    suspend: createSuspension(database, tenancy.policy),
    hop: hopOf(store.id, store.incarnation),
    report: (event, error) => logs.error(event, { error }),
  }
}

const createObservedPipeline = (ground: Ground, house: House, watched: Watched): Pipeline => {
  const pipeline = createPipeline(openPipelineDeps(ground, house, watched))
  const measured = measuredPipeline(pipeline, house.metrics.observe)
  return ground.telemetry.enabled ? tracedPipeline(measured) : measured
}

const httpDepsOf = (ground: Ground, house: House, ready: () => Promise<readonly string[]>): ServerDeps => {
  const { config, serverKey, logs } = ground
  const { sink, shed, limits } = openAuditing(ground)
  const iceberg = createIcebergOperations({
    ...{ warehouses: house.directory, remember: house.permissions.remember, engines: house.engines },
    listing: { tokens: createPageTokens(serverKey), strict: config.server.strictLists },
    ...(house.tenancy.policy ? { forgetNames: house.tenancy.policy.clear } : {}),
  })
  const { edge } = config.server
  const { authenticator, tokens } = openDoor(ground, house)
  const scim = createProvisioning({
    ...{ database: ground.database, identity: house.identity, warn: logs.warn },
    settings: config.server.scim,
  })
  const { management, permissions, engines, tenancy, directory } = house
  const opa = createOpaOperations({ engines, authorizer: tenancy.authorizer, warehouses: directory })
  const faces = createFaces({ iceberg, management, permissions, tokens, scim, opa })
  return {
    pipeline: createObservedPipeline(ground, house, { sink, limits, authenticator }),
    router: createRouter(faces),
    probes: { ready, metrics: house.metrics.text },
    ...(config.server.apiDocs ? { pages: createPages({ faces, version }) } : {}),
    log: logs.error,
    ...(isDevelopment(config.server) ? { mode: 'development' } : {}),
    ...(edge.corsOrigins.length > 0 ? { cors: createCors(edge.corsOrigins) } : {}),
    forwarding: createForwarding({ ...edge, headers: edge.forwardedHeaders }),
    limits: defaultLimits,
    shed: shed.count,
  }
}

const configurationEvent = /^(warehouse|connection|mount|project)\./

/** Workers that end with the process: the sweeper, the reconciler of doubtful changes, the tail of others' changes. */
const startWorkers = async (ground: Ground, house: House): Promise<void> => {
  const { directory, identity, metrics, tenancy } = house
  const { database, config, parts, logs } = ground
  const holder = randomUUID()
  parts.use(
    await tail(database, {
      handle: async (events) => {
        identity.watch.tell(events)
        tenancy.policy?.hear(events)
        if (events.some(({ type }) => configurationEvent.test(type))) await directory.refresh()
      },
      onFailure: (error) => logs.warn('outbox.not-read', { error }),
      onResume: () => {
        identity.watch.clear()
        tenancy.policy?.clear()
        return directory.refresh()
      },
    }),
  )
  parts.use(
    startSweeper(database, {
      holder,
      historyRetentionSeconds: Math.round(config.server.historyRetentionDays * 86_400),
      onFailure: (error) => logs.warn('sweep.failed', { error }),
    }),
  )
  await startAuditWorkers(ground, holder)
  parts.use(
    startReconciler({
      ledger: createDoubtLedger(database, holder),
      upstream: directory.upstream,
      observe: metrics.observeDoubt,
      onFailure: (error) => logs.warn('doubts.not-looked-at', { error }),
    }),
  )
}

/** Only an empty embedded store takes the state of the file: afterwards `apply` alone reads it. */
const prepareFirstState = async (
  { config, token }: Ground,
  house: House,
  { deps, origin }: { readonly deps: ServerDeps; readonly origin: string },
): Promise<boolean> => {
  if (config.server.database !== 'embedded') return false
  if ((await house.registry.listAllWarehouses()).length > 0) return false
  await using parts = new AsyncDisposableStack()
  const inside = config.server.edge.tls ? { fetch: await openInside(createHttpServer(deps), parts) } : {}
  await applyFirstState({ config, origin, token, ...inside })
  return true
}

/** Throws a plain sentence when it cannot start; nothing is left running then. */
export const serve = async (request: ServeRequest): Promise<RunningServer> => {
  checkConfig(request.config)
  await using started = new AsyncDisposableStack()
  const ground = await openGround(request, started)
  const house = await openHouse(ground)
  const { state, ready } = createReadiness(ground.database)
  const deps = httpDepsOf(ground, house, ready)
  const http = await openListener(ground, deps)
  await startWorkers(ground, house)
  const { server } = request.config
  const port = await http.listen({ host: server.host, port: server.port })
  started.defer(() => http.stop(graceMs))
  const origin = originOf(server, port)
  const firstStart = await prepareFirstState(ground, house, { deps, origin })
  started.use(releaseWhenIdle())
  state.prepared = true
  const parts = started.move()
  return {
    origin,
    firstStart,
    stop: () => {
      state.stopping = true
      return parts.disposeAsync()
    },
  }
}
