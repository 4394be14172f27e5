import type { AuditSink, RecordRelayed } from '#gateway/audit.ts'
import type { Database } from '#store/database.ts'
import { recordChange } from '#store/receipt.ts'
import type { Log } from './log.ts'
import type { Policy } from './policy.ts'

export interface RelayedRecordDeps {
  readonly database: Database
  /** For the decision alone. */
  readonly sink: AuditSink
  readonly policy: Policy | undefined
  readonly error: Log
}

/** What names have lost is in force here when it returns, elsewhere as every change of policy. */
export const createRelayedRecord =
  ({ database, sink, policy, error: log }: RelayedRecordDeps): RecordRelayed =>
  async (receipt, events) => {
    const { audit: entry } = receipt
    try {
      await recordChange(database, receipt, events)
    } catch (error) {
      log('change.not-recorded', { error, requestId: entry.requestId })
      // The change has happened: where the store cannot take its record, the decision at least is kept until it can.
      await sink.record(entry)
    } finally {
      policy?.tell(events)
    }
  }
