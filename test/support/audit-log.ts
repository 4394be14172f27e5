/** A log with sealed entries in it, and an attacker who may write whatever he likes to the database. */
import { randomBytes } from 'node:crypto'
import { createAuditBuffer } from '#store/audit-buffer.ts'
import { sealOnce } from '#store/audit-sealer.ts'
import type { Finding } from '#store/audit-verifier.ts'
import { type VerifyOptions, type VerifyReport, verifyAudit } from '#store/audit-verify.ts'
import type { Database, Transaction } from '#store/database.ts'
import { recordChange } from '#store/receipt.ts'
import { auditDraft, eventDraft } from './drafts.ts'

export const sealKey = randomBytes(32)

/** Decisions and changes, in several transactions and blocks. */
export const fillAudit = async (database: Database, entries = 12): Promise<void> => {
  await using buffer = createAuditBuffer(database)
  for (let i = 0; i < entries; i += 1) {
    await buffer.record(
      auditDraft({ warehouse: i % 2 === 0 ? 'w' : null, startedAt: new Date(Date.now() + i) }),
    )
    if (i % 3 === 0) await buffer.flush()
  }
  await recordChange(database, auditDraft(), [eventDraft('a'), eventDraft('b')])
}

export const sealAll = (database: Database, blockSize = 4): Promise<number | undefined> =>
  sealOnce(database, { holder: 'sealer', key: sealKey, blockSize })

export interface Verified {
  readonly findings: readonly Finding[]
  readonly report: VerifyReport
}

export const verifyWhole = async (database: Database, options: VerifyOptions = {}): Promise<Verified> => {
  const steps = verifyAudit(database, { key: sealKey, ...options })
  const findings: Finding[] = []
  let step = await steps.next()
  for (; !step.done; step = await steps.next()) findings.push(step.value)
  return { findings, report: step.value }
}

/** With the guards off, as their owner can have them. */
export const attack = (database: Database, work: (tx: Transaction) => Promise<unknown>): Promise<void> =>
  database.transaction(async (tx) => {
    await tx.query('set local session_replication_role = replica')
    await work(tx)
  })
