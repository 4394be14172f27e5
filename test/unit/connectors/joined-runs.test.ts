import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSharedRuns } from '../../../connectors/iceberg-rest/joined-runs.ts'

const never = new AbortController().signal

/** Work that ends when it is told to. */
const openWork = () => {
  const begun: { readonly signal: AbortSignal; readonly end: PromiseWithResolvers<number> }[] = []
  let ended = 0
  return {
    begun,
    running: () => begun.length - ended,
    /** Ends the oldest that runs, with its position. */
    endNext: (): void => {
      begun[ended]?.end.resolve(ended)
      ended = Math.min(ended + 1, begun.length)
    },
    work: (signal: AbortSignal): Promise<number> => {
      const end = Promise.withResolvers<number>()
      begun.push({ signal, end })
      return end.promise
    },
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('shared runs', () => {
  it('never give a caller what began before it asked', async () => {
    const play = async (steps: readonly ('ask' | 'end')[], limit: number): Promise<void> => {
      const runs = createSharedRuns<number>(limit)
      const { begun, work, running, endNext } = openWork()
      const asked: Promise<{ readonly at: number; readonly run: number }>[] = []
      const ask = (): void => {
        const at = begun.length
        asked.push(runs.join('k', never, work).then((run) => ({ at, run })))
      }
      const end = async (): Promise<void> => {
        endNext()
        await turn()
        expect(running()).toBeLessThanOrEqual(limit)
      }
      for (const step of steps) await (step === 'ask' ? ask() : end())
      while (running() > 0) await end()
      expect((await Promise.all(asked)).filter(({ at, run }) => run < at)).toEqual([])
    }
    const steps = fc.array(fc.constantFrom('ask' as const, 'end' as const), { minLength: 1, maxLength: 40 })
    await fc.assert(fc.asyncProperty(steps, fc.integer({ min: 1, max: 3 }), play))
  })

  it('gather callers for the next run while one is under way, and keep keys apart', async () => {
    const runs = createSharedRuns<number>(1)
    const { begun, work } = openWork()
    const first = runs.join('k', never, work)
    const gathered = [1, 2, 3].map(() => runs.join('k', never, work))
    const other = runs.join('other', never, work)
    await turn()
    expect(begun).toHaveLength(2)
    begun[0]?.end.resolve(1)
    begun[1]?.end.resolve(2)
    expect(await first).toBe(1)
    expect(await other).toBe(2)
    await turn()
    expect(begun).toHaveLength(3)
    begun[2]?.end.resolve(3)
    expect(await Promise.all(gathered)).toEqual([3, 3, 3])
  })

  it('fail together, and the next run begins afresh', async () => {
    const runs = createSharedRuns<number>(1)
    const { begun, work } = openWork()
    const first = runs.join('k', never, work)
    const second = runs.join('k', never, work)
    begun[0]?.end.reject(new Error('lost'))
    await expect(first).rejects.toThrow('lost')
    await turn()
    begun[1]?.end.resolve(7)
    expect(await second).toBe(7)
    const third = runs.join('k', never, work)
    begun[2]?.end.resolve(8)
    expect(await third).toBe(8)
  })

  it('are given up when the last caller is gone, and not before', async () => {
    const runs = createSharedRuns<number>(1)
    const { begun, work } = openWork()
    const running = runs.join('k', never, work)
    const [one, two] = [new AbortController(), new AbortController()]
    const waiting = [one, two].map(({ signal }) => runs.join('k', signal, work))
    const gone = Promise.allSettled(waiting)
    one.abort(new Error('one left'))
    begun[0]?.end.resolve(1)
    await running
    await turn()
    expect(begun[1]?.signal.aborted).toBe(false)
    two.abort(new Error('two left'))
    expect(begun[1]?.signal.aborted).toBe(true)
    expect((await gone).every(({ status }) => status === 'rejected')).toBe(true)
  })

  it('that were given up while they waited are not joined any more', async () => {
    const runs = createSharedRuns<number>(1)
    const { begun, work } = openWork()
    const running = runs.join('k', never, work)
    const caller = new AbortController()
    const left = runs.join('k', caller.signal, work).catch(() => 'left')
    caller.abort(new Error('left'))
    expect(await left).toBe('left')
    const later = runs.join('k', never, work)
    begun[0]?.end.resolve(1)
    await running
    await turn()
    expect(begun).toHaveLength(2)
    begun[1]?.end.resolve(2)
    expect(await later).toBe(2)
  })

  it('are not begun for a caller that is gone already', async () => {
    const { begun, work } = openWork()
    await expect(createSharedRuns<number>(1).join('k', AbortSignal.abort(), work)).rejects.toThrow()
    expect(begun).toEqual([])
  })
})
