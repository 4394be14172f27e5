/** The printed tables, and the verdicts against the figures that are required. */
import type { Figure } from './load.ts'

export interface Verdict {
  readonly what: string
  readonly measured: number
  readonly limit: number
  readonly unit: string
}

const cell = (value: number, digits = 2): string => (Number.isFinite(value) ? value.toFixed(digits) : '–')

/** One row a subject; every ratio is against the row named as the base of this run. */
export const printFigures = (title: string, figures: readonly Figure[], base: string): void => {
  const reference = figures.find((figure) => figure.name === base)
  console.log(`\n## ${title}\n`)
  console.log(
    '| subject | requests | CPU ms/request | ratio | database CPU ms/request | requests/s | mean ms | p99 ms | failures |',
  )
  console.log('|---|---|---|---|---|---|---|---|---|')
  for (const f of figures) {
    const ratio = reference ? f.cpuMsPerRequest / reference.cpuMsPerRequest : Number.NaN
    const cpu = [cell(f.cpuMsPerRequest, 3), cell(ratio), cell(f.databaseMsPerRequest, 3)]
    const numbers = [...cpu, cell(f.requestsPerSecond, 0), cell(f.meanMs), cell(f.p99Ms)]
    console.log(`| ${f.name} | ${f.requests} | ${numbers.join(' | ')} | ${f.failures} |`)
  }
}

/** Prints the verdicts; true when every figure is within its limit. */
export const printVerdicts = (verdicts: readonly Verdict[]): boolean => {
  console.log('\n## Required\n\n| what | measured | limit | |\n|---|---|---|---|')
  const within = (v: Verdict) => v.measured <= v.limit
  for (const v of verdicts)
    console.log(
      `| ${v.what} | ${cell(v.measured)} ${v.unit} | ${cell(v.limit)} ${v.unit} | ${within(v) ? 'ok' : 'MISSED'} |`,
    )
  return verdicts.every(within)
}
