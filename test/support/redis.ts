/** Debian's Redis on loopback, which a test may end, start again at the same port, and hold up. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from '@redis/client'
import { freePort } from './gateway.ts'
import { noteEmitted, noteSecret } from './leaks/record.ts'

const binary = ['/usr/bin/redis-server', '/usr/local/bin/redis-server'].find((path) => existsSync(path))

/** Where `LAKEGATE_REQUIRE_REDIS` is set, it is missed. */
export const hasRedis = (): boolean =>
  binary !== undefined || process.env['LAKEGATE_REQUIRE_REDIS'] !== undefined

export interface TestRedis extends AsyncDisposable {
  readonly port: number
  /** With the password, where there is one. */
  readonly url: string
  /** One command, as the administrator. */
  command(...words: readonly string[]): Promise<unknown>
  /** Ends the process; nothing that it held is kept. */
  stop(): Promise<void>
  start(): Promise<void>
  /** It takes connections and answers nothing. */
  hold(): void
  release(): void
}

export interface TestRedisOptions {
  readonly password?: string
  /** Files in PEM: it speaks TLS alone. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly ca: string }
  readonly settings?: readonly string[]
}

const startTimeoutMs = 20_000

const tlsSettings = (port: number, { certificate, key, ca }: NonNullable<TestRedisOptions['tls']>) => [
  ...['--tls-port', String(port), '--port', '0', '--tls-auth-clients', 'no'],
  ...['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', ca],
]

const open = async (port: number, { password, tls }: TestRedisOptions) => {
  const socket = { host: '127.0.0.1', port, reconnectStrategy: false } as const
  const client = createClient({
    socket: tls ? { ...socket, tls: true, rejectUnauthorized: false } : socket,
    ...(password === undefined ? {} : { password }),
    maintNotifications: 'disabled',
  })
  client.on('error', () => {})
  return client.connect()
}

const untilReady = async (child: ChildProcess, connect: () => ReturnType<typeof open>): Promise<void> => {
  const signal = AbortSignal.timeout(startTimeoutMs)
  while (child.exitCode === null) {
    const client = await connect().catch(() => undefined)
    if (client) return client.destroy()
    await delay(30, undefined, { signal })
  }
  throw new Error(`redis-server has ended with ${child.exitCode}`)
}

export const startRedis = async (options: TestRedisOptions = {}): Promise<TestRedis> => {
  if (binary === undefined) throw new Error('redis-server is not installed (apt-get install redis-server)')
  const { password, tls, settings = [] } = options
  if (password !== undefined) noteSecret('database password', password)
  const port = await freePort()
  const connect = () => open(port, options)
  const args = [
    ...['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--daemonize', 'no'],
    ...(tls ? tlsSettings(port, tls) : ['--port', String(port)]),
    ...(password === undefined ? [] : ['--requirepass', password]),
    ...settings,
  ]
  let child: ChildProcess | undefined
  const command = async (...words: readonly string[]): Promise<unknown> => {
    const client = await connect()
    return client.sendCommand([...words]).finally(() => client.destroy())
  }
  const start = async (): Promise<void> => {
    child = spawn(binary, args, { stdio: 'ignore' })
    await untilReady(child, connect)
  }
  /** What lies there is searched for secrets as well. */
  const dump = async (): Promise<void> => {
    for (const key of (await command('KEYS', '*')) as readonly string[])
      noteEmitted(
        'database',
        'redis',
        `${key} ${JSON.stringify(await command('HGETALL', key).catch(String))}`,
      )
  }
  const stop = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGCONT')
    const ended = once(child, 'exit')
    await dump().finally(() => child?.kill('SIGKILL'))
    await ended
  }
  await start()
  const sign = password === undefined ? '' : `:${encodeURIComponent(password)}@`
  return {
    port,
    url: `${tls ? 'rediss' : 'redis'}://${sign}127.0.0.1:${port}`,
    ...{ command, stop, start },
    hold: () => void child?.kill('SIGSTOP'),
    release: () => void child?.kill('SIGCONT'),
    [Symbol.asyncDispose]: stop,
  }
}
