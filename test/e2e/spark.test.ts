import { describe, expect, it } from 'vitest'
import { runClient } from './clients.ts'
import { type SetUpName, setUps } from './set-ups.ts'

const full = process.env['LAKEGATE_FULL'] !== undefined
const chosen: readonly SetUpName[] = full
  ? ['embedded', 'postgres', 's3', 'throughLakegate', 'throughReference', 'renewedTokens']
  : ['embedded', 's3', 'renewedTokens']

describe('Spark', () => {
  it.each(chosen)('writes, evolves, branches, travels in time and calls procedures: %s', async (name) => {
    await using setUp = await setUps[name]()
    const figures = await runClient(`spark-${name}`, 'spark', setUp.target)
    expect(figures).toEqual({ passed: 47, failed: 0, skipped: 0 })
  })
})
