import { describe, expect, test } from 'vitest'
import type { Foresight, GrantEngine, Question, Subject } from '#authz/grants.ts'
import type { ObjectKey } from '#authz/objects.ts'
import { type Fga, type FgaCheck, type FgaTuple, RefusedTuples } from '#authz/openfga/fga.ts'
import { checksOf } from '#authz/openfga/fga-checks.ts'
import { createFgaEngine, type MirrorState } from '#authz/openfga/fga-engine.ts'
import { difference, type MirrorSource, mirrorSome } from '#authz/openfga/fga-mirror.ts'
import { holdersName, objectName, principalName } from '#authz/openfga/names.ts'

const chain: readonly ObjectKey[] = ['table:t', 'namespace:w/n', 'warehouse:w', 'project:p', 'server:s']
const read: Question = { relation: 'can_read', type: 'table', chain }
const alice: Subject = { principal: 'oidc~a', roles: new Set(), projects: new Set(), serverAdmin: false }

const createWorld = () => {
  const world = {
    allowed: true,
    away: false,
    asked: [] as (readonly FgaCheck[])[],
    embedded: 0,
    looked: 0,
    left: 0,
    now: 0,
    clock: 1_000,
    state: {
      ...{ epoch: 1, store: 'one', roles: [], nextExpiry: null },
      pending: [] as readonly ObjectKey[],
    } as MirrorState,
  }
  const nothing = (questions: readonly Question[]): readonly boolean[] => {
    world.embedded += questions.length
    return questions.map(() => false)
  }
  const embedded: GrantEngine & Foresight = {
    check: (_, questions) => nothing(questions),
    checkAt: async (_, questions) => nothing(questions),
  }
  const fga: Pick<Fga, 'store' | 'check' | 'leave'> = {
    store: 'one',
    leave: () => {
      world.left += 1
    },
    check: async (checks) => {
      if (world.away) throw new Error('away')
      world.asked.push(checks)
      return checks.map(() => world.allowed)
    },
  }
  const engine = createFgaEngine({
    fga: async () => fga as Fga,
    embedded,
    state: async () => {
      world.looked += 1
      return world.state
    },
    loadEpoch: async () => world.state.epoch,
    now: () => world.now,
    clock: () => world.clock,
    report: () => undefined,
  })
  const check = (questions: readonly Question[] = [read], notBefore?: number) =>
    engine.check(alice, questions, notBefore)
  return { world, engine, check }
}

