/** What a line shows, on lines made by hand: a line of its own, a fork, and a fork of the fork. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '#store/database.ts'
import { findByUuid, findRelations, hasEntries, isLive, listEntries } from '#store/entries.ts'
import { hasContent, type Line } from '#store/entries-lines.ts'
import { commitHappened, commitLock, lock, namespaceLock } from '#store/entries-write.ts'
import { TransactionConflict } from '#store/errors.ts'
import { openTestDatabase, type TestDatabase, testServers } from '../../support/database.ts'
import { commitPut, createLine, forkLine, stateOf, tableKey } from '../../support/lines.ts'

type TestLine = Line & { warehouseId: string }

/** The truth in a few lines: every commit of a line in order. */
interface Model {
  readonly line: TestLine
  readonly parent: Model | undefined
  readonly forkSeq: number
  readonly log: { readonly seq: number; readonly name: string; readonly location: string | null }[]
}

const seen = (model: Model, name: string, limit = Number.POSITIVE_INFINITY): string | undefined => {
  const last = model.log.findLast((entry) => entry.name === name && entry.seq <= limit)
  if (last !== undefined) return last.location ?? undefined
  // A parent's own parent is cut where the parent forked, not where we did.
  return model.parent === undefined ? undefined : seen(model.parent, name, model.forkSeq)
}

const names = ['a', 'b', 'c', 'd', 'e', 'f']

type Step =
  | { readonly do: 'put' | 'drop'; readonly line: number; readonly name: string }
  | { readonly do: 'fork'; readonly line: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('put', 'drop'),
      line: fc.nat(9),
      name: fc.constantFrom(...names),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fork'), line: fc.nat(9) }) },
) as fc.Arbitrary<Step>

