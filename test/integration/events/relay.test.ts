import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { relay, tail } from '#events/relay.ts'
import type { Database } from '#store/database.ts'
import { acquireLease, isHeld, releaseLease } from '#store/leases.ts'
import { appendEvents, findTail, type OutboxEvent, readEvents } from '#store/outbox.ts'
import { loadCursor } from '#store/outbox-cursors.ts'
import { openTestDatabase, type TestDatabase, testServers } from '../../support/database.ts'
import { eventDraft } from '../../support/drafts.ts'

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await sleep(10)
}

describe.each(testServers)('the outbox on %s', (kind) => {
  let db: TestDatabase
  let database: Database
  beforeAll(async () => {
    db = await openTestDatabase({ kind })
    database = db.database
  })
  afterAll(() => db[Symbol.asyncDispose]())

  const append = (object: string, n: number): Promise<void> =>
    database.transaction((tx) => appendEvents(tx, [eventDraft(object, { n })]))

  it('is not passed by when an older transaction commits late', async () => {
    const start = await findTail(database)
    const appended = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const late = database.transaction(async (tx) => {
      await appendEvents(tx, [eventDraft('late')])
      appended.resolve()
      await release.promise
    })
    await appended.promise
    await append('early', 1)
    const meanwhile = await readEvents(database, start, 10)
    expect(meanwhile.events).toEqual([])
    release.resolve()
    await late
    const { events } = await readEvents(database, meanwhile.next, 10)
    expect(events.map((event) => event.object)).toEqual(['late', 'early'])
  })

  it('loses nothing and keeps the order of each object under concurrent writers', async () => {
    const heard: OutboxEvent[] = []
    const reader = await tail(database, {
      pollMs: 5,
      batch: 7,
      handle: (events) => {
        heard.push(...events)
      },
    })
    const writer = async (object: string): Promise<void> => {
      for (let n = 0; n < 40; n += 1)
        await database.transaction(async (tx) => {
          await tx.query('select pg_advisory_xact_lock(hashtext($1))', [object])
          await appendEvents(tx, [eventDraft(object, { n })])
          if (n % 5 === 0) await tx.query('select pg_sleep(0.005)')
        })
    }
    const objects = Array.from({ length: 8 }, (_, n) => `object-${n}`)
    await Promise.all(objects.map(writer))
    await until(() => heard.filter((event) => event.object.startsWith('object-')).length >= 320)
    await reader[Symbol.asyncDispose]()
    for (const object of objects) {
      const numbers = heard.filter((event) => event.object === object).map((event) => event.data['n'])
      expect(numbers).toEqual(Array.from({ length: 40 }, (_, n) => n))
    }
  })

  it('is read in the order of its transactions, also where their numbers grow by a digit', async () => {
    const start = await findTail(database)
    await database.execute(
      `insert into outbox (tx, type, object, warehouse, data)
       select n::text::xid8, 't', n::text, 'w', '{}' from unnest(array[10, 8, 9, 100, 99]) n`,
    )
    const read: string[] = []
    for (let position = { tx: '0', id: 0 }; read.length < 5; ) {
      const page = await readEvents(database, position, 1)
      read.push(...page.events.map((event) => event.object))
      position = page.next
    }
    expect(read).toEqual(['8', '9', '10', '99', '100'])
    await database.execute('delete from outbox where tx < $1::text::xid8', [start.tx])
  })

  it('tells every tail what commits after its start, and a notification wakes it', async () => {
    await append('before', 0)
    await sleep(20)
    const heard: string[][] = [[], []]
    const readers = await Promise.all(
      heard.map((list) =>
        tail(database, {
          pollMs: 60_000,
          handle: (events) => {
            list.push(...events.map((event) => event.object))
          },
        }),
      ),
    )
    // A listener wakes its reader when it has connected.
    await sleep(300)
    await append('after', 1)
    await until(() => heard.every((list) => list.includes('after')))
    for (const reader of readers) await reader[Symbol.asyncDispose]()
    expect(heard.flat()).not.toContain('before')
  })

  it('gives a handler that failed the same events again', async () => {
    const attempts: string[] = []
    const failures: unknown[] = []
    let resumed = 0
    const reader = await tail(database, {
      pollMs: 5,
      onFailure: (error) => failures.push(error),
      onResume: () => {
        resumed += 1
      },
      handle: (events) => {
        attempts.push(...events.map((event) => event.object))
        if (failures.length === 0) throw new Error('not now')
      },
    })
    await append('again', 1)
    await until(() => attempts.filter((object) => object === 'again').length === 2 && resumed > 0)
    await reader[Symbol.asyncDispose]()
    expect(failures).toHaveLength(1)
    expect(resumed).toBe(1)
  })

  it('resumes a consumer where it was, and two of it never work at once', async () => {
    const heard: { holder: string; n: unknown }[] = []
    const open = (holder: string) =>
      relay(database, {
        consumer: 'index',
        holder,
        pollMs: 5,
        handle: (events) => {
          for (const event of events)
            if (event.object === 'relayed') heard.push({ holder, n: event.data['n'] })
        },
      })
    for (let n = 0; n < 3; n += 1) await append('relayed', n)
    const first = open('a')
    await until(() => heard.length === 3)
    const second = open('b')
    await append('relayed', 3)
    await until(() => heard.length === 4)
    await first[Symbol.asyncDispose]()
    await append('relayed', 4)
    await until(() => heard.length === 5)
    await second[Symbol.asyncDispose]()
    expect(heard.map((event) => event.n)).toEqual([0, 1, 2, 3, 4])
    expect(heard.map((event) => event.holder)).toEqual(['a', 'a', 'a', 'a', 'b'])
  })

  it('trusts no cursor of another incarnation of the store', async () => {
    expect((await loadCursor(database, 'index')).tx).not.toBe('0')
    await database.execute('update server set incarnation = gen_random_uuid()')
    expect(await loadCursor(database, 'index')).toEqual({ tx: '0', id: 0 })
  })

  it('hands a lease over when it lapses or is given back, and tells the new holder apart', async () => {
    const first = await acquireLease(database, 'job', { holder: 'a', seconds: 60 })
    expect(await acquireLease(database, 'job', { holder: 'b', seconds: 60 })).toBeUndefined()
    expect(await acquireLease(database, 'job', { holder: 'a', seconds: 60 })).toEqual(first)
    await database.execute(`update lease set until = now() - interval '1 s' where name = 'job'`)
    const second = await acquireLease(database, 'job', { holder: 'b', seconds: 60 })
    expect(second?.epoch).toBe((first?.epoch ?? 0) + 1)
    expect(first && (await isHeld(database, first))).toBe(false)
    if (first) await releaseLease(database, first)
    expect(second && (await isHeld(database, second))).toBe(true)
    if (second) await releaseLease(database, second)
    expect(await acquireLease(database, 'job', { holder: 'c', seconds: 60 })).toBeDefined()
  })
})