describe('the engine on an OpenFGA server', () => {
  test('asks once, in one batch, and answers at once from then on', async () => {
    const { world, check } = createWorld()
    const questions = [read, { ...read, relation: 'can_write' }]
    expect(await check(questions)).toEqual([true, true])
    expect(check(questions)).toEqual([true, true])
    expect(world.asked.map((checks) => checks.length)).toEqual([2])
  })

  test('asks about many principals in one batch, and about those in memory too', async () => {
    const { world, engine, check } = createWorld()
    await check()
    const subjects = Array.from({ length: 100 }, (_, i): Subject => ({ ...alice, principal: `oidc~${i}` }))
    const asked = [alice, ...subjects].map((subject) => ({ subject, questions: [read] }))
    expect(await engine.checkEach?.(asked)).toEqual(asked.map(() => [true]))
    expect(world.asked.map((checks) => checks.length)).toEqual([1, 101])
    expect(world.looked).toBe(2)
    expect(new Set(world.asked[1]?.map(({ user }) => user)).size).toBe(101)
  })

  test('answers for many what the server may not know by our own store', async () => {
    const { world, engine } = createWorld()
    world.state = { ...world.state, pending: ['table:t'] }
    const bob = { ...alice, principal: 'oidc~b' }
    const asked = [alice, bob].map((subject) => ({
      subject,
      questions: [read, { ...read, chain: chain.slice(1) }],
    }))
    expect(await engine.checkEach?.(asked)).toEqual([
      [false, true],
      [false, true],
    ])
    expect(world.embedded).toBe(2)
  })

  test('remembers no denial', async () => {
    const { world, check } = createWorld()
    world.allowed = false
    expect(await check()).toEqual([false])
    world.allowed = true
    expect(await check()).toEqual([true])
  })

  test.each([
    ['later than 5 s', (world: { now: number }) => (world.now += 5_001), undefined],
    [
      'under a newer epoch',
      (world: { state: MirrorState }) => (world.state = { ...world.state, epoch: 2 }),
      2,
    ],
  ])('asks again %s', async (_, change, notBefore) => {
    const { world, check } = createWorld()
    await check()
    change(world)
    world.allowed = false
    expect(await check([read], notBefore)).toEqual([false])
  })

  test('asks again when a grant on the way has ended', async () => {
    const { world, check } = createWorld()
    world.state = { ...world.state, nextExpiry: 1_500 }
    await check()
    world.clock = 1_499
    expect(check()).toEqual([true])
    world.clock = 1_500
    world.allowed = false
    expect(await check()).toEqual([false])
  })

  test('answers what the server may not know from our own store', async () => {
    const { world, check } = createWorld()
    world.state = { ...world.state, pending: ['namespace:w/n'] }
    const elsewhere: Question = { ...read, chain: ['table:u', 'warehouse:w'] }
    expect(await check([read, elsewhere])).toEqual([false, true])
    expect(world.embedded).toBe(1)
    world.away = true
    await expect(check([read]), 'and not without the server').rejects.toThrow('away')
  })

  test('answers from our own store what lies deeper than a server resolves', async () => {
    const { world, check } = createWorld()
    for (const [levels, answer] of [
      [16, true],
      [17, false],
      [200, false],
    ] as const) {
      const namespaces = Array.from({ length: levels }, (_, i): ObjectKey => `namespace:w/${levels - i}`)
      const deep = ['table:t', ...namespaces, ...chain.slice(2)] as const
      expect(await check([{ ...read, chain: deep }]), String(levels)).toEqual([answer])
    }
    const longest = Math.max(...world.asked.flat().map(({ context }) => context.length))
    expect(longest).toBeLessThanOrEqual(20)
  })

  test('answers everything from our own store while grants are mirrored elsewhere', async () => {
    const { world, check } = createWorld()
    world.state = { ...world.state, store: 'another' }
    expect(await check()).toEqual([false])
    expect(world.asked).toEqual([])
    expect(world.left, 'and is connected anew').toBe(1)
  })

  test('allows nothing while the server is away, and nothing remembered after 5 s', async () => {
    const { world, check } = createWorld()
    await check()
    world.away = true
    world.now = 5_001
    await expect(check()).rejects.toThrow('away')
  })
})

describe('a check', () => {
  test('brings along what the object lies in, and what the asker is', () => {
    const subject: Subject = {
      ...{ principal: 'oidc~a', roles: new Set(['r']), projects: new Set(['p', 'q']), serverAdmin: true },
    }
    const [one, ...more] = checksOf(subject, read, ['r', 'not-his'])
    expect(more).toEqual([])
    expect(one?.context).toEqual([
      { user: 'namespace:w/n', relation: 'parent', object: 'table:t' },
      { user: 'warehouse:w', relation: 'parent', object: 'namespace:w/n' },
      { user: 'project:p', relation: 'project', object: 'warehouse:w' },
      { user: 'server:s', relation: 'server', object: 'project:p' },
      { user: 'principal:oidc~a', relation: 'member', object: 'project:p' },
      { user: 'principal:oidc~a', relation: 'admin', object: 'server:s' },
      { user: 'principal:oidc~a', relation: 'assignee', object: 'role:r' },
    ])
  })

  test('of whoever has many roles becomes several, each within the bound of the server', () => {
    const roles = Array.from({ length: 250 }, (_, i) => `role-${i}`)
    const checks = checksOf({ ...alice, roles: new Set(roles) }, read, roles)
    expect(checks.map(({ context }) => context.length)).toEqual([100, 100, 62])
    expect(checks.flatMap(({ context }) => context.slice(4)).map(({ object }) => object)).toEqual(
      roles.map((role) => `role:${role}`),
    )
  })

  test('of what is not there is about an object on which nobody holds anything', () => {
    const [one] = checksOf(alice, { ...read, chain: chain.slice(1) }, [])
    expect(one?.object).toBe('table:!absent')
    expect(one?.context[0]).toEqual({ user: 'namespace:w/n', relation: 'parent', object: 'table:!absent' })
  })
})

