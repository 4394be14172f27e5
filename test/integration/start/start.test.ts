/** The commands as a person runs them: real processes, real folders, a real database. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import {
  freePort,
  type Gateway,
  runLakegate,
  scratchFolder,
  startGateway,
  warehousePrefix,
} from '../../support/gateway.ts'
import { dumpDataFolder } from '../../support/leaks/dump.ts'
import { descendantsOf } from '../../support/processes.ts'

const entry = resolve(import.meta.dirname, '../../../src/main.ts')

const open: { discard(): Promise<void> }[] = []
const start = async (options: Parameters<typeof startGateway>[0] = {}): Promise<Gateway> => {
  const gateway = await startGateway(options)
  open.push(gateway)
  return gateway
}
const folder = async (): Promise<string> => {
  const path = await scratchFolder()
  open.push({ discard: () => rm(path, { recursive: true, force: true }) })
  return path
}

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.discard()
})

const json = async (url: string, init?: RequestInit): Promise<unknown> => (await fetch(url, init)).json()
const post = (url: string, body: unknown): Promise<unknown> =>
  json(url, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })

/** A failed start: its words and exit code. */
const failedStart = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const child = spawn(process.execPath, [entry, 'serve', ...args], { env: { ...process.env, ...env } })
  let words = ''
  child.stderr.on('data', (data) => (words += String(data)))
  const [code] = await once(child, 'exit')
  return { code, words }
}

describe('a start without configuration', () => {
  test('prepares data folder, database, project and warehouse, and says how to begin', async () => {
    const home = await folder()
    const port = await freePort()
    const child = spawn(process.execPath, [entry, 'serve', '--port', String(port)], { cwd: home })
    open.push({
      discard: async () => {
        await dumpDataFolder(join(home, 'lakegate-data'))
        child.kill('SIGTERM')
        if (child.exitCode === null) await once(child, 'exit')
      },
    })
    let printed = ''
    child.stdout.on('data', (data) => (printed += String(data)))
    await expect.poll(() => printed, { timeout: 60_000 }).toContain('Authentication is OFF')
    expect(printed).toContain(`http://127.0.0.1:${port}/catalog`)
    expect(printed).toContain('from pyiceberg.catalog import load_catalog')
    const key = await stat(join(home, 'lakegate-data/server.key'))
    expect(key.mode & 0o777).toBe(0o600)
    const config = (await json(`http://127.0.0.1:${port}/catalog/v1/config`)) as { endpoints: string[] }
    expect(config.endpoints).toContain('POST /v1/{prefix}/namespaces/{namespace}/tables')
    const { warehouses } = (await json(`http://127.0.0.1:${port}/management/v1/warehouse`)) as {
      warehouses: { name: string }[]
    }
    expect(warehouses.map(({ name }) => name)).toEqual(['default'])
  })
})

describe('a data folder', () => {
  test('keeps everything from one start to the next', async () => {
    const first = await start()
    await post(`${first.catalog}/v1/namespaces`, { namespace: ['kept'] })
    const config = await json(`${first.catalog}/v1/config`)
    expect(await first.stop()).toBe(0)
    const second = await start({ folder: first.folder })
    expect(await json(`${second.catalog}/v1/config`)).toEqual(config)
    expect(await json(`${second.catalog}/v1/namespaces`)).toMatchObject({ namespaces: [['kept']] })
  })

  test('of any name holds its default warehouse where the location says, letter by letter', async () => {
    const home = join(await folder(), "gate data ü %41 'x'")
    await mkdir(home)
    const gateway = await start({ folder: home, state: {} })
    const warehouse = await warehousePrefix(gateway)
    await post(`${warehouse}/namespaces`, { namespace: ['odd'] })
    const table = { name: 't', schema: { type: 'struct', 'schema-id': 0, fields: [] } }
    const made = (await post(`${warehouse}/namespaces/odd/tables`, table)) as { 'metadata-location': string }
    const file = made['metadata-location'].slice('file://'.length)
    expect(file.startsWith(join(home, 'data/warehouse/'))).toBe(true)
    expect((await stat(file)).isFile()).toBe(true)
  })

  test('that no location can name is refused at the first start, in words', async () => {
    const home = join(await folder(), 'a#b')
    const port = String(await freePort())
    const { code, words } = await failedStart(['--data', home, '--port', port])
    expect(code).toBe(1)
    expect(words).toContain(`${home}/warehouse has a name that no file location can have`)
  })

  test('serves one gateway at a time; the second is told so and disturbs nothing', async () => {
    const first = await start()
    const { code, words } = await failedStart([
      '--data',
      join(first.folder, 'data'),
      '--port',
      String(await freePort()),
    ])
    expect(code).toBe(1)
    expect(words).toContain(join(first.folder, 'data'))
    expect((await fetch(`${first.origin}/health/ready`)).status).toBe(200)
  })

  test('does not start with another server key', async () => {
    const first = await start()
    await first.stop()
    await writeFile(join(first.folder, 'data/server.key'), Buffer.alloc(32, 7).toString('base64'))
    const { code, words } = await failedStart(['--data', join(first.folder, 'data')])
    expect(code).toBe(1)
    expect(words).toMatch(/server key is not the one/)
  })
})

