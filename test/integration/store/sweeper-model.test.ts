/** Random histories: after a sweep every position that anybody may still read shows what it showed, and no more is kept. */
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Database } from '#store/database.ts'
import { createMainLine, findLine } from '#store/entries-lines.ts'
import { sweepVersions } from '#store/sweep-versions.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'

const day = 24 * 3_600
const names = ['a', 'b', 'c'] as const
const contents = Object.fromEntries(names.map((name) => [name, randomUUID()]))

interface Step {
  readonly name: (typeof names)[number]
  readonly drop: boolean
  /** A tag is put right behind the commit. */
  readonly tagged: boolean
  readonly old: boolean
}

const steps = fc
  .array(
    fc.record({
      name: fc.constantFrom(...names),
      drop: fc.boolean(),
      tagged: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
      old: fc.boolean(),
    }),
    { maxLength: 24 },
  )
  // Old commits come first.
  .map((list) => list.toSorted((x, y) => Number(y.old) - Number(x.old)))

let db: TestDatabase
let database: Database
beforeAll(async () => {
  db = await openTestDatabase()
  database = db.database
})
afterAll(() => db[Symbol.asyncDispose]())

const putPointer = async (contentId: string | undefined): Promise<number> => {
  const [row] = await database.query<{ id: number }>(
    `insert into pointer (content_id, metadata_location, location, table_uuid, format_version)
     values ($1, gen_random_uuid()::text, 'file:/t', $1, 2) returning id`,
    [contentId],
  )
  return row?.id ?? 0
}

const commit = async (lineId: number, step: Step): Promise<number> => {
  const contentId = contents[step.name]
  const pointer = step.drop ? null : await putPointer(contentId)
  const [row] = await database.query<{ seq: number }>(
    `insert into commit (line_id, seq, id, op, actor, created_at)
     values ($1, nextval('commit_seq'), gen_random_uuid(), 'op', 'test', now() - make_interval(days => $2)) returning seq`,
    [lineId, step.old ? 10 : 1],
  )
  const seq = row?.seq ?? 0
  const values = [lineId, step.name, seq, contentId, pointer]
  const columns = '(line_id, ns, space, name, seq, content_id, kind, pointer)'
  const row_ = `($1, '', 1, $2, $3, $4, 'table', $5)`
  await database.query(`insert into entry_version ${columns} values ${row_}`, values)
  await database.query(
    `insert into entry_head ${columns} values ${row_} on conflict (line_id, ns, space, name)
     do update set seq = excluded.seq, pointer = excluded.pointer`,
    values,
  )
  return seq
}

/** What the line shows at a position, with metadata that is still there. */
const stateAt = (lineId: number, seq: number) =>
  database.query(
    `select v.name, p.metadata_location from (
       select distinct on (name) name, pointer from entry_version
       where line_id = $1 and seq <= $2 order by name, seq desc) v
     join pointer p on p.id = v.pointer order by v.name`,
    [lineId, seq],
  )

const heads = (lineId: number) =>
  database.query(
    'select name, pointer from entry_head where line_id = $1 and pointer is not null order by name',
    [lineId],
  )

const playHistory = async (lineId: number, warehouseId: string, history: readonly Step[]) => {
  const pins: number[] = []
  const readable: number[] = []
  let lastOld = 0
  for (const step of history) {
    const seq = await commit(lineId, step)
    if (step.old) lastOld = seq
    else readable.push(seq)
    if (!step.tagged) continue
    pins.push(seq)
    await database.query(
      `insert into ref (warehouse_id, name, kind, line_id, pinned_seq, created_by) values ($1, $2, 'tag', $3, $4, 't')`,
      [warehouseId, `tag-${seq}`, lineId, seq],
    )
  }
  return [...pins, lastOld, ...readable]
}

it('keeps every position that a tag or retention needs, and nothing that none needs', async () => {
  const property = fc.asyncProperty(steps, async (history) => {
    const warehouseId = randomUUID()
    await database.transaction((tx) => createMainLine(tx, warehouseId, 't'))
    const lineId = (await findLine(database, warehouseId, 'main'))?.id ?? 0
    const positions = await playHistory(lineId, warehouseId, history)
    const show = () => Promise.all([heads(lineId), ...positions.map((seq) => stateAt(lineId, seq))])
    const before = await show()
    await sweepVersions(database, 7 * day)
    expect(await show()).toEqual(before)
    const useless = await database.query(
      `select v.seq from entry_version v where v.line_id = $1 and v.pointer is not null and not exists (
         select from unnest($2::bigint[]) p where v.seq <= p and not exists (
           select from entry_version n where n.line_id = v.line_id and n.name = v.name and n.seq > v.seq and n.seq <= p))`,
      [lineId, positions],
    )
    expect(useless).toEqual([])
    const dangling = await database.query(
      `select 1 from expired_metadata_file f join pointer p on p.metadata_location = f.metadata_location
       where f.warehouse_id = $1`,
      [warehouseId],
    )
    expect(dangling).toEqual([])
    expect((await sweepVersions(database, 7 * day)).versions).toBe(0)
  })
  await fc.assert(property, { numRuns: 40 })
})
