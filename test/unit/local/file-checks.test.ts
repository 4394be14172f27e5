import { describe, expect, it } from 'vitest'
import { createFileChecks } from '#local/file-checks.ts'

describe('file checks', () => {
  it('of one file within a moment are one look, and the next moment looks again', async () => {
    const answers = [true, false]
    let looks = 0
    let time = 0
    const exists = createFileChecks({ exists: async () => answers[looks++] ?? false }, () => time)
    expect(await Promise.all([exists('a'), exists('a'), exists('a')])).toEqual([true, true, true])
    time = 0.9
    expect(await exists('a')).toBe(true)
    expect(looks).toBe(1)
    time = 1
    expect(await exists('a')).toBe(false)
  })

  it('a file that was not there is looked for again at once', async () => {
    const answers = [false, true]
    let looks = 0
    const exists = createFileChecks({ exists: async () => answers[looks++] ?? false }, () => 0)
    expect(await exists('a')).toBe(false)
    expect(await exists('a')).toBe(true)
  })

  it('of different files do not share an answer, and a failure is not kept', async () => {
    let fail = true
    const exists = createFileChecks(
      {
        exists: async (location) => {
          if (fail) throw new Error('away')
          return location === 'a'
        },
      },
      () => 0,
    )
    await expect(Promise.all([exists('a'), exists('b')])).rejects.toThrow('away')
    fail = false
    expect(await Promise.all([exists('a'), exists('b')])).toEqual([true, false])
  })
})
