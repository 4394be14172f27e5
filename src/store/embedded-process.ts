/** One run of the PostgreSQL child: started under a keeper, ready when it says so, stopped with us however we end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { open, readFile, readlink, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Binaries } from './embedded-binaries.ts'
import type { Launch } from './embedded-user.ts'

export interface ProcessPlan {
  readonly binaries: Binaries
  readonly launch: Launch | undefined
  /** PostgreSQL's own data folder. */
  readonly database: string
  readonly socketFolder: string
  readonly logFile: string
}

export interface PostgresProcess {
  readonly exited: Promise<void>
  /** A fast shutdown: open transactions roll back. */
  stop(): Promise<void>
}

/**
 * Waits on a pipe of ours beside PostgreSQL. However we end, SIGKILL included, the kernel closes the pipe, and the
 * keeper shuts PostgreSQL down cleanly. Signals of a terminal or an init system are not for it.
 */
const keeper = `trap '' INT TERM HUP
exec 3<&0
"$@" 3<&- </dev/null & child=$!
{ read -r _ <&3; kill -INT $child; } & reader=$!
exec 3<&-
wait $child; status=$?
kill -9 $reader 2>/dev/null
exit $status`

const settings = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '100',
  shared_buffers: '32MB',
  huge_pages: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  min_wal_size: '32MB',
  max_wal_size: '256MB',
  max_worker_processes: '1',
  max_parallel_workers_per_gather: '0',
  max_logical_replication_workers: '0',
  io_method: 'sync',
  jit: 'off',
  log_min_messages: 'log',
  log_checkpoints: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
} as const

const environment = (binaries: Binaries): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  LC_ALL: 'C',
  ...(binaries.libraries === undefined ? {} : { LD_LIBRARY_PATH: binaries.libraries }),
})

interface Run {
  readonly plan: Pick<ProcessPlan, 'binaries' | 'launch'>
  readonly command: readonly string[]
  readonly stdin: 'ignore' | 'pipe'
  readonly output: number | 'pipe'
}

/** As the database's user, in a session of its own, so that Ctrl-C reaches the gateway alone. */
const spawnAs = ({ plan, command, stdin, output }: Run): ChildProcess => {
  const { launch } = plan
  const prefix = launch === undefined || launch.command === '' ? [] : [launch.command, ...launch.args]
  const [file = '', ...args] = [...prefix, ...command]
  return spawn(file, args, {
    stdio: [stdin, output, output],
    detached: true,
    cwd: '/',
    env: environment(plan.binaries),
    ...(launch?.user === undefined ? {} : launch.user),
  })
}

/** Fills the empty folder `database`. Rejects with what initdb said. */
export const initialize = async (
  plan: Pick<ProcessPlan, 'binaries' | 'launch'>,
  database: string,
): Promise<void> => {
  const command = [
    plan.binaries.initdb,
    ...['-D', database, '-U', 'lakegate', '-A', 'trust', '-E', 'UTF8', '--no-instructions'],
    ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
  ]
  const child = spawnAs({ plan, command, stdin: 'ignore', output: 'pipe' })
  const said: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => said.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk))
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('error', reject)
  child.once('close', resolve)
  if ((await promise) !== 0) throw new Error(Buffer.concat(said).toString('utf8'))
}

const isReady = async (database: string): Promise<boolean> => {
  const lines = (await readFile(join(database, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  return lines[7]?.trim() === 'ready'
}

const readyWithinMs = 60_000
const pollMs = 10

const waitUntilReady = async (database: string, over: () => boolean): Promise<boolean> => {
  const deadline = Date.now() + readyWithinMs
  while (!over() && Date.now() < deadline) {
    if (await isReady(database)) return true
    await sleep(pollMs)
  }
  return false
}

/** Rejects with the tail of the log when PostgreSQL ends before it is ready. */
export const startProcess = async (plan: ProcessPlan): Promise<PostgresProcess> => {
  // It may be another user's from a run as root.
  await rm(plan.logFile, { force: true })
  const log = await open(plan.logFile, 'w')
  const options = { ...settings, unix_socket_directories: plan.socketFolder }
  const postgres = [
    plan.binaries.postgres,
    ...['-D', plan.database],
    ...Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
  const command = ['/bin/sh', '-c', keeper, 'lakegate-keeper', ...postgres]
  const child = spawnAs({ plan, command, stdin: 'pipe', output: log.fd })
  const exit = Promise.withResolvers<void>()
  let over = false
  const end = (): void => {
    over = true
    child.stdin?.destroy()
    exit.resolve()
  }
  child.once('error', end)
  child.once('exit', end)
  // The keeper may be gone when its pipe is closed.
  child.stdin?.on('error', () => {})
  await log.close()
  const stop = async (): Promise<void> => {
    child.stdin?.end()
    await exit.promise
  }
  if (await waitUntilReady(plan.database, () => over)) return { exited: exit.promise, stop }
  await stop()
  throw new Error(await readFile(plan.logFile, 'utf8').catch(() => 'no log'))
}

const isRunning = async (pid: number, database: string): Promise<boolean> => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ESRCH') return false
  }
  if (process.platform !== 'linux') return true
  // A number may have gone to another process: PostgreSQL works in its data folder.
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '')
  return cwd === (await realpath(database))
}

const shutdownWithinMs = 30_000

/**
 * Waits for a PostgreSQL that a killed gateway left behind, which is shutting down, and ends one that nobody keeps any
 * more. Removes the lock file where its process is gone: the number may be another's by now. Call it with the folder locked.
 */
export const clearLeftover = async (database: string): Promise<void> => {
  const path = join(database, 'postmaster.pid')
  const deadline = Date.now() + shutdownWithinMs
  let asked = false
  while (Date.now() < deadline) {
    const pid = Number((await readFile(path, 'utf8').catch(() => '')).split('\n')[0])
    if (!(pid > 0)) return
    if (!(await isRunning(pid, database))) return rm(path, { force: true })
    if (!asked) process.kill(pid, 'SIGINT')
    asked = true
    await sleep(20)
  }
  throw new Error(`A PostgreSQL of an earlier run still uses ${database} and does not end`)
}
