/** An OpenFGA server with an empty store in memory: the other engine that evaluates grants. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from './gateway.ts'
import { noteSecret } from './leaks/record.ts'

export interface OpenFga {
  readonly url: string
  readonly token: string
  /** Ends the process; with it goes what it holds. */
  stop(): Promise<void>
}

const startTimeoutMs = 60_000
const cacheDir = process.env['LAKEGATE_CACHE'] ?? path.resolve(import.meta.dirname, '../../.cache')
const binary = path.join(cacheDir, 'bin/openfga')
const token = 'a-preshared-key-of-the-test-server'

/** A build takes minutes, so a suite may ask first; where `LAKEGATE_REQUIRE_OPENFGA` is set it is always there. */
export const hasOpenFga = (): boolean =>
  existsSync(binary) || process.env['LAKEGATE_REQUIRE_OPENFGA'] !== undefined

const build = (): Promise<unknown> =>
  promisify(execFile)(path.join(import.meta.dirname, 'openfga-build.sh'), [path.dirname(binary)])

const untilReady = async (url: string, child: ChildProcess): Promise<void> => {
  const signal = AbortSignal.timeout(startTimeoutMs)
  while (child.exitCode === null) {
    const answer = await fetch(`${url}/healthz`, { signal }).catch(() => undefined)
    if (answer?.ok) return
    await delay(50, undefined, { signal })
  }
  throw new Error('OpenFGA did not start')
}

export interface OpenFgaOptions {
  /** To come back at the same address. */
  readonly port?: number
}

/** Builds the server on first use (Go 1.26 or newer; some minutes), then starts one with its own empty state. */
export const startOpenFga = async (options: OpenFgaOptions = {}): Promise<OpenFga> => {
  if (!existsSync(binary)) await build()
  const http = options.port ?? (await freePort())
  const grpc = await freePort()
  noteSecret('variable', token)
  const child = spawn(
    binary,
    [
      ...['run', '--datastore-engine', 'memory', '--log-level', 'error'],
      ...['--http-addr', `127.0.0.1:${http}`, '--grpc-addr', `127.0.0.1:${grpc}`],
      ...['--playground-enabled=false', '--metrics-enabled=false'],
      // A busy machine is no reason for another answer.
      ...['--request-timeout', '60s', '--listObjects-deadline', '60s'],
      ...['--authn-method', 'preshared', '--authn-preshared-keys', token],
    ],
    { stdio: 'ignore' },
  )
  const url = `http://127.0.0.1:${http}`
  await untilReady(url, child)
  return {
    url,
    token,
    stop: async () => {
      if (child.exitCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}
