/** The first screen of the README, line by line as it stands; ports and installers alone are other ones. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort, scratchFolder } from '../support/gateway.ts'
import { dumpDataFolder } from '../support/leaks/dump.ts'
import { installClient } from './clients.ts'

const root = path.resolve(import.meta.dirname, '../..')

interface Block {
  readonly language: string
  readonly text: string
}

const blocksOf = (text: string): readonly Block[] =>
  [...text.matchAll(/```(sh|python)\n([\s\S]*?)```/g)].map(([, language = '', body = '']) => ({
    language,
    text: body,
  }))

let home: string
let blocks: readonly Block[]
let ports: { readonly first: number; readonly second: number }
const running: { stop(): Promise<void> }[] = []

const inWords = (text: string): string =>
  text.replaceAll(':8181', `:${ports.first}`).replaceAll('8282', String(ports.second))

const blockWith = (words: string): string => {
  const block = blocks.find(({ text }) => text.includes(words))
  if (block === undefined) throw new Error(`the README has no block with ${words}`)
  return inWords(block.text)
}

interface Ended {
  readonly status: number | null
  readonly output: string
}

const run = async (command: string, args: readonly string[]): Promise<Ended> => {
  const env = { ...process.env, LAKEGATE_PORT: String(ports.first) }
  const child = spawn(command, args, { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)))
  const [status] = await once(child, 'close')
  return { status, output }
}

/** `npm start` and `npm run lakegate` as the package defines them, in the folder of the test. */
const asShell = (text: string): string =>
  text
    .replaceAll('npm run lakegate --', `node ${root}/src/main.ts`)
    .replaceAll('npm start --', `node ${root}/src/main.ts serve`)
    .replaceAll('npm start', `node ${root}/src/main.ts serve`)

const startInBackground = async (line: string): Promise<void> => {
  const [command = '', ...args] = asShell(line).trim().split(/\s+/)
  const child = spawn(command, args, {
    cwd: home,
    env: { ...process.env, LAKEGATE_PORT: String(ports.first) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push({
    stop: async () => {
      for (const data of [path.join(home, 'lakegate-data'), '/tmp/lakegate-other']) await dumpDataFolder(data)
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
    },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)))
  await expect.poll(() => output, { timeout: 60_000 }).toContain('Lakegate is ready')
}

const runPython = async (words: string): Promise<string> => {
  const python = path.join(await installClient('smoke'), 'venv/bin/python')
  const { status, output } = await run(python, ['-c', blockWith(words)])
  expect(status, output).toBe(0)
  return output
}

beforeAll(async () => {
  home = await scratchFolder()
  blocks = blocksOf(await readFile(path.join(root, 'README.md'), 'utf8'))
  ports = { first: await freePort(), second: await freePort() }
})

afterAll(async () => {
  for (const one of running) await one.stop()
  await rm(home, { recursive: true, force: true })
  await rm('/tmp/lakegate-other', { recursive: true, force: true })
})

describe('the first screen of the README', () => {
  it('starts without configuration, and PyIceberg creates and reads a table', async () => {
    await startInBackground(blockWith('npm ci').split('\n')[1] ?? '')
    expect(await runPython('create_table_if_not_exists("demo.cities"')).toContain('Lagos')
  })

  it('mounts a second catalog, and lists both', async () => {
    await rm('/tmp/lakegate-other', { recursive: true, force: true })
    await startInBackground(blockWith('npm start -- --port'))
    const script = asShell(blockWith('cat > lakegate.yaml'))
    const { status, output } = await run('bash', ['-ec', script])
    expect(status, output).toBe(0)
    expect(output).toContain('+ mount default:/other')
    expect((await run('bash', ['-ec', script])).output).toBe('No changes.\n')
    expect(await runPython('list_tables(("other", "demo"))')).toBe(
      "[('demo',), ('other',)] [('demo', 'cities')] [('other', 'demo', 'cities')]\n",
    )
  })

  it('queries both with Spark', async () => {
    const spark = await installClient('spark')
    const jars = (await readdir(path.join(spark, 'jars'))).map((jar) => path.join(spark, 'jars', jar))
    const line = blockWith('spark-sql')
      .replace(/^pip install .*\n/, '')
      .replace(/--packages \S+/, `--jars ${jars.join(',')}`)
    const { status, output } = await run('bash', [
      '-ec',
      `export SPARK_LOCAL_IP=127.0.0.1 PATH=${spark}/venv/bin:$PATH\n${line}`,
    ])
    expect(status, output).toBe(0)
    expect(output.match(/Lima\t10900000/g)).toHaveLength(2)
  })
})
