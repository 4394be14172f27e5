import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createAuditBuffer } from '#store/audit-buffer.ts'
import { sealBlockOnce, sealOnce } from '#store/audit-sealer.ts'
import { type Database, openDatabase } from '#store/database.ts'
import {
  attack,
  fillAudit,
  remakeBlocks,
  rewriteEntry,
  sealAll,
  sealKey,
  verifyWhole,
} from '../../support/audit-log.ts'
import { openTestDatabase, type TestDatabase, testServers } from '../../support/database.ts'
import { auditDraft } from '../../support/drafts.ts'

interface Place {
  readonly id: string
  readonly tx: string
}

describe.each(testServers)('the sealed audit log on %s', (kind) => {
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

  const inOrder = () =>
    database.query<Place>('select id, tx::text as tx from audit_entry e order by e.tx, at, id')
  const oneInside = async (): Promise<Place> => (await inOrder())[5] as Place
  const blocks = () =>
    database.query<{ number: number; hash: Buffer }>('select number, hash from audit_block order by number')

  it('is as it was written, while nobody alters it', async () => {
    const { findings, report } = await verifyWhole(database)
    expect(findings).toEqual([])
    expect(report).toMatchObject({ entries: 15, retired: 0, findings: 0, tail: { entries: 0, since: null } })
    expect(report.blocks).toBeGreaterThan(3)
    expect(report.newest).toMatchObject({ number: report.blocks })
  })

  it('has blocks that lie in one month each, in whatever order its entries came', async () => {
    await attack(database, (tx) => tx.query('truncate audit_entry, audit_block, audit_retired'))
    const [earlier, later] = [new Date('2026-01-31T23:59:59.999Z'), new Date('2026-02-01T00:00:00Z')]
    await using buffer = createAuditBuffer(database)
    for (const startedAt of [earlier, earlier, later, later, later, earlier]) {
      await buffer.record(auditDraft({ startedAt }))
      await buffer.flush()
    }
    expect(await sealAll(database, 100)).toBe(6)
    const made = await database.query('select entries, month from audit_block order by number')
    const [january, february] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-02-01T00:00:00Z')]
    expect(made).toEqual([
      { entries: 2, month: january },
      { entries: 3, month: february },
      { entries: 1, month: january },
    ])
    expect((await verifyWhole(database)).findings).toEqual([])
  })

  it.each([
    ['at', `at + interval '1 second'`],
    ['at', `at + interval '40 days'`],
    ['kind', `'change'`],
    ['request_id', `'another'`],
    ['operation', `'loadTable'`],
    ['principal_kind', `'user'`],
    ['principal', `'oidc~mallory'`],
    ['warehouse', `'elsewhere'`],
    ['detail', `detail || ' '`],
    ['decision', `'denied'`],
    ['status', '404'],
    ['digest', `sha256('x')`],
    ['project', 'null'],
    ['latency_ms', '0 - latency_ms - 1'],
    ['tx', `(tx::text::numeric + 100000)::text::xid8`],
    ['tx', `'1'::xid8`],
  ])('names the entry whose %s is now %s', async (column, value) => {
    const { id } = await oneInside()
    await attack(database, (tx) =>
      tx.query(`update audit_entry set ${column} = ${value} where id = $1`, [id]),
    )
    const { findings } = await verifyWhole(database)
    expect(findings.length).toBeGreaterThan(0)
    expect(new Set(findings.map(({ entry }) => entry))).toEqual(new Set([id]))
    expect(findings[0]?.amiss).toBe(column === 'tx' ? 'reordered' : findings[0]?.amiss)
    expect(findings.map(({ amiss }) => amiss)).toContain(column === 'tx' ? 'reordered' : 'altered')
  })

  it('knows each column of an entry: one that is added has to be tried here too', async () => {
    const columns = await database.query<{ name: string }>(
      `select attname as name from pg_attribute where attrelid = 'audit_entry'::regclass and attnum > 0 order by 1`,
    )
    expect(columns.map(({ name }) => name)).toEqual(
      [
        ...['at', 'decision', 'detail', 'digest', 'id', 'kind', 'latency_ms', 'operation', 'principal'],
        ...['principal_kind', 'project', 'request_id', 'status', 'tx', 'warehouse'],
      ].toSorted(),
    )
  })

  it('names both ids where one was given to an entry in place of the other', async () => {
    const { id } = await oneInside()
    const other = randomUUID()
    await attack(database, (tx) => tx.query('update audit_entry set id = $2 where id = $1', [id, other]))
    const { findings } = await verifyWhole(database)
    expect(findings).toContainEqual(expect.objectContaining({ amiss: 'removed', entry: id }))
    expect(findings).toContainEqual(expect.objectContaining({ amiss: 'inserted', entry: other }))
  })

  it('names an entry that was altered together with its digest', async () => {
    const [row, other] = (await inOrder()) as [Place, Place]
    await attack(database, (tx) =>
      tx.query(
        `update audit_entry e set (kind, request_id, operation, principal_kind, principal, warehouse, detail, decision,
           status, project, latency_ms, at, digest) = (select o.kind, o.request_id, o.operation, o.principal_kind,
           o.principal, o.warehouse, o.detail, o.decision, o.status, o.project, o.latency_ms, e.at, o.digest
           from audit_entry o where o.id = $2) where e.id = $1`,
        [row.id, other.id],
      ),
    )
    const { findings } = await verifyWhole(database)
    expect(findings.map(({ amiss, entry }) => [amiss, entry])).toEqual([['altered', row.id]])
  })

  it.each([0, 5, 14])('names the entry at %i that was deleted', async (place) => {
    const { id } = (await inOrder())[place] as Place
    await attack(database, (tx) => tx.query('delete from audit_entry where id = $1', [id]))
    const { findings } = await verifyWhole(database)
    expect(findings.map(({ amiss, entry }) => [amiss, entry])).toEqual([['removed', id]])
  })

  it('names an entry that was inserted among those that had been sealed', async () => {
    const { id, tx: at } = await oneInside()
    const forged = randomUUID()
    await attack(database, (tx) =>
      tx.query(
        `insert into audit_entry select at, $2, $3::text::xid8, kind, request_id, operation, principal_kind, principal,
           warehouse, detail, decision, status, digest, project, latency_ms from audit_entry where id = $1`,
        [id, forged, at],
      ),
    )
    const { findings } = await verifyWhole(database)
    expect(findings.map(({ amiss, entry }) => [amiss, entry])).toEqual([['inserted', forged]])
  })

  it('names two entries that were swapped', async () => {
    const rows = await inOrder()
    const [one, other] = [rows[0], rows.at(-1)] as [Place, Place]
    await attack(database, async (tx) => {
      await tx.query('update audit_entry set tx = $2::text::xid8 where id = $1', [one.id, other.tx])
      await tx.query('update audit_entry set tx = $2::text::xid8 where id = $1', [other.id, one.tx])
    })
    const { findings } = await verifyWhole(database)
    expect(new Set(findings.map(({ amiss, entry }) => `${amiss} ${entry}`))).toEqual(
      new Set([`reordered ${one.id}`, `reordered ${other.id}`]),
    )
  })

  it('names all entries that were cut off at its end', async () => {
    const rows = (await inOrder()).slice(-3)
    await attack(database, (tx) =>
      tx.query('delete from audit_entry where id = any($1::uuid[])', [rows.map(({ id }) => id)]),
    )
    const { findings } = await verifyWhole(database)
    expect(findings.map(({ amiss, entry }) => `${amiss} ${entry}`).toSorted()).toEqual(
      rows.map(({ id }) => `removed ${id}`).toSorted(),
    )
  })

  it('names a block that was deleted with its entries', async () => {
    await attack(database, async (tx) => {
      await tx.query(`delete from audit_entry e using audit_block b, audit_block a where b.number = 2 and a.number = 1
        and (e.tx, e.at, e.id) <= (b.last_tx::xid8, b.last_at, b.last_id)
        and (e.tx, e.at, e.id) > (a.last_tx::xid8, a.last_at, a.last_id)`)
      await tx.query('delete from audit_block where number = 2')
    })
    const { findings } = await verifyWhole(database)
    expect(findings).toMatchObject([{ amiss: 'block-removed', block: 2 }])
  })

  it.each([
    ['hash', `sha256('x')`],
    ['previous_hash', `sha256('x')`],
    ['entries', 'entries + 1'],
    ['leaves', `leaves || '\\x00'::bytea`],
    ['leaves', 'null'],
    ['root', `sha256('x')`],
    ['month', `month - interval '1 month'`],
    ['last_tx', `(last_tx::numeric + 1)::text`],
    ['last_at', `last_at + interval '1 second'`],
    ['last_id', 'gen_random_uuid()'],
    ['sealed_at', `sealed_at + interval '1 second'`],
    ['seal', `sha256('x')`],
    ['number', 'number + 100'],
  ])('names the block whose %s is now %s', async (column, value) => {
    await attack(database, (tx) => tx.query(`update audit_block set ${column} = ${value} where number = 2`))
    const { findings } = await verifyWhole(database)
    const named = findings.filter(({ amiss }) => amiss.startsWith('block-'))
    expect(named.map(({ block }) => block)).toContain(2)
  })

  it('names every block that was made anew, consistently, by whoever has the database and not the key', async () => {
    await attack(database, async (tx) => {
      await rewriteEntry(tx, (await oneInside()).id)
      await remakeBlocks(tx, 2, Buffer.from('a key of his own'))
    })
    const count = (await blocks()).length
    const { findings } = await verifyWhole(database)
    expect(findings.map(({ amiss, block }) => [amiss, block])).toEqual(
      Array.from({ length: count - 1 }, (_, i) => ['block-unsealed', i + 2]),
    )
  })

  it('is believed where somebody with the key made it anew, but for an anchor that was kept elsewhere', async () => {
    const anchor = (await verifyWhole(database)).report.newest
    if (anchor === null) throw new Error('nothing was sealed')
    await attack(database, async (tx) => {
      await rewriteEntry(tx, (await oneInside()).id)
      await remakeBlocks(tx, 2, sealKey)
    })
    expect((await verifyWhole(database)).findings).toEqual([])
    const { findings } = await verifyWhole(database, { anchors: [anchor] })
    expect(findings).toMatchObject([{ amiss: 'anchor', block: anchor.number }])
  })

  it('misses the newest block and its entries by an anchor alone', async () => {
    const anchor = (await verifyWhole(database)).report.newest
    if (anchor === null) throw new Error('nothing was sealed')
    await attack(database, async (tx) => {
      await tx.query(
        `delete from audit_entry e using audit_block b where b.number = $1
          and (e.tx, e.at, e.id) > (b.last_tx::xid8, b.last_at, b.last_id)`,
        [anchor.number - 1],
      )
      await tx.query('delete from audit_block where number = $1', [anchor.number])
    })
    expect((await verifyWhole(database)).findings).toEqual([])
    const { findings } = await verifyWhole(database, { anchors: [anchor] })
    expect(findings).toMatchObject([{ amiss: 'anchor', block: anchor.number }])
  })

  it('tells how much is not sealed yet, and finds what was altered there', async () => {
    await fillAudit(database, 3)
    expect((await verifyWhole(database)).report.tail.entries).toBe(6)
    const { id } = (await inOrder()).at(-1) as Place
    await attack(database, (tx) => tx.query(`update audit_entry set principal = 'x' where id = $1`, [id]))
    const { findings, report } = await verifyWhole(database)
    expect(findings.map(({ amiss, entry }) => [amiss, entry])).toEqual([['altered', id]])
    expect(report.tail.since).toBeInstanceOf(Date)
  })

  it('holds entries of older builds, and notices when their new columns are filled in', async () => {
    await attack(database, (tx) => tx.query('truncate audit_entry, audit_block'))
    const id = randomUUID()
    const older = [
      '2026-11-21T10:00:00.000Z',
      id,
      'decision',
      'r',
      'loadTable',
      'user',
      'u',
      null,
      '{}',
      'allowed',
      200,
    ]
    await database.query(
      `insert into audit_entry (at, id, kind, request_id, operation, principal_kind, principal, warehouse, detail,
         decision, status, digest) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, sha256(convert_to($12, 'utf8')))`,
      [...older, JSON.stringify(older)],
    )
    await sealAll(database)
    expect((await verifyWhole(database)).findings).toEqual([])
    await attack(database, (tx) => tx.query(`update audit_entry set project = 'p'`))
    expect((await verifyWhole(database)).findings).toMatchObject([{ amiss: 'altered', entry: id }])
  })

  it('cannot be altered by accident', async () => {
    for (const text of [
      'update audit_entry set status = 1',
      'delete from audit_entry',
      'truncate audit_entry',
      'truncate audit_entry_default',
      'delete from audit_block',
      'truncate audit_block',
      `update audit_block set entries = 1`,
    ])
      await expect(database.query(text), text).rejects.toThrow()
    expect((await verifyWhole(database)).findings).toEqual([])
  })

  it('is written, sealed and read by a role that could not alter it if it wanted to', async () => {
    const role = `writer_${randomUUID().slice(0, 8)}`
    await database.query(`create role ${role} login`)
    for (const grant of [
      'select, insert on audit_entry',
      'select, insert, update (leaves) on audit_block',
      'select on audit_retired',
      'select, insert, update on lease',
    ])
      await database.query(`grant ${grant} to ${role}`)
    const url = new URL(db.url)
    url.username = role
    const writer = await openDatabase({ url: url.href })
    try {
      await using buffer = createAuditBuffer(writer, { strict: true })
      await buffer.record(auditDraft())
      expect(await sealAll(writer)).toBe(1)
      expect((await verifyWhole(writer)).findings).toEqual([])
      for (const text of [
        'update audit_entry set status = 1',
        'delete from audit_entry',
        'truncate audit_entry',
        'update audit_block set seal = hash',
        'alter table audit_entry disable trigger all',
        'set session_replication_role = replica',
      ])
        await expect(writer.query(text), text).rejects.toThrow(/permission denied|must be owner/)
    } finally {
      await writer[Symbol.asyncDispose]()
      await database.query(`drop owned by ${role}; drop role ${role}`)
    }
  })

  it('never forks, however many seal it at once', async () => {
    await fillAudit(database, 40)
    const holders = ['sealer', 'sealer', 'another', 'sealer']
    await Promise.all(
      holders.map((holder) => sealOnce(database, { holder, key: sealKey, blockSize: 3 }).catch(() => {})),
    )
    await fillAudit(database, 10)
    // One that believes in a lease that it has no more, beside the one that has it now.
    const stale = { name: 'audit-sealer', holder: 'sealer', epoch: -1 }
    expect(await sealBlockOnce(database, stale, { key: sealKey })).toEqual({ entries: 0, more: false })
    await sealAll(database)
    const { findings, report } = await verifyWhole(database)
    expect(findings).toEqual([])
    expect(report).toMatchObject({ entries: 15 + 43 + 13, tail: { entries: 0 } })
  })

  it('leaves what is not committed, and what comes after it, for the next block', async () => {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    const slow = database.transaction(async (tx) => {
      await tx.query('select pg_current_xact_id()')
      begin()
      await ended
    })
    await begun
    try {
      await using buffer = createAuditBuffer(database, { strict: true })
      await buffer.record(auditDraft())
      expect(await sealAll(database)).toBe(0)
      expect((await verifyWhole(database)).report.tail.entries).toBe(1)
    } finally {
      end()
      await slow
    }
    expect(await sealAll(database)).toBe(1)
    expect((await verifyWhole(database)).findings).toEqual([])
  })
})
