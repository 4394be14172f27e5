import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isCatalogError } from '#model/errors.ts'
import type { IdempotencyClaim, Outcome } from '#model/event.ts'
import { createAuditBuffer } from '#store/audit-buffer.ts'
import { digestEntry } from '#store/audit-entries.ts'
import type { Database, Sql } from '#store/database.ts'
import { createIdempotencyLedger } from '#store/idempotency.ts'
import { countOpenIntents, createCommitIntents } from '#store/intents.ts'
import { AlreadySettled, recordChange, writeReceipt } from '#store/receipt.ts'
import { openTestDatabase, type TestDatabase, testServers } from '../../support/database.ts'
import { auditDraft, eventDraft, idempotencyClaim, receiptOf } from '../../support/drafts.ts'

const caught = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe.each(testServers)('operations on %s', (kind) => {
  let db: TestDatabase
  let database: Database
  beforeAll(async () => {
    db = await openTestDatabase({ kind })
    database = db.database
    await database.query('create table effect (key uuid not null)')
  })
  afterAll(() => db[Symbol.asyncDispose]())

  const count = async (table: string): Promise<number> => {
    const [row] = await database.query<{ n: number }>(`select count(*)::int as n from ${table}`)
    return row?.n ?? 0
  }

  describe('a receipt', () => {
    const change = (claim: IdempotencyClaim, outcome: Outcome) =>
      database.transaction(async (tx) => {
        await writeReceipt(tx, receiptOf(claim), { outcome, events: [eventDraft('t1', { n: 1 })] })
        await tx.query('insert into effect values ($1)', [claim.key])
      })

    it('of a change that an upstream made is decision, change and event, with no key taken', async () => {
      const before = await Promise.all(['outbox', 'audit_entry', 'idempotency'].map(count))
      await recordChange(database, { audit: auditDraft({ requestId: `relayed-${kind}` }) }, [
        eventDraft('t9', { n: 1 }),
      ])
      const rows = await database.query(
        'select kind, operation from audit_entry where request_id = $1 order by kind',
        [`relayed-${kind}`],
      )
      expect(rows).toMatchObject([{ kind: 'change' }, { kind: 'decision' }])
      const [outbox = 0, audit = 0, keys] = before
      expect(await Promise.all(['outbox', 'audit_entry', 'idempotency'].map(count))).toEqual([
        outbox + 1,
        audit + 2,
        keys,
      ])
    })

    it('stands or falls with its change', async () => {
      const before = await Promise.all(['outbox', 'audit_entry', 'idempotency'].map(count))
      const receipt = receiptOf(idempotencyClaim())
      const failed = database.transaction(async (tx) => {
        await writeReceipt(tx, receipt, { outcome: { kind: 'done' }, events: [eventDraft('t1')] })
        throw new Error('lost race')
      })
      await expect(failed).rejects.toThrow('lost race')
      expect(receipt.written).toBe(false)
      expect(await Promise.all(['outbox', 'audit_entry', 'idempotency'].map(count))).toEqual(before)
    })

    it('leaves a decision entry, a change entry an event, the events, and the outcome', async () => {
      const claim = idempotencyClaim()
      const receipt = receiptOf(claim)
      const outcome: Outcome = { kind: 'metadata', metadataLocation: 'file:/a/b.json' }
      await database.transaction((tx) =>
        writeReceipt(tx, receipt, {
          outcome,
          events: [eventDraft('t1', { é: '\u0000 "' }), eventDraft('t2')],
        }),
      )
      expect(receipt.written).toBe(true)
      const { requestId } = receipt.audit
      const entries = await database.query<{ kind: string; detail: string }>(
        'select kind, detail from audit_entry where request_id = $1 order by kind',
        [requestId],
      )
      expect(entries.map((entry) => entry.kind)).toEqual(['change', 'change', 'decision'])
      const events = await database.query<{ object: string }>(
        'select object from outbox where request_id = $1 order by id',
        [requestId],
      )
      expect(events.map((event) => event.object)).toEqual(['t1', 't2'])
      expect(await createIdempotencyLedger(database).find(claim)).toEqual(outcome)
    })

    it('lets one of racing duplicates happen, and gives the others its outcome', async () => {
      const claim = idempotencyClaim()
      const outcome: Outcome = { kind: 'json', body: '{"a":1.0}' }
      const ends = await Promise.allSettled(Array.from({ length: 12 }, () => change(claim, outcome)))
      const refused = ends.filter((end) => end.status === 'rejected').map((end) => end.reason)
      expect(refused).toHaveLength(11)
      for (const error of refused) {
        expect(error).toBeInstanceOf(AlreadySettled)
        expect((error as AlreadySettled).outcome).toEqual(outcome)
      }
      const rows = await database.query('select * from effect where key = $1', [claim.key])
      expect(rows).toHaveLength(1)
    })

    it('takes the place of a duplicate that rolled back while it waited', async () => {
      const claim = idempotencyClaim()
      const inserted = Promise.withResolvers<void>()
      const release = Promise.withResolvers<void>()
      const first = database.transaction(async (tx) => {
        await writeReceipt(tx, receiptOf(claim), { outcome: { kind: 'done' }, events: [] })
        inserted.resolve()
        await release.promise
        throw new Error('rolled back')
      })
      await inserted.promise
      const second = change(claim, { kind: 'done' })
      release.resolve()
      await expect(first).rejects.toThrow('rolled back')
      await second
    })

    it('refuses a key of another request with 422', async () => {
      const claim = idempotencyClaim()
      await change(claim, { kind: 'done' })
      const other = { ...claim, digest: 'another request' }
      const error = await caught(change(other, { kind: 'done' }))
      expect(isCatalogError(error, 'UnprocessableEntityException')).toBe(true)
      const asked = await caught(createIdempotencyLedger(database).find(other))
      expect(isCatalogError(asked, 'UnprocessableEntityException')).toBe(true)
    })

    it('keeps keys of different scopes apart', async () => {
      const claim = idempotencyClaim()
      await change(claim, { kind: 'done' })
      expect(await createIdempotencyLedger(database).find({ ...claim, scope: 'another w' })).toBeUndefined()
    })
  })

  describe('a key that an upstream decides', () => {
    const ledger = () => createIdempotencyLedger(database)
    const lapse = (claim: IdempotencyClaim) =>
      database.execute(`update idempotency set lease_until = now() - interval '1 s' where key = $1`, [
        claim.key,
      ])

    it('is taken by one of many', async () => {
      const claim = idempotencyClaim()
      const taken = await Promise.all(Array.from({ length: 8 }, () => ledger().begin(claim)))
      expect(taken.filter(Boolean)).toHaveLength(1)
      expect(await ledger().find(claim)).toBe('in-flight')
    })

    it('answers with the first outcome for ever', async () => {
      const claim = idempotencyClaim()
      await ledger().begin(claim)
      await ledger().settle(claim, { kind: 'done' })
      await ledger().settle(claim, { kind: 'failed', type: 'CommitFailedException', message: 'late' })
      expect(await ledger().find(claim)).toEqual({ kind: 'done' })
      expect(await ledger().begin(claim)).toBe(false)
    })

    it('is free again when the change did not happen, but never once it is settled', async () => {
      const claim = idempotencyClaim()
      await ledger().begin(claim)
      await ledger().abandon(claim)
      expect(await ledger().find(claim)).toBeUndefined()
      await ledger().settle(claim, { kind: 'done' })
      await ledger().abandon(claim)
      expect(await ledger().find(claim)).toEqual({ kind: 'done' })
    })

    it('can be taken over when its holder is gone, by one, which learns what is doubtful', async () => {
      const claim = idempotencyClaim()
      const intents = createCommitIntents(database, {
        connectionId: '00000000-0000-7000-8000-000000000001',
        epoch: () => 1,
      })
      await ledger().begin(claim)
      const draft = { identifiers: [], operation: 'updateTable', digest: claim.digest, idempotency: claim }
      const first = await intents.begin({ ...draft, addedSnapshotIds: ['9223372036854775807'] })
      expect(first.doubtful).toEqual([])
      await first.settle({ state: 'unknown' })
      await lapse(claim)
      expect(await ledger().find(claim)).toBeUndefined()
      const taken = await Promise.all([ledger().begin(claim), ledger().begin(claim)])
      expect(taken.filter(Boolean)).toHaveLength(1)
      const second = await intents.begin({ ...draft, addedSnapshotIds: [] })
      expect(second.doubtful).toEqual([
        { id: first.id, addedSnapshotIds: ['9223372036854775807'], marks: [] },
      ])
      await second.settle({ state: 'committed', outcome: { kind: 'done' } })
      expect(await ledger().find(claim)).toEqual({ kind: 'done' })
    })
  })

  it('counts the intents that a fence has to wait for', async () => {
    const connectionId = '00000000-0000-7000-8000-000000000002'
    const intents = createCommitIntents(database, { connectionId, epoch: () => 7 })
    const draft = { identifiers: [], operation: 'updateTable', digest: 'd', addedSnapshotIds: [] }
    const intent = await intents.begin(draft)
    expect(await countOpenIntents(database, connectionId, 7)).toBe(0)
    expect(await countOpenIntents(database, connectionId, 8)).toBe(1)
    await intent.settle({ state: 'refused' })
    expect(await countOpenIntents(database, connectionId, 8)).toBe(0)
  })

  describe('the audit buffer', () => {
    const written = async (requestId: string): Promise<number> =>
      (await database.query('select 1 from audit_entry where request_id = $1', [requestId])).length

    it('writes what is recorded, in few statements, before it is closed', async () => {
      let statements = 0
      const counting: Sql = {
        ...database,
        execute: (...args) => {
          statements += 1
          return database.execute(...args)
        },
      }
      const requestId = `batch-${kind}`
      const buffer = createAuditBuffer(counting)
      for (let n = 0; n < 2_500; n += 1) buffer.record(auditDraft({ requestId }))
      await buffer[Symbol.asyncDispose]()
      expect(await written(requestId)).toBe(2_500)
      expect(statements).toBe(3)
    })

    it('writes without being asked', async () => {
      const requestId = `later-${kind}`
      await using buffer = createAuditBuffer(database, { delayMs: 10 })
      buffer.record(auditDraft({ requestId }))
      while ((await written(requestId)) === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    })

    it('has written an entry before it answers where it is strict, many with one write', async () => {
      await using buffer = createAuditBuffer(database, { strict: true })
      const ids = Array.from({ length: 50 }, (_, n) => `strict-${kind}-${n}`)
      await Promise.all(
        ids.map(async (requestId) => {
          await buffer.record(auditDraft({ requestId }))
          expect(await written(requestId)).toBe(1)
        }),
      )
    })

    it('admits nothing when it is full, and keeps what it has through an outage, once each', async () => {
      let down = true
      const failing: Sql = {
        ...database,
        execute: (...args) => (down ? Promise.reject(new Error('down')) : database.execute(...args)),
      }
      const failures: unknown[] = []
      const buffer = createAuditBuffer(failing, { capacity: 2, onFailure: (error) => failures.push(error) })
      const requestId = `outage-${kind}`
      buffer.record(auditDraft({ requestId }))
      buffer.admit()
      buffer.record(auditDraft({ requestId }))
      expect(isCatalogError(await caught(Promise.resolve().then(buffer.admit)), 'SlowDownException')).toBe(
        true,
      )
      await expect(buffer.flush()).rejects.toThrow('down')
      expect(() => buffer.admit()).toThrow('audit log')
      down = false
      await buffer[Symbol.asyncDispose]()
      buffer.admit()
      expect(failures).not.toHaveLength(0)
      expect(await written(requestId)).toBe(2)
    })

    it('holds and writes no more text at once than is good, however long an entry is', async () => {
      const sizes: number[] = []
      const measuring: Sql = {
        ...database,
        execute: (statement, values = []) => {
          sizes.push(String(values[0]).length)
          return database.execute(statement, values)
        },
      }
      const requestId = `long-${kind}`
      const long = () => auditDraft({ requestId, reason: 'x'.repeat(60_000) })
      const buffer = createAuditBuffer(measuring, { mostText: 10_000_000 })
      for (let n = 0; n < 200; n += 1) {
        if (n < 160) buffer.admit()
        buffer.record(long())
      }
      expect(() => buffer.admit()).toThrow('audit log')
      await buffer.flush()
      buffer.admit()
      // Longer than what goes at once, and on record all the same.
      buffer.record(auditDraft({ requestId, reason: 'x'.repeat(5_000_000) }))
      await buffer[Symbol.asyncDispose]()
      expect(await written(requestId)).toBe(201)
      expect(Math.max(...sizes.slice(0, -1))).toBeLessThan(4_100_000)
    })

    it('keeps text that the database cannot hold, readable and with a digest that can be checked', async () => {
      await using buffer = createAuditBuffer(database, { strict: true })
      await buffer.record(
        auditDraft({ requestId: `odd-${kind}\u0000\ud800`, reason: '\u0000\udfff', warehouse: '\u0000' }),
      )
      const rows = await database.query<Record<string, unknown> & { digest: Buffer; at: Date }>(
        `select at, id, kind, request_id, operation, principal_kind, principal, warehouse, detail, decision, status,
           project, latency_ms, digest
           from audit_entry where request_id like $1`,
        [`odd-${kind}%`],
      )
      expect(rows).toHaveLength(1)
      const { digest, at, ...rest } = rows[0]!
      const entry = { ...rest, at: at.toISOString() } as Parameters<typeof digestEntry>[0]
      expect(digestEntry(entry) === digest.toString('base64')).toBe(true)
      expect(digestEntry({ ...entry, status: 500 }) === digest.toString('base64')).toBe(false)
    })
  })
})
