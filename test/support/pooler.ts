/** Debian's pgbouncer in transaction mode in front of a test server, on a unix socket. */
import { accessSync } from 'node:fs'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { TestServer } from './database.ts'
import { startKept, systemUser } from './kept-process.ts'

const binary = '/usr/sbin/pgbouncer'

export const hasPooler = ((): boolean => {
  try {
    accessSync(binary)
    return true
  } catch {
    return false
  }
})()

export interface Pooler extends AsyncDisposable {
  /** The way through the pooler to what `url` names. */
  through(url: string): string
}

const settings = (folder: string, server: TestServer): string => `
[databases]
* = host=${server.socketFolder} port=5432
[pgbouncer]
unix_socket_dir = ${folder}
listen_port = 6432
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 500
logfile = ${folder}/log
pidfile = ${folder}/pid
`

/** Few server connections for many clients, so that transactions of one client really meet different ones. */
export const openPooler = async (server: TestServer): Promise<Pooler> => {
  const folder = await mkdtemp(join(tmpdir(), 'lakegate-pooler-'))
  const user = systemUser(server.runsAs)
  const config = join(folder, 'pgbouncer.ini')
  const login = new URL(server.urlOf('postgres')).username
  await writeFile(config, settings(folder, server).replaceAll('* = ', `* = user=${login} `))
  if (user !== undefined) await chown(folder, user.uid, user.gid)
  const process = await startKept([binary, config], user)
  const through = (url: string): string => {
    const changed = new URL(url)
    changed.searchParams.set('host', folder)
    changed.port = '6432'
    return changed.href
  }
  for (let attempt = 0; ; attempt += 1) {
    const client = new pg.Client({ connectionString: through(server.urlOf('postgres')) })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.end()
      break
    } catch (error) {
      if (attempt > 100) throw error
      await sleep(50)
    }
  }
  return {
    through,
    [Symbol.asyncDispose]: async () => {
      await process.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
