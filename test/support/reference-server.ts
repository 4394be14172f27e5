/** Apache Iceberg's REST test server (Java) on an empty SQLite catalog: the reference that other servers are compared with. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from './gateway.ts'

export interface ReferenceServer {
  /** Base of the REST paths, without `/v1`; it has no prefix, ignores tokens and `?warehouse=`. */
  readonly uri: string
  /** Absolute folder where its tables lie; metadata locations start with `file://` and this folder. */
  readonly warehouseDir: string
  /** Ends the process and deletes its state. */
  stop(): Promise<void>
}

export interface ReferenceServerOptions {
  /** A free one by default. The server listens on all interfaces and cannot be told otherwise. */
  readonly port?: number
}

const icebergVersion = '1.11.0'
const startTimeoutMs = 60_000
const here = import.meta.dirname
const cacheDir = process.env['LAKEGATE_CACHE'] ?? path.resolve(here, '../../.cache')

const jars = path.join(cacheDir, `iceberg-reference-server-${icebergVersion}`)

const isCommand = (name: string): boolean =>
  (process.env['PATH'] ?? '').split(path.delimiter).some((folder) => existsSync(path.join(folder, name)))

/**
 * False where Java, or Maven for the first start, is missing: `describe.skipIf(!hasReferenceServer)`, so that a
 * machine without them still runs the other tests. In CI always true: there it is a fault.
 */
export const hasReferenceServer: boolean =
  process.env['CI'] !== undefined || (isCommand('java') && (existsSync(jars) || isCommand('mvn')))

/** Fetches the jars on first use (Maven and Java 17 needed), then starts one server with its own empty state. */
export const startReferenceServer = async (
  options: ReferenceServerOptions = {},
): Promise<ReferenceServer> => {
  await promisify(execFile)(path.join(here, 'reference-server/fetch.sh'), [jars])
  const port = await portFor(options.port)
  const stateDir = await mkdtemp(path.join(tmpdir(), 'iceberg-reference-'))
  const warehouseDir = path.join(stateDir, 'warehouse')
  const child = launch({ port, stateDir, warehouseDir })
  const uri = `http://127.0.0.1:${port}`
  const stop = async (): Promise<void> => {
    await end(child)
    await rm(stateDir, { recursive: true, force: true })
  }
  try {
    await untilReady(uri, child)
  } catch (error) {
    const log = await readFile(path.join(stateDir, 'server.log'), 'utf8').catch(() => '')
    await stop()
    throw new Error(`the reference server did not start: ${log.slice(-2000)}`, { cause: error })
  }
  return { uri, warehouseDir, stop }
}

interface Launch {
  readonly port: number
  readonly stateDir: string
  readonly warehouseDir: string
}

/** Each `CATALOG_` variable becomes a catalog property: `__` is a dash, `_` a dot. */
const launch = ({ port, stateDir, warehouseDir }: Launch): ChildProcess => {
  const env = {
    ...process.env,
    CATALOG_URI: `jdbc:sqlite:${stateDir}/catalog.db`,
    CATALOG_WAREHOUSE: `file://${warehouseDir}`,
    CATALOG_REST_PORT: String(port),
    CATALOG_CATALOG_NAME: 'reference',
    CATALOG_JDBC_STRICT__MODE: 'true',
  }
  const args = ['-Xmx1g', '-cp', `${jars}/*`, 'org.apache.iceberg.rest.RESTCatalogServer']
  // It writes relative paths where a request gives no location.
  const child = spawn('java', args, { env, cwd: stateDir, stdio: ['ignore', 'pipe', 'pipe'] })
  const log = createWriteStream(path.join(stateDir, 'server.log'))
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })
  child.once('close', () => log.end())
  return child
}

const untilReady = async (uri: string, child: ChildProcess): Promise<void> => {
  const failed = new AbortController()
  child.once('error', () => failed.abort())
  child.once('exit', () => failed.abort())
  const signal = AbortSignal.any([failed.signal, AbortSignal.timeout(startTimeoutMs)])
  for (;;) {
    signal.throwIfAborted()
    const answer = await fetch(`${uri}/v1/config`, { signal }).catch(() => undefined)
    if (answer?.ok === true) return
    await delay(100, undefined, { signal })
  }
}

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

/** Throws where something listens at the wanted port, which would be taken for our server. */
const portFor = async (wanted: number | undefined): Promise<number> => {
  if (wanted === undefined) return freePort()
  const probe = createServer().listen(wanted)
  await once(probe, 'listening')
  probe.close()
  await once(probe, 'close')
  return wanted
}
