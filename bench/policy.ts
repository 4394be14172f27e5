/** What a decision costs: a warm load under grants beside one with authorization off, and a check among a million grants. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { compileModel } from '#authz/compiled-model.ts'
import { createEmbeddedEngine } from '#authz/embedded-engine.ts'
import type { Subject as Asker, Question } from '#authz/grants.ts'
import { authorizationModel } from '#authz/model.ts'
import type { Database } from '#store/database.ts'
import { loadHeldTuples } from '#store/relation-tuples.ts'
import { loadPolicyEpoch } from '#store/server.ts'
import { openTestDatabase } from '../test/support/database.ts'
import { startIdentityProvider } from '../test/support/identity-provider.ts'
import { type Load, sideBySide } from './load.ts'
import type { Subject } from './process.ts'
import { printFigures, type Verdict } from './report.ts'
import { startGateway } from './services.ts'
import { createNamespace, createRequest, createTable, tablesUrl, target } from './tables.ts'

export interface PolicySetup {
  readonly folder: string
  readonly port: number
  readonly requests: number
  readonly checks: number
}

const adminToken = 'bench-admin-token'
const ns = ['bench']
/** Many short ones: a noisy second hurts one round of all. */
const rounds = 9

const openGateway = (setup: PolicySetup, name: string, server: string): Promise<Subject> => {
  const own = join(setup.folder, name)
  mkdirSync(own, { recursive: true, mode: 0o755 })
  const port = setup.port + (name === 'off' ? 0 : 1)
  return startGateway({
    ...{ name, folder: own, port, database: 'embedded', server },
    ...(server === '' ? {} : { env: { BENCH_TOKEN: adminToken } }),
  })
}

const makeTable = async (subject: Subject, headers: Readonly<Record<string, string>>): Promise<string> => {
  const local = await target(`${subject.url}/catalog`, headers)
  await createNamespace(local, ns)
  await createTable(local, ns, createRequest('small', 10_000))
  return `${new URL(tablesUrl(local, ns)).pathname}/small`
}

/** Somebody who is no member, and has been granted one thing on the warehouse. */
const grantSelect = async (origin: string, user: string): Promise<void> => {
  const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' }
  const listed = await fetch(`${origin}/management/v1/warehouse`, { headers })
  const { warehouses } = (await listed.json()) as { readonly warehouses: readonly { readonly id: string }[] }
  const answer = await fetch(
    `${origin}/management/v1/permissions/warehouse/${warehouses[0]?.id}/assignments`,
    {
      ...{ method: 'POST', headers },
      body: JSON.stringify({ writes: [{ type: 'select', user }] }),
    },
  )
  if (!answer.ok) throw new Error(`no grant: ${answer.status} ${await answer.text()}`)
}

const authorizedLoads = async (setup: PolicySetup): Promise<Verdict[]> => {
  const provider = await startIdentityProvider({ lifetimeSeconds: 7200 })
  const server = `  token: env:BENCH_TOKEN
  auth:
    oidc: [{ uri: "${provider.issuer}", audience: [lakegate], roles-claim: groups }]
`
  const off = await openGateway(setup, 'off', '')
  const on = await openGateway(setup, 'on', server)
  try {
    const admin = { authorization: `Bearer ${adminToken}` }
    const granted = { authorization: `Bearer ${await provider.token()}` }
    await fetch(`${on.url}/catalog/v1/config`, { headers: granted })
    const offPath = await makeTable(off, {})
    const onPath = await makeTable(on, admin)
    await grantSelect(on.url, 'oidc~engine')
    const { requests } = setup
    const loads: readonly Load[] = [
      { name: 'authorization off', subject: off, path: offPath, requests },
      { name: 'token of the configuration', subject: on, path: onPath, requests, headers: admin },
      { name: 'by a grant', subject: on, path: onPath, requests, headers: granted },
      {
        ...{ name: 'by a grant, with delegation', subject: on, path: onPath, requests },
        headers: { ...granted, 'x-iceberg-access-delegation': 'vended-credentials' },
      },
    ]
    const figures = await sideBySide(loads, rounds)
    printFigures('Local warm load of 10 KB, with and without authorization', figures, 'authorization off')
    const cpu = figures.map(({ cpuMsPerRequest }) => cpuMsPerRequest)
    return [
      {
        ...{ what: 'load by a grant, CPU / authorization off', limit: 1.25, unit: '×' },
        measured: (cpu[2] ?? Number.NaN) / (cpu[0] ?? Number.NaN),
      },
      {
        ...{ what: 'the same by who may not write, with delegation', limit: 1.25, unit: '×' },
        measured: (cpu[3] ?? Number.NaN) / (cpu[0] ?? Number.NaN),
      },
      {
        ...{ what: 'failed authorized requests', limit: 0, unit: '' },
        measured: figures.reduce((sum, { failures }) => sum + failures, 0),
      },
    ]
  } finally {
    for (const subject of [off, on]) await subject.stop()
    await provider.stop()
  }
}

/** At once, so that no statement takes too long. */
const batch = 50_000

