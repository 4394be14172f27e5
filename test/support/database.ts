/**
 * Databases for tests: the embedded PostgreSQL and Debian's PostgreSQL 15, each started once a worker on a folder that
 * is kept between runs, with a fresh database a call. Nothing here listens on TCP.
 */
import { randomBytes } from 'node:crypto'
import { accessSync } from 'node:fs'
import { chmod, chown, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { applyChanges } from '#store/apply-changes.ts'
import { type Database, type DatabaseConfig, openDatabase } from '#store/database.ts'
import { openEmbedded } from '#store/embedded.ts'
import { lockFolder } from '#store/embedded-lock.ts'
import { type Kept, startKept, systemUser } from './kept-process.ts'
import { dumpDatabase, noteDatabaseLog } from './leaks/dump.ts'

export type TestServerKind = 'embedded' | 'debian'

/** Where Debian puts its PostgreSQL 15; tests of it are skipped where it is missing. */
const debianBinaries = '/usr/lib/postgresql/15/bin'

const isInstalled = (path: string): boolean => {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}

/** The servers that this machine can run: `describe.each(testServers)`. */
export const testServers: readonly TestServerKind[] = isInstalled(`${debianBinaries}/postgres`)
  ? ['embedded', 'debian']
  : ['embedded']

export interface TestServer extends AsyncDisposable {
  readonly socketFolder: string
  /** The operating system's user that the server runs as, where we are root. */
  readonly runsAs: string
  urlOf(database: string): string
}

export interface TestDatabase extends AsyncDisposable {
  readonly database: Database
  /** For a second pool, or for a gateway process. */
  readonly url: string
  readonly server: TestServer
}

const socketUrl = (socketFolder: string, user: string) => (database: string) =>
  `postgres://${user}@localhost/${database}?host=${encodeURIComponent(socketFolder)}`

const openEmbeddedServer = async (folder: string): Promise<TestServer> => {
  const embedded = await openEmbedded({ folder })
  const socketFolder = new URL(embedded.url).searchParams.get('host') ?? ''
  return {
    socketFolder,
    runsAs: 'nobody',
    urlOf: socketUrl(socketFolder, 'lakegate'),
    [Symbol.asyncDispose]: async () => {
      noteDatabaseLog(join(folder, 'database.log'))
      await embedded[Symbol.asyncDispose]()
    },
  }
}

const debianSettings = (socketFolder: string): readonly string[] =>
  ['listen_addresses=', `unix_socket_directories=${socketFolder}`, 'max_connections=200'].flatMap(
    (setting) => ['-c', setting],
  )

const waitForServer = async (url: string): Promise<void> => {
  for (let attempt = 0; ; attempt += 1) {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => {})
    try {
      await client.connect()
      return await client.end()
    } catch (error) {
      if (attempt > 200) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

const openDebianServer = async (folder: string): Promise<TestServer> => {
  const lock = await lockFolder(folder)
  const user = systemUser('postgres')
  await chmod(folder, 0o755)
  if (user !== undefined) await chown(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  if (!isInstalled(join(data, 'PG_VERSION'))) {
    const initdb = await startKept(
      [
        `${debianBinaries}/initdb`,
        '-D',
        data,
        '-U',
        'postgres',
        '-A',
        'trust',
        '-E',
        'UTF8',
        '--locale=C.UTF-8',
        '--no-sync',
      ],
      user,
    )
    await initdb.ended
  }
  const server: Kept = await startKept(
    [`${debianBinaries}/postgres`, '-D', data, ...debianSettings(folder)],
    user,
  )
  const urlOf = socketUrl(folder, 'postgres')
  await waitForServer(urlOf('postgres'))
  return {
    socketFolder: folder,
    runsAs: 'postgres',
    urlOf,
    [Symbol.asyncDispose]: async () => {
      await server.stop()
      await lock.release()
    },
  }
}

/** The first folder that no other worker or run holds. */
const openFreeSlot = async (kind: TestServerKind): Promise<TestServer> => {
  const open = kind === 'embedded' ? openEmbeddedServer : openDebianServer
  for (let slot = 0; slot < 64; slot += 1) {
    const folder = join(tmpdir(), `lakegate-test-${kind}-${process.getuid?.() ?? 0}-${slot}`)
    await mkdir(folder, { recursive: true })
    try {
      return await open(folder)
    } catch (error) {
      if (!String(error).includes('Another gateway')) throw error
    }
  }
  throw new Error('All test databases are in use')
}

const withAdmin = async (server: TestServer, work: (client: pg.Client) => Promise<void>): Promise<void> => {
  const client = new pg.Client({ connectionString: server.urlOf('postgres') })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

/** What an earlier run that was killed left behind; the folder's lock says that nobody uses it. */
const dropLeftovers = (server: TestServer): Promise<void> =>
  withAdmin(server, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select datname as name from pg_database where datname like 'test\\_%'`,
    )
    for (const { name } of rows) await client.query(`drop database ${name} with (force)`)
  })

interface Shared {
  readonly server: TestServer
  users: number
}

const running = new Map<TestServerKind, Promise<Shared>>()

const acquireServer = async (kind: TestServerKind): Promise<Shared> => {
  const opening =
    running.get(kind) ??
    openFreeSlot(kind).then(async (server) => {
      await dropLeftovers(server)
      return { server, users: 0 }
    })
  running.set(kind, opening)
  const shared = await opening
  shared.users += 1
  return shared
}

const releaseServer = async (kind: TestServerKind, shared: Shared): Promise<void> => {
  shared.users -= 1
  if (shared.users > 0) return
  running.delete(kind)
  await shared.server[Symbol.asyncDispose]()
}

export interface TestDatabaseOptions {
  readonly kind?: TestServerKind
  /** False: an empty database, without our schema. */
  readonly schema?: boolean
  readonly config?: Omit<DatabaseConfig, 'url'>
}

/** A database of its own with the schema applied. Dispose it in `afterAll`: the server stops with its last user. */
export const openTestDatabase = async (options: TestDatabaseOptions = {}): Promise<TestDatabase> => {
  const kind = options.kind ?? 'embedded'
  const shared = await acquireServer(kind)
  const name = `test_${randomBytes(8).toString('hex')}`
  await withAdmin(shared.server, async (client) => {
    await client.query(`create database ${name}`)
  })
  const url = shared.server.urlOf(name)
  const database = await openDatabase({ url, ...options.config })
  if (options.schema !== false) await applyChanges(database)
  return {
    database,
    url,
    server: shared.server,
    [Symbol.asyncDispose]: async () => {
      // A test may have dropped it or taken its server away.
      await dumpDatabase(url).catch(() => {})
      await database[Symbol.asyncDispose]()
      await withAdmin(shared.server, async (client) => {
        await client.query(`drop database if exists ${name} with (force)`)
      })
      await releaseServer(kind, shared)
    },
  }
}
