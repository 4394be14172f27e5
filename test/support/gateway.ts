/** A real gateway process with its own folder, port and configuration. */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import { dumpDataFolder } from './leaks/dump.ts'

const root = resolve(import.meta.dirname, '../..')
const entry = join(root, 'src/main.ts')
const startTimeoutMs = 60_000

export interface GatewayOptions {
  /** The `server:` half of lakegate.yaml; `database: embedded` by default. */
  readonly server?: Readonly<Record<string, unknown>>
  /** The `state:` half; one warehouse `default` in the gateway's own folder by default. */
  readonly state?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
  /** A free one by default. */
  readonly port?: number
  /** Started before: the same data again. */
  readonly folder?: string
}

export interface Gateway {
  /** `http://127.0.0.1:<port>`; `https:` where it has a certificate (`server.tls`). */
  readonly origin: string
  /** Base of Iceberg REST, without `/v1`. */
  readonly catalog: string
  readonly port: number
  readonly pid: number
  readonly folder: string
  /** Local warehouse folder of the default state. */
  readonly lake: string
  output(): string
  /** The process is gone. */
  exited(): boolean
  /** SIGTERM, then waits; resolves with the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL, then waits. */
  kill(): Promise<void>
  /** `stop`, and the folder is deleted. */
  discard(): Promise<void>
}

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer()
  const listening = once(server, 'listening')
  server.listen(port, '127.0.0.1')
  const free = await listening.then(
    () => true,
    () => false,
  )
  if (!free) return false
  server.close()
  await once(server, 'close')
  return true
}

/** Below the ports that connections take for themselves, so that none of them has it by the time it is used. */
export const freePort = async (): Promise<number> => {
  const port = randomInt(10_000, 32_000)
  return (await isFree(port)) ? port : freePort()
}

/** A scratch folder that an unprivileged database process may enter. */
export const scratchFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'lakegate-'))
  await chmod(folder, 0o755)
  return folder
}

const configuration = (options: GatewayOptions, lake: string): string =>
  stringify({
    server: { database: 'embedded', ...options.server },
    state: options.state ?? { warehouses: [{ name: 'default', location: `file://${lake}` }] },
  })

/** Whatever certificate it shows: the tests are about to look at that themselves. */
const readyByTls = async (url: string): Promise<boolean> => {
  const [answer] = await once(request(url, { rejectUnauthorized: false }).end(), 'response')
  answer.resume()
  return answer.statusCode === 200
}

const readyPlainly = async (url: string): Promise<boolean> => {
  const answer = await fetch(url)
  await answer.arrayBuffer()
  return answer.ok
}

const untilReady = async (origin: string, child: ChildProcess): Promise<void> => {
  const until = Date.now() + startTimeoutMs
  const ready = origin.startsWith('https:') ? readyByTls : readyPlainly
  while (Date.now() < until && child.exitCode === null && child.signalCode === null) {
    if (await ready(`${origin}/health/ready`).catch(() => false)) return
    await delay(50)
  }
  throw new Error(`the gateway is not ready at ${origin}`)
}

const ended = async (child: ChildProcess): Promise<number | null> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}

/** Runs one command of `lakegate` to its end, e.g. `['apply', '--config', file]`. */
export const runLakegate = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  promisify(execFile)(process.execPath, [entry, ...args], { cwd: root, env: { ...process.env, ...env } })

/** Starts `lakegate serve` and waits until it is ready; its output is in the error when it is not. */
export const startGateway = async (options: GatewayOptions = {}): Promise<Gateway> => {
  const folder = options.folder ?? (await scratchFolder())
  const lake = join(folder, 'lake')
  await mkdir(lake, { recursive: true })
  const config = join(folder, 'lakegate.yaml')
  await writeFile(config, configuration(options, lake))
  const port = options.port ?? (await freePort())
  const args = [entry, 'serve', '--config', config, '--data', join(folder, 'data'), '--port', String(port)]
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (printed += String(data)))
  const origin = `${options.server?.['tls'] ? 'https' : 'http'}://127.0.0.1:${port}`
  await untilReady(origin, child).catch((cause) => {
    child.kill('SIGKILL')
    throw new Error(`${cause.message}\n${printed}`, { cause })
  })
  const stop = async (): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) await dumpDataFolder(join(folder, 'data'))
    child.kill('SIGTERM')
    return ended(child)
  }
  return {
    origin,
    catalog: `${origin}/catalog`,
    port,
    pid: child.pid as number,
    folder,
    lake,
    output: () => printed,
    exited: () => child.exitCode !== null || child.signalCode !== null,
    stop,
    kill: async () => {
      child.kill('SIGKILL')
      await ended(child)
    },
    discard: async () => {
      await stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The path prefix of a warehouse, as `GET /v1/config` gives it. */
export const warehousePrefix = async (gateway: Gateway, warehouse?: string): Promise<string> => {
  const query = warehouse === undefined ? '' : `?warehouse=${encodeURIComponent(warehouse)}`
  const answer = await fetch(`${gateway.catalog}/v1/config${query}`)
  const body = (await answer.json()) as { overrides: { prefix: string } }
  return `${gateway.catalog}/v1/${body.overrides.prefix}`
}
