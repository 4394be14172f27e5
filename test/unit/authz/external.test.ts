import { describe, expect, test } from 'vitest'
import type { Authorizer, Circumstances } from '#authz/authorizer.ts'
import { type AskExternal, createExternal } from '#authz/external/external.ts'
import type { Decision, Need, Principal } from '#model/access.ts'

const alice: Principal = { kind: 'user', id: 'oidc~alice' }
const circumstances: Circumstances = {
  operation: 'loadTable',
  caller: {
    requestId: 'r',
    startedAt: new Date(0),
    sender: { address: '10.0.0.1', agent: undefined },
    delegation: [],
  },
}
const table = { kind: 'table', warehouse: 'w', namespace: ['a'], name: 't' } as const
const needs: readonly Need[] = [{ action: 'describe', resource: table }]

const inner = (decision: Decision): Authorizer => ({
  check: () => decision,
  visible: (_principal, _action, candidates) => candidates.map(() => true),
  sight: () => 'everything',
})
const granted: Decision = { allow: true, visible: true, reason: 'granted', obligations: { data: 'write' } }

const prepare = (ask: AskExternal, cacheMs = 0, decision = granted) => {
  const clock = { now: 1 }
  const authorizer = createExternal(inner(decision), { ask, cacheMs, now: () => clock.now })
  const check = (principal = alice, at = circumstances) => authorizer.check(principal, needs, at)
  return { clock, authorizer, check }
}

const by = (...denied: readonly string[]): AskExternal & { asked: () => number } => {
  let count = 0
  const ask: AskExternal = async ({ input }) => {
    count += 1
    return input.checks.map(({ action }) => !denied.includes(action))
  }
  return Object.assign(ask, { asked: () => count })
}

describe('an external decision point', () => {
  test('lets data go no further than it allows', async () => {
    const dataOf = async (...denied: string[]) => (await prepare(by(...denied)).check()).obligations?.data
    expect([await dataOf(), await dataOf('write'), await dataOf('read')]).toEqual(['write', 'read', 'none'])
  })

  test('is not asked about what grants deny', async () => {
    const ask = by()
    await prepare(ask, 0, { allow: false, visible: false, reason: 'no grant' }).check()
    expect(ask.asked()).toBe(0)
  })

  test('is asked about who is shown what a view lends as well, and told that it is lent', async () => {
    const lent: (boolean | undefined)[] = []
    const ask: AskExternal = async ({ input }) => {
      lent.push(input.context.lent)
      return input.checks.map(({ action }) => action !== 'read')
    }
    const { authorizer, check } = prepare(ask, 1_000)
    const reading: Need = { action: 'read', resource: table }
    const at = { ...circumstances, lent: true }
    expect(await authorizer.leaves?.(alice, [...needs, reading], at)).toEqual([true, false])
    await check()
    expect(lent).toEqual([true, undefined])
  })

  test('that cannot answer allows nothing', async () => {
    const { check } = prepare(() => Promise.reject(new Error('away')), 1_000)
    await expect(check()).rejects.toThrow('away')
  })

  test('is believed for as long as was said, for the same question of the same asker alone', async () => {
    const ask = by()
    const { check, clock } = prepare(ask, 1_000)
    await check()
    await check()
    expect(ask.asked()).toBe(1)
    await check({ ...alice, id: 'oidc~bob' })
    await check({ ...alice, engine: { name: 'trino', id: 'oidc~trino' } })
    const caller = { ...circumstances.caller, sender: { address: '10.0.0.2', agent: undefined } }
    await check(alice, { ...circumstances, caller })
    expect(ask.asked()).toBe(4)
    clock.now += 2_000
    await check()
    expect(ask.asked()).toBe(5)
  })

  test('is asked anew about what it has denied', async () => {
    const ask = by('describe')
    const { check } = prepare(ask, 1_000)
    await check()
    const before = ask.asked()
    expect((await check()).allow).toBe(false)
    expect(ask.asked()).toBeGreaterThan(before)
  })

  test('looks at each of a listing, a thousand at a time', async () => {
    const ask = by()
    const { authorizer } = prepare(ask)
    const many = Array.from({ length: 2_500 }, (_, i) => ({ ...table, name: `t${i}` }))
    expect(await authorizer.visible(alice, 'describe', many, circumstances)).toEqual(many.map(() => true))
    expect([ask.asked(), await authorizer.sight?.(alice, table, circumstances)]).toEqual([3, 'some'])
  })
})
