/** Set up for a whole suite: records each run, and fails it where anything that was emitted holds a secret of it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { TestProject } from 'vitest/node'
import { type Expected, expectedOf } from './expected.ts'
import { folderVariable } from './record.ts'
import { type Report, reportOn } from './report.ts'

const watch = `--import=${pathToFileURL(join(import.meta.dirname, 'watch-process.ts')).href}`

/** Keeps the record for somebody to look at: it is full of secrets. */
const keepVariable = 'LAKEGATE_LEAKS_KEEP'
const mostTold = 50

const explained = (faults: readonly string[]): string =>
  [
    `secrets leak, or the search is blind: ${faults.length} (${keepVariable}=1 keeps the record)`,
    ...faults.slice(0, mostTold),
  ].join('\n')

const listed = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([kind, count]) => `${Math.ceil(count)} ${kind}`).join(', ')

const print = ({ secrets, emitted }: Report, seconds: number): void => {
  const found = `secrets: ${listed(secrets)}\n  emitted, in kB: ${listed(emitted)}`
  process.stdout.write(`\nsearched for the secrets of the run in ${seconds.toFixed(1)} s\n  ${found}\n`)
}

/** Undefined where only a part ran, which may have met little. */
const expectedFrom = async (project: TestProject): Promise<Expected | undefined> => {
  const { config, state } = project.vitest
  const expected = expectedOf[project.name]
  if (expected === undefined || config.testNamePattern !== undefined) return undefined
  const ran = state.getFiles().filter((file) => file.projectName === project.name)
  const { of } = expected
  if (of !== 'every file')
    return ran.some(({ name }) => of.includes(basename(name, '.test.ts'))) ? expected : undefined
  const { testFiles } = await project.globTestFiles()
  return ran.length >= testFiles.length ? expected : undefined
}

export const setup = (project: TestProject): (() => Promise<void>) => {
  const folder = mkdtempSync(join(tmpdir(), 'lakegate-leaks-'))
  process.env[folderVariable] = folder
  const options = process.env['NODE_OPTIONS'] ?? ''
  if (!options.includes(watch)) process.env['NODE_OPTIONS'] = `${options} ${watch}`.trim()
  return async () => {
    const started = performance.now()
    const report = reportOn(folder, await expectedFrom(project))
    print(report, (performance.now() - started) / 1000)
    if (process.env[keepVariable] === undefined) rmSync(folder, { recursive: true })
    if (report.faults.length > 0) throw new Error(explained(report.faults))
  }
}
