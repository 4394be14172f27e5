/**
 * The embedded database: a real PostgreSQL from npm as a child process, on a unix socket, in the data folder. It ends
 * with the gateway and is started again when it dies alone.
 */
import { createHash } from 'node:crypto'
import { chmod, chown, lstat, mkdir, readFile, realpath, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { openBinaries } from './embedded-binaries.ts'
import { lockFolder } from './embedded-lock.ts'
import {
  clearLeftover,
  initialize,
  type PostgresProcess,
  type ProcessPlan,
  startProcess,
} from './embedded-process.ts'
import { type DatabaseUser, findDatabaseUser, prepareLaunch } from './embedded-user.ts'

export interface EmbeddedOptions {
  /** The data folder; the database lives in `database` below it. Made when it is not there. */
  readonly folder: string
  readonly log?: (event: string, detail: Readonly<Record<string, unknown>>) => void
}

export interface EmbeddedDatabase extends AsyncDisposable {
  /** For `openDatabase`. */
  readonly url: string
}

const databaseName = 'lakegate'
const major = '18'
/** Of a unix socket's whole path on the systems that we run on. */
const maxSocketPath = 103

const plainReasons: Readonly<Record<string, string>> = {
  EACCES: 'it may not be written or entered by this user',
  EPERM: 'it may not be changed by this user',
  EROFS: 'it lies on a read-only file system',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is a file',
  EEXIST: 'there is a file of that name',
}

/** An error of the file system or of PostgreSQL as a sentence that names the folder and the reason. */
const explain = (folder: string, error: unknown): Error => {
  const { code, message } = error as { code?: unknown; message?: unknown }
  const text = String(message)
  if (text.includes('could not look up effective user ID'))
    return new Error(
      'The embedded database needs a user that has a name: give this user an entry in /etc/passwd, start the gateway as another one, or set `server.database` to the URL of a PostgreSQL 15 or newer',
      { cause: error },
    )
  const reason = text.includes('No space left on device')
    ? plainReasons['ENOSPC']
    : plainReasons[typeof code === 'string' ? code : '']
  if (reason === undefined) return error instanceof Error ? error : new Error(text)
  return new Error(`The data folder ${folder} cannot be used: ${reason}`, { cause: error })
}

const explained = async <T>(folder: string, work: Promise<T>): Promise<T> => {
  try {
    return await work
  } catch (error) {
    throw explain(folder, error)
  }
}

const give = async (path: string, user: DatabaseUser | undefined): Promise<void> => {
  await chmod(path, 0o700)
  if (user !== undefined) await chown(path, user.uid, user.gid)
}

/** In the data folder, or in a private short one where the socket's path would be too long. */
const prepareSocketFolder = async (folder: string, user: DatabaseUser | undefined): Promise<string> => {
  const own = join(folder, 'socket')
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16)
  const path =
    Buffer.byteLength(join(own, '.s.PGSQL.5432.lock')) <= maxSocketPath
      ? own
      : join(tmpdir(), `lakegate-${name}`)
  await mkdir(path, { mode: 0o700 }).catch(async (cause: unknown) => {
    const found = await lstat(path)
    const owners = [process.getuid?.(), user?.uid]
    if (!found.isDirectory() || !owners.includes(found.uid))
      throw new Error(`The data folder ${folder} cannot be used: ${path} belongs to another user`, { cause })
  })
  await give(path, user)
  return path
}

const isPresent = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )

const checkVersion = async (database: string): Promise<void> => {
  const version = (await readFile(join(database, 'PG_VERSION'), 'utf8')).trim()
  if (version !== major)
    throw new Error(`${database} was made by PostgreSQL ${version}, this build brings ${major}`)
}

/** `initdb` into a folder beside, renamed when it is whole: a start that was killed leaves nothing half done. */
const prepareDatabase = async (plan: ProcessPlan, user: DatabaseUser | undefined): Promise<void> => {
  if (await isPresent(plan.database)) return checkVersion(plan.database)
  const fresh = `${plan.database}.new`
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { mode: 0o700 })
  await give(fresh, user)
  await initialize(plan, fresh)
  await rename(fresh, plan.database)
}

const urlOf = (socketFolder: string, database: string): string =>
  `postgres://lakegate@localhost/${database}?host=${encodeURIComponent(socketFolder)}`

/** `initdb` makes `postgres` alone. Outside of the first start this finds it at once. */
const ensureDatabase = async (socketFolder: string): Promise<void> => {
  const client = new pg.Client({ connectionString: urlOf(socketFolder, 'postgres') })
  await client.connect()
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [databaseName])
    if (rowCount === 0) await client.query(`create database ${databaseName}`)
  } finally {
    await client.end()
  }
}

/** A killed server's children hold its shared memory for a moment. */
const isPassing = (error: unknown): boolean =>
  error instanceof Error && /shared memory block|lock file|still in use/.test(error.message)

const start = async (plan: ProcessPlan): Promise<PostgresProcess> => {
  for (let attempt = 1; ; attempt += 1) {
    await clearLeftover(plan.database)
    try {
      return await startProcess(plan)
    } catch (error) {
      if (attempt >= 20 || !isPassing(error)) throw error
      await sleep(250)
    }
  }
}

/** Starts PostgreSQL again whenever it ends without being told to, more slowly each time in a row. */
const supervise = (plan: ProcessPlan, first: PostgresProcess, log: NonNullable<EmbeddedOptions['log']>) => {
  let current = first
  let stopping = false
  const restart = async (): Promise<void> => {
    for (let attempt = 0; !stopping; attempt += 1) {
      try {
        current = await start(plan)
        return
      } catch (error) {
        log('embedded-database.did-not-start', { error: String(error) })
        await sleep(Math.min(100 * 2 ** attempt, 5_000))
      }
    }
  }
  const watch = async (): Promise<void> => {
    for (;;) {
      await current.exited
      if (stopping) return
      log('embedded-database.ended', {})
      await restart()
    }
  }
  const watching = watch()
  return async (): Promise<void> => {
    stopping = true
    await current.stop()
    await watching
    await current.stop()
  }
}

const prepare = async (folder: string): Promise<ProcessPlan> => {
  const database = join(folder, 'database')
  const user = await findDatabaseUser(database)
  const binaries = await openBinaries(join(folder, 'lib'))
  const launch = await prepareLaunch(user, [folder, binaries.folder])
  const socketFolder = await prepareSocketFolder(folder, user)
  const plan = {
    binaries,
    launch,
    database,
    socketFolder,
    logFile: join(folder, 'database.log'),
  }
  await prepareDatabase(plan, user)
  return plan
}

/**
 * Ready for connections on return. Throws a plain sentence: another gateway uses the folder, the folder cannot be
 * used, the disk is full, the database is of another version, or PostgreSQL's own last words.
 */
export const openEmbedded = async (options: EmbeddedOptions): Promise<EmbeddedDatabase> => {
  await explained(options.folder, mkdir(options.folder, { recursive: true }))
  const folder = await realpath(options.folder)
  const lock = await lockFolder(folder)
  try {
    const plan = await explained(folder, prepare(folder))
    const process = await explained(folder, start(plan))
    await ensureDatabase(plan.socketFolder)
    const stop = supervise(plan, process, options.log ?? (() => {}))
    return {
      url: urlOf(plan.socketFolder, databaseName),
      [Symbol.asyncDispose]: async () => {
        await stop()
        await lock.release()
      },
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}
