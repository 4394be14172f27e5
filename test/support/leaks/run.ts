/** Set up for a whole suite: records each run, and fails it where anything that was emitted holds a secret of it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { TestProject } from 'vitest/node'
import { expectedOf } from './expected.ts'
import { folderVariable } from './record.ts'
import { type Report, reportOn } from './report.ts'

const watch = `--import=${pathToFileURL(join(import.meta.dirname, 'watch-process.ts')).href}`

const listed = (counts: ReadonlyMap<string, number>, unit: number): string =>
  [...counts].map(([kind, count]) => `${Math.ceil(count / unit)} ${kind}`).join(', ')

const print = ({ secrets, emitted }: Report, seconds: number): void => {
  const found = `secrets: ${listed(secrets, 1)}\n  emitted, in kB: ${listed(emitted, 1000)}`
  process.stdout.write(`\nsearched for the secrets of the run in ${seconds.toFixed(1)} s\n  ${found}\n`)
}

const isWhole = async (project: TestProject): Promise<boolean> => {
  const { testFiles } = await project.globTestFiles()
  const ran = project.vitest.state.getFiles().filter((file) => file.projectName === project.name)
  return ran.length >= testFiles.length
}

export const setup = (project: TestProject): (() => Promise<void>) => {
  const folder = mkdtempSync(join(tmpdir(), 'lakegate-leaks-'))
  process.env[folderVariable] = folder
  const options = process.env['NODE_OPTIONS'] ?? ''
  if (!options.includes(watch)) process.env['NODE_OPTIONS'] = `${options} ${watch}`.trim()
  return async () => {
    const started = performance.now()
    const report = reportOn(folder, (await isWhole(project)) ? expectedOf[project.name] : undefined)
    print(report, (performance.now() - started) / 1000)
    if (report.faults.length > 0)
      throw new Error(`secrets leak, or the search is blind (${folder}):\n${report.faults.join('\n')}`)
    if (process.env['LAKEGATE_LEAKS_KEEP'] === undefined) rmSync(folder, { recursive: true })
  }
}
