/** A real Trino on loopback, one coordinator that is its own worker, and what its OPA plugin has asked. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '../support/gateway.ts'
import type { OpaAction } from '../support/opa-requests.ts'
import { install } from './clients.ts'

/** Of a `.properties` file. */
export type Properties = Readonly<Record<string, string | number>>

export interface TrinoOptions {
  /** An empty folder of its own. */
  readonly folder: string
  /** Of the one catalog, `iceberg`. */
  readonly catalog: Properties
  /** Of its one access control. */
  readonly accessControl: Properties
  /** PEM: the authority that it trusts beside those of Java. */
  readonly authority: string
}

/** A request as the plugin has written it into its log. */
interface OpaRequest {
  readonly uri: string
  readonly body: {
    readonly input: { readonly context: Readonly<Record<string, unknown>>; readonly action: OpaAction }
  }
}

type Row = readonly unknown[]

export interface Trino extends AsyncDisposable {
  /** Rows of one statement, or the words by which Trino has refused it. */
  run(user: string, sql: string): Promise<readonly Row[] | string>
  /** At what administrators look at: queries of others, nodes, states. Whatever the answers are. */
  look(user: string): Promise<void>
  /** Everything that its plugin has asked so far, in order. */
  asked(): readonly OpaRequest[]
}

const installed = { folder: 'trino-476', install: 'trino/install.sh' }
const startTimeoutMs = 240_000
const trustPassword = 'changeit'

const writeProperties = (file: string, properties: Properties): Promise<void> =>
  writeFile(
    file,
    Object.entries(properties)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )

const serverProperties = (folder: string, home: string, port: number): Properties => ({
  ...{ 'node.environment': 'test', 'node.internal-address': '127.0.0.1', 'node.bind-ip': '127.0.0.1' },
  ...{ coordinator: 'true', 'node-scheduler.include-coordinator': 'true' },
  ...{ 'http-server.http.port': port, 'discovery.uri': `http://127.0.0.1:${port}` },
  ...{ 'plugin.dir': path.join(home, 'plugin'), 'catalog.config-dir': path.join(folder, 'catalog') },
  'access-control.config-files': path.join(folder, 'access-control.properties'),
  ...{ 'query.max-memory': '300MB', 'query.max-memory-per-node': '300MB' },
  'memory.heap-headroom-per-node': '200MB',
})

const configure = async (options: TrinoOptions, home: string, port: number): Promise<void> => {
  const { folder, catalog, accessControl, authority } = options
  await mkdir(path.join(folder, 'catalog'), { recursive: true })
  const at = (name: string) => path.join(folder, name)
  await writeProperties(at('config.properties'), serverProperties(folder, home, port))
  await writeProperties(at('catalog/iceberg.properties'), catalog)
  // Its requests are in the log where the plugin is asked to write them there.
  await writeProperties(at('access-control.properties'), { ...accessControl, 'opa.log-requests': 'true' })
  await writeProperties(at('log.properties'), { 'io.trino.plugin.opa': 'DEBUG' })
  await writeFile(at('authority.pem'), authority)
  await promisify(execFile)(path.join(home, 'java/bin/keytool'), [
    ...['-importcert', '-noprompt', '-alias', 'authority', '-file', at('authority.pem')],
    ...['-keystore', at('trust.p12'), '-storetype', 'PKCS12', '-storepass', trustPassword],
  ])
}

const javaOptions = (folder: string): readonly string[] => [
  ...['-Xmx1G', '-XX:+UseG1GC', '-XX:TieredStopAtLevel=1', '-Djdk.attach.allowAttachSelf=true'],
  ...['--enable-native-access=ALL-UNNAMED', '--sun-misc-unsafe-memory-access=allow'],
  `-Dconfig=${path.join(folder, 'config.properties')}`,
  `-Dlog.levels-file=${path.join(folder, 'log.properties')}`,
  `-Djavax.net.ssl.trustStore=${path.join(folder, 'trust.p12')}`,
  `-Djavax.net.ssl.trustStorePassword=${trustPassword}`,
]

