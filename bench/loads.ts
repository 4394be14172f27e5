/** Loads and commits of all subjects, measured side by side. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestPostgres } from '../test/support/debian-postgres.ts'
import { benchCommits } from './commits.ts'
import { type Figure, type Load, sideBySide } from './load.ts'
import { familyCpuMs, type Subject, startSubject } from './process.ts'
import { printFigures, type Verdict } from './report.ts'
import { startGateway } from './services.ts'
import { createNamespace, createRequest, createTable, tablesUrl, target } from './tables.ts'

export interface LoadsSetup {
  readonly folder: string
  readonly postgres: TestPostgres
  /** The Apache reference server, already running. */
  readonly upstream: string
  readonly port: number
  readonly requests: number
}

const small = 10_000
const large = 1_000_000
const ns = ['bench']

const bareSubjects = async (setup: LoadsSetup, bodyFile: string): Promise<Subject[]> => {
  const start = (name: string, file: string, [port, ...more]: readonly [number, ...string[]]) =>
    startSubject({
      name,
      command: [process.execPath, `bench/subjects/${file}`, String(port), bodyFile, ...more],
      url: `http://127.0.0.1:${port}`,
      probe: `http://127.0.0.1:${port}/`,
    })
  await setup.postgres.query('postgres', 'create database baseline')
  await setup.postgres.query(
    'baseline',
    "create table bench_pointer(name text primary key, location text); insert into bench_pointer values ('table', 's3://b/x')",
  )
  return [
    await start('bare node:http', 'bare-http.ts', [setup.port + 1]),
    await start('bare Fastify', 'bare-fastify.ts', [setup.port + 2]),
    await start('baseline (Fastify + pointer read)', 'baseline.ts', [
      setup.port + 3,
      `${setup.postgres.url}/baseline`,
    ]),
  ]
}

const prepareTables = async (
  gateway: string,
  upstream: string,
): Promise<{ local: string; direct: string }> => {
  const local = await target(gateway)
  const direct = await target(upstream)
  await createNamespace(local, ns)
  await createTable(local, ns, createRequest('small', small))
  await createTable(local, ns, createRequest('large', large))
  await createNamespace(direct, ns)
  await createTable(direct, ns, createRequest('small', small))
  return { local: tablesUrl(local, ns), direct: tablesUrl(direct, ns) }
}

const pathOf = (url: string): string => new URL(url).pathname

/** Prints the tables of loads and returns the figures that are required. */
export const benchLoads = async (setup: LoadsSetup): Promise<Verdict[]> => {
  await setup.postgres.query('postgres', 'create database gateway')
  const gateway = await startGateway({
    name: 'gateway',
    folder: setup.folder,
    port: setup.port,
    database: `${setup.postgres.url}/gateway`,
    upstream: setup.upstream,
  })
  const { local, direct } = await prepareTables(`${gateway.url}/catalog`, setup.upstream)
  const body = Buffer.from(await (await fetch(`${local}/small`)).arrayBuffer())
  const bodyFile = join(setup.folder, 'body.json')
  writeFileSync(bodyFile, body)
  const bare = await bareSubjects(setup, bodyFile)
  const database = async () => familyCpuMs(await setup.postgres.pid())
  const gatewayLoad = (name: string, path: string, requests: number): Load => ({
    name,
    subject: gateway,
    path,
    requests,
    database,
  })
  const federatedPath = pathOf(local).replace(`namespaces/${ns[0]}`, `namespaces/legacy%1F${ns[0]}`)
  const upstream: Subject = { ...gateway, name: 'upstream', url: new URL(setup.upstream).origin }
  try {
    const figures = await sideBySide([
      ...bare.map((subject) => ({
        name: subject.name,
        subject,
        path: '/',
        requests: setup.requests,
        database,
      })),
      gatewayLoad('gateway, local load 10 KB', `${pathOf(local)}/small`, setup.requests),
    ])
    printFigures(
      `Local warm load of ${body.length} bytes, 16 connections`,
      figures,
      'baseline (Fastify + pointer read)',
    )
    const big = await sideBySide([
      gatewayLoad('gateway, local load 1 MB', `${pathOf(local)}/large`, Math.floor(setup.requests / 30)),
    ])
    printFigures('Local warm load of 1 MB', big, '')
    const federatedRequests = Math.floor(setup.requests / 3)
    const federated = await sideBySide([
      {
        name: 'upstream direct',
        subject: upstream,
        path: `${pathOf(direct)}/small`,
        requests: federatedRequests,
      },
      gatewayLoad('gateway, federated load', `${federatedPath}/small`, federatedRequests),
    ])
    printFigures('Federated warm load (CPU of the gateway alone)', federated, '')
    await commits(setup, gateway, upstream)
    return verdicts(figures, federated)
  } finally {
    for (const subject of [gateway, ...bare]) await subject.stop()
  }
}

const commits = async (setup: LoadsSetup, gateway: Subject, upstream: Subject): Promise<void> => {
  const each = Math.max(5, Math.floor(setup.requests / 600))
  const own = await benchCommits(gateway, `${gateway.url}/catalog`, each)
  const reference = await benchCommits({ ...gateway, name: upstream.name }, setup.upstream, each)
  console.log('\n## Commits, 16 writers on 16 tables (CPU of the gateway process)\n')
  console.log('| subject | commits | commits/s | CPU ms/commit |\n|---|---|---|---|')
  console.log(
    `| gateway, local | ${own.commits} | ${own.commitsPerSecond.toFixed(0)} | ${own.cpuMsPerCommit.toFixed(2)} |`,
  )
  console.log(
    `| reference server, SQLite | ${reference.commits} | ${reference.commitsPerSecond.toFixed(0)} | – |`,
  )
}

const verdicts = (local: readonly Figure[], federated: readonly Figure[]): Verdict[] => {
  const named = (figures: readonly Figure[], start: string) =>
    figures.find((figure) => figure.name.startsWith(start)) as Figure
  const own = named(local, 'gateway').cpuMsPerRequest
  return [
    {
      what: 'local load, CPU / baseline',
      measured: own / named(local, 'baseline').cpuMsPerRequest,
      limit: 2,
      unit: '×',
    },
    {
      what: 'local load, CPU / bare Fastify (published)',
      measured: own / named(local, 'bare Fastify').cpuMsPerRequest,
      limit: Number.POSITIVE_INFINITY,
      unit: '×',
    },
    {
      what: 'federated load, wall / upstream direct',
      measured: named(federated, 'gateway').meanMs / named(federated, 'upstream').meanMs,
      limit: 1.6,
      unit: '×',
    },
    {
      what: 'failed requests',
      measured: [...local, ...federated].reduce((sum, f) => sum + f.failures, 0),
      limit: 0,
      unit: '',
    },
  ]
}
