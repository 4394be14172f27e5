/**
 * Reads the whole audit log and its blocks, and tells what does not fit together. Page by page, each in a transaction
 * that sees one moment; nothing is kept but what is amiss.
 */
import type { Anchor, Position } from './audit-blocks.ts'
import {
  type Block,
  checkUnsealed,
  createVerifier,
  type EntryRow,
  type Finding,
  type Page,
  type RetiredRow,
  type Verifier,
  type VerifierOptions,
} from './audit-verifier.ts'
import { type Database, statement, type Transaction } from './database.ts'

export interface VerifyReport {
  /** Entries that lie where blocks have sealed entries. */
  readonly entries: number
  readonly blocks: number
  /** Of these, blocks whose entries retention has removed. */
  readonly retired: number
  readonly findings: number
  /** Entries that no block seals yet, normally those of a few seconds; and when the first of them happened. */
  readonly tail: { readonly entries: number; readonly since: Date | null }
  /** To be kept elsewhere: later on it proves that nothing up to it was made anew. */
  readonly newest: Anchor | null
}

export interface VerifyOptions extends VerifierOptions {
  readonly signal?: AbortSignal
}

/** So many blocks and entries are looked at in one moment. */
const pageBlocks = 8
const pageEntries = 8_000

const selectBlocks = statement(`
  select number, hash, previous_hash as "previousHash", entries, leaves, root, month, last_tx as tx, last_at as at,
    last_id as id, sealed_at as "sealedAt", seal
  from audit_block where number > $1 order by number limit ${pageBlocks}`)

const columns = `e.tx::text as tx, at, id, kind, request_id, operation, principal_kind, principal, warehouse, detail,
  decision, status, project, latency_ms, digest`

const after = `e.tx >= $1::text::xid8 and (e.tx, at, id) > ($1::text::xid8, $2::timestamptz, $3::uuid)`

const selectSpan = statement(`
  select ${columns} from audit_entry e
  where ${after} and e.tx <= $4::text::xid8 and (e.tx, at, id) <= ($4::text::xid8, $5::timestamptz, $6::uuid)
  order by e.tx, at, id`)

const selectTail = statement(`
  select ${columns} from audit_entry e where ${after} order by e.tx, at, id limit ${pageEntries}`)

const selectRetired = statement('select month, retired_at as "retiredAt", entries, seal from audit_retired')

const selectByIds = statement('select id, tx::text as tx, at from audit_entry where id = any($1::uuid[])')

type BlockRow = Omit<Block, 'last'> & Position

const toBlock = ({ tx, at, id, ...row }: BlockRow): Block => ({ ...row, last: { tx, at, id } })

const bind = ({ tx, at, id }: Position): readonly unknown[] => [tx, at, id]

const atOnce = <T>(database: Database, read: (tx: Transaction) => Promise<T>): Promise<T> =>
  database.transaction(async (tx) => {
    await tx.query(
      'set transaction isolation level repeatable read, read only; set local enable_seqscan = off',
    )
    return read(tx)
  })

/** As many blocks as have few enough entries, and one at least. */
const firstOf = (blocks: readonly Block[]): readonly Block[] => {
  let total = 0
  const end = blocks.findIndex(({ entries }) => {
    total += entries
    return total > pageEntries
  })
  return end === -1 ? blocks : blocks.slice(0, Math.max(end, 1))
}

const readPage = (database: Database, { previous }: Verifier): Promise<Page> =>
  atOnce(database, async (tx) => {
    const rows = await tx.query<BlockRow>(selectBlocks, [previous.number])
    const blocks = firstOf(rows.map(toBlock))
    const last = blocks.at(-1)?.last
    const span = last ? await tx.query<EntryRow>(selectSpan, [...bind(previous.last), ...bind(last)]) : []
    return { blocks, rows: span, retired: await tx.query<RetiredRow>(selectRetired) }
  })

interface Reading {
  readonly database: Database
  readonly signal: AbortSignal | undefined
}

async function* verifyBlocks({ database, signal }: Reading, verifier: Verifier): AsyncGenerator<Finding> {
  for (;;) {
    signal?.throwIfAborted()
    const page = await readPage(database, verifier)
    if (page.blocks.length === 0) break
    yield* verifier.take(page)
  }
  const gone = verifier.gone()
  const found = gone.length === 0 ? [] : await database.query<Position>(selectByIds, [gone])
  yield* verifier.settle(found, await database.query<RetiredRow>(selectRetired))
}

/** Each is held against its own digest. */
async function* verifyTail(
  { database, signal }: Reading,
  start: Position,
): AsyncGenerator<Finding, VerifyReport['tail']> {
  let from = start
  let entries = 0
  let since: Date | null = null
  for (;;) {
    signal?.throwIfAborted()
    const rows = await database.query<EntryRow>(selectTail, bind(from))
    yield* rows.flatMap(checkUnsealed)
    entries += rows.length
    since ??= rows[0]?.at ?? null
    const last = rows.at(-1)
    if (last === undefined || rows.length < pageEntries) return { entries, since }
    from = last
  }
}

/** Yields what is amiss, and returns what was looked at. Rejects when the log cannot be read, or `signal` is aborted. */
export async function* verifyAudit(
  database: Database,
  { signal, ...options }: VerifyOptions = {},
): AsyncGenerator<Finding, VerifyReport> {
  const reading = { database, signal }
  const verifier = createVerifier(options)
  let findings = 0
  const count = async function* <Result>(steps: AsyncGenerator<Finding, Result>) {
    let step = await steps.next()
    for (; !step.done; step = await steps.next()) {
      findings += 1
      yield step.value
    }
    return step.value
  }
  yield* count(verifyBlocks(reading, verifier))
  const { number, hash, last } = verifier.previous
  const tail = yield* count(verifyTail(reading, last))
  const newest = number === 0 ? null : { number, hash: hash.toString('hex') }
  return { ...verifier.counts, findings, tail, newest }
}
