/** What is read of the audit log to prove it, and in which order, where the log is not as one would expect. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createAuditBuffer } from '#store/audit-buffer.ts'
import { keepAuditOnce } from '#store/audit-keeper.ts'
import { searchAudit } from '#store/audit-search.ts'
import type { Database, Sql } from '#store/database.ts'
import { attack, fillAudit, sealAll, sealKey, verifyWhole } from '../../support/audit-log.ts'
import { openTestDatabase, type TestDatabase, testServers } from '../../support/database.ts'
import { auditDraft } from '../../support/drafts.ts'

/** Told of how many rows each statement brings. */
const observed = (database: Database, told: (rows: number) => void): Database => {
  const watching = <Asked extends Sql>(sql: Asked): Asked => ({
    ...sql,
    query: async <Row>(...asked: Parameters<Sql['query']>) => {
      // Several statements at once bring none.
      const rows: readonly Row[] | undefined = await sql.query<Row>(...asked)
      told(rows?.length ?? 0)
      return rows ?? []
    },
  })
  return {
    ...watching(database),
    transaction: (work) => database.transaction((tx) => work(watching(tx))),
  }
}

describe.each(testServers)('a verification of the audit log on %s', (kind) => {
  let db: TestDatabase
  let database: Database
  beforeAll(async () => {
    db = await openTestDatabase({ kind })
    database = db.database
  })
  afterAll(() => db[Symbol.asyncDispose]())
  beforeEach(async () => {
    await attack(database, (tx) => tx.query('truncate audit_entry, audit_block, audit_retired'))
    await fillAudit(database)
    await sealAll(database)
  })

  const oneInside = async (): Promise<string> => {
    const [row] = await database.query<{ id: string }>(
      'select id from audit_entry e order by e.tx, at, id offset 5 limit 1',
    )
    return row?.id ?? ''
  }

  it('is in order where ids of transactions gain a digit, in one block and across several', async () => {
    for (const blockSize of [3, 100]) {
      await attack(database, (tx) => tx.query('truncate audit_entry, audit_block'))
      for (let i = 0; i < 4; i += 1) await fillAudit(database, 1)
      // Long ago, so that none is in flight: below the first ids that any server gives.
      await attack(database, (tx) =>
        tx.query(`update audit_entry e set tx = n.tx from (
          select id, (array['8', '9', '10', '11', '98', '99', '100', '101'])[dense_rank() over (order by o.tx)]::xid8 as tx
          from audit_entry o) n where n.id = e.id`),
      )
      await sealAll(database, blockSize)
      const { findings, report } = await verifyWhole(database)
      expect(findings).toEqual([])
      expect(report).toMatchObject({ entries: 16, tail: { entries: 0 } })
    }
  })

  it('holds an anchor against its block, whatever else was kept of that block', async () => {
    const anchor = (await verifyWhole(database)).report.newest
    if (anchor === null) throw new Error('nothing was sealed')
    const other = { ...anchor, hash: 'f'.repeat(64) }
    for (const anchors of [
      [anchor, other],
      [other, anchor],
    ]) {
      const { findings } = await verifyWhole(database, { anchors })
      expect(findings).toMatchObject([{ amiss: 'anchor', block: anchor.number }])
    }
  })

  it('is read a portion at a time, however much was put where little had been sealed', async () => {
    const id = await oneInside()
    await attack(database, (tx) =>
      tx.query(
        `insert into audit_entry select at, gen_random_uuid(), tx, kind, request_id, operation, principal_kind,
           principal, warehouse, detail, decision, status, digest, project, latency_ms
         from audit_entry, generate_series(1, 5000) where id = $1`,
        [id],
      ),
    )
    let most = 0
    const { findings } = await verifyWhole(
      observed(database, (rows) => {
        most = Math.max(most, rows)
      }),
    )
    expect(findings.filter(({ amiss }) => amiss === 'inserted')).toHaveLength(5_000)
    expect(findings.filter(({ amiss }) => amiss === 'removed')).toEqual([])
    expect(most).toBeLessThanOrEqual(1_000)
  })

  it('knows what came late to a month that is gone, by whatever clock that was removed', async () => {
    const record = async (at: string): Promise<void> => {
      await using buffer = createAuditBuffer(database, { strict: true })
      await buffer.record(auditDraft({ startedAt: new Date(at) }))
      await sealAll(database)
    }
    const keep = (): Promise<unknown> =>
      keepAuditOnce(database, {
        ...{ holder: 'keeper', key: sealKey, retentionDays: 30 },
        now: () => new Date(Date.now() + 3_600_000),
      })
    await record('2026-01-05T00:00:00Z')
    expect(await keep()).toEqual(['audit_entry_2026_01'])
    await record('2026-01-06T00:00:00Z')
    const { findings, report } = await verifyWhole(database)
    expect(findings).toEqual([])
    expect(report.retired).toBe(1)
  })

  it.each(["'\\x00'::bytea", `sha256('x') || '\\x00'::bytea`])(
    'names one entry, and no other of its block, where its digest was made %s before it was sealed',
    async (digest) => {
      await fillAudit(database)
      const [row] = await database.query<{ id: string }>(
        'select id from audit_entry e order by e.tx desc, at desc, id desc offset 2 limit 1',
      )
      await attack(database, (tx) =>
        tx.query(`update audit_entry set digest = ${digest} where id = $1`, [row?.id]),
      )
      await sealAll(database, 100)
      const { findings } = await verifyWhole(database)
      expect(findings.map(({ amiss, entry }) => [amiss, entry])).toEqual([['altered', row?.id]])
    },
  )

  it.each(['infinity', '-infinity', '294000-01-01', '4000-01-01 BC'])(
    'names the entry whose time is %s now',
    async (at) => {
      const id = await oneInside()
      await attack(database, (tx) => tx.query(`update audit_entry set at = '${at}' where id = $1`, [id]))
      const { findings } = await verifyWhole(database)
      expect(findings.length).toBeGreaterThan(0)
      expect(new Set(findings.map(({ entry }) => entry))).toEqual(new Set([id]))
      for (const order of ['newest-first', 'oldest-first'] as const) {
        const first = await searchAudit(database, {}, { limit: 1, order })
        const ask = { limit: 100, order, ...(first.next && { after: first.next }) }
        const rest = await searchAudit(database, {}, ask)
        const times = [...first.records, ...rest.records].map((record) => record.at.toISOString())
        expect(times, 'and can be read all the same').toHaveLength(15)
      }
    },
  )

  it.each([
    ['last_tx', `'x'`],
    ['last_tx', `'-1'`],
    ['last_tx', `'18446744073709551616'`],
    ['last_at', `'infinity'`],
    ['sealed_at', `'-infinity'`],
    ['month', `'infinity'`],
    ['number', '9007199254740993'],
  ])('names the block whose %s is %s now, and no entry in blocks before it', async (column, value) => {
    await attack(database, (tx) => tx.query(`update audit_block set ${column} = ${value} where number = 3`))
    const { findings } = await verifyWhole(database)
    const named = findings.filter(({ amiss }) => amiss.startsWith('block-'))
    expect(named.map(({ block }) => block)).toContain(3)
    expect(findings.every(({ block }) => block === undefined || block >= 3)).toBe(true)
  })

  it('does not believe a month to be gone that nobody can have removed', async () => {
    await attack(database, (tx) =>
      tx.query(`insert into audit_retired values ('infinity', 'infinity', 9007199254740993, '\\x00')`),
    )
    expect((await verifyWhole(database)).findings).toMatchObject([{ amiss: 'month-unsealed' }])
  })
})
