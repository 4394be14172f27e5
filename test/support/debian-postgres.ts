/** Debian's PostgreSQL as a server of its own on loopback, durable, which a test may restart. */
import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { freePort } from './gateway.ts'

const binaries = '/usr/lib/postgresql/15/bin'
const run = promisify(execFile)

export interface TestPostgres {
  /** Connection string without a database. */
  readonly url: string
  readonly port: number
  /** Of the postmaster; its children do the work. */
  pid(): Promise<number>
  query(database: string, sql: string): Promise<void>
  /** Returns the new database's connection string. */
  createDatabase(name: string): Promise<string>
  /** Ends every session, as an operator's restart does, and starts again. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Postgres refuses to run as root; the Debian package brings this user. */
const asPostgres = (command: string, args: readonly string[]) =>
  process.getuid?.() === 0
    ? run('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', command, ...args])
    : run(command, [...args])

const prepare = async (folder: string): Promise<string> => {
  await chmod(folder, 0o755)
  const home = join(folder, 'pg')
  await mkdir(home)
  if (process.getuid?.() === 0) await run('chown', ['postgres', home])
  const data = join(home, 'data')
  await asPostgres(`${binaries}/initdb`, ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8'])
  return data
}

export const startDebianPostgres = async (wantedPort?: number): Promise<TestPostgres> => {
  const folder = await mkdtemp(join(tmpdir(), 'lakegate-postgres-'))
  const data = await prepare(folder)
  const port = wantedPort ?? (await freePort())
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200`
  const control = (...args: string[]) =>
    asPostgres(`${binaries}/pg_ctl`, ['-D', data, '-w', '-l', `${data}/server.log`, '-o', options, ...args])
  await control('start')
  const url = `postgres://postgres@127.0.0.1:${port}`
  const query = async (database: string, sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: `${url}/${database}` })
    await client.connect()
    await client.query(sql).finally(() => client.end())
  }
  return {
    url,
    port,
    pid: async () => Number((await readFile(`${data}/postmaster.pid`, 'utf8')).split('\n')[0]),
    query,
    createDatabase: async (name) => {
      await query('postgres', `create database ${name}`)
      return `${url}/${name}`
    },
    restart: async () => {
      await control('restart', '-m', 'fast')
    },
    stop: async () => {
      await control('stop', '-m', 'immediate')
      await rm(folder, { recursive: true, force: true })
    },
  }
}
