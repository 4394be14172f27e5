/** A log with sealed entries in it, and an attacker who may write whatever he likes to the database. */
import { randomBytes } from 'node:crypto'
import {
  type BlockHead,
  decodeLeaves,
  encodeLeaves,
  hashBlock,
  rootOf,
  sealBlock,
} from '#store/audit-blocks.ts'
import { createAuditBuffer } from '#store/audit-buffer.ts'
import { type AuditEntry, digestEntry } from '#store/audit-entries.ts'
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
  await recordChange(database, { audit: auditDraft() }, [eventDraft('a'), eventDraft('b')])
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

interface BlockRow extends Omit<BlockHead, 'last'> {
  readonly leaves: Buffer
  readonly tx: string
  readonly at: Date
  readonly id: string
}

/** All blocks from one on, made anew over the entries as they are now, by whoever has `key`. */
export const remakeBlocks = async (tx: Transaction, from: number, key: Uint8Array): Promise<void> => {
  const rows =
    await tx.query<BlockRow>(`select number, previous_hash as "previousHash", entries, leaves, root, month,
    last_tx as tx, last_at as at, last_id as id, sealed_at as "sealedAt" from audit_block order by number`)
  let previousHash: Buffer | undefined
  for (const { leaves, tx: last, at, id, ...row } of rows.filter(({ number }) => number >= from)) {
    const digests = await tx.query<{ id: string; digest: Buffer }>(
      'select id, digest from audit_entry where id = any($1::uuid[])',
      [decodeLeaves(leaves).map((leaf) => leaf.id)],
    )
    const now = decodeLeaves(leaves).map((leaf) => ({
      ...leaf,
      digest: digests.find((found) => found.id === leaf.id)?.digest ?? leaf.digest,
    }))
    const made = encodeLeaves(now)
    const head = { ...row, root: rootOf(made), last: { tx: last, at, id } }
    const hash = hashBlock({ ...head, previousHash: previousHash ?? row.previousHash })
    await tx.query(
      `update audit_block set leaves = $2, root = $3, hash = $4, previous_hash = $5, seal = $6 where number = $1`,
      [row.number, made, head.root, hash, previousHash ?? row.previousHash, sealBlock(key, hash)],
    )
    previousHash = hash
  }
}

/** An entry with a reason of the attacker's, and the digest that fits it. */
export const rewriteEntry = async (tx: Transaction, id: string): Promise<void> => {
  const [row] = await tx.query<Omit<AuditEntry, 'at'> & { at: Date }>(
    `update audit_entry set principal = 'oidc~mallory' where id = $1 returning at, id, kind, request_id, operation,
       principal_kind, principal, warehouse, detail, decision, status, project, latency_ms`,
    [id],
  )
  if (row === undefined) throw new Error('there is no such entry')
  const entry = { ...row, at: row.at.toISOString() }
  await tx.query(`update audit_entry set digest = decode($2, 'base64') where id = $1`, [
    id,
    digestEntry(entry),
  ])
}
