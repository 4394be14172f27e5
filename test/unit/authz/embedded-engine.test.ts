import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileModel } from '#authz/compiled-model.ts'
import { createEmbeddedEngine } from '#authz/embedded-engine.ts'
import type { Subject } from '#authz/grants.ts'
import { authorizationModel } from '#authz/model.ts'
import type { AuthorizationModel } from '#authz/model-form.ts'
import type { ObjectKey } from '#authz/objects.ts'
import type { TupleSource } from '#authz/tuples.ts'
import { modelOf } from '../../support/policy/model-source.ts'
import { createNaive, type StoredGrant } from '../../support/policy/naive.ts'
import { everyQuestion, subjects, worldsOf } from '../../support/policy/worlds.ts'

/** A store of grants with a clock, an epoch, and a count of what it was asked. */
const createStore = (model: AuthorizationModel = authorizationModel, capacity = 100_000) => {
  const state = {
    grants: [] as readonly StoredGrant[],
    epoch: 1,
    now: 0,
    clock: 1_000,
    asked: 0,
    away: false,
  }
  const reported: unknown[] = []
  const held: TupleSource['held'] = async ({ principal, roles }, objects) => {
    state.asked += 1
    if (state.away) throw new Error('away')
    const tuples = state.grants
      .filter(({ object }) => objects.includes(object))
      .filter(
        ({ kind, id }) => kind === 'anyone' || (kind === 'role' ? roles.includes(id) : id === principal),
      )
      .map(({ object, relation, kind, expiresAt }) => ({ object, relation, subjectKind: kind, expiresAt }))
    return { tuples, epoch: state.epoch }
  }
  const engine = createEmbeddedEngine({
    model: compileModel(model),
    source: { held },
    loadEpoch: async () => {
      if (state.away) throw new Error('away')
      return state.epoch
    },
    now: () => state.now,
    clock: () => state.clock,
    report: (error) => reported.push(error),
    capacity,
  })
  return { state, engine, reported }
}

const grant = (object: ObjectKey, relation: string, more: Partial<StoredGrant> = {}): StoredGrant => ({
  ...{ object, relation, kind: 'principal', id: 'a', expiresAt: null },
  ...more,
})

const nobody: Subject = { principal: 'a', roles: new Set(), projects: new Set(), serverAdmin: false }
const chain: readonly ObjectKey[] = ['table:t', 'namespace:w/n', 'warehouse:w', 'project:p', 'server:s']
const read = { relation: 'can_read', type: 'table', chain } as const
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** With an intersection, and a difference of differences, which the model in force has no use for. */
const otherModel = modelOf(`model
  schema 1.1
type principal
type role
  relations
    define assignee: [principal, role#assignee]
type server
  relations
    define admin: [principal, role#assignee]
type project
  relations
    define server: [server]
    define member: [principal, role#assignee]
    define barred: [principal:*, principal]
    define seen: (member and admin from server) or (member but not (barred but not admin from server))
type warehouse
  relations
    define project: [project]
    define select: [principal, role#assignee] but not barred from project
    define barred: barred from project and member from project
    define seen: (select and seen from project) but not barred
`)

describe('the evaluator', () => {
  test.each([
    ['the model in force', authorizationModel, 100],
    ['a model with everything that a model can have', otherModel, 500],
  ])(
    'answers by the definition of the model: %s',
    async (_, model, numRuns) => {
      const questions = everyQuestion(model)
      const property = fc.asyncProperty(worldsOf(model), subjects, async (world, subject) => {
        const { engine, state } = createStore(model)
        state.grants = world.grants
        const naive = createNaive(world, subject)
        const expected = questions.map(({ relation, chain: [object] }) =>
          naive({ object: object as ObjectKey, relation }),
        )
        // Cold, then from what is remembered, which must say neither more nor less.
        for (let turn = 0; turn < 2; turn += 1)
          expect(await engine.check(subject, questions, undefined)).toEqual(expected)
        for (const [i, question] of questions.entries()) {
          if (i % 7 !== 0) continue
          expect(await engine.check(subject, [question], undefined)).toEqual([expected[i]])
        }
      })
      await fc.assert(property, { numRuns })
    },
    60_000,
  )

  test('tells what will be held at a moment as that moment will find it', async () => {
    const questions = everyQuestion(authorizationModel)
    const moments = fc.constantFrom(1_000, 1_001, 4_999, 5_000, Number.POSITIVE_INFINITY)
    const property = fc.asyncProperty(
      worldsOf(authorizationModel),
      subjects,
      moments,
      async (world, subject, at) => {
        const { engine, state } = createStore()
        state.grants = world.grants
        const naive = createNaive({ ...world, now: at }, subject)
        const expected = questions.map(({ relation, chain: [object] }) =>
          naive({ object: object as ObjectKey, relation }),
        )
        expect(await engine.checkAt(subject, questions, at)).toEqual(expected)
      },
    )
    await fc.assert(property, { numRuns: 50 })
  })

  test('takes what is not there for a sibling on which nobody holds anything', async () => {
    const { engine, state } = createStore()
    const absent = { ...read, chain: chain.slice(1) }
    state.grants = [grant('table:t', 'select')]
    expect(await engine.check(nobody, [read, absent], undefined)).toEqual([true, false])
    state.grants = [grant('namespace:w/n', 'select')]
    expect(await engine.check(nobody, [read, absent], undefined)).toEqual([true, true])
  })

  test('allows nothing by a relation that the type does not have, or that the model does not know', async () => {
    const { engine, state } = createStore()
    state.grants = [grant('table:t', 'ownership')]
    for (const relation of ['can_create', 'can_fly', 'constructor', '__proto__'])
      expect(await engine.check(nobody, [{ ...read, relation }], undefined)).toEqual([false])
  })

  test('asks once for all questions of a request, and not at all for what follows from memberships', async () => {
    const { engine, state } = createStore()
    const questions = ['can_read', 'can_write', 'can_describe'].map((relation) => ({ ...read, relation }))
    await engine.check(nobody, questions, undefined)
    expect(state.asked).toBe(1)
    const member = { ...nobody, projects: new Set(['p']) }
    expect(engine.check(member, questions, Number.POSITIVE_INFINITY)).toEqual([true, true, true])
    expect(state.asked).toBe(1)
  })
})

