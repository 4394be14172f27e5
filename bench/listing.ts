/** Listing 100,000 tables to the end: by whoever sees all of them, one in a hundred, or a few; beside nobody being asked. */
import { createAllowAll } from '#authz/allow-all.ts'
import type { Authorizer } from '#authz/authorizer.ts'
import { createStandings } from '#authz/standings.ts'
import { createMountTable } from '#catalog/mounts.ts'
import type { Caller } from '#gateway/operation.ts'
import { createIcebergOperations } from '#gateway/operations/iceberg.ts'
import { createPageTokens } from '#gateway/page-token.ts'
import { createPipeline } from '#gateway/pipeline.ts'
import type { OpenWarehouse } from '#gateway/warehouses.ts'
import type { Database } from '#store/database.ts'
import { findLine } from '#store/entries-lines.ts'
import { createIdempotencyLedger } from '#store/idempotency.ts'
import { insertProject } from '#store/projects.ts'
import { loadIdentityEpoch } from '#store/server.ts'
import { loadStanding } from '#store/standings.ts'
import { insertWarehouse } from '#store/warehouses.ts'
import { ensureRules, openGovernance } from '../src/governance.ts'
import { createPolicy } from '../src/policy.ts'
import { bodyOf, newCall } from '../test/contract/catalog/kit.ts'
import { openTestDatabase } from '../test/support/database.ts'
import { createTestWarehouse, openTestCatalog } from '../test/support/local-catalog.ts'
import type { Verdict } from './report.ts'

const pageSize = 1_000
const namespace = ['many']

interface Place {
  readonly database: Database
  readonly warehouse: OpenWarehouse
  readonly tables: number
}

interface Lister {
  readonly name: string
  readonly authorizer: Authorizer
  readonly id: string
  /** Of the tables, every so many are to be seen. */
  readonly every: number
}

const insertTables = `
  insert into entry_head (line_id, ns, space, name, seq, content_id, kind, pointer)
  select $1, $2, 1, 'table_' || lpad(n::text, 8, '0'), 1, md5('content ' || n)::uuid, 'table', 1
  from generate_series(0, $3 - 1) n`

/** `granted_by` says whose: each of the tables from `$3` to `$4`, every `$5` of them. */
const insertGrants = `
  insert into relation_tuple
    (object, relation, subject_kind, subject_id, project_id, warehouse_id, content_id, granted_by)
  select 'table:' || md5('content ' || n)::uuid, 'select', 'principal', $1, 'p', $2, md5('content ' || n)::uuid, 'bench'
  from generate_series($3::int, $4::int, $5::int) n`

const fill = async (database: Database, tables: number): Promise<Place> => {
  const id = await database.transaction(async (tx) => {
    await insertProject(tx, { id: 'p', name: 'p' })
    const storage = { kind: 'file', location: 'file:///lake', settings: {} }
    return (await insertWarehouse(tx, { projectId: 'p', name: 'w', storage, createdBy: 'bench' })).id
  })
  const made = await createTestWarehouse(database)
  const local = openTestCatalog(database, { ...made, warehouse: { ...made.warehouse, id } })
  await local.namespaces.create(newCall(), namespace, bodyOf({}))
  const line = await findLine(database, id, 'main')
  await database.execute(insertTables, [line?.id, namespace[0], tables])
  await database.execute(
    `insert into principal (id, kind, user_type, name, last_updated_with)
     select 'oidc~' || name, 'user', 'human', name, 'create-endpoint'
     from unnest(array['member', 'many', 'hundredth', 'few']) name`,
  )
  await database.execute(
    "insert into project_member (project_id, member_kind, member_id) values ('p', 'principal', 'oidc~member')",
  )
  await database.execute(insertGrants, ['oidc~hundredth', id, 0, tables - 1, 100])
  await database.execute(insertGrants, ['oidc~few', id, 0, tables - 1, Math.floor(tables / 20)])
  // The same hundredth, and so many grants elsewhere in the warehouse that no page is built from them.
  await database.execute(insertGrants, ['oidc~many', id, 0, tables - 1, 100])
  await database.execute(insertGrants, ['oidc~many', id, tables, tables + 20 * pageSize, 1])
  await database.execute('analyze')
  const mounts = createMountTable({ local, mounts: [] })
  return { database, tables, warehouse: { id, projectId: 'p', name: 'w', mounts } }
}

const fail = (error: unknown): never => {
  throw error
}

