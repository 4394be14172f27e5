/** `node figures.ts DIR FAILED`: adds up what the runners reported below DIR; a suite that failed without a report counts as one. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

interface Figures {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

const readJson = (file: string): Record<string, number> => JSON.parse(readFileSync(file, 'utf8'))

const ofVitest = (report: Record<string, number>): Figures => ({
  passed: report['numPassedTests'] ?? 0,
  failed: report['numFailedTests'] ?? 0,
  skipped: (report['numPendingTests'] ?? 0) + (report['numTodoTests'] ?? 0),
})

const ofClient = (report: Record<string, number>): Figures => ({
  passed: report['passed'] ?? 0,
  failed: report['failed'] ?? 0,
  skipped: report['skipped'] ?? 0,
})

const [folder = '.', failedSuites = '0'] = process.argv.slice(2)
const read = (pattern: string, figuresOf: (report: Record<string, number>) => Figures): readonly Figures[] =>
  globSync(path.join(folder, pattern)).map((file) => figuresOf(readJson(file)))
const all = [...read('vitest-*.json', ofVitest), ...read('*/figures.json', ofClient)]
const sum = (key: keyof Figures): number => all.reduce((total, figures) => total + figures[key], 0)
const failed = Math.max(sum('failed'), Number(failedSuites))
console.log(`${sum('passed')} passed, ${failed} failed, ${sum('skipped')} skipped`)
