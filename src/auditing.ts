/** What is recorded and how much is let in: the buffer of entries, the workers that seal and keep them, rate limits. */
import type { AuditSink } from '#gateway/audit.ts'
import { createMemoryRateLimit, createRateLimits, type RateLimits } from '#gateway/rate-limits.ts'
import { countingShed, createShedRecord, type ShedRecord } from '#gateway/shed.ts'
import { createAuditBuffer } from '#store/audit-buffer.ts'
import { startKeeper } from '#store/audit-keeper.ts'
import { startSealer } from '#store/audit-sealer.ts'
import type { Database } from '#store/database.ts'
import type { ServerConfig } from './config.ts'
import type { Rate } from './limits-schema.ts'
import type { Logs } from './log.ts'
import { derivedKey } from './secrets.ts'

interface AuditingDeps {
  readonly config: { readonly server: ServerConfig }
  readonly database: Database
  readonly serverKey: Uint8Array
  readonly logs: Logs
  readonly parts: AsyncDisposableStack
}

export interface Auditing {
  readonly sink: AuditSink
  readonly shed: ShedRecord
  /** Undefined where none is configured. */
  readonly limits: RateLimits | undefined
}

/** Under which blocks are sealed: whoever has the database alone cannot make them anew. */
export const auditKeyOf = (serverKey: Uint8Array): Buffer => derivedKey(serverKey, 'audit seals')

const elapsed = (): number => performance.now()

const limitOf = (rate: Rate | undefined) => rate && createMemoryRateLimit(rate, elapsed)

export const openAuditing = ({ config, database, logs, parts }: AuditingDeps): Auditing => {
  const { strictAudit, limits } = config.server
  const onFailure = (error: unknown) => logs.error('audit.not-written', { error })
  const audit = parts.use(createAuditBuffer(database, { strict: strictAudit, onFailure }))
  const shed = parts.use(createShedRecord({ record: audit.record, onFailure }))
  const [principals, connections] = [limitOf(limits.principal), limitOf(limits.connection)]
  return {
    sink: countingShed(audit, shed),
    shed,
    limits: principals || connections ? createRateLimits({ principals, connections, shed }) : undefined,
  }
}

/** Started after the buffer was opened, and so stopped before it: what is written last is sealed by the next process. */
export const startAuditWorkers = (
  { config, database, serverKey, logs, parts }: AuditingDeps,
  holder: string,
): void => {
  const { retentionDays } = config.server.audit
  const key = auditKeyOf(serverKey)
  const sealing = (error: unknown) => logs.error('audit.not-sealed', { error })
  const keeping = (error: unknown) => logs.warn('audit.not-kept', { error })
  parts.use(startSealer(database, { holder, key, onFailure: sealing }))
  parts.use(startKeeper(database, { holder, key, retentionDays, onFailure: keeping }))
}
