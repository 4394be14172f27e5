/** One gateway a data folder: a lock that the kernel gives back when its holder dies, and that can say who holds it. */
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface FolderLock {
  release(): Promise<void>
}

const refused = (folder: string, holder: string): Error =>
  new Error(
    `Another gateway (${holder}) already uses the data folder ${folder}: stop it, or choose another folder with --data`,
  )

/** Undefined where nobody answers: the holder is gone or going. */
const askHolder = (address: string): Promise<string | undefined> => {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const socket = connect(address)
  socket.setTimeout(1_000, () => socket.destroy())
  socket.once('data', (name) => resolve(name.toString('utf8')))
  socket.once('error', () => resolve(undefined))
  socket.once('close', () => resolve(undefined))
  return promise
}

/** Undefined where the name is taken. */
const listenAt = async (address: string): Promise<FolderLock | undefined> => {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end(`process ${process.pid}`)
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(address, resolve)
  try {
    await promise
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'EADDRINUSE') return undefined
    throw cause
  }
  server.unref()
  return { release: () => new Promise((done) => server.close(() => done())) }
}

const dyingTries = 60

/**
 * A name in Linux's abstract socket space: it is gone with its holder, so it is never stale. A holder that was just
 * killed keeps it for a moment.
 */
const lockBySocket = async (folder: string): Promise<FolderLock> => {
  const { dev, ino } = await stat(folder)
  const address = `\0lakegate-data-${dev}-${ino}`
  for (let tries = 1; ; tries += 1) {
    const lock = await listenAt(address)
    if (lock !== undefined) return lock
    const holder = await askHolder(address)
    if (holder !== undefined || tries === dyingTries) throw refused(folder, holder ?? 'an unknown process')
    await sleep(50)
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as { code?: unknown }).code === 'EPERM'
  }
}

const lockByFile = async (folder: string): Promise<FolderLock> => {
  const path = join(folder, 'gateway.pid')
  const holder = Number(await readFile(path, 'utf8').catch(() => ''))
  if (holder > 0 && holder !== process.pid && isAlive(holder)) throw refused(folder, `process ${holder}`)
  await rm(path, { force: true })
  await writeFile(path, String(process.pid), { flag: 'wx' }).catch((cause: unknown) => {
    throw new Error(`The data folder ${folder} could not be locked`, { cause })
  })
  return { release: () => rm(path, { force: true }) }
}

export const lockFolder = (folder: string): Promise<FolderLock> =>
  process.platform === 'linux' ? lockBySocket(folder) : lockByFile(folder)
