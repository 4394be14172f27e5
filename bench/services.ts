/** The gateways that are measured, each with its own configuration. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Subject, startSubject } from './process.ts'

const key = Buffer.alloc(32, 7).toString('base64')

/** A scratch folder that other users may enter: Postgres does not run as root. */
export const scratch = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'lakegate-bench-'))
  chmodSync(folder, 0o755)
  return folder
}

export interface GatewayOptions {
  readonly name: string
  readonly folder: string
  readonly port: number
  /** `embedded`, or a connection string of an empty database. */
  readonly database: string
  /** Upstream Iceberg REST URI, mounted at `legacy`. */
  readonly upstream?: string
  /** Further lines of `server:`, indented by two. */
  readonly server?: string
  readonly env?: Readonly<Record<string, string>>
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
${options.server ?? ''}state:
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
  const env = { LAKEGATE_KEY: key, ...options.env }
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
  execFileSync(process.execPath, [...main, 'apply', '--config', file, '--server', origin], {
    env: { ...process.env, ...env },
  })
}

export const discard = (folder: string): void => rmSync(folder, { recursive: true, force: true })
