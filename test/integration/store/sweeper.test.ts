import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '#store/database.ts'
import { findRelations } from '#store/entries.ts'
import { createMainLine, findLine } from '#store/entries-lines.ts'
import { putEntry, writeCommit, writePointer } from '#store/entries-write.ts'
import { createIdempotencyLedger } from '#store/idempotency.ts'
import { createCommitIntents } from '#store/intents.ts'
import { acquireLease, releaseLease } from '#store/leases.ts'
import { appendEvents, findTail, readEvents } from '#store/outbox.ts'
import { storeCursor } from '#store/outbox-cursors.ts'
import { sweepOnce } from '#store/sweeper.ts'
import { openTestDatabase, type TestDatabase, testServers } from '../../support/database.ts'
import { eventDraft, idempotencyClaim } from '../../support/drafts.ts'

const options = { holder: 'test' }

describe.each(testServers)('the sweeper on %s', (kind) => {
  let db: TestDatabase
  let database: Database
  beforeAll(async () => {
    db = await openTestDatabase({ kind })
    database = db.database
  })
  afterAll(() => db[Symbol.asyncDispose]())

  const age = (table: string, by: string): Promise<number> =>
    database.execute(`update ${table} set created_at = created_at - interval '${by}'`)

  it('leaves the work to whoever has the lease', async () => {
    const lease = await acquireLease(database, 'sweeper', { holder: 'another', seconds: 60 })
    expect(await sweepOnce(database, options)).toBeUndefined()
    if (lease) await releaseLease(database, lease)
    expect(await sweepOnce(database, options)).toBeDefined()
  })

  it('forgets a key after its advertised life and a grace, but never one in flight', async () => {
    const ledger = createIdempotencyLedger(database)
    const [settled, flying] = [idempotencyClaim(), idempotencyClaim()]
    await ledger.settle(settled, { kind: 'done' })
    await ledger.begin(flying)
    await age('idempotency', '45 minutes')
    await sweepOnce(database, options)
    expect(await ledger.find(settled)).toEqual({ kind: 'done' })
    await age('idempotency', '45 minutes')
    await sweepOnce(database, options)
    expect(await ledger.find(settled)).toBeUndefined()
    expect(await ledger.find(flying)).toBe('in-flight')
  })

  it('keeps of the outbox what a consumer has not read, however old', async () => {
    for (const object of ['a', 'b'])
      await database.transaction((tx) => appendEvents(tx, [eventDraft(object)]))
    await age('outbox', '1 day')
    const start = { tx: '0', id: 0 }
    const { next } = await readEvents(database, start, 1)
    await storeCursor(database, 'slow', next)
    await sweepOnce(database, options)
    expect((await readEvents(database, start, 10)).events.map((event) => event.object)).toEqual(['b'])
    await storeCursor(database, 'slow', await findTail(database))
    await sweepOnce(database, options)
    expect((await readEvents(database, start, 10)).events).toEqual([])
  })

  it('calls an intent doubtful when its lease lapses, and forgets it when nobody can ask any more', async () => {
    const intents = createCommitIntents(database, { connectionId: randomUUID(), epoch: () => 1 })
    const draft = { identifiers: [], operation: 'updateTable', digest: 'd', addedSnapshotIds: [] }
    const { id } = await intents.begin(draft)
    const state = async () => database.query('select state from commit_intent where id = $1', [id])
    await sweepOnce(database, options)
    expect(await state()).toEqual([{ state: 'open' }])
    await database.execute(`update commit_intent set lease_until = now() - interval '1 s'`)
    await sweepOnce(database, options)
    expect(await state()).toEqual([{ state: 'unknown' }])
    await age('commit_intent', '8 days')
    await sweepOnce(database, options)
    expect(await state()).toEqual([])
  })

  it('ends claims of staged creates that were never finished', async () => {
    const insert = (path: string, staged: string | null) =>
      database.execute(`insert into location_claim values ('s', $1, $2, $2, now() + $3::interval)`, [
        path,
        randomUUID(),
        staged,
      ])
    await insert('/lapsed/', '-1 second')
    await insert('/staged/', '1 hour')
    await insert('/held/', null)
    await sweepOnce(database, options)
    const rows = await database.query<{ path: string }>('select path from location_claim order by path')
    expect(rows.map((row) => row.path)).toEqual(['/held/', '/staged/'])
  })

  describe('of a history', () => {
    let warehouseId: string
    let lineId: number
    beforeEach(async () => {
      warehouseId = randomUUID()
      await database.transaction((tx) => createMainLine(tx, warehouseId, 'test'))
      const line = await findLine(database, warehouseId, 'main')
      lineId = line?.id ?? 0
    })

    interface Change {
      readonly name: string
      readonly contentId: string
      /** Null: dropped. A number: an earlier pointer. */
      readonly file: string | null | number
      readonly daysAgo: number
    }

    const pointerOf = async ({ contentId, file }: Change): Promise<number | null> => {
      if (file === null || typeof file === 'number') return file
      const [row] = await database.query<{ id: number }>(
        `insert into pointer (content_id, metadata_location, location, table_uuid, format_version)
         values ($1, $2, 'file:/t', $1, 2) returning id`,
        [contentId, file],
      )
      return row?.id ?? 0
    }

    /** One commit that puts or drops one name. */
    const put = async (change: Change): Promise<{ seq: number; pointer: number | null }> => {
      const pointer = await pointerOf(change)
      const [row] = await database.query<{ seq: number }>(
        `insert into commit (line_id, seq, id, op, actor, created_at)
         values ($1, nextval('commit_seq'), gen_random_uuid(), 'op', 'test', now() - make_interval(days => $2)) returning seq`,
        [lineId, change.daysAgo],
      )
      const seq = row?.seq ?? 0
      const values = [lineId, change.name, seq, change.contentId, pointer]
      await database.query(
        `insert into entry_version (line_id, ns, space, name, seq, content_id, kind, pointer)
         values ($1, 'ns', 1, $2, $3, $4, 'table', $5)`,
        values,
      )
      await database.query(
        `insert into entry_head (line_id, ns, space, name, seq, content_id, kind, pointer)
         values ($1, 'ns', 1, $2, $3, $4, 'table', $5)
         on conflict (line_id, ns, space, name) do update
         set seq = excluded.seq, content_id = excluded.content_id, pointer = excluded.pointer`,
        values,
      )
      return { seq, pointer }
    }

    const versions = async (): Promise<readonly number[]> => {
      const rows = await database.query<{ seq: number }>(
        'select seq from entry_version where line_id = $1 order by seq',
        [lineId],
      )
      return rows.map((row) => row.seq)
    }
    const expired = async (): Promise<readonly string[]> => {
      const rows = await database.query<{ metadata_location: string }>(
        'select metadata_location from expired_metadata_file where warehouse_id = $1 order by 1',
        [warehouseId],
      )
      return rows.map((row) => row.metadata_location)
    }

    it('drops versions whose successor left retention, records their files, and keeps what is live', async () => {
      const contentId = randomUUID()
      await put({ name: 't', contentId, file: 'f1', daysAgo: 30 })
      const second = await put({ name: 't', contentId, file: 'f2', daysAgo: 20 })
      const third = await put({ name: 't', contentId, file: 'f3', daysAgo: 1 })
      await sweepOnce(database, options)
      // The second was what the table was seven days ago.
      expect(await versions()).toEqual([second.seq, third.seq])
      expect(await expired()).toEqual(['f1'])
      await sweepOnce(database, options)
      expect(await expired()).toEqual(['f1'])
    })

    it('keeps every live head, however old', async () => {
      const only = await put({ name: 't', contentId: randomUUID(), file: 'f1', daysAgo: 400 })
      await sweepOnce(database, options)
      expect(await versions()).toEqual([only.seq])
      expect(await expired()).toEqual([])
    })

    it('keeps the pointer of a table that was renamed, and expires its file when it is replaced', async () => {
      const contentId = randomUUID()
      const first = await put({ name: 'old', contentId, file: 'f1', daysAgo: 30 })
      await put({ name: 'old', contentId, file: null, daysAgo: 20 })
      const moved = await put({ name: 'new', contentId, file: first.pointer, daysAgo: 20 })
      await sweepOnce(database, options)
      expect(await versions()).toEqual([moved.seq])
      expect(await expired()).toEqual([])
      await put({ name: 'new', contentId, file: 'f2', daysAgo: 10 })
      await sweepOnce(database, options)
      expect(await expired()).toEqual(['f1'])
    })

    /** True once somebody waits for somebody in this database. */
    const isAnyoneWaiting = async (): Promise<boolean> =>
      (
        await database.query(
          `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
      ).length > 0

    it('leaves alone what a change is just putting back', async () => {
      const contentId = randomUUID()
      for (const [file, daysAgo] of [['f1', 30] as const, ['f2', 20] as const])
        await put({ name: 't', contentId, file, daysAgo })
      const line = await findLine(database, warehouseId, 'main')
      if (line === undefined) throw new Error('the line is gone')
      const key = { ns: 'ns', space: 1, name: 't' } as const
      let sweep: Promise<unknown> = Promise.resolve()
      await database.transaction(async (tx) => {
        const draft = { contentId, metadataLocation: 'f1', location: 'file:/t', uuid: contentId }
        const pointer = await writePointer(tx, {
          ...draft,
          formatVersion: 2,
          snapshotId: null,
          schemaId: null,
        })
        let swept = false
        sweep = sweepOnce(database, options).then(() => {
          swept = true
        })
        await expect.poll(async () => swept || (await isAnyoneWaiting()), { timeout: 10_000 }).toBe(true)
        const [expected] = await findRelations(tx, line, [key])
        const commit = { id: randomUUID(), op: 'op', actor: 'test', requestId: 'r' }
        const seq = (await writeCommit(tx, line, commit)) ?? 0
        const restored = { key, contentId, kind: 'table', pointer, expected, seq } as const
        expect(await putEntry(tx, line, restored)).toBe(true)
      })
      await sweep
      expect(await findRelations(database, line, [key])).toMatchObject([{ metadataLocation: 'f1' }])
      expect(await expired()).toEqual([])
    })

    it('forgets a drop that nothing lies behind, and leaves the files of a dropped table alone', async () => {
      const contentId = randomUUID()
      await put({ name: 't', contentId, file: 'f1', daysAgo: 30 })
      await put({ name: 't', contentId, file: null, daysAgo: 20 })
      await sweepOnce(database, options)
      expect(await versions()).toEqual([])
      expect(await database.query('select 1 from entry_head where line_id = $1', [lineId])).toEqual([])
      expect(await database.query('select 1 from pointer where content_id = $1', [contentId])).toEqual([])
      expect(await expired()).toEqual([])
    })

    it('leaves nothing of the line of a deleted warehouse', async () => {
      const contentId = randomUUID()
      await put({ name: 't', contentId, file: 'f1', daysAgo: 3 })
      await put({ name: 't', contentId, file: null, daysAgo: 2 })
      await database.execute(`update line set state = 'dead' where id = $1`, [lineId])
      expect((await sweepOnce(database, options))?.lines).toBe(1)
      for (const table of ['entry_head', 'entry_version', 'commit', 'ref'])
        expect(await database.query(`select 1 from ${table} where line_id = $1`, [lineId])).toEqual([])
      expect(await database.query('select 1 from pointer where content_id = $1', [contentId])).toEqual([])
      expect(await expired()).toEqual([])
    })

    it('keeps what a tag or a fork still needs', async () => {
      const contentId = randomUUID()
      const states = []
      for (const [n, daysAgo] of [40, 30, 20, 10].entries())
        states.push(await put({ name: 't', contentId, file: `f${n}`, daysAgo }))
      const [tagged, forked] = states
      await database.query(
        `insert into ref (warehouse_id, name, kind, line_id, pinned_seq, created_by) values ($1, 'v1', 'tag', $2, $3, 'test')`,
        [warehouseId, lineId, tagged?.seq],
      )
      await database.query(
        `insert into line (warehouse_id, parent_line, fork_seq, chain_lines, chain_seqs)
         values ($1, $2::bigint, $3::bigint, array[0, $2::bigint], array[9223372036854775807, $3::bigint])`,
        [warehouseId, lineId, forked?.seq],
      )
      await sweepOnce(database, options)
      expect(await versions()).toEqual([tagged?.seq, forked?.seq, states[3]?.seq])
      expect(await expired()).toEqual(['f2'])
    })
  })
})
