import { describe, expect, test } from 'vitest'
import { createPolicyWatch } from '../../../src/policy-watch.ts'

const createStore = () => {
  const state = { epoch: 1, forgotten: 0, looks: 0, away: false }
  const failures: unknown[] = []
  const watch = createPolicyWatch({
    loadEpoch: async () => {
      state.looks += 1
      if (state.away) throw new Error('away')
      return state.epoch
    },
    onFailure: (error) => failures.push(error),
  })
  watch.remember({
    forget: () => {
      state.forgotten += 1
    },
  })
  return { state, watch, failures }
}

const of = (...types: readonly string[]) => types.map((type) => ({ type }))
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('what is remembered of policy', () => {
  test('is forgotten before a change that was made here is answered', () => {
    const { state, watch } = createStore()
    for (const type of ['grant.revoked', 'grant.created', 'rule.applied', 'tag.set', 'restriction.set'])
      watch.tell(of(type))
    expect(state.forgotten).toBe(5)
    watch.tell(of('table.created', 'role.created'))
    expect(state.forgotten).toBe(5)
    for (const type of ['table.dropped', 'view.renamed', 'namespace.dropped']) watch.tell(of(type))
    expect(state.forgotten).toBe(8)
  })

  test('is forgotten when others have taken a right, and not when tables come and go with their owners', async () => {
    const { state, watch } = createStore()
    watch.hear(of('grant.created'))
    await settle()
    const before = state.forgotten
    watch.hear(of('table.created', 'grant.created', 'grant.revoked'))
    await settle()
    expect(state.forgotten).toBe(before)
    state.epoch = 2
    watch.hear(of('grant.revoked'))
    await settle()
    expect(state.forgotten).toBe(before + 1)
  })

  test('is forgotten at once where rules, tags or what was suspended are heard of', () => {
    const { state, watch } = createStore()
    for (const type of [
      'rule.applied',
      'tag.removed',
      'grant.suspended',
      'managed-access.set',
      'mount.deleted',
    ])
      watch.hear(of(type))
    expect([state.forgotten, state.looks]).toEqual([5, 0])
  })

  test('is told that more may have been granted, of whoever has granted it', () => {
    const { watch } = createStore()
    let told = 0
    watch.remember({
      forget: () => {},
      granted: () => {
        told += 1
      },
    })
    watch.hear(of('grant.created'))
    watch.hear(of('table.created'))
    expect(told).toBe(1)
  })

  test('is looked at once more for what is heard during a look, and once for all of it', async () => {
    const { state, watch } = createStore()
    watch.hear(of('grant.revoked'))
    await Promise.resolve()
    for (let i = 0; i < 10; i += 1) watch.hear(of('grant.revoked'))
    await settle()
    expect(state.looks).toBe(2)
  })

  test('is forgotten where the epoch cannot be looked at', async () => {
    const { state, watch, failures } = createStore()
    state.away = true
    watch.hear(of('grant.revoked'))
    await settle()
    expect([state.forgotten, failures.length]).toEqual([1, 1])
    state.away = false
    watch.hear(of('grant.revoked'))
    await settle()
    expect(state.looks).toBe(2)
  })

  test('is forgotten where events may have been missed', () => {
    const { state, watch } = createStore()
    watch.clear()
    expect(state.forgotten).toBe(1)
  })
})
