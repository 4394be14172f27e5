import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { IdentityMemory } from '#authn/identity-memory.ts'
import { startIdentityWatch } from '../../../src/identity-watch.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const prepare = async () => {
  const heard: string[] = []
  const memory: IdentityMemory = {
    drop: ({ type, object }) => heard.push(`${type} ${object}`),
    clear: () => heard.push('clear'),
  }
  const store = { epoch: 1, away: false, held: Promise.resolve() }
  const clock = { ms: 0 }
  const failures: unknown[] = []
  const watch = await startIdentityWatch({
    memories: [memory],
    loadEpoch: async () => {
      if (store.away) throw new Error('the store is away')
      await store.held
      return store.epoch
    },
    onFailure: (error) => failures.push(error),
    pollMs: 1_000,
    monotonic: () => clock.ms,
  })
  const pass = async (ms: number): Promise<void> => {
    clock.ms += ms
    await vi.advanceTimersByTimeAsync(1_000)
  }
  return { heard, store, failures, watch, pass }
}

test('an epoch that moved without an event makes everything be looked up anew', async () => {
  const { heard, store, pass, watch } = await prepare()
  await pass(1_000)
  expect(heard).toEqual([])
  store.epoch = 2
  await pass(1_000)
  await pass(1_000)
  expect(heard).toEqual(['clear'])
  await watch[Symbol.asyncDispose]()
})

test('events of identity are passed on, others and first sights are not', async () => {
  const { heard, watch } = await prepare()
  watch.tell([
    { type: 'principal.deactivated', object: 'oidc~a' },
    { type: 'principal.registered', object: 'oidc~b' },
    { type: 'api-key.revoked', object: 'k' },
    { type: 'table.committed', object: 't' },
    { type: 'project.changed', object: 'p' },
  ])
  expect(heard).toEqual(['principal.deactivated oidc~a', 'api-key.revoked k', 'project.changed p'])
  await watch[Symbol.asyncDispose]()
})

test('of very many changes at once nobody looks for each', async () => {
  const { heard, watch } = await prepare()
  watch.tell(Array.from({ length: 500 }, (_, i) => ({ type: 'principal.changed', object: `oidc~${i}` })))
  expect(heard).toEqual(['clear'])
  await watch[Symbol.asyncDispose]()
})

test('a store that is away for a moment changes nothing, for long it ends all trust in memory', async () => {
  const { heard, store, failures, watch, pass } = await prepare()
  store.away = true
  await pass(1_000)
  expect([heard, failures.length]).toEqual([[], 1])
  await pass(40_000)
  expect(heard).toEqual(['clear'])
  await watch[Symbol.asyncDispose]()
})

test('a store that never answers ends it likewise', async () => {
  const { heard, store, watch, pass } = await prepare()
  const gate = Promise.withResolvers<void>()
  store.held = gate.promise
  await pass(1_000)
  await pass(40_000)
  expect(heard).toEqual(['clear'])
  gate.resolve()
  await watch[Symbol.asyncDispose]()
})

test('after it ended nobody is asked any more', async () => {
  const { store, failures, watch, pass } = await prepare()
  await watch[Symbol.asyncDispose]()
  store.away = true
  await pass(1_000)
  expect(failures).toEqual([])
})
