import { describe, expect, it } from 'vitest'
import { runClient } from './clients.ts'
import { type SetUpName, setUps } from './set-ups.ts'

const full = process.env['LAKEGATE_FULL'] !== undefined

const duckdb: readonly SetUpName[] = full
  ? ['embedded', 'postgres', 's3', 'throughLakegate']
  : ['embedded', 's3', 'throughLakegate']

describe('DuckDB', () => {
  it.each(duckdb)('writes, merges, evolves and commits over two tables: %s', async (name) => {
    await using setUp = await setUps[name]()
    const figures = await runClient(`duckdb-${name}`, 'duckdb', setUp.target)
    expect(figures).toEqual({ passed: 31, failed: 0, skipped: 0 })
  })
})

describe('Sail', () => {
  it.each(['embedded', 'throughLakegate'] as const)('writes tables and views: %s', async (name) => {
    await using setUp = await setUps[name]()
    const figures = await runClient(`sail-${name}`, 'sail', setUp.target)
    expect(figures).toEqual({ passed: 16, failed: 0, skipped: 0 })
  })
})
