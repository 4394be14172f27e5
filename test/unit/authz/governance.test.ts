import { describe, expect, test } from 'vitest'
import { createGovernanceMemory, type GovernanceMemory } from '#authz/governance.ts'

const clock = () => {
  let at = 0
  return { now: () => at, pass: (ms: number) => (at += ms) }
}

const opened = () => {
  const time = clock()
  const store = { policy: 1, governance: 1, tag: 'one', away: false }
  const asked = { epochs: 0, rules: 0, warehouses: 0 }
  const errors: unknown[] = []
  const reach = () => {
    if (store.away) throw new Error('the store is away')
  }
  const memory = createGovernanceMemory({
    loadEpochs: async () => {
      reach()
      asked.epochs += 1
      return { policy: store.policy, governance: store.governance }
    },
    loadRules: async () => {
      reach()
      asked.rules += 1
      return {}
    },
    loadWarehouse: async () => {
      reach()
      asked.warehouses += 1
      return { tags: new Map([['table:t', new Map([['tag', store.tag]])]]), restrictions: new Map() }
    },
    now: time.now,
    report: (error) => errors.push(error),
  })
  return { memory, store, asked, errors, pass: time.pass }
}

const tagIn = async (memory: GovernanceMemory, notBefore?: number) =>
  (await memory.at(notBefore, ['w'])).of('w')?.tags.get('table:t')?.get('tag')

describe('what is remembered of rules and tags', () => {
  test('is read once, and then told at once', async () => {
    const { memory, asked } = opened()
    expect(await Promise.all([tagIn(memory, 1), tagIn(memory, 1), tagIn(memory)])).toEqual([
      'one',
      'one',
      'one',
    ])
    expect(memory.at(1, ['w'])).not.toBeInstanceOf(Promise)
    expect(asked).toEqual({ epochs: 1, rules: 1, warehouses: 1 })
  })

  test('is never older than the epoch that the store has told', async () => {
    const { memory, store } = opened()
    await tagIn(memory, 1)
    Object.assign(store, { policy: 2, governance: 2, tag: 'two' })
    expect(await tagIn(memory, 2)).toBe('two')
  })

  test('outlives a change of policy that has nothing to do with it', async () => {
    const { memory, store, asked } = opened()
    await tagIn(memory, 1)
    store.policy = 2
    expect(await tagIn(memory, 2)).toBe('one')
    expect(asked).toEqual({ epochs: 2, rules: 1, warehouses: 1 })
  })

  test('is at most five seconds old where the store has told no epoch', async () => {
    const { memory, store, pass } = opened()
    await tagIn(memory)
    Object.assign(store, { policy: 2, governance: 2, tag: 'two' })
    pass(5_001)
    expect(await tagIn(memory)).toBe('two')
  })

  test('is asked about besides before that, so that nobody waits', async () => {
    const { memory, store, pass } = opened()
    await tagIn(memory)
    Object.assign(store, { policy: 2, governance: 2, tag: 'two' })
    pass(1_600)
    expect(memory.at(undefined, ['w'])).not.toBeInstanceOf(Promise)
    await expect.poll(() => tagIn(memory)).toBe('two')
  })

  test('is looked at anew after a change that was made here', async () => {
    const { memory, store, asked } = opened()
    await tagIn(memory)
    Object.assign(store, { policy: 2, governance: 2, tag: 'two' })
    memory.forget()
    expect(await tagIn(memory)).toBe('two')
    memory.forget()
    expect(await tagIn(memory)).toBe('two')
    expect(asked.warehouses).toBe(2)
  })

  test('a look that began before a change does not vouch for what comes after', async () => {
    const { memory, store } = opened()
    const early = tagIn(memory)
    Object.assign(store, { policy: 2, governance: 2, tag: 'two' })
    memory.forget()
    await early
    expect(await tagIn(memory)).toBe('two')
  })

  test('ends when the store cannot be asked', async () => {
    const { memory, store, errors, pass } = opened()
    await tagIn(memory)
    store.away = true
    pass(2_000)
    expect(await tagIn(memory)).toBe('one')
    await expect.poll(() => errors).toHaveLength(1)
    pass(4_000)
    await expect(tagIn(memory)).rejects.toThrow('away')
    await expect(tagIn(memory, 2)).rejects.toThrow('away')
    store.away = false
    expect(await tagIn(memory)).toBe('one')
  })
})
