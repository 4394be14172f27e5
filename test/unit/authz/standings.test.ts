import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Standing } from '#authz/standing.ts'
import { createStandings } from '#authz/standings.ts'
import type { Principal } from '#model/access.ts'

interface Row {
  readonly serverAdmin: boolean
  readonly projects: readonly string[]
  readonly roles: readonly string[]
  readonly epoch: number
}

const user = (id: string, more: Partial<Principal> = {}): Principal => ({ kind: 'user', id, ...more })

/** A store whose answers come when they are let go, with a clock of its own. */
const createStore = () => {
  const state = { epoch: 1, roles: ['r1'] as readonly string[], now: 0, loads: 0, asked: 0, away: false }
  const held: (() => void)[] = []
  const hold = { on: false }
  const answer = async <T>(make: () => T): Promise<T> => {
    if (state.away) throw new Error('away')
    const made = make()
    if (hold.on) await new Promise<void>((resolve) => held.push(resolve))
    return made
  }
  const reported: unknown[] = []
  const standings = createStandings({
    load: () => {
      state.loads += 1
      return answer<Row>(() => ({
        ...{ serverAdmin: false, projects: ['p'], roles: state.roles, epoch: state.epoch },
      }))
    },
    loadEpoch: () => {
      state.asked += 1
      return answer(() => state.epoch)
    },
    now: () => state.now,
    report: (error) => reported.push(error),
  })
  const release = (): void => {
    hold.on = false
    for (const go of held.splice(0)) go()
  }
  const change = (roles: readonly string[]): void => {
    state.epoch += 1
    state.roles = roles
  }
  return { state, hold, release, standings, change, reported }
}

const steps = fc.array(
  fc.record({
    what: fc.constantFrom('ask', 'here', 'elsewhere', 'wait', 'hold', 'release'),
    ms: fc.integer({ min: 1, max: 3_000 }),
  }),
  { maxLength: 40 },
)
type Step = typeof steps extends fc.Arbitrary<(infer One)[]> ? One : never

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const rolesOf = async (standing: Standing | Promise<Standing>): Promise<readonly string[]> => [
  ...(await standing).roles,
]

/** Goes through a history, and checks each answer against what was so when it was asked for. */
const replay = async (history: readonly Step[]): Promise<void> => {
  const { standings, state, change, hold, release } = createStore()
  /** When each version came; the version is its place. */
  const cameAt: number[] = [Number.NEGATIVE_INFINITY]
  let madeHere = 0
  const checks: Promise<void>[] = []
  const move = (): void => {
    change([String(cameAt.length)])
    cameAt.push(state.now)
  }
  const ask = async (): Promise<void> => {
    const oldEnough = cameAt.findLastIndex((at) => state.now - at > 5_000)
    const least = Math.max(madeHere, oldEnough)
    const [seen] = await rolesOf(standings.of(user('a')))
    expect(Number(seen)).toBeGreaterThanOrEqual(least)
  }
  change(['0'])
  const deeds: Readonly<Record<Step['what'], (ms: number) => void>> = {
    ask: () => checks.push(ask()),
    elsewhere: move,
    here: () => {
      move()
      madeHere = cameAt.length - 1
      standings.forget()
    },
    wait: (ms) => {
      state.now += ms
    },
    hold: () => {
      hold.on = true
    },
    release,
  }
  for (const { what, ms } of history) {
    deeds[what](ms)
    await settle()
  }
  release()
  await Promise.all(checks)
}

