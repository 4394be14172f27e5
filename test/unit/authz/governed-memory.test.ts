import { describe, expect, test } from 'vitest'
import { createGovernedObjects } from '#authz/governed-memory.ts'
import type { ObjectKey } from '#model/object-key.ts'

const t: ObjectKey = 'table:w/a\u001et'

const start = () => {
  const world = { uuid: null as string | null, suspended: false, epoch: 1, clock: 0, loads: 0 }
  const governed = createGovernedObjects({
    load: async (objects) => {
      world.loads += 1
      const { epoch, uuid, suspended } = world
      return { epoch, objects: objects.map((object) => ({ object, uuid, suspended })) }
    },
    loadEpoch: async () => world.epoch,
    now: () => world.clock,
    report: () => {},
  })
  const of = async () => (await governed.of([t])).get(t)
  return { world, governed, of }
}

describe('what is known of a mounted object', () => {
  test('is its uuid, remembered', async () => {
    const { world, governed, of } = start()
    world.uuid = 'u'
    expect(await of()).toEqual({ uuid: 'u', suspended: false })
    expect(governed.of([t])).toEqual(new Map([[t, { uuid: 'u', suspended: false }]]))
    expect(world.loads).toBe(1)
  })

  test('is asked again where no uuid has been seen', async () => {
    const { world, of } = start()
    expect(await of()).toEqual({ suspended: false })
    world.uuid = 'u'
    expect(await of()).toEqual({ uuid: 'u', suspended: false })
  })

  test('is read again once it has been forgotten, or is older than five seconds', async () => {
    const { world, governed, of } = start()
    world.uuid = 'u'
    await of()
    world.suspended = true
    governed.forget()
    expect(await of()).toEqual({ uuid: 'u', suspended: true })
    world.suspended = false
    world.clock = 5_001
    expect(await of()).toEqual({ uuid: 'u', suspended: false })
  })
})
