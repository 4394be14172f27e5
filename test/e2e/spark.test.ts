import { describe, expect, it } from 'vitest'
import { runClient } from './clients.ts'
import { type SetUpName, setUps } from './set-ups.ts'

const everySetUp: readonly SetUpName[] = ['embedded', 'postgres', 's3', 'throughLakegate', 'throughReference']

describe('Spark', () => {
  it.each(everySetUp)('writes, evolves, branches, travels in time and calls procedures: %s', async (name) => {
    await using setUp = await setUps[name]()
    const figures = await runClient(`spark-${name}`, 'spark', setUp.target)
    expect(figures).toEqual({ passed: 47, failed: 0, skipped: 0 })
  })
})
