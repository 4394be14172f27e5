/** Connections, opened once and kept: sessions, tokens and sockets are reused until the connection changes. */
import { createBulkhead } from '#catalog/bulkhead.ts'
import type { Catalog } from '#catalog/catalog.ts'
import type { Connector, GuardedFetch } from '#catalog/connector.ts'
import type { EgressPolicy } from '#catalog/egress-policy.ts'
import type { CommitIntents } from '#catalog/intents.ts'
import type { ConnectionRecord } from '#gateway/operations/management/registry.ts'
import { CatalogError } from '#model/errors.ts'
import type { Log } from './log.ts'
import type { ScopedSecrets } from './secrets.ts'

export interface UpstreamDeps {
  readonly connectors: ReadonlyMap<string, Connector>
  readonly policy: EgressPolicy
  readonly secrets: ScopedSecrets
  readonly hop: string
  readonly log: Log
  readonly intentsOf: (connectionId: string) => CommitIntents
  /** Stacked around the guarded fetch of each connection. */
  readonly observed: (record: ConnectionRecord, fetch: GuardedFetch) => GuardedFetch
}

/** A catalog with the sockets that belong to it. */
export const openUpstream = async (deps: UpstreamDeps, record: ConnectionRecord): Promise<Catalog> => {
  const connector = deps.connectors.get(record.kind)
  if (connector === undefined)
    throw new CatalogError('BadRequestException', `Unknown kind of connection: ${record.kind}`)
  // A gateway without upstreams does not pay for a client of them.
  const { openGuardedFetch } = await import('#catalog/egress.ts')
  const sockets = openGuardedFetch({ policy: deps.policy })
  const catalog = await connector.open(record.config, {
    connection: record.name,
    hop: deps.hop,
    fetch: deps.observed(record, createBulkhead({ fetch: sockets.fetch, now: Date.now })),
    secret: deps.secrets({ purpose: 'connection', projectId: record.projectId }),
    now: Date.now,
    log: deps.log,
    intents: deps.intentsOf(record.id),
  })
  return {
    ...catalog,
    [Symbol.asyncDispose]: async () => {
      await catalog[Symbol.asyncDispose]()
      await sockets[Symbol.asyncDispose]()
    },
  }
}