/** Of each asker a fifth is on warehouses and namespaces, the rest on tables; all share the same few warehouses. */
export const fill = async (database: Database, tuples: number): Promise<void> => {
  for (let first = 1; first <= tuples; first += batch)
    await database.execute(
      `insert into relation_tuple (object, relation, subject_kind, subject_id, granted_by)
       select case when n % 10 = 0 then 'warehouse:w' || (n / 10) % 7 when n % 10 = 1 then 'namespace:w/' || n
           else 'table:' || n end,
         'select', case when n % 3 = 0 then 'role' else 'principal' end,
         case when n % 3 = 0 then 'role-' || n % 1000 else 'oidc~user-' || n % ${tuples / 20} end, 'bench'
       from generate_series(${first}, ${Math.min(first + batch - 1, tuples)}) n on conflict do nothing`,
    )
  await database.execute('analyze relation_tuple')
}

export const openEngine = (database: Database) =>
  createEmbeddedEngine({
    model: compileModel(authorizationModel),
    source: { held: (subjects, objects) => loadHeldTuples(database, subjects, objects) },
    ...{ loadEpoch: () => loadPolicyEpoch(database), now: () => performance.now(), clock: Date.now },
    report: (error) => {
      throw error
    },
  })

export const askerOf = (n: number, tuples: number): Asker => ({
  principal: `oidc~user-${n % (tuples / 20)}`,
  roles: new Set([1, 2, 3].map((i) => `role-${(n * 3 + i * 3) % 1000}`)),
  projects: new Set(),
  serverAdmin: false,
})

export const questionsOn = (table: number): readonly Question[] =>
  ['can_describe', 'can_read'].map((relation) => ({
    ...{ relation, type: 'table' },
    chain: [
      `table:${table}`,
      `namespace:w/${table}`,
      'namespace:w/top',
      'warehouse:w1',
      'project:p',
      'server:s',
    ],
  }))

/** Spreads checks over all tables, without a rhythm that the caches of the database could follow. */
export const pick = (n: number, among: number): number => ((n * 7_919) % among) + 1

interface Filled {
  readonly database: Database
  readonly tuples: number
}

/** Microseconds a check, of one after the other; what is remembered is forgotten before each. */
const cold = async ({ database, tuples }: Filled, count: number): Promise<number> => {
  const engine = openEngine(database)
  const started = performance.now()
  for (let n = 0; n < count; n++) {
    const table = pick(n, tuples)
    engine.forget()
    await engine.check(askerOf(table, tuples), questionsOn(table), undefined)
  }
  return ((performance.now() - started) / count) * 1000
}

/** Microseconds of CPU a check: a thousand tables that the same asker may read, over and over. */
const warm = async ({ database, tuples }: Filled, count: number): Promise<number> => {
  const engine = openEngine(database)
  const asker = { ...askerOf(0, tuples), principal: 'oidc~warm' }
  await database.execute(
    `insert into relation_tuple (object, relation, subject_kind, subject_id, granted_by)
     select 'table:' || n, 'select', 'principal', 'oidc~warm', 'bench' from generate_series(1, 1000) n on conflict do nothing`,
  )
  const questions = Array.from({ length: 1000 }, (_, n) => questionsOn(n + 1))
  for (const asked of questions) await engine.check(asker, asked, undefined)
  const epoch = await loadPolicyEpoch(database)
  const before = process.cpuUsage()
  for (let n = 0; n < count; n++) {
    const answers = engine.check(asker, questions[n % 1000] ?? [], epoch)
    if (answers instanceof Promise) throw new Error('was not remembered')
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

export const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

/** Sizes take turns; the median of the rounds is kept. */
const compare = async (
  sizes: readonly Filled[],
  measure: (filled: Filled) => Promise<number>,
): Promise<readonly number[]> => {
  const seen = new Map(sizes.map((filled) => [filled, [] as number[]]))
  for (const filled of sizes) await measure(filled)
  for (let round = 0; round < 5; round++)
    for (const filled of sizes) seen.get(filled)?.push(await measure(filled))
  return [...seen.values()].map(median)
}

const checksAmongMany = async (checks: number): Promise<Verdict[]> => {
  await using few = await openTestDatabase()
  await using many = await openTestDatabase()
  const sizes = [
    { database: few.database, tuples: 10_000 },
    { database: many.database, tuples: 1_000_000 },
  ]
  for (const { database, tuples } of sizes) await fill(database, tuples)
  const verdicts: Verdict[] = []
  for (const [name, measure] of [
    ['cold', (filled: Filled) => cold(filled, checks)],
    ['from memory', (filled: Filled) => warm(filled, checks * 50)],
  ] as const) {
    const [small = Number.NaN, large = Number.NaN] = await compare(sizes, measure)
    console.log(
      `\nA check ${name}: ${small.toFixed(2)} µs at 10,000 grants, ${large.toFixed(2)} µs at 1,000,000.`,
    )
    const what = `check at 1,000,000 grants / at 10,000, ${name}`
    verdicts.push({ what, measured: large / small, limit: 2, unit: '×' })
  }
  return verdicts
}

export const benchPolicy = async (setup: PolicySetup): Promise<Verdict[]> => [
  ...(await checksAmongMany(setup.checks)),
  ...(await authorizedLoads(setup)),
]
