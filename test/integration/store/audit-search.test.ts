import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Need } from '#model/access.ts'
import { createAuditBuffer } from '#store/audit-buffer.ts'
import { keepAuditOnce } from '#store/audit-keeper.ts'
import {
  type AuditAsk,
  type AuditFilter,
  type AuditPlace,
  countAudit,
  searchAudit,
} from '#store/audit-search.ts'
import type { Database } from '#store/database.ts'
import { recordChange } from '#store/receipt.ts'
import { attack, sealAll, sealKey, verifyWhole } from '../../support/audit-log.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'
import { auditDraft, eventDraft } from '../../support/drafts.ts'

const onTable = (name: string, namespace: readonly string[] = ['sales']): Need => ({
  action: 'read',
  resource: { kind: 'table', warehouse: 'w1', namespace: [...namespace], name },
})

let db: TestDatabase
beforeAll(async () => {
  db = await openTestDatabase()
})
afterAll(() => db[Symbol.asyncDispose]())

describe('a search of the audit log', () => {
  const start = Date.parse('2026-11-01T00:00:00Z')
  const at = (minute: number) => new Date(start + minute * 60_000)
  beforeAll(async () => {
    await using buffer = createAuditBuffer(db.database)
    const put = (minute: number, more: object) =>
      buffer.record(auditDraft({ startedAt: at(minute), ...more }))
    await put(0, { requestId: 'r0', needs: [onTable('orders')], operation: 'loadTable', project: 'east' })
    await put(1, { requestId: 'r1', needs: [onTable('orders_old')], decision: 'denied', status: 404 })
    await put(2, { requestId: 'r2', principal: { kind: 'user', id: 'oidc~alice' }, project: 'east' })
    await put(3, { requestId: 'r3', needs: [onTable('50%_"\\x')], decision: 'failed', status: 503 })
    await put(4, { requestId: 'r4', needs: [onTable('t', ['a', 'b'])], warehouse: 'w2' })
    await put(5, {
      requestId: 'r5',
      needs: [{ action: 'write', resource: { kind: 'role', project: 'east', role: 'role-id' } }],
    })
    await buffer.flush()
    const draft = auditDraft({ requestId: 'r6', startedAt: at(6), needs: [onTable('z')] })
    await recordChange(db.database, { audit: draft }, [eventDraft('c', { namespace: ['sales'], name: 'z' })])
  })

  const found = async (filter: AuditFilter): Promise<readonly string[]> => {
    const { records } = await searchAudit(db.database, filter, { limit: 100, order: 'oldest-first' })
    return [...new Set(records.map(({ request_id }) => request_id))]
  }

  it.each<[string, AuditFilter, readonly string[]]>([
    ['everything', {}, ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6']],
    ['a project', { project: 'east' }, ['r0', 'r2']],
    ['a span of time, without its end', { from: at(1), to: at(3) }, ['r1', 'r2']],
    ['a principal', { principal: 'oidc~alice' }, ['r2']],
    ['an operation', { operations: ['loadTable', 'other'] }, ['r0']],
    ['what was denied', { decisions: ['denied'] }, ['r1']],
    ['what was denied or failed', { decisions: ['denied', 'failed'] }, ['r1', 'r3']],
    ['a status', { status: 503 }, ['r3']],
    ['a request', { requestId: 'r4' }, ['r4']],
    ['a warehouse', { warehouse: 'w2' }, ['r4']],
    ['changes', { kind: 'change' }, ['r6']],
    ['a name, and not what begins with it', { resource: 'orders' }, ['r0']],
    ['a name after its namespace', { resource: 'sales.orders' }, ['r0']],
    ['a name after two levels', { resource: 'a.b.t' }, ['r4']],
    ['no name after another namespace', { resource: 'b.t' }, []],
    ['a name with all that LIKE and JSON take for something else', { resource: '50%_"\\x' }, ['r3']],
    ['an id', { resource: 'role-id' }, ['r5']],
    ['a kind', { resourceKind: 'role' }, ['r5']],
    ['a kind and a name', { resourceKind: 'table', resource: 'z' }, ['r6']],
    ['several at once', { project: 'east', decisions: ['allowed'], resource: 'orders' }, ['r0']],
  ])('finds by %s', async (_, filter, wanted) => {
    expect(await found(filter)).toEqual(wanted)
  })

  it('comes page by page, newest first, each entry once', async () => {
    const seen: string[] = []
    let after: AuditPlace | undefined
    do {
      const page = await searchAudit(
        db.database,
        {},
        {
          ...{ limit: 2, order: 'newest-first' },
          ...(after ? { after } : {}),
        },
      )
      seen.push(...page.records.map(({ request_id }) => request_id))
      after = page.next
    } while (after)
    expect(seen).toEqual(['r6', 'r6', 'r5', 'r4', 'r3', 'r2', 'r1', 'r0'])
  })

  const allIds = async (
    filter: AuditFilter,
    ask: AuditAsk,
    database = db.database,
  ): Promise<readonly string[]> => {
    const { records, next } = await searchAudit(database, filter, ask)
    const ids = records.map(({ id }) => id)
    return next ? [...ids, ...(await allIds(filter, { ...ask, after: next }, database))] : ids
  }

  it.each<[string, AuditFilter]>([
    ['what no index tells', { operations: ['loadTable', 'updateTable'], resource: 'orders_old' }],
    ['what is rare and summarised', { principal: 'oidc~alice' }],
    ['both', { project: 'east', operations: ['loadTable'] }],
    ['everything', {}],
  ])('finds %s, however few entries a page looks at', async (_, filter) => {
    expect(await found(filter)).not.toEqual([])
    for (const order of ['oldest-first', 'newest-first'] as const) {
      const { records } = await searchAudit(db.database, filter, { limit: 100, order })
      for (const examined of [1, 2, 3, 100])
        expect(await allIds(filter, { limit: 2, order, examined }), `${order} ${examined}`).toEqual(
          records.map(({ id }) => id),
        )
    }
  })

  it('goes on by pages, and counts a part, where looking everywhere would take too long', async () => {
    const slow: Database = {
      ...db.database,
      transaction: (work) =>
        db.database.transaction((tx) =>
          work({
            ...tx,
            query: (asked, values) =>
              String(asked).includes('from audit_entry')
                ? tx.query('select pg_sleep(20)')
                : tx.query(asked, values),
          }),
        ),
    }
    const patienceMs = 20
    for (const filter of [{ project: 'east' }, { requestId: 'r4' }, { principal: 'nobody' }]) {
      const ask = { limit: 2, order: 'newest-first' } as const
      expect(await allIds(filter, { ...ask, examined: 2, patienceMs }, slow)).toEqual(
        await allIds(filter, ask),
      )
    }
    const counted = await countAudit(slow, { project: 'east' }, { most: 100, patienceMs })
    expect(counted).toEqual({ count: 2, exact: false })
  })

  it('tells how many there are, and when it has stopped counting', async () => {
    expect(await countAudit(db.database, { project: 'east' }, { most: 100 })).toEqual({
      count: 2,
      exact: true,
    })
    expect(await countAudit(db.database, {}, { most: 3 })).toEqual({ count: 3, exact: false })
  })
})

describe('the months of the audit log', () => {
  const partitions = async (): Promise<readonly string[]> => {
    const rows = await db.database.query<{ name: string }>(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = 'audit_entry'::regclass order by 1`,
    )
    return rows.map(({ name }) => name)
  }
  const record = async (...moments: readonly string[]): Promise<void> => {
    await using buffer = createAuditBuffer(db.database)
    for (const moment of moments) await buffer.record(auditDraft({ startedAt: new Date(moment) }))
  }
  const keep = (now: string, retentionDays: number | null) =>
    keepAuditOnce(db.database, {
      ...{ holder: 'keeper', key: sealKey, retentionDays, now: () => new Date(now) },
    })

  it('have partitions ahead, and those written outside of any move into one as they are', async () => {
    await record('2020-02-10T00:00:00Z', '2020-02-11T00:00:00Z', '2020-03-01T00:00:00Z')
    await sealAll(db.database)
    await keep('2026-11-21T00:00:00Z', null)
    expect(await partitions()).toEqual(expect.arrayContaining(['audit_entry_2020_02', 'audit_entry_2020_03']))
    expect((await partitions()).length).toBeGreaterThan(13)
    const [row] = await db.database.query<{ n: number }>('select count(*)::int as n from audit_entry_default')
    expect(row?.n).toBe(0)
    expect((await verifyWhole(db.database)).findings).toEqual([])
    await expect(db.database.query('delete from audit_entry_2020_02')).rejects.toThrow(/append-only/)
    await expect(db.database.query('truncate audit_entry_2020_02')).rejects.toThrow(/append-only/)
  })

  it('go when the last day of one may, their seals stay, and verification goes on', async () => {
    const before = (await verifyWhole(db.database)).report
    expect(await keep('2020-03-05T00:00:00Z', 5)).toEqual([])
    expect(await keep('2020-03-06T00:00:00Z', 5)).toEqual(['audit_entry_2020_02'])
    expect(await partitions()).not.toContain('audit_entry_2020_02')
    await sealAll(db.database)
    const { findings, report } = await verifyWhole(db.database)
    expect(findings).toEqual([])
    expect(report.retired).toBe(1)
    // The retirement itself is on record.
    expect(report.entries).toBe(before.entries - 2 + 1)
    const { records } = await searchAudit(
      db.database,
      { operations: ['retireAudit'] },
      {
        ...{ limit: 10, order: 'oldest-first' },
      },
    )
    expect(JSON.parse(records[0]?.detail ?? '{}')).toMatchObject({
      type: 'audit.retired',
      data: { entries: 2 },
    })
  })

  it('do not go while something in one is not sealed', async () => {
    await record('2020-03-02T00:00:00Z')
    expect(await keep('2021-01-01T00:00:00Z', 5)).toEqual([])
    await sealAll(db.database)
    expect(await keep('2021-01-01T00:00:00Z', 5)).toEqual(['audit_entry_2020_03'])
    await sealAll(db.database)
    expect((await verifyWhole(db.database)).findings).toEqual([])
  })

  it('are missed where somebody else removed one and says that it was retention', async () => {
    await record('2020-05-02T00:00:00Z')
    await sealAll(db.database)
    await attack(db.database, async (tx) => {
      await tx.query(`delete from audit_entry where at < '2020-06-01'`)
      await tx.query(`update audit_block set leaves = null where month = '2020-05-01T00:00:00Z'`)
      await tx.query(
        `insert into audit_retired values ('2020-05-01T00:00:00Z', '2030-01-01T00:00:00Z', 1, sha256('x'))`,
      )
    })
    const { findings } = await verifyWhole(db.database)
    expect(findings.map(({ amiss }) => amiss)).toEqual(['block-altered', 'month-unsealed'])
  })

  it('keep what somebody writes into one that has gone', async () => {
    const id = randomUUID()
    await attack(db.database, async (tx) => {
      await tx.query(`delete from audit_retired where month = '2020-05-01T00:00:00Z'`)
      await tx.query(
        `insert into audit_entry select '2020-02-10', $1, '1'::xid8, kind, request_id, operation, principal_kind,
           principal, warehouse, detail, decision, status, digest, project, latency_ms from audit_entry limit 1`,
        [id],
      )
    })
    const { findings } = await verifyWhole(db.database)
    expect(findings).toContainEqual(expect.objectContaining({ amiss: 'inserted', entry: id }))
  })
})
