/** What a listener serves: who is let in, the pipeline behind that, and the faces in front of it. */

import { hopOf } from '#catalog/hops.ts'
import type { AuditSink } from '#gateway/audit.ts'
import { createIcebergOperations } from '#gateway/operations/iceberg.ts'
import { createOpaOperations } from '#gateway/operations/opa/opa.ts'
import type { TokenOperations } from '#gateway/operations/tokens/tokens.ts'
import { createPageTokens } from '#gateway/page-token.ts'
import { createPipeline, type Pipeline, type PipelineDeps } from '#gateway/pipeline.ts'
import type { RateLimits } from '#gateway/rate-limits.ts'
import type { ShedRecord } from '#gateway/shed.ts'
import { measuredPipeline, tracedPipeline } from '#gateway/traced.ts'
import { createCors } from '#http/cors.ts'
import { createForwarding } from '#http/forwarded.ts'
import { createPages } from '#http/openapi/pages.ts'
import { createRouter } from '#http/router.ts'
import { defaultLimits, type ServerDeps } from '#http/server.ts'
import { createIdempotencyLedger } from '#store/idempotency.ts'
import { openAuditing } from './auditing.ts'
import { type Authentication, openAuthentication } from './authentication.ts'
import { isDevelopment } from './config.ts'
import { createFaces } from './faces.ts'
import type { Ground } from './ground.ts'
import type { House } from './house.ts'
import { openTokenEndpoint } from './own-tokens.ts'
import { createProvisioning } from './provisioning.ts'
import { openRateLimits, openStrangers } from './rate-limiting.ts'
import { createRelayedRecord } from './relayed-records.ts'
import { createSuspension } from './suspended-grants.ts'
import { version } from './version.ts'

interface Door {
  readonly authenticator: Authentication
  readonly tokens: TokenOperations
}

/** Who is let in by what, and who gets tokens of ours for it. */
const openDoor = (ground: Ground, { identity, issued, metrics }: House, shed: ShedRecord): Door => {
  const { database, logs, config, parts } = ground
  const { server } = config
  const { people, keyring: clients } = identity
  const countRefused = metrics.observeRefused
  const strangers = openStrangers({ limits: server.limits, shed, countRefused })
  const told = { warn: logs.warn, countRefused, strangers }
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

export const httpDepsOf = async (
  ground: Ground,
  house: House,
  ready: () => Promise<readonly string[]>,
): Promise<ServerDeps> => {
  const { config, serverKey, logs } = ground
  const { sink, shed } = openAuditing(ground)
  const limits = await openRateLimits({ ground, metrics: house.metrics, shed })
  const iceberg = createIcebergOperations({
    ...{ warehouses: house.directory, remember: house.permissions.remember, engines: house.engines },
    listing: { tokens: createPageTokens(serverKey), strict: config.server.strictLists },
    ...(house.tenancy.policy ? { forgetNames: house.tenancy.policy.clear } : {}),
  })
  const { edge } = config.server
  const { authenticator, tokens } = openDoor(ground, house, shed)
  const scim = createProvisioning({
    ...{ database: ground.database, identity: house.identity, rights: house.rights, warn: logs.warn },
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
