import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '#store/database.ts'
import { createDoubtLedger } from '#store/doubts.ts'
import { createIdempotencyLedger } from '#store/idempotency.ts'
import { createCommitIntents } from '#store/intents.ts'
import { openTestDatabase, type TestDatabase, testServers } from '../../support/database.ts'
import { idempotencyClaim } from '../../support/drafts.ts'

describe.each(testServers)('doubtful intents on %s', (kind) => {
  let db: TestDatabase
  let database: Database
  beforeAll(async () => {
    db = await openTestDatabase({ kind })
    database = db.database
  })
  afterAll(() => db[Symbol.asyncDispose]())

  const id = { namespace: ['db'], name: 't' }
  const draft = { identifiers: [id], operation: 'updateTable', digest: 'd', addedSnapshotIds: ['7'] }
  const ledger = () => createDoubtLedger(database, 'me')

  const begin = async (connectionId: string, end?: 'unknown' | 'committed' | 'refused') => {
    const intent = await createCommitIntents(database, { connectionId, epoch: () => 1 }).begin(draft)
    if (end === 'committed') await intent.settle({ state: end, outcome: { kind: 'done' } })
    else if (end) await intent.settle({ state: end })
    return intent.id
  }

  const rowOf = async (intent: string) => {
    const [row] = await database.query<{ state: string; reason: string | null; settled: boolean }>(
      'select state, reason, settled_at is not null as settled from commit_intent where id = $1',
      [intent],
    )
    return row
  }

  it('of one key are found without a look at those of others', async () => {
    const connection = randomUUID()
    await database.execute(
      `insert into commit_intent (id, connection_id, identifiers, operation, digest, added_snapshot_ids, epoch,
         lease_until, state, settled_at, idempotency_scope, idempotency_key)
       select gen_random_uuid(), $1::uuid, '[]', 'updateTable', 'd', '{}', 1, now(), 'committed', now(), 's',
         gen_random_uuid() from generate_series(1, 5000)`,
      [connection],
    )
    await database.query('analyze commit_intent')
    const plan = await database.query(
      `explain select id from commit_intent where connection_id = $1 and idempotency_scope = $2
         and idempotency_key = $3 and (state in ('unknown', 'abandoned') or state = 'open' and lease_until <= now())`,
      [connection, 's', randomUUID()],
    )
    expect(JSON.stringify(plan)).toContain('commit_intent_key')
  })

  it('are due at once, and nothing else is', async () => {
    const connection = randomUUID()
    for (const end of ['committed', 'refused', undefined] as const) await begin(connection, end)
    expect(await ledger().due()).not.toContain(connection)
    const doubtful = await begin(connection, 'unknown')
    expect(await ledger().due()).toContain(connection)
    const taken = await ledger().take(connection, 10)
    expect(taken).toMatchObject([
      { id: doubtful, operation: 'updateTable', identifiers: [id], addedSnapshotIds: ['7'] },
    ])
    expect(taken[0]?.ageSeconds).toBeGreaterThanOrEqual(0)
  })

  it('come back after their pause only, one or all of a connection', async () => {
    const connection = randomUUID()
    await begin(connection, 'unknown')
    await begin(connection, 'unknown')
    const [first] = await ledger().take(connection, 1)
    if (!first) throw new Error('none was taken')
    await ledger().postpone(first, 60)
    expect(await ledger().take(connection, 10)).toHaveLength(1)
    await ledger().postponeAll(connection, 60)
    expect(await ledger().take(connection, 10)).toEqual([])
    expect(await ledger().due()).not.toContain(connection)
  })

  it('that have happened answer their key from then on', async () => {
    const connection = randomUUID()
    const claim = idempotencyClaim()
    const keys = createIdempotencyLedger(database)
    await keys.begin(claim)
    const intents = createCommitIntents(database, { connectionId: connection, epoch: () => 1 })
    const intent = await intents.begin({ ...draft, digest: claim.digest, idempotency: claim })
    await intent.settle({ state: 'unknown' })
    expect(await keys.find(claim)).toBe('in-flight')
    const [doubt] = await ledger().take(connection, 1)
    if (!doubt) throw new Error('none was taken')
    await ledger().confirm(doubt, { outcome: { kind: 'metadata', metadataLocation: 's3://m' } })
    expect(await keys.find(claim)).toEqual({ kind: 'metadata', metadataLocation: 's3://m' })
    expect(await rowOf(intent.id)).toEqual({
      state: 'committed',
      reason: 'seen at the upstream',
      settled: true,
    })
  })

  it('that are given up keep their reason, and are still told to whoever repeats the request', async () => {
    const connection = randomUUID()
    const claim = idempotencyClaim()
    const intents = createCommitIntents(database, { connectionId: connection, epoch: () => 1 })
    const intent = await intents.begin({ ...draft, idempotency: claim })
    await intent.settle({ state: 'unknown' })
    const [doubt] = await ledger().take(connection, 1)
    if (!doubt) throw new Error('none was taken')
    await ledger().abandon(doubt, 'not seen')
    expect(await rowOf(intent.id)).toEqual({ state: 'abandoned', reason: 'not seen', settled: true })
    expect(await ledger().due()).not.toContain(connection)
    expect((await intents.begin({ ...draft, idempotency: claim })).doubtful).toMatchObject([
      { id: intent.id },
    ])
  })

  it('are looked at by one process at a time', async () => {
    const connection = randomUUID()
    const ran: string[] = []
    await ledger().alone(connection, async () => {
      ran.push('me')
      await createDoubtLedger(database, 'another').alone(connection, async () => void ran.push('another'))
      await createDoubtLedger(database, 'another').alone(randomUUID(), async () => void ran.push('elsewhere'))
    })
    await createDoubtLedger(database, 'another').alone(connection, async () => void ran.push('later'))
    expect(ran).toEqual(['me', 'elsewhere', 'later'])
  })
})
