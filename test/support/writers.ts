/**
 * Writers that append snapshots over Iceberg REST and remember what was acknowledged, and the proof afterwards
 * that nothing acknowledged is missing and nothing is there twice.
 */
import { randomUUID } from 'node:crypto'
import { access } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { v7 as uuidv7 } from 'uuid'
import { parseJsonObject } from '#model/json.ts'

type Ids = ReadonlySet<string>

export interface TableUnderTest {
  /** URL of the table, without a query. */
  readonly url: string
  /** Snapshot ids whose commit was answered with success. */
  readonly acknowledged: Set<string>
  /** Snapshot ids that were ever sent. */
  readonly sent: Set<string>
  /** How far the writer's clock is off, in milliseconds. */
  readonly clockOffsetMs?: number
}

const json = { 'content-type': 'application/json' }

const randomSnapshotId = (): string =>
  (BigInt.asUintN(62, BigInt(`0x${randomUUID().replaceAll('-', '').slice(0, 16)}`)) + 2n ** 53n).toString()

/** Creates a table whose metadata log keeps every commit. */
export const createAppendTable = async (tables: string, name: string): Promise<TableUnderTest> => {
  const answer = await fetch(tables, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({
      name,
      schema: {
        type: 'struct',
        'schema-id': 0,
        fields: [{ id: 1, name: 'id', required: false, type: 'long' }],
      },
      properties: { 'write.metadata.previous-versions-max': '100000' },
    }),
  })
  if (!answer.ok) throw new Error(`create ${name}: ${answer.status} ${await answer.text()}`)
  await answer.arrayBuffer()
  return { url: `${tables}/${name}`, acknowledged: new Set(), sent: new Set() }
}

interface State {
  readonly main: string | null
  readonly sequence: bigint
}

const textOf = (value: unknown): string => String(value)

const readState = async (url: string): Promise<State> => {
  const answer = await fetch(url)
  const body = new Uint8Array(await answer.arrayBuffer())
  if (!answer.ok) throw new Error(`load ${url}: ${answer.status}`)
  const metadata = parseJsonObject(body)['metadata'] as Record<string, unknown>
  const refs = metadata['refs'] as Record<string, { 'snapshot-id': unknown }>
  const main = refs['main']
  return {
    main: main === undefined ? null : textOf(main['snapshot-id']),
    sequence: BigInt(textOf(metadata['last-sequence-number'])),
  }
}

const appendBody = (state: State, id: string, timestampMs: number): string => {
  const parent = state.main === null ? '' : `"parent-snapshot-id": ${state.main},`
  return `{
    "requirements": [{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": ${state.main}}],
    "updates": [
      {"action": "add-snapshot", "snapshot": {"snapshot-id": ${id}, ${parent} "sequence-number": ${state.sequence + 1n},
        "timestamp-ms": ${timestampMs}, "manifest-list": "file:/tmp/none/${id}.avro",
        "summary": {"operation": "append"}, "schema-id": 0}},
      {"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": ${id}}]}`
}

type Verdict = 'acknowledged' | 'refused' | 'doubtful'

/** One commit with its own idempotency key; a doubtful answer is asked again under the same key until it is clear. */
const append = async (table: TableUnderTest, stop: AbortSignal): Promise<Verdict> => {
  const state = await readState(table.url)
  const id = randomSnapshotId()
  const request = {
    method: 'POST',
    headers: { ...json, 'idempotency-key': uuidv7() },
    body: appendBody(state, id, Date.now() + (table.clockOffsetMs ?? 0)),
  }
  table.sent.add(id)
  for (;;) {
    const answer = await fetch(table.url, request).catch(() => undefined)
    await answer?.arrayBuffer().catch(() => undefined)
    if (answer?.ok) {
      table.acknowledged.add(id)
      return 'acknowledged'
    }
    if (answer !== undefined && answer.status < 500 && answer.status !== 429) return 'refused'
    if (stop.aborted) return 'doubtful'
    await delay(100)
  }
}

export interface WriterReport {
  acknowledged: number
  refused: number
  doubtful: number
  /** Rounds that ended because the table could not even be read. */
  unreachable: number
}

/** Appends until told to stop; an unreachable gateway is waited for. */
export const runWriter = async (table: TableUnderTest, stop: AbortSignal): Promise<WriterReport> => {
  const report: WriterReport = { acknowledged: 0, refused: 0, doubtful: 0, unreachable: 0 }
  while (!stop.aborted) {
    try {
      report[await append(table, stop)]++
    } catch {
      report.unreachable++
      await delay(100)
    }
  }
  return report
}

/** What a finished table must prove. */
export interface Proof {
  readonly lost: readonly string[]
  readonly doubled: readonly string[]
  readonly unknown: readonly string[]
  readonly missingFiles: readonly string[]
  readonly commits: number
}

const missing = async (locations: readonly string[]): Promise<string[]> => {
  const found = await Promise.all(
    locations.map((location) =>
      access(fileURLToPath(location)).then(
        () => undefined,
        () => location,
      ),
    ),
  )
  return found.filter((location) => location !== undefined)
}

const doubles = (ids: readonly string[]): string[] => ids.filter((id, i) => ids.indexOf(id) !== i)

const without = (ids: readonly string[], known: Ids): string[] => ids.filter((id) => !known.has(id))

/** Loads the table and compares it with what its writers know. Throws when it does not load. */
export const proveTable = async (table: TableUnderTest): Promise<Proof> => {
  const answer = await fetch(table.url)
  const bytes = new Uint8Array(await answer.arrayBuffer())
  if (!answer.ok) throw new Error(`load ${table.url}: ${answer.status} ${Buffer.from(bytes).toString()}`)
  const body = parseJsonObject(bytes)
  const metadata = body['metadata'] as Record<string, unknown>
  const ids = (metadata['snapshots'] as { 'snapshot-id': unknown }[]).map((one) => textOf(one['snapshot-id']))
  const log = (metadata['metadata-log'] as { 'metadata-file': string }[]).map((one) => one['metadata-file'])
  return {
    lost: without([...table.acknowledged], new Set(ids)),
    doubled: doubles(ids),
    unknown: without(ids, table.sent),
    missingFiles: await missing([...log, body['metadata-location'] as string]),
    commits: log.length,
  }
}
