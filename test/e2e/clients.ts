/** Real clients as suites: installed once into the cache folder, run against one catalog, read by their last line. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'

const here = import.meta.dirname
const cacheDir = process.env['LAKEGATE_CACHE'] ?? path.resolve(here, '../../.cache')
const reportsDir = process.env['LAKEGATE_REPORTS'] ?? path.join(cacheDir, 'reports')

interface Client {
  readonly folder: string
  readonly install: string
  readonly run: string
}

const clients = {
  /** Iceberg's own compatibility tests of catalogs, in Java. */
  rck: { folder: 'rck-1.11.0', install: 'rck/install.sh', run: 'rck/run.sh' },
  /** A walk through everything that PyIceberg does with a catalog. */
  smoke: { folder: 'pyiceberg-0.12.0', install: 'pyiceberg/install.sh', run: 'pyiceberg/smoke.sh' },
  /** PyIceberg's own integration tests. */
  pyiceberg: { folder: 'pyiceberg-0.12.0', install: 'pyiceberg/install.sh', run: 'pyiceberg/upstream.sh' },
  /** A walk through Spark SQL. */
  spark: { folder: 'spark-4.0.5', install: 'spark/install.sh', run: 'spark/run.sh' },
  /** A walk through DuckDB, an engine in C++ with a client of its own. */
  duckdb: { folder: 'duckdb-1.5.5', install: 'duckdb/install.sh', run: 'duckdb/run.sh' },
  /** A walk through Sail, an engine in Rust with a client of its own. */
  sail: { folder: 'sail-0.7.2', install: 'sail/install.sh', run: 'sail/run.sh' },
} as const satisfies Record<string, Client>

export type ClientName = keyof typeof clients

export interface Target {
  /** Base of Iceberg REST, without `/v1`. */
  readonly uri: string
  /** Sent as `?warehouse=`; empty sends none. */
  readonly warehouse: string
  /** Further client properties, such as `s3.endpoint`. */
  readonly properties?: Readonly<Record<string, string>>
  /** Switches of the client's own suite. */
  readonly env?: Readonly<Record<string, string>>
}

export interface Figures {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

interface Ended {
  readonly status: number | null
  readonly output: string
}

const execute = async (command: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> => {
  const [file = '', ...args] = command
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)))
  const [status] = await once(child, 'close')
  return { status: typeof status === 'number' ? status : null, output }
}

/** The folder in which something is installed, by its script. */
export const install = async (client: Pick<Client, 'folder' | 'install'>): Promise<string> => {
  const folder = path.join(cacheDir, client.folder)
  const command = [path.join(here, 'prepare.sh'), folder, path.join(here, client.install)]
  const { status, output } = await execute(command, {})
  if (status !== 0) throw new Error(`${client.install} failed:\n${output}`)
  return folder
}

/** The folder in which a client is installed. */
export const installClient = (name: ClientName): Promise<string> => install(clients[name])

/** `s3.access-key-id` is `CATALOG_S3_ACCESS__KEY__ID`. */
const variables = (target: Target): Record<string, string> => {
  const properties = { uri: target.uri, warehouse: target.warehouse, ...target.properties }
  const named = Object.entries(properties).map(([key, value]) => [
    `CATALOG_${key.replaceAll('-', '__').replaceAll('.', '_').toUpperCase()}`,
    value,
  ])
  return { ...Object.fromEntries(named), ...target.env }
}

const figuresOf = (output: string): Figures => {
  const found = /(\d+) passed, (\d+) failed, (\d+) skipped\s*$/.exec(output)
  if (found === null) throw new Error(`the client printed no figures:\n${output.slice(-3000)}`)
  const [passed, failed, skipped] = found.slice(1).map(Number)
  return { passed: passed ?? 0, failed: failed ?? 0, skipped: skipped ?? 0 }
}

/**
 * Runs one client's whole suite against one catalog. `run` names the pair; its reports go to a folder of that
 * name and its figures to `figures.json` there. What failed is printed.
 */
export const runClient = async (run: string, name: ClientName, target: Target): Promise<Figures> => {
  const client = clients[name]
  const installed = await install(client)
  const out = path.join(reportsDir, run)
  await mkdir(out, { recursive: true })
  const env = { ...variables(target), INSTALLED: installed }
  const { output } = await execute([path.join(here, client.run), out], env)
  await writeFile(path.join(out, 'output.txt'), output)
  const figures = figuresOf(output)
  await writeFile(path.join(out, 'figures.json'), JSON.stringify(figures))
  const failures = output.split('\n').filter((line) => line.startsWith('FAILED'))
  if (failures.length > 0) console.error(`${run}:\n${failures.join('\n')}`)
  return figures
}