describe('what the evaluator remembers', () => {
  const warm = async () => {
    const store = createStore()
    store.state.grants = [grant('namespace:w/n', 'select')]
    expect(await store.engine.check(nobody, [read], undefined)).toEqual([true])
    return store
  }
  const sibling = { ...read, chain: ['table:other', ...chain.slice(1)] } as const

  test('is what is held, so that it serves everything below at once', async () => {
    const { engine, state } = await warm()
    expect(engine.check(nobody, [read, sibling], undefined)).toEqual([true, true])
    expect(state.asked).toBe(1)
  })

  test('is no denial: a grant counts at the next question', async () => {
    const { engine, state } = await warm()
    const write = { ...read, relation: 'can_write' }
    expect(await engine.check(nobody, [write], undefined)).toEqual([false])
    state.grants = [...state.grants, grant('table:t', 'modify')]
    expect(await engine.check(nobody, [write], undefined)).toEqual([true])
    expect(engine.check(nobody, [write], undefined)).toEqual([true])
  })

  test("is the same asker's only, with the same roles", async () => {
    const { engine, state } = await warm()
    state.grants = []
    for (const subject of [
      { ...nobody, principal: 'b' },
      { ...nobody, roles: new Set(['r']) },
      { roles: nobody.roles, projects: nobody.projects, serverAdmin: false },
    ])
      expect(await engine.check(subject, [read], undefined)).toEqual([false])
    expect(engine.check({ ...nobody }, [read], undefined)).toEqual([true])
  })

  test('allows nothing once the store has told of a newer epoch with the objects of the request', async () => {
    const { engine, state } = await warm()
    state.grants = []
    state.epoch = 2
    expect(engine.check(nobody, [read], 1)).toEqual([true])
    expect(await engine.check(nobody, [read], 2)).toEqual([false])
    expect(await engine.check(nobody, [read], 1)).toEqual([false])
  })

  test('needs no other confirmation than the epoch of the request, however long ago that was asked for', async () => {
    const { engine, state } = await warm()
    state.now = 3_600_000
    expect(engine.check(nobody, [read], 1)).toEqual([true])
    expect(state.asked).toBe(1)
  })

  test('is at most five seconds old where the request brings no epoch', async () => {
    const { engine, state } = await warm()
    state.grants = []
    state.epoch = 2
    state.now = 4_999
    expect(engine.check(nobody, [read], undefined)).toEqual([true])
    await settle()
    expect(await engine.check(nobody, [read], undefined)).toEqual([false])
  })

  test('ends where the store has been silent for five seconds: nobody is allowed by what it may not say any more', async () => {
    const { engine, state, reported } = await warm()
    state.away = true
    state.now = 4_000
    expect(engine.check(nobody, [read], undefined)).toEqual([true])
    await settle()
    expect(reported).toHaveLength(1)
    state.now = 5_001
    await expect(engine.check(nobody, [read], undefined)).rejects.toThrow('away')
  })

  test('is passed over by who asks for no memory at all', async () => {
    const { engine, state } = await warm()
    state.grants = []
    expect(await engine.check(nobody, [read], Number.POSITIVE_INFINITY)).toEqual([false])
    expect(engine.check(nobody, [read], 1)).not.toBeInstanceOf(Promise)
  })

  test('is forgotten at a change here, readings under way included', async () => {
    const { engine, state } = await warm()
    const under = engine.check({ ...nobody, principal: 'b' }, [read], undefined)
    engine.forget()
    state.grants = []
    await under
    expect(await engine.check(nobody, [read], undefined)).toEqual([false])
  })

  test('ends with the grant', async () => {
    const { engine, state } = createStore()
    state.grants = [grant('table:t', 'select', { expiresAt: 2_000 })]
    expect(await engine.check(nobody, [read], undefined)).toEqual([true])
    state.clock = 1_999
    expect(engine.check(nobody, [read], undefined)).toEqual([true])
    state.clock = 2_000
    expect(await engine.check(nobody, [read], undefined)).toEqual([false])
  })

  test('has its bounds', async () => {
    const { engine, state } = createStore(authorizationModel, 1_000)
    const tables = Array.from({ length: 50 }, (_, n) => `table:${n}` as const)
    state.grants = tables.map((table) => grant(table, 'select'))
    for (const table of tables)
      await engine.check(nobody, [{ ...read, chain: [table, ...chain.slice(1)] }], undefined)
    const before = state.asked
    for (const table of tables)
      await engine.check(nobody, [{ ...read, chain: [table, ...chain.slice(1)] }], undefined)
    expect(state.asked - before).toBeGreaterThan(30)
  })
})
