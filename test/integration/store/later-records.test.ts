import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EventDraft } from '#model/event.ts'
import { insertConnection } from '#store/connections.ts'
import type { Database } from '#store/database.ts'
import { createDoubtLedger } from '#store/doubts.ts'
import { createCommitIntents } from '#store/intents.ts'
import { deleteMount, insertMount } from '#store/mounts.ts'
import { insertProject } from '#store/projects.ts'
import { recordChange } from '#store/receipt.ts'
import { deleteWarehouse, insertWarehouse } from '#store/warehouses.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'
import { auditDraft, idempotencyClaim } from '../../support/drafts.ts'

let db: TestDatabase
let database: Database
let warehouse: string
let connectionId: string
beforeAll(async () => {
  db = await openTestDatabase({ kind: 'embedded' })
  database = db.database
  connectionId = await database.transaction(async (tx) => {
    await insertProject(tx, { id: 'p', name: 'p' })
    const far = { projectId: 'p', name: 'far', kind: 'iceberg-rest', config: {} }
    return (await insertConnection(tx, far)).id
  })
  warehouse = (await openWarehouse('w')).id
})
afterAll(() => db[Symbol.asyncDispose]())

/** With the connection mounted in it. */
const openWarehouse = (name: string) =>
  database.transaction(async (tx) => {
    const storage = { kind: 'file', location: `file:///${name}`, settings: {} }
    const { id } = await insertWarehouse(tx, { projectId: 'p', name, storage, createdBy: 'test' })
    const mounted = await insertMount(tx, { warehouseId: id, namespace: ['far'], connectionId })
    return { id, mount: mounted.id }
  })

const claimed = idempotencyClaim()
const ledger = () => createDoubtLedger(database, 'me')
const by = (id: string, requestId: string = randomUUID()) =>
  auditDraft({ requestId, warehouse, principal: { kind: 'user', id } })

const event = (what: string, name: string, data: EventDraft['data'] = {}): EventDraft => ({
  type: `table.${what}`,
  object: warehouse,
  warehouse,
  data: { connection: 'far', namespace: ['far', 'sales'], name, ...data },
})

interface Sent {
  readonly as?: string
  /** Another warehouse. */
  readonly at?: string
  readonly name: string
  readonly what?: string
  readonly data?: EventDraft['data']
  readonly claim?: typeof claimed
}

/** What a request leaves that has been sent. */
const send = async ({ as = 'ann', at = warehouse, name, what = 'created', data = {}, claim }: Sent) => {
  const audit = by(as)
  const change = { ...event(what, name, data), object: at, warehouse: at }
  const intent = await createCommitIntents(database, { connectionId, epoch: () => 1 }).begin({
    ...{ identifiers: [{ namespace: ['sales'], name }], operation: 'updateTable', digest: 'd' },
    ...{ addedSnapshotIds: [], record: { audit, events: [change] } },
    ...(claim ? { idempotency: claim } : {}),
  })
  return { audit, intent, intents: [intent.id, ...intent.doubtful.map(({ id }) => id)] }
}

/** Its answer is lost, and a look shows what has come of it. */
const confirm = async (id: string, uuid?: string) => {
  const doubt = (await ledger().take(connectionId, 100)).find((one) => one.id === id)
  if (doubt) await ledger().confirm(doubt, { outcome: { kind: 'done' }, uuid })
  return doubt !== undefined
}
const lapse = () => database.execute(`update commit_intent set lease_until = now() - interval '1 s'`, [])

const ownersOf = async (name: string) =>
  (
    await database.query<{ id: string }>(
      `select subject_id as id from relation_tuple where name = $1 and relation = 'ownership' order by 1`,
      [name],
    )
  ).map(({ id }) => id)
const boundOf = async (name: string) =>
  (
    await database.query<{ uuid: string }>('select table_uuid as uuid from governed_object where name = $1', [
      name,
    ])
  )[0]?.uuid
const toldOf = async (name: string) =>
  (
    await database.query<{ type: string }>(
      `select type from outbox where data->>'name' = $1 and type like 'table.%' order by id`,
      [name],
    )
  ).map(({ type }) => type)
const changesOf = async (requestId: string) =>
  database.query<{ kind: string; principal: string }>(
    'select kind, principal from audit_entry where request_id = $1 order by kind',
    [requestId],
  )