test.each([
  ['namespace:w/a\u001fb', /^namespace:![\w-]{43}$/],
  ['user:*', /^user:![\w-]{43}$/],
  ['user:!absent', /^user:![\w-]{43}$/],
  ['user:a:b#c', /^user:![\w-]{43}$/],
  ['table:0192-ab', /^table:0192-ab$/],
] as const)('%j has a name that OpenFGA takes and that nothing else has', (key, name) => {
  expect(objectName(key)).toMatch(name)
})

test('no principal can be everybody, and no role a principal', () => {
  expect(principalName('*')).not.toBe('principal:*')
  expect(principalName('role:r#assignee')).toMatch(/^principal:!/)
  expect(holdersName('r')).toBe('role:r#assignee')
})

const server: Fga = {
  ...{ store: 's', leave: () => undefined, check: async () => [], read: async function* () {} },
  change: async () => undefined,
}

describe('the mirror', () => {
  const tuple = (relation: string, expiresAt: number | null = null): FgaTuple => ({
    ...{ user: 'principal:a', object: 'table:t' },
    ...{ relation, expiresAt },
  })

  test('changes what differs, and writes anew what ends at another time', () => {
    const wanted = [tuple('select'), tuple('modify', 2)]
    const found = [tuple('select'), tuple('modify', 1), tuple('ownership')]
    expect(difference(wanted, found)).toEqual({
      deletes: [tuple('modify', 1), tuple('ownership')],
      writes: [tuple('modify', 2)],
    })
  })

  test('leaves waiting what it could not tell the server', async () => {
    const done: string[] = []
    const source: MirrorSource = {
      pending: async () => [{ object: 'table:t', version: '3' }],
      grantsOn: async () => [{ relation: 'select', kind: 'principal', id: 'a', expiresAt: null }],
      done: async ({ object, version }) => {
        done.push(`${object} ${version}`)
      },
    }
    const written: unknown[] = []
    const fga = (change: Fga['change']) => ({ ...server, change })
    await expect(
      mirrorSome(
        source,
        fga(() => Promise.reject(new Error('away'))),
      ),
    ).rejects.toThrow('away')
    expect(done).toEqual([])
    expect(
      await mirrorSome(
        source,
        fga(async (change) => {
          written.push(change)
        }),
      ),
    ).toBe(1)
    expect(written).toEqual([{ deletes: [], writes: [tuple('select')] }])
    expect(done).toEqual(['table:t 3'])
  })

  test('tells a server nothing where grants are mirrored elsewhere by now', async () => {
    const source: MirrorSource = {
      pending: async (store) => (store === 'another' ? [{ object: 'table:t', version: '1' }] : undefined),
      grantsOn: () => Promise.reject(new Error('looked at')),
      done: () => Promise.reject(new Error('settled')),
    }
    let left = 0
    const leave = (): void => {
      left += 1
    }
    expect(await mirrorSome(source, { ...server, leave })).toBe(0)
    expect(left).toBe(1)
  })

  test('is not held up by an object that the server refuses, and says so', async () => {
    const done: string[] = []
    const source: MirrorSource = {
      pending: async () => (['table:bad', 'table:good'] as const).map((object) => ({ object, version: '1' })),
      grantsOn: async () => [{ relation: 'select', kind: 'principal', id: 'a', expiresAt: null }],
      done: async ({ object }) => {
        done.push(object)
      },
    }
    const change: Fga['change'] = async ({ writes }) => {
      if (writes.some(({ object }) => object === 'table:bad')) throw new RefusedTuples(new Error('no'))
    }
    const fga = { ...server, change }
    await expect(mirrorSome(source, fga)).rejects.toThrow('OpenFGA refuses grants')
    expect(done).toEqual(['table:good'])
  })

  test('does not tell the server what somebody is: each check says that of whoever asks', async () => {
    const changes: unknown[] = []
    const source: MirrorSource = {
      pending: async () => [{ object: 'role:r', version: '1' }],
      grantsOn: async () => [{ relation: 'assignee', kind: 'role', id: 'r', expiresAt: null }],
      done: async () => undefined,
    }
    const change: Fga['change'] = async (one) => {
      changes.push(one)
    }
    await mirrorSome(source, { ...server, change })
    expect(changes).toEqual([])
  })
})