describe('a start that must not happen says why in one sentence and leaves nothing running', () => {
  test('a public address without a token', async () => {
    const home = await folder()
    const { code, words } = await failedStart(['--host', '0.0.0.0', '--data', join(home, 'data')])
    expect(code).toBe(1)
    expect(words).toMatch(/Refusing to listen on 0\.0\.0\.0 without authentication/)
    expect(existsSync(join(home, 'data'))).toBe(false)
  })

  test('files of this machine for clients of others', async () => {
    const home = await folder()
    const { code, words } = await failedStart(
      ['--host', '0.0.0.0', '--port', String(await freePort()), '--data', join(home, 'data')],
      { LAKEGATE_TOKEN: 'secret' },
    )
    expect(code).toBe(1)
    expect(words).toMatch(/shared-filesystem: true/)
  })

  test('a port that is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const home = await folder()
    const { code, words } = await failedStart(['--port', String(port), '--data', join(home, 'data')])
    taken.close()
    expect(code).toBe(1)
    expect(words).toMatch(/^[^\n{]*(EADDRINUSE|in use)[^\n]*\n$/)
    expect(existsSync(join(home, 'data/database/postmaster.pid'))).toBe(false)
  })

  test('an unknown key in the file', async () => {
    const home = await folder()
    await writeFile(join(home, 'lakegate.yaml'), 'server: { databse: embedded }')
    const { code, words } = await failedStart(['--config', join(home, 'lakegate.yaml')])
    expect(code).toBe(1)
    expect(words).toMatch(/server\.databse is unknown; did you mean "database"\?/)
  })

  test('an unknown command or option', async () => {
    await expect(runLakegate(['aply'])).rejects.toThrow(/did you mean "apply"/)
    await expect(runLakegate(['serve', '--prot', '1'])).rejects.toThrow(/--prot/)
  })
})

describe('the token', () => {
  test('is required on every face once it is set, and development mode is over', async () => {
    const gateway = await start({ server: { token: 'env:T' }, env: { T: 'secret' } })
    const headers = { authorization: 'Bearer secret' }
    for (const path of ['/catalog/v1/config', '/management/v1/warehouse']) {
      expect((await fetch(gateway.origin + path)).status).toBe(401)
      const answer = await fetch(gateway.origin + path, { headers })
      expect(answer.status).toBe(200)
      expect(answer.headers.get('lakegate-mode')).toBeNull()
    }
    expect(gateway.output()).not.toContain('secret')
  })

  test('absent, every answer says that this is development mode', async () => {
    const gateway = await start()
    const answer = await fetch(`${gateway.catalog}/v1/config`)
    expect(answer.headers.get('lakegate-mode')).toBe('development')
  })
})

describe('apply', () => {
  test('finds nothing to do after the start that took the same state, and makes later changes once', async () => {
    const upstream = await start()
    const connections = [
      { name: 'legacy', kind: 'iceberg-rest', uri: upstream.catalog, warehouse: '', auth: { kind: 'none' } },
    ]
    const mounts = [{ namespace: ['legacy'], connection: 'legacy' }]
    const lake = await folder()
    const warehouses = [{ name: 'default', location: `file://${lake}`, mounts }]
    const gateway = await start({ state: { connections, warehouses } })
    const config = join(gateway.folder, 'lakegate.yaml')
    const apply = async (...flags: string[]): Promise<string> =>
      (await runLakegate(['apply', '--config', config, '--server', gateway.origin, ...flags])).stdout
    expect(await apply()).toBe('No changes.\n')

    await post(`${upstream.catalog}/v1/namespaces`, { namespace: ['far'] })
    expect(await json(`${gateway.catalog}/v1/namespaces?parent=legacy`)).toMatchObject({
      namespaces: [['legacy', 'far']],
    })

    const file = await readFile(config, 'utf8')
    await writeFile(config, file.replace(/namespace:\s*\n\s*- legacy/, 'namespace: [old, legacy]'))
    expect(await apply('--dry-run')).toContain('+ mount default:/old/legacy')
    expect(await apply()).toContain('+ mount default:/old/legacy')
    expect(await apply('--prune')).toContain('- mount default:/legacy')
    expect(await apply('--prune')).toBe('No changes.\n')
    expect(await json(`${gateway.catalog}/v1/namespaces?parent=old%1Flegacy`)).toMatchObject({
      namespaces: [['old', 'legacy', 'far']],
    })
  })

  test('four at once all succeed, and what is declared is there once', async () => {
    const gateway = await start({ state: { warehouses: [] } })
    const lake = await folder()
    const names = ['a', 'b', 'c']
    const connections = names.map((name) => ({ name, kind: 'iceberg-rest', uri: 'http://127.0.0.1:9/x' }))
    const warehouses = names.map((name) => ({
      name,
      location: `file://${lake}/${name}`,
      mounts: [{ namespace: ['far'], connection: name }],
    }))
    const config = join(gateway.folder, 'lakegate.yaml')
    await writeFile(config, JSON.stringify({ state: { connections, warehouses } }))
    const apply = () => runLakegate(['apply', '--config', config, '--server', gateway.origin])
    await Promise.all([apply(), apply(), apply(), apply()])
    expect((await apply()).stdout).toBe('No changes.\n')
  })

  test('names the gateway that does not answer', async () => {
    const home = await folder()
    await writeFile(join(home, 'lakegate.yaml'), `server: { port: ${await freePort()} }`)
    await expect(runLakegate(['apply', '--config', join(home, 'lakegate.yaml')])).rejects.toThrow(
      /No answer from http:\/\/127\.0\.0\.1/,
    )
  })
})

