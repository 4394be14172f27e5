/** What is recorded: the buffer of entries, and the workers that seal and keep them. */
import type { AuditSink } from '#gateway/audit.ts'
import type { AuditRegistry } from '#gateway/operations/management/audit.ts'
import { countingShed, createShedRecord, type ShedRecord } from '#gateway/shed.ts'
import { createAuditBuffer } from '#store/audit-buffer.ts'
import { startKeeper } from '#store/audit-keeper.ts'
import { openAuditKey } from '#store/audit-key.ts'
import { loadNewestBlock, startSealer } from '#store/audit-sealer.ts'
import { countAudit, searchAudit } from '#store/audit-search.ts'
import { verifyAudit } from '#store/audit-verify.ts'
import type { Database } from '#store/database.ts'
import type { ServerConfig } from './config.ts'
import type { Logs } from './log.ts'
import type { Vault } from './vault.ts'

interface AuditingDeps {
  readonly config: { readonly server: ServerConfig }
  readonly database: Database
  readonly vault: Pick<Vault, 'sealing'>
  readonly logs: Logs
  readonly parts: AsyncDisposableStack
}

export interface Auditing {
  readonly sink: AuditSink
  readonly shed: ShedRecord
}

export const openAuditing = ({ config, database, logs, parts }: AuditingDeps): Auditing => {
  const { strictAudit } = config.server
  const onFailure = (error: unknown) => logs.error('audit.not-written', { error })
  const audit = parts.use(createAuditBuffer(database, { strict: strictAudit, onFailure }))
  const shed = parts.use(createShedRecord({ record: audit.record, onFailure }))
  return { sink: countingShed(audit, shed), shed }
}

/** Started after the buffer was opened, and so stopped before it: what is written last is sealed by the next process. */
export const startAuditWorkers = async (
  { config, database, vault, logs, parts }: AuditingDeps,
  holder: string,
): Promise<void> => {
  const { retentionDays } = config.server.audit
  const key = await openAuditKey(database, vault.sealing)
  const sealing = (error: unknown) => logs.error('audit.not-sealed', { error })
  const keeping = (error: unknown) => logs.warn('audit.not-kept', { error })
  parts.use(startSealer(database, { holder, key, onFailure: sealing }))
  parts.use(startKeeper(database, { holder, key, retentionDays, onFailure: keeping }))
}

/** What operations read of the log. */
export const createAuditRegistry = ({
  database,
  vault,
}: Pick<AuditingDeps, 'database' | 'vault'>): AuditRegistry => ({
  search: (filter, ask) => searchAudit(database, filter, ask),
  count: (filter, most) => countAudit(database, filter, { most }),
  newest: async () => {
    const block = await loadNewestBlock(database)
    return block && { number: block.number, hash: block.hash.toString('hex'), sealedAt: block.sealedAt }
  },
  verify: async function* (options) {
    const key = await openAuditKey(database, vault.sealing)
    return yield* verifyAudit(database, { ...options, key })
  },
})
