/** The ten minutes of docs/security.md, line by line as they stand; the port and the installers alone are other ones. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort, scratchFolder } from '../support/gateway.ts'
import { dumpDataFolder } from '../support/leaks/dump.ts'
import { installClient } from './clients.ts'

const root = path.resolve(import.meta.dirname, '../..')

interface Step {
  readonly title: string
  readonly script: string
  /** Lines that the document says are printed, `…` for what differs each time. */
  readonly printed: readonly string[]
}

const fences = /^### (.*)$|```(sh|text)\n([\s\S]*?)```/gm

const stepsOf = (section: string): readonly Step[] => {
  const steps: Step[] = []
  let title = ''
  for (const [, heading, language, body = ''] of section.matchAll(fences)) {
    const last = steps.at(-1)
    if (heading !== undefined) title = heading
    else if (language === 'sh') steps.push({ title, script: body, printed: [] })
    else if (last) steps.splice(-1, 1, { ...last, printed: body.trimEnd().split('\n') })
  }
  return steps
}

const patternOf = (line: string): RegExp =>
  new RegExp(
    line
      .split(/(…|\s{2,})/)
      .map((part) => (part === '…' ? '.*' : /^\s+$/.test(part) ? '\\s+' : RegExp.escape(part)))
      .join(''),
  )

const between = '-- the next step --'

let home: string
let port: number
let steps: readonly Step[]
let outputs: readonly string[]

/** `npm run lakegate` and `npm start` as the package defines them, in the folder of the test. */
const asHere = (text: string): string =>
  text
    .replace(/^npm ci\n/m, '')
    .replace(/^pip install .*\n/m, '')
    .replaceAll('npm run --silent lakegate --', `node ${root}/src/main.ts`)
    .replaceAll('npm start', `node ${root}/src/main.ts serve`)
    .replaceAll(':8181', `:${port}`)

const runAll = async (): Promise<string> => {
  const python = path.join(await installClient('smoke'), 'venv/bin')
  const script = [
    'set -eu',
    'trap "jobs -p > gateway.pid" EXIT',
    ...steps.map((step) => `${asHere(step.script)}\necho '${between}'`),
  ].join('\n')
  const child = spawn('bash', ['-c', script], {
    cwd: home,
    env: {
      ...process.env,
      PATH: `${python}:${process.env['PATH']}`,
      LAKEGATE_PORT: String(port),
      LAKEGATE_SERVER: `http://127.0.0.1:${port}`,
      XDG_CONFIG_HOME: home,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)))
  const [status] = await once(child, 'close')
  expect(status, output).toBe(0)
  return output
}

beforeAll(async () => {
  home = await scratchFolder()
  port = await freePort()
  const text = await readFile(path.join(root, 'docs/security.md'), 'utf8')
  steps = stepsOf(/## Ten minutes\n([\s\S]*?)\n## /.exec(`${text}\n## `)?.[1] ?? '')
  outputs = (await runAll()).split(`${between}\n`)
}, 300_000)

/** Its shell has ended before it. */
const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

afterAll(async () => {
  await dumpDataFolder(path.join(home, 'lakegate-data'))
  const pid = Number(await readFile(path.join(home, 'gateway.pid'), 'utf8'))
  process.kill(pid, 'SIGTERM')
  while (isThere(pid)) await sleep(50)
  await rm(home, { recursive: true, force: true })
})

describe('the ten minutes of docs/security.md', () => {
  it('run to their end as printed', () => {
    expect(steps.length).toBeGreaterThan(9)
    expect(outputs).toHaveLength(steps.length + 1)
  })

  it('print what the document says', () => {
    expect(steps.filter(({ printed }) => printed.length > 0).length).toBeGreaterThan(6)
    for (const [at, { title, printed }] of steps.entries())
      for (const line of printed) expect(outputs[at], `${title}: ${line}`).toMatch(patternOf(line))
  })
})
