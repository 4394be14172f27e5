import { describe, expect, it } from 'vitest'
import { createTurns } from '#local/turns.ts'

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('turns', () => {
  it('run the work on one key one after another, in the order of asking', async () => {
    const { take } = createTurns()
    const log: string[] = []
    await Promise.all(
      ['a', 'b', 'c'].map((who) =>
        take(['key'], async () => {
          log.push(`${who} in`)
          await settle()
          log.push(`${who} out`)
        }),
      ),
    )
    expect(log).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out'])
  })

  it('let other keys pass', async () => {
    const { take } = createTurns()
    const gate = Promise.withResolvers<void>()
    const slow = take(['one'], () => gate.promise)
    await take(['two'], async () => {})
    gate.resolve()
    await slow
  })

  it('over several keys in any order never wait for each other in a ring', async () => {
    const { take } = createTurns()
    const orders = [
      ['a', 'b'],
      ['b', 'a'],
      ['b', 'c'],
      ['c', 'a', 'b'],
      ['a', 'a'],
    ]
    let inside = 0
    await Promise.all(
      orders.map((keys) =>
        take(keys, async () => {
          inside++
          await settle()
        }),
      ),
    )
    expect(inside).toBe(orders.length)
  })

  it('go on after work that failed', async () => {
    const { take } = createTurns()
    const failed = take(['key'], () => Promise.reject(new Error('no')))
    const next = take(['key'], async () => 'done')
    await expect(failed).rejects.toThrow('no')
    expect(await next).toBe('done')
  })

  it('are refused with 429 where too many wait', async () => {
    const { take } = createTurns(2)
    const gate = Promise.withResolvers<void>()
    const waiting = [take(['key'], () => gate.promise), take(['key'], () => gate.promise)]
    await expect(take(['key'], async () => {})).rejects.toMatchObject({ type: 'SlowDownException' })
    gate.resolve()
    await Promise.all(waiting)
    await take(['key'], async () => {})
  })
})