/** An upstream that holds the answer for its one namespace until it is released. */
const startHoldingUpstream = async () => {
  const held = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const server = createServer(async (incoming, answer) => {
    const json = (body: unknown): unknown =>
      answer.setHeader('content-type', 'application/json').end(JSON.stringify(body))
    if (incoming.url?.startsWith('/v1/config')) return json({ defaults: {}, overrides: {} })
    held.resolve()
    await release.promise
    return json({ namespace: ['slow'], properties: {} })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push({ discard: async () => void server.close() })
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { uri, held: held.promise, release: () => release.resolve() }
}

describe('SIGTERM', () => {
  test('lets a request in flight finish, refuses new ones, and stops the database', async () => {
    const upstream = await startHoldingUpstream()
    const gateway = await start({
      state: {
        connections: [{ name: 'far', kind: 'iceberg-rest', uri: upstream.uri }],
        warehouses: [
          {
            name: 'default',
            location: `file://${await folder()}`,
            mounts: [{ namespace: ['far'], connection: 'far' }],
          },
        ],
      },
    })
    const children = descendantsOf(gateway.pid)
    expect(children.some(({ name }) => name === 'postgres')).toBe(true)
    const slow = fetch(`${gateway.catalog}/v1/namespaces/far%1Fslow`)
    await upstream.held
    const stopped = gateway.stop()
    await expect
      .poll(async () => (await fetch(`${gateway.origin}/health/ready`).catch(() => undefined))?.status ?? 0)
      .not.toBe(200)
    upstream.release()
    expect((await slow).status).toBe(200)
    expect(await stopped).toBe(0)
    for (const { pid } of children) expect(existsSync(`/proc/${pid}`)).toBe(false)
  })
})

interface Span {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
}

interface Exported {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[]
}

const spansIn = (text: string): readonly Span[] =>
  (JSON.parse(text) as Exported).resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans),
  )

describe('telemetry', () => {
  test('one trace of a federated commit reaches a collector: gateway, upstream and both databases', async () => {
    const spans: Span[] = []
    const collector = createServer((incoming, answer) => {
      let text = ''
      incoming.on('data', (data) => (text += String(data)))
      incoming.on('end', () => {
        spans.push(...spansIn(text))
        answer.end('{}')
      })
    }).listen(0, '127.0.0.1')
    await once(collector, 'listening')
    const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`
    open.push({ discard: async () => void collector.close() })
    const upstream = await start({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } })
    const gateway = await start({
      server: { telemetry: { endpoint } },
      state: {
        connections: [{ name: 'far', kind: 'iceberg-rest', uri: upstream.catalog }],
        warehouses: [
          {
            name: 'default',
            location: `file://${await folder()}`,
            mounts: [{ namespace: ['far'], connection: 'far' }],
          },
        ],
      },
    })
    const namespaces = `${gateway.catalog}/v1/namespaces`
    await post(namespaces, { namespace: ['far', 'n'] })
    await post(`${namespaces}/far%1Fn/tables`, { name: 't', schema: { type: 'struct', fields: [] } })
    const traceId = 'a'.repeat(32)
    const caller = 'b'.repeat(16)
    const committed = await fetch(`${namespaces}/far%1Fn/tables/t`, {
      method: 'POST',
      body: JSON.stringify({
        requirements: [],
        updates: [{ action: 'set-properties', updates: { a: 'b' } }],
      }),
      headers: { 'content-type': 'application/json', traceparent: `00-${traceId}-${caller}-01` },
    })
    expect(committed.status).toBe(200)
    await gateway.stop()
    await upstream.stop()
    const below = (parent: string | undefined) =>
      spans.filter((span) => span.traceId === traceId && span.parentSpanId === parent)
    const [relaying] = below(caller)
    expect(relaying?.name).toBe('updateTable')
    expect(below(relaying?.spanId).map(({ name }) => name)).toContain('postgres insert')
    const [committing] = below(below(relaying?.spanId).find(({ name }) => name === 'POST far')?.spanId)
    expect(committing?.name).toBe('updateTable')
    const [transaction] = below(committing?.spanId).filter(({ name }) => name === 'postgres transaction')
    expect(below(transaction?.spanId).map(({ name }) => name)).toContain('postgres with')
    expect(spans.filter(({ name, parentSpanId }) => name.startsWith('postgres') && !parentSpanId)).toEqual([])
  })
})
