/** The loop over a fake store and fake files that fail where they are told to. */
import { describe, expect, it } from 'vitest'
import type { CallContext } from '#catalog/catalog.ts'
import type { MetadataFiles } from '#catalog/files.ts'
import {
  createPointerCommit,
  type PointerChange,
  type PointerState,
  type PointerStore,
  type PointerSwap,
  type Settled,
} from '#catalog/pointer-commit.ts'
import { CatalogError } from '#model/errors.ts'
import { newReceipt } from '../../contract/catalog/kit.ts'

type Facts = { readonly value: number }
type Swap = PointerSwap<PointerState, Facts>

const text = (value: string): Uint8Array => Buffer.from(value)

const createFiles = () => {
  const files = new Map<string, Uint8Array>()
  const store: MetadataFiles = {
    read: async (location) => files.get(location) ?? text(''),
    writeIfAbsent: async (location, bytes) => {
      files.set(location, bytes)
    },
    delete: async (location) => {
      files.delete(location)
    },
    exists: async (location) => files.has(location),
  }
  return { files, store }
}

interface World {
  readonly files: Map<string, Uint8Array>
  readonly metadata: MetadataFiles
  pointer: string | undefined
  readonly orphans: string[]
  readonly pauses: number[]
  readonly store: PointerStore<PointerState, Facts>
  readonly commit: (
    over?: Partial<CallContext>,
    over2?: Partial<PointerChange<PointerState, Facts>>,
  ) => Promise<readonly Swap[]>
}

/** One counter: a commit adds one to it. */
const createWorld = (
  faults: Partial<PointerStore<PointerState, Facts>> & { files?: Partial<MetadataFiles> } = {},
): World => {
  const { files, store: plain } = createFiles()
  const metadata = { ...plain, ...faults.files }
  let named = 0
  const change: PointerChange<PointerState, Facts> = {
    identifier: { namespace: ['a'], name: 't' },
    kind: 'table',
    request: {},
    build: async (base) => {
      const value = base === null ? 1 : Number(Buffer.from(base.bytes).toString()) + 1
      return { bytes: text(String(value)), facts: { value }, changed: true }
    },
    nameFile: () => `file-${++named}`,
  }
  const world: World = {
    files,
    metadata,
    pointer: undefined,
    orphans: [],
    pauses: [],
    store: {
      read: async () => [world.pointer === undefined ? undefined : { metadataLocation: world.pointer }],
      swap: async ([swap]) => {
        if (world.pointer !== swap?.base?.metadataLocation) return 'lost'
        world.pointer = swap?.metadataLocation
        return 'swapped'
      },
      settle: async () => 'unknown',
      ...faults,
    },
    commit: (over = {}, over2 = {}) =>
      createPointerCommit({
        files: metadata,
        readBase: (location) => metadata.read(location),
        pause: async (milliseconds) => {
          world.pauses.push(milliseconds)
        },
        random: () => 0.5,
        orphaned: (location) => {
          world.orphans.push(location)
        },
      })(
        {
          signal: new AbortController().signal,
          requestId: 'r',
          principal: { kind: 'anonymous', id: 'anonymous' },
          delegation: [],
          receipt: newReceipt(),
          ...over,
        },
        [{ ...change, ...over2 }],
        world.store,
      ),
  }
  return world
}

const currentValue = (world: World): string =>
  Buffer.from(world.files.get(world.pointer ?? '') ?? '').toString()

describe('a pointer commit', () => {
  it('writes the file, then swaps the pointer to it', async () => {
    const world = createWorld()
    await world.commit()
    await world.commit()
    expect(currentValue(world)).toBe('2')
    expect([...world.files.keys()]).toEqual(['file-1', 'file-2'])
  })

  it('that lost the race builds anew on what won, and leaves no file of the lost try', async () => {
    const world = createWorld()
    await world.commit()
    let raced = false
    const plainSwap = world.store.swap
    Object.assign(world.store, {
      swap: async (swaps: readonly Swap[]) => {
        if (!raced) {
          raced = true
          world.files.set('rival', text('10'))
          world.pointer = 'rival'
        }
        return plainSwap(swaps)
      },
    })
    await world.commit()
    expect(currentValue(world)).toBe('11')
    expect([...world.files.keys()]).toEqual(['file-1', 'rival', 'file-3'])
  })

  it('that loses again and again is refused with a conflict, having waited longer each time', async () => {
    const world = createWorld({ swap: async () => 'lost' })
    await expect(world.commit()).rejects.toMatchObject({ type: 'CommitFailedException' })
    expect(world.files.size).toBe(0)
    expect(world.pauses.length).toBeGreaterThan(5)
    expect(world.pauses).toEqual([...world.pauses].sort((a, b) => a - b))
  })

  it('that changes nothing writes nothing and swaps nothing', async () => {
    const world = createWorld({
      swap: async () => {
        throw new Error('must not be called')
      },
    })
    world.pointer = 'base'
    world.files.set('base', text('5'))
    const [swap] = await world.commit(
      {},
      {
        build: async (base) => ({ bytes: base?.bytes ?? text(''), facts: { value: 5 }, changed: false }),
      },
    )
    expect(swap).toMatchObject({ metadataLocation: 'base', changed: false })
    expect(world.files.size).toBe(1)
  })

  it('that creates always writes, also where no update changed anything', async () => {
    const world = createWorld()
    await world.commit(
      {},
      {
        build: async () => ({ bytes: text('0'), facts: { value: 0 }, changed: false }),
      },
    )
    expect(currentValue(world)).toBe('0')
  })
})