describe.each(testServers)('entries on the %s PostgreSQL', (kind) => {
  let test: TestDatabase
  let database: Database
  beforeAll(async () => {
    test = await openTestDatabase({ kind })
    database = test.database
  })
  afterAll(async () => {
    await test[Symbol.asyncDispose]()
  })

  let counter = 0
  const put = async (line: TestLine, name: string): Promise<{ seq: number; location: string }> => {
    const location = `file:/m/${++counter}`
    const key = tableKey('ns', name)
    const expected = await stateOf(database, line, key)
    return { seq: await commitPut(database, line, { key, location, expected }), location }
  }

  const run = async (models: Model[], at: Step): Promise<void> => {
    const model = models[at.line % models.length]!
    if (at.do === 'fork') {
      const forkSeq = Math.max(0, ...models.flatMap(({ log }) => log.map(({ seq }) => seq)))
      models.push({ line: await forkLine(database, model.line, forkSeq), parent: model, forkSeq, log: [] })
    } else if (at.do === 'put') model.log.push({ name: at.name, ...(await put(model.line, at.name)) })
    else {
      const key = tableKey('ns', at.name)
      const expected = await stateOf(database, model.line, key)
      if (expected === undefined) return
      const seq = await commitPut(database, model.line, { key, location: null, expected })
      model.log.push({ seq, name: at.name, location: null })
    }
  }

  it('read through any chain are what the history says, by name and in every page', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        async (steps, size) => {
          const models: Model[] = [
            { line: await createLine(database), parent: undefined, forkSeq: 0, log: [] },
          ]
          for (const at of steps) await run(models, at)
          for (const model of models) {
            const wanted = names.map((name) => seen(model, name))
            const found = await findRelations(
              database,
              model.line,
              names.map((name) => ({ ns: 'ns', name })),
            )
            expect(found.map((state) => state?.metadataLocation)).toEqual(wanted)
            const listed: string[] = []
            for (let after = '', page: readonly string[] = ['']; page.length > 0; after = page.at(-1) ?? '') {
              const entries = await listEntries(database, model.line, {
                ns: 'ns',
                kind: 'table',
                after,
                size,
              })
              page = entries.map(({ name }) => name)
              const states = entries.map(({ name }) => found[names.indexOf(name)])
              expect(entries.map(({ contentId }) => contentId)).toEqual(states.map((one) => one?.contentId))
              listed.push(...page)
            }
            expect(listed).toEqual(names.filter((_, i) => wanted[i] !== undefined))
            expect(await hasEntries(database, model.line, 'ns')).toBe(listed.length > 0)
          }
        },
      ),
      { numRuns: 15 },
    )
  })

  it('are put only where they are as expected', async () => {
    const line = await createLine(database)
    const key = tableKey('ns', 't')
    await put(line, 't')
    const first = await stateOf(database, line, key)
    await put(line, 't')
    const stale = commitPut(database, line, { key, location: 'file:/m/stale', expected: first })
    await expect(stale).rejects.toBeInstanceOf(TransactionConflict)
    const twice = commitPut(database, line, { key, location: 'file:/m/new', expected: undefined })
    await expect(twice).rejects.toBeInstanceOf(TransactionConflict)
  })

  it('inherited from another line are taken over by one writer only', async () => {
    const parent = await createLine(database)
    const { seq } = await put(parent, 't')
    const line = await forkLine(database, parent, seq)
    const key = tableKey('ns', 't')
    const inherited = await stateOf(database, line, key)
    expect(inherited?.own).toBe(false)
    const tries = await Promise.allSettled(
      [1, 2, 3, 4].map((i) =>
        commitPut(database, line, { key, location: `file:/m/own-${i}`, expected: inherited }),
      ),
    )
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await stateOf(database, line, key))?.own).toBe(true)
    expect((await stateOf(database, parent, key))?.metadataLocation).toBe(inherited?.metadataLocation)
  })

  it('have numbers that grow from a line to its fork', async () => {
    const parent = await createLine(database)
    const { seq } = await put(parent, 'a')
    const line = await forkLine(database, parent, seq)
    expect((await put(line, 'a')).seq).toBeGreaterThan(seq)
  })

  it('are found by uuid while some line of the warehouse has them', async () => {
    const line = await createLine(database)
    await put(line, 't')
    const key = tableKey('ns', 't')
    const state = await stateOf(database, line, key)
    const { contentId } = state!
    expect(await findByUuid(database, line.warehouseId, contentId)).toEqual([
      { contentId, ns: 'ns', name: 't' },
    ])
    expect(await findByUuid(database, crypto.randomUUID(), contentId)).toEqual([])
    expect([await isLive(database, contentId), await hasContent(database, line.warehouseId)]).toEqual([
      true,
      true,
    ])
    await commitPut(database, line, { key, location: null, expected: state })
    expect(await findByUuid(database, line.warehouseId, contentId)).toEqual([])
    expect([await isLive(database, contentId), await hasContent(database, line.warehouseId)]).toEqual([
      false,
      false,
    ])
  })

  it('keep names in byte order, whatever the letters', async () => {
    const line = await createLine(database)
    const odd = ['Z', 'a', 'é', 'z', '名', '😀', "quo'te", '%_\\']
    for (const name of odd) await put(line, name)
    const listed = await listEntries(database, line, { ns: 'ns', kind: 'table', after: '', size: 100 })
    expect(listed.map(({ name }) => name)).toEqual(
      [...odd].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    )
  })

  it('tell whether a commit happened only when its transaction has ended', async () => {
    const commitId = crypto.randomUUID()
    const inside = Promise.withResolvers<void>()
    const leave = Promise.withResolvers<void>()
    const open = database.transaction(async (tx) => {
      await lock(tx, [commitLock(commitId)])
      inside.resolve()
      await leave.promise
    })
    await inside.promise
    let answered = false
    const asked = database
      .transaction((tx) => commitHappened(tx, commitId))
      .finally(() => {
        answered = true
      })
    await database.query('select pg_sleep(0.05)')
    expect(answered).toBe(false)
    leave.resolve()
    await open
    expect(await asked).toBe(false)
  })

  it('lock what they ask for in one order, so that opposite orders do not deadlock', async () => {
    const line = await createLine(database)
    const locks = ['x', 'y', 'z'].map((ns) => namespaceLock(line, ns, true))
    const take = (order: typeof locks): Promise<void> =>
      database.transaction(async (tx) => {
        await lock(tx, order)
        await tx.query('select pg_sleep(0.002)')
      })
    await Promise.all(Array.from({ length: 20 }, (_, i) => take(i % 2 === 0 ? locks : [...locks].reverse())))
  })
})