describe('a change whose end shows only later', () => {
  it('is recorded then: told, on record as its request’s, and owned by whoever made it', async () => {
    const { audit, intent } = await send({ name: 'seen' })
    await intent.settle({ state: 'unknown' })
    expect(await ownersOf('seen')).toEqual([])
    await confirm(intent.id, 'U-1')
    expect([await ownersOf('seen'), await boundOf('seen'), await toldOf('seen')]).toEqual([
      ['ann'],
      'u-1',
      ['table.created'],
    ])
    const entries = await changesOf(audit.requestId)
    expect(entries.map(({ kind }) => kind)).toEqual(['change', 'change'])
    expect(await confirm(intent.id, 'U-1')).toBe(false)
  })

  it('that nothing came of makes nobody an owner', async () => {
    const refused = await send({ name: 'refused' })
    await refused.intent.settle({ state: 'refused' })
    const abandoned = await send({ name: 'abandoned' })
    await abandoned.intent.settle({ state: 'unknown' })
    const [doubt] = (await ledger().take(connectionId, 100)).filter(({ id }) => id === abandoned.intent.id)
    if (doubt) await ledger().abandon(doubt, 'not seen')
    await lapse()
    await ledger().recordLapsed()
    for (const name of ['refused', 'abandoned'])
      expect([await ownersOf(name), await toldOf(name)]).toEqual([[], []])
  })

  it('leaves the owner that has been recorded meanwhile, and one of what has the name now', async () => {
    for (const [name, uuid] of [
      ['same', 'u-1'],
      ['other', 'u-2'],
    ] as const) {
      const { intent } = await send({ name })
      await intent.settle({ state: 'unknown' })
      await recordChange(database, { audit: by('bob') }, [event('created', name, { uuid })])
      await confirm(intent.id, 'u-1')
      expect([await ownersOf(name), await boundOf(name)]).toEqual([['bob'], uuid])
    }
  })

  it('gives nobody what is no longer mounted, or lay in a warehouse that has gone, and is recorded', async () => {
    const [unmounted, deleted] = [await openWarehouse('unmounted'), await openWarehouse('deleted')]
    const lost = await send({ name: 'unmounted', at: unmounted.id })
    const gone = await send({ name: 'deleted', at: deleted.id })
    await lost.intent.settle({ state: 'unknown' })
    await gone.intent.settle({ state: 'committed', outcome: { kind: 'done' }, uuid: 'u-1' })
    await database.transaction(async (tx) => {
      await deleteMount(tx, { id: unmounted.mount, warehouseId: unmounted.id })
      await deleteWarehouse(tx, { id: deleted.id })
    })
    await lapse()
    await ledger().recordLapsed()
    await confirm(lost.intent.id, 'u-1')
    for (const name of ['unmounted', 'deleted'])
      expect([await toldOf(name), await ownersOf(name)]).toEqual([['table.created'], []])
  })

  it('does not end what was granted on the next one of its name', async () => {
    const { intent } = await send({ name: 'dropped', what: 'dropped' })
    await intent.settle({ state: 'unknown' })
    await recordChange(database, { audit: by('bob') }, [event('created', 'dropped', { uuid: 'u-2' })])
    await confirm(intent.id)
    expect(await ownersOf('dropped')).toEqual(['bob'])
    const { intent: next } = await send({ name: 'dropped', what: 'dropped' })
    await next.settle({ state: 'unknown' })
    await confirm(next.id)
    expect(await ownersOf('dropped')).toEqual([])
  })

  it('takes along what was granted where it was renamed, and only there', async () => {
    const rename = { what: 'renamed', data: { 'source-namespace': ['far', 'sales'] } }
    for (const [name, uuid, owners] of [
      ['moved', 'u-1', ['bob']],
      ['stayed', 'u-9', []],
    ] as const) {
      await recordChange(database, { audit: by('bob') }, [event('created', `${name}-from`, { uuid: 'u-1' })])
      const { intent } = await send({
        ...rename,
        name,
        data: { ...rename.data, 'source-name': `${name}-from` },
      })
      await intent.settle({ state: 'unknown' })
      await confirm(intent.id, uuid)
      expect(await ownersOf(name)).toEqual(owners)
    }
  })
})

describe('a change is recorded once', () => {
  it('where its request was repeated and a look comes after', async () => {
    const claim = idempotencyClaim()
    const first = await send({ name: 'repeated', claim })
    await first.intent.settle({ state: 'unknown' })
    const second = await send({ name: 'repeated', claim })
    await second.intent.settle({ state: 'committed', outcome: { kind: 'done' }, uuid: 'u-1' })
    await recordChange(database, second, [event('created', 'repeated', { uuid: 'u-1' })])
    expect(await confirm(first.intent.id, 'u-1')).toBe(false)
    await lapse()
    await ledger().recordLapsed()
    expect(await toldOf('repeated')).toEqual(['table.created'])
  })

  it('where a look comes while its request is repeated, or two looks do', async () => {
    const claim = idempotencyClaim()
    const [first, second] = [await send({ name: 'looked', claim }), await send({ name: 'looked', claim })]
    for (const { intent } of [first, second]) await intent.settle({ state: 'unknown' })
    const third = await send({ name: 'looked', claim })
    for (const { intent } of [first, second]) expect(await confirm(intent.id, 'u-1')).toBe(true)
    await third.intent.settle({ state: 'committed', outcome: { kind: 'done' }, uuid: 'u-1' })
    await recordChange(database, third, [event('created', 'looked', { uuid: 'u-1' })])
    expect([await toldOf('looked'), await ownersOf('looked')]).toEqual([['table.created'], ['ann']])
    expect((await changesOf(third.audit.requestId)).map(({ kind }) => kind)).toEqual(['decision'])
  })

  it('where its process ended between the answer and the record', async () => {
    const { intent } = await send({ name: 'crashed' })
    await intent.settle({ state: 'committed', outcome: { kind: 'done' }, uuid: 'u-1' })
    await ledger().recordLapsed()
    expect(await toldOf('crashed')).toEqual([])
    await lapse()
    await Promise.all([ledger().recordLapsed(), ledger().recordLapsed()])
    await ledger().recordLapsed()
    expect([await toldOf('crashed'), await ownersOf('crashed')]).toEqual([['table.created'], ['ann']])
  })
})
