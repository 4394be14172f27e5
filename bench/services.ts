/** The servers that the subjects stand on: one private Postgres for all, and gateways on it. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Subject, startSubject } from './process.ts'

const postgresBin = '/usr/lib/postgresql/15/bin'
const key = Buffer.alloc(32, 7).toString('base64')

export interface Postgres {
  readonly url: string
  /** The postmaster; its children are what costs. */
  readonly pid: number
  query(database: string, sql: string): void
  stop(): void
}

const asPostgres = (args: readonly string[]): string =>
  execFileSync('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })

/** A scratch folder that other users may enter: Postgres does not run as root. */
export const scratch = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'lakegate-bench-'))
  chmodSync(folder, 0o755)
  return folder
}

/** Debian's Postgres with durable commits, on loopback. */
export const startPostgres = (folder: string, port: number): Postgres => {
  const data = join(folder, 'pg')
  mkdirSync(data)
  execFileSync('chown', ['postgres', data])
  asPostgres([`${postgresBin}/initdb`, '-D', `${data}/data`, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8'])
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${data} -c max_connections=200`
  asPostgres([
    `${postgresBin}/pg_ctl`,
    '-D',
    `${data}/data`,
    '-w',
    '-l',
    `${data}/log`,
    '-o',
    options,
    'start',
  ])
  const pid = Number(execFileSync('head', ['-1', `${data}/data/postmaster.pid`], { encoding: 'utf8' }))
  const query = (database: string, sql: string) =>
    execFileSync('psql', [
      '-h',
      '127.0.0.1',
      '-p',
      String(port),
      '-U',
      'postgres',
      '-d',
      database,
      '-qc',
      sql,
    ])
  return {
    url: `postgres://postgres@127.0.0.1:${port}`,
    pid,
    query,
    stop: () => asPostgres([`${postgresBin}/pg_ctl`, '-D', `${data}/data`, '-m', 'immediate', '-w', 'stop']),
  }
}

export interface GatewayOptions {
  readonly name: string
  readonly folder: string
  readonly port: number
  /** `embedded`, or a connection string of an empty database. */
  readonly database: string
  /** Upstream Iceberg REST URI, mounted at `legacy`. */
  readonly upstream?: string
}

const configuration = (options: GatewayOptions): string => {
  const state = options.upstream
    ? `  connections:\n    - { name: legacy, kind: iceberg-rest, uri: "${options.upstream}", auth: { kind: none } }\n`
    : ''
  const mounts = options.upstream
    ? '      mounts:\n        - { namespace: [legacy], connection: legacy }\n'
    : ''
  return `server:
  database: ${options.database}
state:
${state}  warehouses:
    - name: default
      location: file://${options.folder}/lake
${mounts}`
}

const main = ['src/main.ts']

/** A gateway with its own configuration; an external database is prepared first. */
export const startGateway = async (options: GatewayOptions): Promise<Subject> => {
  mkdirSync(join(options.folder, 'lake'), { recursive: true })
  const file = join(options.folder, `${options.name}.yaml`)
  writeFileSync(file, configuration(options))
  const env = { LAKEGATE_KEY: key }
  const shared = ['--config', file, '--data', join(options.folder, 'data')]
  if (options.database !== 'embedded')
    execFileSync(process.execPath, [...main, 'migrate-schema', ...shared], {
      env: { ...process.env, ...env },
    })
  const origin = `http://127.0.0.1:${options.port}`
  const subject = await startSubject({
    name: options.name,
    command: [process.execPath, ...main, 'serve', ...shared, '--port', String(options.port)],
    url: origin,
    probe: `${origin}/health/ready`,
    env,
  })
  if (options.database !== 'embedded') applyState(file, origin, env)
  return subject
}

const applyState = (file: string, origin: string, env: Readonly<Record<string, string>>): void => {
  execFileSync(process.execPath, [...main, 'apply', '--config', file, '--url', origin], {
    env: { ...process.env, ...env },
  })
}

export const discard = (folder: string): void => rmSync(folder, { recursive: true, force: true })
