/** Rules are tried where there is no gateway, by the code that a gateway refuses them with. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../../..')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lakegate-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Nothing listens where the server is said to be. */
const policyTest = (...paths: readonly string[]) =>
  new Promise<{ readonly code: number; readonly out: string; readonly err: string }>((done) => {
    const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: '', LAKEGATE_SERVER: 'http://127.0.0.1:9' }
    const args = [join(root, 'src/main.ts'), 'policy', 'test', ...paths]
    execFile(process.execPath, args, { env, cwd: root }, (error, out, err) =>
      done({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    )
  })

test('the shipped rules hold', async () => {
  const { code, out, err } = await policyTest('policies/rules', '--json')
  expect(code, err).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ valid: true, errors: [] })
})

test('a rule that its table contradicts fails, with the reason', async () => {
  const rules = join(folder, 'rules')
  await mkdir(rules)
  await writeFile(join(rules, 'open.cedar'), '@id("open") permit (principal, action, resource);')
  await writeFile(
    join(rules, 'closed.cedar'),
    '@id("closed") forbid (principal, action == Action::"read", resource);',
  )
  const table = (expected: string) =>
    `cases: [{ name: nobody reads, who: { kind: user, id: a }, does: read, to: { kind: table }, expect: ${expected} }]`
  const tables = join(folder, 'closed.decisions.yaml')
  await writeFile(tables, table('allow'))
  const wrong = await policyTest(rules, tables)
  expect([wrong.code, wrong.err.includes('"nobody reads"'), wrong.err.includes('expected allow')]).toEqual([
    ...[1, true, true],
  ])
  await writeFile(tables, table('deny').replace('deny }', 'deny, by: [closed] }'))
  const right = await policyTest(rules, tables)
  expect(right.code, right.err).toBe(0)
  const untested = await policyTest(rules)
  expect([untested.code, untested.err.includes('no decision table')]).toEqual([1, true])
})

test('what cannot be read is no set at all', async () => {
  expect((await policyTest(join(folder, 'nowhere'))).code).toBe(2)
  expect((await policyTest('docs')).code).toBe(2)
})
