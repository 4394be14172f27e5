/** The terminal of this process. */
import { spawn } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientIdentity, PrivateFiles, Terminal } from './terminal.ts'

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code
const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT'

const files: PrivateFiles = {
  read: async (path) => {
    try {
      return { text: await readFile(path, 'utf8'), mode: (await stat(path)).mode }
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  },
  list: async (path) => {
    try {
      const entries = await readdir(path, { withFileTypes: true })
      return entries.flatMap((entry) => (entry.isFile() ? [entry.name] : [])).toSorted()
    } catch (error) {
      if (isMissing(error) || codeOf(error) === 'ENOTDIR') return undefined
      throw error
    }
  },
  write: async (path, content) => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const draft = `${path}.${process.pid}`
    try {
      await writeFile(draft, content, { mode: 0o600, flush: true })
      await chmod(draft, 0o600)
      await rename(draft, path)
    } finally {
      await rm(draft, { force: true })
    }
  },
}

const browsers: Readonly<Record<string, string>> = { darwin: 'open', linux: 'xdg-open' }

/** Without a browser the address that was printed is enough. */
const browse = (url: string): void => {
  const program = browsers[process.platform]
  if (program === undefined) return
  const child = spawn(program, [url], { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}

/** Whoever reads on, e.g. `head`, may have had enough: that is no error. */
const endQuietly = (): void => {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit()
    throw error
  })
}

/** The client that brings its own sockets is loaded only by who has a certificate to show. */
const fetchAs = (origin: string, { certificate, key }: ClientIdentity): typeof fetch => {
  const host = new URL(origin).origin
  const opening = import('undici').then(({ Agent, fetch: ask }) => {
    const dispatcher = new Agent({ connect: { cert: certificate, key } })
    return (input: string | URL, init: RequestInit) => ask(input, { ...init, dispatcher } as object)
  })
  return (async (input: string | URL | Request, init: RequestInit = {}) => {
    const url = new URL(input instanceof Request ? input.url : input)
    return url.origin === host ? (await opening)(url, init) : fetch(input, init)
  }) as typeof fetch
}

const terminal: Terminal = {
  environment: process.env,
  print: (line) => {
    process.stdout.write(`${line}\n`)
  },
  tell: (line) => {
    process.stderr.write(`${line}\n`)
  },
  readInput: async () => (await text(process.stdin)).replace(/\r?\n$/, ''),
  files,
  fetch,
  fetchAs,
  now: Date.now,
  pause: (milliseconds) => sleep(milliseconds),
  browse,
}

export const openTerminal = (): Terminal => {
  endQuietly()
  return terminal
}
