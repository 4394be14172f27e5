/** The search for secrets in what a run emits finds them: a run that leaks on purpose fails, and one that does not passes. */
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const config = join(import.meta.dirname, '../support/leaks/planted/vitest.config.ts')
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')

const run = (project: string) =>
  promisify(execFile)(process.execPath, [vitest, 'run', '--config', config, '--project', project]).then(
    ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
    ({ code, stdout, stderr }) => ({ code, said: String(stdout) + String(stderr) }),
  )

test('a run whose tests pass fails by a secret in an answer, in a database or in what a process prints', async () => {
  const { code, said } = await run('leaky')
  expect(said).toContain('1 passed')
  expect(said).toMatch(/answer "GET \/catalog\/v1\/config" of \S*leaky\.test\.ts holds a bearer token/)
  expect(said).toMatch(/database "own\.kept" of \S*leaky\.test\.ts holds a bearer token/)
  expect(said).toMatch(/output "lakegate serve" of \S*leaky\.test\.ts holds a variable/)
  expect(code).toBe(1)
})

test('a run that keeps its secrets passes', async () => {
  const { code, said } = await run('clean')
  expect(said).toContain('searched for the secrets of the run')
  expect([code, said]).toEqual([0, expect.stringContaining('1 passed')])
})
