import { describe, expect, it } from 'vitest'
import { createFileChecks } from '#local/file-checks.ts'

describe('file checks', () => {
  it('of one file at one moment are one look, and the next moment looks again', async () => {
    const answers = [true, false]
    let looks = 0
    const exists = createFileChecks({ exists: async () => answers[looks++] ?? false })
    expect(await Promise.all([exists('a'), exists('a'), exists('a')])).toEqual([true, true, true])
    expect(looks).toBe(1)
    expect(await exists('a')).toBe(false)
  })

  it('of different files do not share an answer, and a failure is not kept', async () => {
    let fail = true
    const exists = createFileChecks({
      exists: async (location) => {
        if (fail) throw new Error('away')
        return location === 'a'
      },
    })
    await expect(Promise.all([exists('a'), exists('b')])).rejects.toThrow('away')
    fail = false
    expect(await Promise.all([exists('a'), exists('b')])).toEqual([true, false])
  })
})