describe('a gate', () => {
  it('sees each candidate before its file is written, also after a rebase', async () => {
    const world = createWorld()
    let first = true
    const plainSwap = world.store.swap
    Object.assign(world.store, {
      swap: async (swaps: readonly Swap[]) => {
        if (!first) return plainSwap(swaps)
        first = false
        world.files.set('rival', text('10'))
        world.pointer = 'rival'
        return 'lost'
      },
    })
    const seen: string[] = []
    await world.commit({
      inspect: async ({ metadata }) => {
        const candidate = Buffer.from(metadata ?? '').toString()
        expect([...world.files.values()].map(String)).not.toContain(candidate)
        seen.push(candidate)
      },
    })
    expect(seen).toEqual(['1', '11'])
  })

  it('that refuses leaves neither file nor pointer', async () => {
    const world = createWorld()
    const refusal = new CatalogError('BadRequestException', 'clause 3')
    await expect(world.commit({ inspect: () => Promise.reject(refusal) })).rejects.toBe(refusal)
    expect(world.files.size).toBe(0)
    expect(world.pointer).toBeUndefined()
  })
})

describe('when something fails', () => {
  const broken = new Error('connection lost')

  it.each([
    ['swapped', true],
    ['lost', false],
    ['unknown', undefined],
  ] as const)(
    'and the outcome turns out %s, the files tell the same story',
    async (settled: Settled, kept) => {
      let swaps = 0
      const world = createWorld({
        swap: async ([swap]) => {
          swaps++
          if (swaps > 1) {
            world.pointer = swap?.metadataLocation
            return 'swapped'
          }
          if (settled === 'swapped') world.pointer = swap?.metadataLocation
          throw broken
        },
        settle: async () => settled,
      })
      const outcome = await world.commit().then(
        () => 'done',
        (error: unknown) => (error as CatalogError).type,
      )
      expect(outcome).toBe(kept === undefined ? 'CommitStateUnknownException' : 'done')
      // Unknown: the file may be the table's, so it stays. Lost: a second try wrote another one.
      expect([...world.files.keys()]).toEqual([settled === 'lost' ? 'file-2' : 'file-1'])
    },
  )

  it('while settling, the outcome is unknown and the file stays', async () => {
    const world = createWorld({
      swap: () => Promise.reject(broken),
      settle: () => Promise.reject(broken),
    })
    await expect(world.commit()).rejects.toMatchObject({
      type: 'CommitStateUnknownException',
      cause: broken,
    })
    expect(world.files.size).toBe(1)
  })

  it('for certain, the file goes and the refusal is told as it is', async () => {
    const refusal = new CatalogError('NoSuchNamespaceException', 'Namespace does not exist: a')
    const world = createWorld({ swap: () => Promise.reject(refusal) })
    await expect(world.commit()).rejects.toBe(refusal)
    expect(world.files.size).toBe(0)
  })

  it('while writing, a file that was there before is not removed', async () => {
    const world = createWorld({
      files: {
        writeIfAbsent: async (location) => {
          throw new CatalogError('AlreadyExistsException', `${location} exists`)
        },
      },
    })
    world.files.set('file-1', text('of somebody else'))
    await expect(world.commit()).rejects.toMatchObject({ type: 'AlreadyExistsException' })
    expect(world.files.has('file-1')).toBe(true)
  })

  const outages = [
    ['ServiceUnavailableException', 'SlowDownException'],
    ['InternalServerErrorException', 'ForbiddenException'],
  ] as const

  it.each(outages)('of the files (%s), the client learns that nothing happened', async (met, told) => {
    const fail = async (): Promise<never> => {
      throw new CatalogError(met, 'disk')
    }
    const unwritable = createWorld({ files: { writeIfAbsent: fail } })
    await expect(unwritable.commit()).rejects.toMatchObject({ type: told, message: 'disk' })
    const unreadable = createWorld({ files: { read: fail } })
    await unreadable.commit()
    await expect(unreadable.commit()).rejects.toMatchObject({ type: told, message: 'disk' })
  })

  it('while writing, a file that may be half there is removed', async () => {
    const world = createWorld({
      files: {
        writeIfAbsent: async (location) => {
          world.files.set(location, text('hal'))
          throw broken
        },
      },
    })
    await expect(world.commit()).rejects.toBe(broken)
    expect(world.files.size).toBe(0)
    expect(world.pointer).toBeUndefined()
  })

  it('while removing, the orphan is reported and the refusal stands', async () => {
    const refusal = new CatalogError('CommitFailedException', 'no')
    const world = createWorld({
      swap: () => Promise.reject(refusal),
      files: { delete: () => Promise.reject(broken) },
    })
    await expect(world.commit()).rejects.toBe(refusal)
    expect(world.orphans).toEqual(['file-1'])
  })

  it('because the client left before the swap, nothing stays', async () => {
    const controller = new AbortController()
    const world = createWorld()
    const inspect = async (): Promise<void> => controller.abort(new Error('gone'))
    await expect(world.commit({ signal: controller.signal, inspect })).rejects.toThrow('gone')
    expect(world.files.size).toBe(0)
    expect(world.pointer).toBeUndefined()
  })
})
