/** Starting the processes that are measured, and reading what they cost from the kernel's own counters. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const ticksPerSecond = 100

export interface Subject {
  readonly name: string
  readonly url: string
  readonly pid: number
  /** What it has printed so far, for a report of failure. */
  output(): string
  stop(): Promise<void>
}

export interface Start {
  readonly name: string
  readonly command: readonly string[]
  readonly url: string
  /** Answers 2xx once the process is ready. */
  readonly probe: string
  readonly env?: Readonly<Record<string, string>>
}

const statFields = (pid: number): number[] => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
}

const sumMs = (pid: number, [first, end]: readonly [number, number]): number =>
  statFields(pid)
    .slice(first, end)
    .reduce((sum, ticks) => sum + (ticks * 1000) / ticksPerSecond, 0)

/** CPU milliseconds (user and system) that a process has used, its threads included, its children not. */
export const cpuMs = (pid: number): number => sumMs(pid, [11, 13])

/** The same of a process with all its children, those that have ended included. */
export const familyCpuMs = (pid: number): number => {
  const living = (one: number): number => {
    try {
      return cpuMs(one)
    } catch {
      return 0
    }
  }
  return descendants(pid).reduce((sum, child) => sum + living(child), sumMs(pid, [11, 15]))
}

/** Resident megabytes of one process, without its children. */
export const residentMb = (pid: number): number => {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1] ?? Number.NaN) / 1024
}

const parentOf = (pid: string): number => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return Number.NaN
  }
}

/** All living descendants of a process. */
const descendants = (pid: number): number[] => {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const children = all.filter((name) => parentOf(name) === pid).map(Number)
  return children.flatMap((child) => [child, ...descendants(child)])
}

const ready = async (probe: string, child: ChildProcess): Promise<void> => {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (child.exitCode !== null) break
    const answer = await fetch(probe).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer?.ok) return
    await sleep(50)
  }
  throw new Error(`not ready: ${probe}`)
}

/** Starts a process and waits until its probe answers. */
export const startSubject = async (start: Start): Promise<Subject> => {
  const [command = '', ...args] = start.command
  const child = spawn(command, args, {
    env: { ...process.env, ...start.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (printed += String(data)))
  await ready(start.probe, child).catch((cause) => {
    child.kill('SIGKILL')
    throw new Error(`${start.name} did not start:\n${printed}`, { cause })
  })
  return {
    name: start.name,
    url: start.url,
    pid: child.pid as number,
    output: () => printed,
    stop: async () => {
      if (child.exitCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}