const openAuthorizer = async (database: Database): Promise<Authorizer> => {
  await ensureRules(database)
  const standings = createStandings({
    load: (principal) => loadStanding(database, principal),
    loadEpoch: () => loadIdentityEpoch(database),
    now: () => performance.now(),
    report: fail,
  })
  const projectOf = () => 'p'
  const report = (_event: string, error: unknown) => fail(error)
  const { rules } = openGovernance({ database, tree: { server: 's', projectOf }, report })
  return createPolicy({ database, serverId: 's', standings, projectOf, rules, report }).authorizer
}

const caller: Caller = {
  ...{ requestId: 'bench', startedAt: new Date(), delegation: [], hops: undefined },
  sender: { address: undefined, agent: undefined },
  credentials: { authorization: undefined, origin: undefined, host: undefined },
  signal: new AbortController().signal,
}

/** Names seen, and pages asked for, from the first page to the last. */
const listAll = async ({ database, warehouse }: Place, { authorizer, id }: Lister) => {
  const { listTables } = createIcebergOperations({
    warehouses: { byName: () => warehouse, byPrefix: () => warehouse, byDefault: () => warehouse },
    listing: { tokens: createPageTokens(Buffer.alloc(32)), strict: false },
  })
  const pipeline = createPipeline({
    authenticator: { authenticate: () => ({ kind: 'user', id }) },
    authorizer,
    audit: { admit: () => {}, record: () => {} },
    recordRelayed: async () => {},
    idempotency: createIdempotencyLedger(database),
    hop: 'bench.1',
    report: (_event, error) => fail(error),
  })
  let names = 0
  for (let token = '', pages = 1; ; pages++) {
    const page = { token, size: pageSize }
    const input = { warehouse: { by: 'default' } as const, namespace, page }
    const { items, next } = await pipeline(listTables, { caller, read: () => input })
    names += items.length
    if (next === undefined) return { names, pages }
    token = next
  }
}

interface Measured {
  readonly lister: Lister
  readonly ms: number
  readonly names: number
  readonly pages: number
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

/** Listers take turns; the median of the rounds is kept. */
const measure = async (place: Place, listers: readonly Lister[], rounds: number): Promise<Measured[]> => {
  const times = new Map(listers.map((lister) => [lister, [] as number[]]))
  const seen = new Map<Lister, { readonly names: number; readonly pages: number }>()
  for (let round = 0; round <= rounds; round++)
    for (const lister of listers) {
      const started = performance.now()
      const found = await listAll(place, lister)
      if (found.names !== Math.ceil(place.tables / lister.every))
        throw new Error(`${lister.name}: ${found.names} tables were listed`)
      seen.set(lister, found)
      if (round > 0) times.get(lister)?.push(performance.now() - started)
    }
  return listers.map((lister) => ({
    ...{ lister, ms: median(times.get(lister) ?? []), names: 0, pages: 0 },
    ...seen.get(lister),
  }))
}

const print = (measured: readonly Measured[], base: number, tables: number): void => {
  console.log(`\n## Listing ${tables.toLocaleString('en')} tables to the end, ${pageSize} a page\n`)
  console.log('| who sees | tables | pages | ms | ratio |\n|---|---|---|---|---|')
  for (const { lister, ms, names, pages } of measured)
    console.log(`| ${lister.name} | ${names} | ${pages} | ${ms.toFixed(0)} | ${(ms / base).toFixed(2)} |`)
}

export const benchListing = async ({
  tables,
  rounds,
}: {
  readonly tables: number
  readonly rounds: number
}): Promise<Verdict[]> => {
  await using db = await openTestDatabase()
  const place = await fill(db.database, tables)
  const authorizer = await openAuthorizer(db.database)
  const lister = (name: string, id: string, every: number): Lister => ({ name, id, every, authorizer })
  const listers = [
    { ...lister('all, without authorization', 'oidc~member', 1), authorizer: createAllowAll() },
    lister('all, as a member', 'oidc~member', 1),
    lister('1 %, from the grants', 'oidc~hundredth', 100),
    lister('1 %, among too many grants elsewhere', 'oidc~many', 100),
    lister('twenty', 'oidc~few', Math.floor(tables / 20)),
  ]
  const measured = await measure(place, listers, rounds)
  const base = measured[0]?.ms ?? Number.NaN
  print(measured, base, tables)
  const ratio = (name: string): number => (measured.find((one) => one.lister.name === name)?.ms ?? 0) / base
  return [
    { what: 'listing as a member', measured: ratio('all, as a member'), limit: 3, unit: '×' },
    { what: 'listing with 1 % visible', measured: ratio('1 %, from the grants'), limit: 3, unit: '×' },
    {
      what: 'listing with 1 % visible, not from the grants',
      measured: ratio('1 %, among too many grants elsewhere'),
      limit: 3,
      unit: '×',
    },
    { what: 'listing with few grants', measured: ratio('twenty'), limit: 0.2, unit: '×' },
  ]
}
