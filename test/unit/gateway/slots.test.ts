import { describe, expect, it } from 'vitest'
import { createSlots } from '#gateway/operations/management/slots.ts'

const never = new AbortController().signal

async function* items(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i += 1) yield i
}

const drain = async (lines: AsyncIterable<number>): Promise<number[]> => {
  const seen: number[] = []
  for await (const line of lines) seen.push(line)
  return seen
}

describe('slots', () => {
  it('let so many in and no more, until one is at its end', async () => {
    const slots = createSlots(2, 'Too many')
    const first = slots.occupy(items(3), never)
    slots.occupy(items(3), never)
    expect(() => slots.occupy(items(1), never)).toThrow('Too many')
    expect(await drain(first)).toEqual([0, 1, 2])
    expect(await drain(slots.occupy(items(1), never))).toEqual([0])
  })

  it('are free again when somebody has had enough, though it never began', async () => {
    const slots = createSlots(1, 'Too many')
    await slots.occupy(items(3), never).return?.()
    for await (const _ of slots.occupy(items(3), never)) break
    expect(await drain(slots.occupy(items(1), never))).toEqual([0])
  })

  it('are free again when the client goes away', async () => {
    const slots = createSlots(1, 'Too many')
    const client = new AbortController()
    slots.occupy(items(3), client.signal)
    client.abort()
    expect(await drain(slots.occupy(items(1), never))).toEqual([0])
  })

  it('are free again when reading fails, and only once', async () => {
    const slots = createSlots(1, 'Too many')
    const failing = (async function* () {
      yield* items(1)
      throw new Error('broken')
    })()
    const lines = slots.occupy(failing, never)
    await expect(drain(lines)).rejects.toThrow('broken')
    await lines.return?.()
    const held = slots.occupy(items(3), never)
    expect(() => slots.occupy(items(1), never)).toThrow('Too many')
    await held.return?.()
  })
})
