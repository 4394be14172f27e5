/** A server process for tests that ends with us, also when we are killed: its keeper waits on our pipe. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { noteEmitted } from './leaks/record.ts'

export interface Kept {
  /** Rejects when it ended by itself with a failure, naming its last words. */
  readonly ended: Promise<void>
  /** SIGINT, then waits. */
  stop(): Promise<void>
}

export interface SystemUser {
  readonly uid: number
  readonly gid: number
}

/** Undefined where we are no root: processes run as we do. */
export const systemUser = (name: string): SystemUser | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`))
  const [, , uid, gid] = (line ?? '').split(':')
  if (uid === undefined || gid === undefined) throw new Error(`There is no user ${name}`)
  return { uid: Number(uid), gid: Number(gid) }
}

const keeper = `exec 3<&0
"$@" 3<&- </dev/null & child=$!
{ read -r _ <&3; kill -INT $child; } & reader=$!
exec 3<&-
wait $child; status=$?
kill -9 $reader 2>/dev/null
exit $status`

export const startKept = async (command: readonly string[], user?: SystemUser): Promise<Kept> => {
  const child = spawn('/bin/sh', ['-c', keeper, 'keeper', ...command], {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: '/',
    detached: true,
    ...user,
  })
  let said = ''
  const hear = (chunk: Buffer): void => {
    said = (said + chunk.toString('utf8')).slice(-4_000)
    noteEmitted('database log', basename(command[0] ?? ''), chunk.toString('utf8'))
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  child.stdin.on('error', () => {})
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  child.once('error', reject)
  child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${command[0]}: ${said}`))))
  promise.catch(() => {})
  return {
    ended: promise,
    stop: async () => {
      child.stdin.end()
      await promise.catch(() => {})
    },
  }
}
