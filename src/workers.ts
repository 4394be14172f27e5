/** Workers that end with the process. */
import { randomUUID } from 'node:crypto'
import { startReconciler } from '#catalog/doubts.ts'
import { tail } from '#events/relay.ts'
import { createDoubtLedger } from '#store/doubts.ts'
import { startSweeper } from '#store/sweeper.ts'
import { startAuditWorkers } from './auditing.ts'
import type { Ground } from './ground.ts'
import type { House } from './house.ts'

const configurationEvent = /^(warehouse|connection|mount|project)\./

/** The tail of others' changes, the sweeper, the workers of the audit log, the reconciler of doubtful changes. */
export const startWorkers = async (ground: Ground, house: House): Promise<void> => {
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
