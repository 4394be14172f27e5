import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ObjectKey } from '#model/object-key.ts'
import type { Database } from '#store/database.ts'
import { loadHeldTuples } from '#store/relation-tuples.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'

let db: TestDatabase
let database: Database
beforeAll(async () => {
  db = await openTestDatabase()
  database = db.database
})
afterAll(() => db[Symbol.asyncDispose]())
beforeEach(() => database.execute('delete from relation_tuple'))

const grant = (object: ObjectKey, relation: string, more: { kind?: string; id?: string; ends?: Date } = {}) =>
  database.execute(
    `insert into relation_tuple (object, relation, subject_kind, subject_id, expires_at, granted_by)
     values ($1, $2, $3, $4, $5, 'test')`,
    [object, relation, more.kind ?? 'principal', more.id ?? 'oidc~alice', more.ends ?? null],
  )

const alice = { principal: 'oidc~alice', roles: ['r1', 'r2'] }

describe('what somebody holds on the objects of a request', () => {
  test('is what was granted to the principal, to its roles and to everybody, and nothing of others', async () => {
    await grant('table:t', 'select')
    await grant('table:t', 'modify', { id: 'oidc~bob' })
    await grant('table:other', 'select')
    await grant('warehouse:w', 'describe', { kind: 'role', id: 'r2' })
    await grant('warehouse:w', 'modify', { kind: 'role', id: 'r3' })
    // A principal's id is no role's.
    await grant('warehouse:w', 'create', { kind: 'role', id: 'oidc~alice' })
    await grant('warehouse:w', 'managed_access', { kind: 'anyone', id: '*' })
    const { tuples } = await loadHeldTuples(database, alice, ['table:t', 'warehouse:w'])
    expect(
      tuples.map(({ object, relation, subjectKind }) => [object, relation, subjectKind].join(' ')),
    ).toEqual(
      expect.arrayContaining([
        'table:t select principal',
        'warehouse:w describe role',
        'warehouse:w managed_access anyone',
      ]),
    )
    expect(tuples).toHaveLength(3)
  })

  test('is with one role what that role was granted', async () => {
    await grant('table:t', 'select')
    await grant('table:t', 'describe', { kind: 'role', id: 'r1' })
    const { tuples } = await loadHeldTuples(database, { roles: ['r1'] }, ['table:t'])
    expect(tuples.map(({ relation }) => relation)).toEqual(['describe'])
  })

  test('tells until when, and the epoch, also where nothing is held', async () => {
    const ends = new Date('2030-01-01T00:00:00.125Z')
    await grant('table:t', 'select', { ends })
    await database.execute('update server set policy_epoch = 41')
    expect(await loadHeldTuples(database, alice, ['table:t'])).toMatchObject({
      epoch: 41,
      tuples: [{ expiresAt: ends.getTime() }],
    })
    expect(await loadHeldTuples(database, alice, ['table:none'])).toEqual({ epoch: 41, tuples: [] })
    expect(await loadHeldTuples(database, { roles: [] }, [])).toEqual({ epoch: 41, tuples: [] })
  })

  test('is found by index, whatever others hold on the same objects', async () => {
    await database.execute(
      `insert into relation_tuple (object, relation, subject_kind, subject_id, granted_by)
       select 'warehouse:w', 'select', k, 'x' || i, 'test' from generate_series(1, 2000) i, unnest(array['principal', 'role']) k`,
    )
    await database.execute('analyze relation_tuple')
    const plan = await database.query<Record<string, string>>(
      `explain select 1 from relation_tuple t where t.subject_kind = 'role' and t.subject_id = any('{r1,r2}'::text[])
       and t.object = any('{warehouse:w,table:t}'::text[])`,
    )
    expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/relation_tuple_subject_kind/)
  })
})
