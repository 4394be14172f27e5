/**
 * Reads the whole audit log and its blocks, and tells what does not fit together. Page by page, each in a transaction
 * that sees one moment; nothing is kept but what is amiss.
 */
import { type Anchor, later, type Position } from './audit-blocks.ts'
import { readableTime } from './audit-entries.ts'
import {
  type Block,
  createVerifier,
  type EntryRow,
  type Finding,
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

/** So many blocks are looked at in one moment, with so many entries where they are small; one, however large. */
const pageBlocks = 8
const pageEntries = 8_000
/** In memory at a time, and each may have some 64 kB. There may be more in a block's span than it has sealed. */
const portion = 1_000

/** A number beyond it is none of ours, and none that can be counted on: its block is missed at its place. */
const lastNumber = Number.MAX_SAFE_INTEGER

/** Whatever somebody has made of a block, it can be read, and is then not what its hash is of. */
const selectBlocks = statement(`
  select number, hash, previous_hash as "previousHash", entries, leaves, root, ${readableTime('month')} as month,
    case when last_tx ~ '^[0-9]{1,19}$' then last_tx else '0' end as tx, ${readableTime('last_at')} as at,
    last_id as id, ${readableTime('sealed_at')} as "sealedAt", seal
  from audit_block b where b.number > $1 and b.number <= ${lastNumber} order by b.number limit ${pageBlocks}`)

const columns = `e.tx::text as tx, ${readableTime('e.at')} as at, e.at::text as "exactAt", id, kind, request_id,
  operation, principal_kind, principal, warehouse, detail, decision, status, project, latency_ms, digest`

const after = `e.tx >= $1::text::xid8 and (e.tx, e.at, e.id) > ($1::text::xid8, $2::timestamptz, $3::uuid)`

const selectSpan = statement(`
  select ${columns} from audit_entry e
  where ${after} and e.tx <= $4::text::xid8 and (e.tx, e.at, e.id) <= ($4::text::xid8, $5::timestamptz, $6::uuid)
  order by e.tx, e.at, e.id limit ${portion}`)

const selectTail = statement(`
  select ${columns} from audit_entry e where ${after} order by e.tx, e.at, e.id limit ${portion}`)

const selectRetired = statement(`
  select ${readableTime('month')} as month, ${readableTime('retired_at')} as "retiredAt",
    least(entries, ${lastNumber}) as entries, seal from audit_retired`)

/** An entry with its time as the database has it. */
type ExactRow = EntryRow & { readonly exactAt: string }

type BlockRow = Omit<Block, 'last'> & Position

const toBlock = ({ tx, at, id, ...row }: BlockRow): Block => ({ ...row, last: { tx, at, id } })

const bind = ({ tx, at, id }: Position): readonly unknown[] => [tx, at, id]
const bindExact = ({ tx, exactAt, id }: ExactRow): readonly unknown[] => [tx, exactAt, id]

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

/** Those behind `start`, to the end that the statement says, a portion at a time. */
async function* readEntries(
  start: Position,
  read: (from: readonly unknown[]) => Promise<readonly ExactRow[]>,
): AsyncGenerator<readonly EntryRow[]> {
  let from: readonly unknown[] | undefined = bind(start)
  while (from) {
    const rows: readonly ExactRow[] = await read(from)
    const last: ExactRow | undefined = rows.at(-1)
    if (last) yield rows
    from = last && rows.length === portion ? bindExact(last) : undefined
  }
}

interface Reading {
  readonly database: Database
  readonly signal: AbortSignal | undefined
}

interface Checked {
  readonly blocks: number
  readonly amiss: readonly Finding[]
}

/** A page is told of when it has been looked at as a whole: in the meantime its findings are kept. */
const mostFindings = 100_000

const createFindings = () => {
  const kept: Finding[] = []
  let untold = 0
  return {
    add: (more: readonly Finding[]): void => {
      const room = mostFindings - kept.length
      untold += Math.max(more.length - room, 0)
      for (const finding of more.slice(0, room)) kept.push(finding)
    },
    all: (): readonly Finding[] => {
      const last = kept.at(-1)
      if (untold === 0 || !last) return kept
      return [...kept, { ...last, message: `${untold} more are amiss where block ${last.block} is` }]
    },
  }
}

/** The next blocks with all that lies in their spans, as of one moment. */
const checkPage = ({ database, signal }: Reading, verifier: Verifier): Promise<Checked> =>
  atOnce(database, async (tx) => {
    const { number, last: start } = verifier.previous
    const blocks = firstOf((await tx.query<BlockRow>(selectBlocks, [number])).map(toBlock))
    if (blocks.length === 0) return { blocks: 0, amiss: [] }
    const end = blocks.map(({ last }) => last).reduce(later, start)
    const findings = createFindings()
    findings.add(verifier.take({ blocks, retired: await tx.query<RetiredRow>(selectRetired) }))
    const read = (from: readonly unknown[]) => tx.query<ExactRow>(selectSpan, [...from, ...bind(end)])
    for await (const rows of readEntries(start, read)) {
      signal?.throwIfAborted()
      findings.add(verifier.look(rows))
    }
    findings.add(verifier.end())
    return { blocks: blocks.length, amiss: findings.all() }
  })

async function* verifyBlocks(reading: Reading, verifier: Verifier): AsyncGenerator<Finding> {
  for (;;) {
    reading.signal?.throwIfAborted()
    const { blocks, amiss } = await checkPage(reading, verifier)
    yield* amiss
    if (blocks === 0) return
  }
}

/** Each is held against its own digest. */
async function* verifyTail(
  { database, signal }: Reading,
  verifier: Verifier,
): AsyncGenerator<Finding, VerifyReport['tail']> {
  let entries = 0
  let since: Date | null = null
  const read = (from: readonly unknown[]) => atOnce(database, (tx) => tx.query<ExactRow>(selectTail, from))
  for await (const rows of readEntries(verifier.previous.last, read)) {
    signal?.throwIfAborted()
    yield* verifier.lookBehind(rows)
    entries += rows.length
    since ??= rows[0]?.at ?? null
  }
  return { entries, since }
}

async function* settled(database: Database, verifier: Verifier): AsyncGenerator<Finding> {
  yield* verifier.settle(await database.query<RetiredRow>(selectRetired))
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
  const { number, hash } = verifier.previous
  const tail = yield* count(verifyTail(reading, verifier))
  yield* count(settled(database, verifier))
  const newest = number === 0 ? null : { number, hash: hash.toString('hex') }
  return { ...verifier.counts, findings, tail, newest }
}