describe('standings', () => {
  test('are read once and then answered at once', async () => {
    const { standings, state } = createStore()
    expect(standings.of(user('a'))).toBeInstanceOf(Promise)
    await standings.of(user('a'))
    expect(standings.of(user('a'))).not.toBeInstanceOf(Promise)
    expect(state.loads).toBe(1)
  })

  test('are read once for all who ask while they are being read', async () => {
    const { standings, state, hold, release } = createStore()
    hold.on = true
    const asked = [standings.of(user('a')), standings.of(user('a')), standings.of(user('b'))]
    release()
    await Promise.all(asked)
    expect(state.loads).toBe(2)
  })

  test('differ by groups and by assumed role', async () => {
    const { standings, state } = createStore()
    await standings.of(user('a'))
    await standings.of(user('a', { groups: ['oidc~g'] }))
    await standings.of(user('a', { assumedRole: 'r1' }))
    await standings.of(user('a', { groups: [] }))
    expect(state.loads).toBe(3)
  })

  test('make room for others when there are too many, counted by what they hold', async () => {
    let loads = 0
    const standings = createStandings({
      load: async () => {
        loads += 1
        return { serverAdmin: false, projects: ['p'], roles: ['r1', 'r2'], epoch: 1 }
      },
      ...{ loadEpoch: async () => 1, now: () => 0, report: () => {}, capacity: 10 },
    })
    for (const id of ['a', 'b', 'c']) await standings.of(user(id))
    expect(standings.of(user('c'))).not.toBeInstanceOf(Promise)
    expect(standings.of(user('a'))).toBeInstanceOf(Promise)
    const crowd = user('d', { groups: Array.from({ length: 100 }, (_, n) => `oidc~group-${n}`) })
    await standings.of(crowd)
    const before = loads
    await standings.of(crowd)
    expect(loads).toBe(before + 1)
  })

  test('of whoever stands in no record are empty, and nothing is asked', () => {
    const { standings, state } = createStore()
    expect(standings.of({ kind: 'anonymous', id: 'anonymous' })).toMatchObject({ serverAdmin: false })
    expect(standings.of({ kind: 'token', id: 'token:static' })).not.toBeInstanceOf(Promise)
    expect(state.loads).toBe(0)
  })

  test('are forgotten when a change was made here, readings under way included', async () => {
    const { standings, change, hold, release } = createStore()
    hold.on = true
    const before = standings.of(user('a'))
    change(['r2'])
    standings.forget()
    const after = standings.of(user('a'))
    release()
    expect(await rolesOf(before)).toEqual(['r1'])
    expect(await rolesOf(after)).toEqual(['r2'])
    expect(await rolesOf(standings.of(user('a')))).toEqual(['r2'])
  })

  test('see a change elsewhere before they are five seconds old', async () => {
    const { standings, change, state } = createStore()
    await standings.of(user('a'))
    change(['r2'])
    state.now = 2_000
    expect(await rolesOf(standings.of(user('a')))).toEqual(['r1'])
    await settle()
    expect(await rolesOf(standings.of(user('a')))).toEqual(['r2'])
  })

  test('see a change that another reading has shown', async () => {
    const { standings, change } = createStore()
    await standings.of(user('a'))
    change(['r2'])
    await standings.of(user('b'))
    expect(await rolesOf(standings.of(user('a')))).toEqual(['r2'])
  })

  test('are not answered from memory once the store has been silent for five seconds', async () => {
    const { standings, state, reported } = createStore()
    await standings.of(user('a'))
    state.away = true
    state.now = 4_999
    expect(await rolesOf(standings.of(user('a')))).toEqual(['r1'])
    await settle()
    expect(reported).toHaveLength(1)
    state.now = 5_001
    await expect(standings.of(user('a'))).rejects.toThrow('away')
    state.away = false
    expect(await rolesOf(standings.of(user('a')))).toEqual(['r1'])
  })

  test('join no reading that began long ago', async () => {
    const { standings, state, change, hold, release } = createStore()
    hold.on = true
    const slow = standings.of(user('a'))
    change(['r2'])
    state.now = 6_000
    const late = standings.of(user('a'))
    release()
    expect(await rolesOf(slow)).toEqual(['r1'])
    expect(await rolesOf(late)).toEqual(['r2'])
    expect(await rolesOf(standings.of(user('a')))).toEqual(['r2'])
  })

  test('ask for the epoch once, however many ask meanwhile', async () => {
    const { standings, state } = createStore()
    await standings.of(user('a'))
    state.now = 3_000
    for (let i = 0; i < 10; i++) standings.of(user('a'))
    await settle()
    expect(state.asked).toBe(1)
    expect(standings.of(user('a'))).not.toBeInstanceOf(Promise)
    expect(state.loads).toBe(1)
  })

  test('are never behind a change made here, nor five seconds behind one elsewhere', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        await replay(history)
      }),
      { numRuns: 500 },
    )
  })
})