const started = '======== SERVER STARTED ========'

interface Process {
  output(): string
  stop(): Promise<void>
}

const startProcess = async (folder: string, home: string): Promise<Process> => {
  const main = ['-cp', path.join(home, 'lib/*'), 'io.trino.server.TrinoServer']
  const child = spawn(path.join(home, 'java/bin/java'), [...javaOptions(folder), ...main], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (data: string) => {
      output += data
    })
  const exited = () => child.exitCode !== null || child.signalCode !== null
  const stop = async () => {
    if (exited()) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const until = Date.now() + startTimeoutMs
  while (!output.includes(started)) {
    if (exited() || Date.now() > until) {
      await stop()
      throw new Error(`Trino is not ready\n${output.slice(-5_000)}`)
    }
    await delay(100)
  }
  return { output: () => output, stop }
}

interface Page {
  readonly nextUri?: string
  readonly data?: readonly Row[]
  readonly error?: { readonly errorName: string; readonly message: string }
}

const statement = async (origin: string, user: string, sql: string): Promise<readonly Row[] | string> => {
  const headers = { 'x-trino-user': user, 'x-trino-catalog': 'iceberg' }
  const read = async (url: string, init: RequestInit): Promise<Page> => {
    const answer = await fetch(url, { ...init, headers })
    const text = await answer.text()
    return answer.ok
      ? (JSON.parse(text) as Page)
      : { error: { errorName: String(answer.status), message: text } }
  }
  const rows: Row[] = []
  let page = await read(`${origin}/v1/statement`, { method: 'POST', body: sql })
  for (;;) {
    if (page.error) return `${page.error.errorName}: ${page.error.message}`
    rows.push(...(page.data ?? []))
    if (page.nextUri === undefined) return rows
    page = await read(page.nextUri, {})
  }
}

/** A server that has started has itself as a worker only some time later: what is asked before has not begun. */
const statementOnceReady = async (...asked: Parameters<typeof statement>): ReturnType<typeof statement> => {
  const until = Date.now() + startTimeoutMs
  for (;;) {
    const answer = await statement(...asked)
    if (typeof answer !== 'string' || !answer.startsWith('NO_NODES_AVAILABLE')) return answer
    if (Date.now() > until) return answer
    await delay(500)
  }
}

const lookAround = async (origin: string, user: string): Promise<void> => {
  const headers = { 'x-trino-user': user, 'content-type': 'application/json' }
  const read = async (method: string, target: string, more: object = {}): Promise<string> =>
    (await fetch(origin + target, { method, headers, ...more })).text()
  const own = await read('POST', '/v1/statement', { body: 'SELECT 1', headers: { 'x-trino-user': 'carol' } })
  const { id } = JSON.parse(own) as { readonly id: string }
  for (const target of ['/v1/query', `/v1/query/${id}`, '/v1/node', '/v1/status']) await read('GET', target)
  await read('DELETE', `/v1/query/${id}`)
  await read('PUT', '/v1/info/state', { body: '"ACTIVE"' })
  await read('POST', '/v1/statement', {
    body: 'SELECT 1',
    headers: { 'x-trino-user': 'carol', 'x-trino-original-user': user },
  })
}

const logged = /Sending OPA request to URI "([^"]*)" ; request body = ([\s\S]*?) ; request headers = /g

export const startTrino = async (options: TrinoOptions): Promise<Trino> => {
  const home = await install(installed)
  const port = await freePort()
  await configure(options, home, port)
  const { output, stop } = await startProcess(options.folder, home)
  return {
    look: (user) => lookAround(`http://127.0.0.1:${port}`, user),
    run: (user, sql) => statementOnceReady(`http://127.0.0.1:${port}`, user, sql),
    asked: () =>
      [...output().matchAll(logged)].map(([, uri = '', body = '']) => ({
        uri,
        body: JSON.parse(body) as OpaRequest['body'],
      })),
    [Symbol.asyncDispose]: stop,
  }
}
