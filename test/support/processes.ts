/** Looking at and ending processes that a test did not start itself. */
import { readdirSync, readFileSync } from 'node:fs'

const stat = (pid: string): { parent: number; name: string } | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const rest = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { parent: Number(rest[1]), name: text.slice(text.indexOf('(') + 1, text.lastIndexOf(')')) }
  } catch {
    return undefined
  }
}

const pids = (): string[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name))

/** All living descendants of a process with their names, parents first. */
export const descendantsOf = (pid: number): { pid: number; name: string }[] =>
  pids().flatMap((candidate) => {
    const seen = stat(candidate)
    if (seen?.parent !== pid) return []
    return [{ pid: Number(candidate), name: seen.name }, ...descendantsOf(Number(candidate))]
  })

/** The first `postgres` below a gateway: its embedded database. */
export const embeddedDatabasePid = (gatewayPid: number): number | undefined =>
  descendantsOf(gatewayPid).find((one) => one.name === 'postgres')?.pid

export const killHard = (pid: number | undefined): void => {
  if (pid === undefined) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
