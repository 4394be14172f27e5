/** What is remembered of where somebody's grants lie, and for how long it may lead anywhere. */
import { describe, expect, test } from 'vitest'
import type { Subject } from '#authz/grants.ts'
import { createNavigation } from '#authz/navigation-memory.ts'
import { namespaceKey } from '#model/identifier.ts'
import { namespaceObject } from '#model/object-key.ts'

const alice: Subject = { principal: 'alice', roles: new Set(['r']), projects: new Set(), serverAdmin: false }

const start = () => {
  const world = {
    namespaces: [namespaceKey(['a', 'b', 'c'])] as readonly string[],
    projects: ['p'] as readonly string[],
    until: null as Date | null,
    epoch: 1,
    clock: 0,
    reads: 0,
  }
  const read = () => {
    world.reads += 1
    return { epoch: world.epoch, until: world.until }
  }
  const navigation = createNavigation({
    loadPlaces: async () => ({ ...read(), namespaces: world.namespaces }),
    loadRoots: async () => ({ ...read(), projects: world.projects, warehouses: ['w'] }),
    now: () => world.clock,
    wallClock: () => world.clock,
  })
  const leads = (levels: readonly string[], notBefore?: number) =>
    navigation.leadsTo(alice, [namespaceObject('w', levels)], notBefore)
  return { world, navigation, leads }
}

describe('what a grant lies in', () => {
  test('is each namespace above it, its warehouse and its project, and nothing beside them', async () => {
    const { navigation, leads } = start()
    for (const levels of [['a'], ['a', 'b'], ['a', 'b', 'c']]) expect(await leads(levels)).toEqual([true])
    for (const levels of [['b'], ['a', 'c'], ['a', 'b', 'c', 'd'], ['A']])
      expect(await leads(levels)).toEqual([false])
    const roots = ['project:p', 'warehouse:w', 'project:q', 'warehouse:x'] as const
    expect(await navigation.leadsTo(alice, roots, undefined)).toEqual([true, true, false, false])
  })

  test('is told at once from memory where it leads, and read again where it does not', async () => {
    const { world, leads } = start()
    await leads(['a'])
    expect(leads(['a', 'b'])).toEqual([true])
    expect(world.reads).toBe(1)
    expect(await leads(['z'])).toEqual([false])
    world.namespaces = ['z']
    expect(await leads(['z'])).toEqual([true])
  })

  test('leads nowhere by what is older than the epoch that is asked for', async () => {
    const { world, leads } = start()
    await leads(['a'])
    Object.assign(world, { namespaces: [], epoch: 2 })
    expect(await leads(['a'], 1)).toEqual([true])
    expect(await leads(['a'], 2)).toEqual([false])
  })

  test('leads nowhere by what is older than five seconds', async () => {
    const { world, leads } = start()
    await leads(['a'])
    Object.assign(world, { namespaces: [], clock: 5_000 })
    expect(await leads(['a'])).toEqual([true])
    world.clock = 5_001
    expect(await leads(['a'])).toEqual([false])
  })

  test('leads nowhere once the first of the grants has ended', async () => {
    const { world, leads } = start()
    world.until = new Date(100)
    await leads(['a'])
    Object.assign(world, { namespaces: [], clock: 100 })
    expect(await leads(['a'])).toEqual([false])
  })

  test('is not remembered where it was read before something was forgotten', async () => {
    const { world, navigation, leads } = start()
    const before = leads(['a'])
    navigation.forget()
    await before
    world.namespaces = []
    expect(await leads(['a'])).toEqual([false])
  })

  test('is another one for another set of roles', async () => {
    const { world, navigation, leads } = start()
    await leads(['a'])
    const other = { ...alice, roles: new Set(['s']) }
    await navigation.leadsTo(other, [namespaceObject('w', ['a'])], undefined)
    expect(world.reads).toBe(2)
  })
})
