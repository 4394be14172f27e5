/** The whole gateway in one process over catalogs in memory: pipeline, faces and a real HTTP server. */
import { inspect } from 'node:util'
import type { Authenticator } from '#authn/authenticator.ts'
import { createAnonymousAuthenticator } from '#authn/authenticator.ts'
import { createAllowAll } from '#authz/allow-all.ts'
import type { Authorizer } from '#authz/authorizer.ts'
import type { Catalog } from '#catalog/catalog.ts'
import { createMountTable, type Mount } from '#catalog/mounts.ts'
import type { AuditSink } from '#gateway/audit.ts'
import type { SuspendGrants } from '#gateway/execute.ts'
import type { IdempotencyLedger } from '#gateway/idempotency.ts'
import { createIcebergOperations } from '#gateway/operations/iceberg.ts'
import { createPageTokens } from '#gateway/page-token.ts'
import { createPipeline } from '#gateway/pipeline.ts'
import { createRateLimits, type RateLimitsDeps } from '#gateway/rate-limits.ts'
import { countingShed, createShedRecord } from '#gateway/shed.ts'
import type { OpenWarehouse, WarehouseDirectory } from '#gateway/warehouses.ts'
import { icebergEndpoints } from '#http/iceberg/endpoints.ts'
import { createRouter, type Face } from '#http/router.ts'
import {
  createHttpServer,
  defaultLimits,
  type HttpServer,
  type ServerDeps,
  type ServerLimits,
} from '#http/server.ts'
import { CatalogError } from '#model/errors.ts'
import type { AuditDraft, EventDraft, IdempotencyClaim, Outcome } from '#model/event.ts'
import { noteEmitted } from './leaks/record.ts'
import { createMemoryCatalog } from './memory-catalog.ts'

export const warehouseId = '0190a1b2-0000-7000-8000-000000000001'

export interface MemoryGatewayOptions {
  readonly local?: Catalog
  readonly mounts?: readonly Mount[]
  readonly authenticator?: Authenticator
  readonly authorizer?: Authorizer
  readonly suspend?: SuspendGrants
  readonly limits?: Partial<ServerLimits>
  /** Per principal and per connection. */
  readonly rates?: Pick<RateLimitsDeps, 'principals' | 'connections'>
  readonly strictLists?: boolean
  readonly defaultWarehouse?: boolean
  /** Instead of the one warehouse over `local` and `mounts`. */
  readonly directory?: WarehouseDirectory
  readonly faces?: readonly Face[]
  readonly audit?: AuditSink
  readonly ledger?: IdempotencyLedger
  readonly mode?: 'development'
  /** What lies between clients and the listener. */
  readonly edge?: Pick<ServerDeps, 'tls' | 'cors' | 'forwarding'>
}

interface Relayed {
  readonly entry: AuditDraft
  readonly events: readonly EventDraft[]
}

export interface MemoryGateway {
  readonly origin: string
  readonly port: number
  /** Base of the Iceberg face with the prefix, e.g. `…/catalog/v1/<uuid>`. */
  readonly base: string
  readonly audited: readonly AuditDraft[]
  /** Changes that an upstream made, as they are recorded. */
  readonly relayed: readonly Relayed[]
  readonly logged: readonly unknown[]
  readonly server: HttpServer
  stop(): Promise<void>
}

export interface MemoryLedger extends IdempotencyLedger {
  readonly rows: Map<string, { digest: string; outcome: Outcome | 'in-flight' }>
}

export const createMemoryLedger = (): MemoryLedger => {
  const rows: MemoryLedger['rows'] = new Map()
  const keyOf = ({ scope, key }: IdempotencyClaim): string => `${scope} ${key}`
  return {
    rows,
    find: async (claim) => {
      const row = rows.get(keyOf(claim))
      if (row && row.digest !== claim.digest)
        throw new CatalogError('UnprocessableEntityException', 'The key was used for another request')
      return row?.outcome
    },
    begin: async (claim) => {
      if (rows.has(keyOf(claim))) return false
      rows.set(keyOf(claim), { digest: claim.digest, outcome: 'in-flight' })
      return true
    },
    settle: async (claim, outcome) => {
      rows.set(keyOf(claim), { digest: claim.digest, outcome })
    },
    abandon: async (claim) => {
      rows.delete(keyOf(claim))
    },
  }
}

const directoryOf = (warehouse: OpenWarehouse, hasDefault: boolean): WarehouseDirectory => ({
  byName: (name) => (name === warehouse.name ? warehouse : undefined),
  byPrefix: (prefix) => (prefix === warehouse.id ? warehouse : undefined),
  byDefault: () => (hasDefault ? warehouse : undefined),
})

const warehouseOf = ({ local, mounts = [] }: MemoryGatewayOptions): OpenWarehouse => ({
  id: warehouseId,
  projectId: '0190a1b2-0000-7000-8000-000000000000',
  name: 'lake',
  mounts: createMountTable({ local: local ?? createMemoryCatalog(), mounts }),
})

export const startMemoryGateway = async (options: MemoryGatewayOptions = {}): Promise<MemoryGateway> => {
  const audited: AuditDraft[] = []
  const relayed: Relayed[] = []
  const logged: unknown[] = []
  const record = (entry: AuditDraft): void => {
    audited.push(entry)
  }
  const sink = options.audit ?? { admit: () => {}, record }
  const shed = createShedRecord({
    record: sink.record,
    windowMs: 50,
    onFailure: (error) => logged.push({ event: 'audit.not-written', error }),
  })
  const pipeline = createPipeline({
    authenticator: options.authenticator ?? createAnonymousAuthenticator(),
    authorizer: options.authorizer ?? createAllowAll(),
    audit: countingShed(sink, shed),
    limits: options.rates && createRateLimits({ ...options.rates, shed }),
    idempotency: options.ledger ?? createMemoryLedger(),
    hop: 'test.1',
    ...(options.suspend ? { suspend: options.suspend } : {}),
    recordRelayed: async ({ audit: entry }, events) => {
      relayed.push({ entry, events })
    },
    report: (event, error) => logged.push({ event, error }),
  })
  const operations = createIcebergOperations({
    warehouses: options.directory ?? directoryOf(warehouseOf(options), options.defaultWarehouse ?? true),
    listing: { tokens: createPageTokens(Buffer.alloc(32, 7)), strict: options.strictLists ?? false },
  })
  const server = createHttpServer({
    pipeline,
    router: createRouter([
      { base: '/catalog', endpoints: icebergEndpoints(operations) },
      ...(options.faces ?? []),
    ]),
    probes: { ready: async () => [], metrics: async () => ({ contentType: 'text/plain', text: 'up 1\n' }) },
    limits: { ...defaultLimits, ...options.limits },
    shed: shed.count,
    log: (event, detail) => logged.push({ event, ...detail }),
    ...(options.mode ? { mode: options.mode } : {}),
    ...options.edge,
  })
  const port = await server.listen({ host: '127.0.0.1', port: 0 })
  const origin = `${options.edge?.tls ? 'https' : 'http'}://127.0.0.1:${port}`
  return {
    origin,
    port,
    base: `${origin}/catalog/v1/${warehouseId}`,
    audited,
    relayed,
    logged,
    server,
    stop: () => {
      const all = { depth: 20, maxArrayLength: null, maxStringLength: null } as const
      noteEmitted('log', 'what a gateway in memory reports', inspect(logged, all))
      noteEmitted('event', 'what a gateway in memory records', inspect({ audited, relayed }, all))
      return server.stop(1000)
    },
  }
}
