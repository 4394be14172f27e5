/**
 * What may not be seen is missing: by the same words, and by as many statements of the store, so that neither the answer
 * nor its time tells the one from the other. Of a real store, with the real authorizer.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createStandings } from '#authz/standings.ts'
import type { Catalog } from '#catalog/catalog.ts'
import { createMountTable } from '#catalog/mounts.ts'
import { insertProject } from '#store/projects.ts'
import { loadIdentityEpoch } from '#store/server.ts'
import { loadStanding } from '#store/standings.ts'
import { insertWarehouse } from '#store/warehouses.ts'
import { ensureRules, openGovernance } from '../../../src/governance.ts'
import { createPolicy } from '../../../src/policy.ts'
import { bodyOf, newCall } from '../../contract/catalog/kit.ts'
import { type CountedDatabase, countStatements } from '../../support/counted-database.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'
import { createTestWarehouse, openTestCatalog } from '../../support/local-catalog.ts'
import { type MemoryGateway, startMemoryGateway } from '../../support/memory-gateway.ts'
import { call, newTable, newView } from '../../support/wire.ts'

const asker = { kind: 'user', id: 'oidc~bob' } as const

let db: TestDatabase
let counted: CountedDatabase
let gateway: MemoryGateway
let base: string

const fail = (_event: string, error: unknown): never => {
  throw error
}

const createAuthorizer = async () => {
  const { database } = counted
  await ensureRules(database)
  const projectOf = () => 'p'
  const standings = createStandings({
    load: (principal) => loadStanding(database, principal),
    loadEpoch: () => loadIdentityEpoch(database),
    now: () => performance.now(),
    report: (error) => fail('standings', error),
  })
  const { rules } = openGovernance({ database, tree: { server: 's', projectOf }, report: fail })
  return createPolicy({ database, serverId: 's', standings, projectOf, rules, report: fail }).authorizer
}

/** `a` has what is hidden, beside what bob may read; of the other namespace he may see nothing. */
const fill = async (local: Catalog, warehouse: string): Promise<void> => {
  for (const level of ['a', namespace]) await local.namespaces.create(newCall(), [level], bodyOf({}))
  for (const name of ['mine', table]) await local.tables.create(newCall(), ['a'], bodyOf(newTable(name)))
  await local.views?.create(newCall(), ['a'], bodyOf(newView(view)))
  const [mine] = (await local.tables.find?.([{ namespace: ['a'], name: 'mine' }])) ?? []
  await db.database.execute(
    `insert into relation_tuple
       (object, relation, subject_kind, subject_id, project_id, warehouse_id, content_id, granted_by)
     values ('table:' || $1, 'select', 'principal', $2, 'p', $3, $1::uuid, 'test')`,
    [mine?.contentId, asker.id, warehouse],
  )
}

beforeAll(async () => {
  db = await openTestDatabase()
  counted = countStatements(db.database)
  const id = await db.database.transaction(async (tx) => {
    await insertProject(tx, { id: 'p', name: 'p' })
    const storage = { kind: 'file', location: 'file:///w', settings: {} }
    return (await insertWarehouse(tx, { projectId: 'p', name: 'w', storage, createdBy: 'test' })).id
  })
  const made = await createTestWarehouse(db.database)
  const local = openTestCatalog(counted.database, { ...made, warehouse: { ...made.warehouse, id } })
  await fill(local, id)
  const warehouse = { id, projectId: 'p', name: 'w', mounts: createMountTable({ local, mounts: [] }) }
  gateway = await startMemoryGateway({
    authenticator: { authenticate: () => asker },
    authorizer: await createAuthorizer(),
    directory: { byName: () => warehouse, byPrefix: () => warehouse, byDefault: () => warehouse },
  })
  base = `${gateway.origin}/catalog/v1/${id}`
}, 60_000)
afterAll(async () => {
  await gateway?.stop()
  await db?.[Symbol.asyncDispose]()
})

const ask = async (line: string, body?: object) => {
  const before = counted.count
  const headers = { 'x-request-id': 'same' }
  const reply = await call({ base }, line, { headers, ...(body === undefined ? {} : { body }) })
  return { status: reply.status, text: reply.text, statements: counted.count - before }
}

const commit = { requirements: [], updates: [{ action: 'set-properties', updates: { k: '1' } }] }
const moving = (name: string) => ({
  source: { namespace: ['a'], name },
  destination: { namespace: ['a'], name: 'elsewhere' },
})
const changes = (name: string) => ({
  'table-changes': [{ identifier: { namespace: ['a'], name }, ...commit }],
})
const overwriting = (name: string) => ({
  ...{ name, 'metadata-location': 'file:///w/x.metadata.json', overwrite: true },
})

interface Case {
  readonly what: string
  readonly present: string
  readonly line: (name: string) => string
  readonly body?: (name: string) => object
}

const table = 'secret-table'
const view = 'secret-view'
const namespace = 'hidden-level'
const path = (rest: string) => (name: string) => rest.replace('*', name)

const cases: readonly Case[] = [
  { what: 'a load', present: table, line: path('GET /namespaces/a/tables/*') },
  { what: 'a look', present: table, line: path('HEAD /namespaces/a/tables/*') },
  { what: 'a commit', present: table, line: path('POST /namespaces/a/tables/*'), body: () => commit },
  { what: 'a drop', present: table, line: path('DELETE /namespaces/a/tables/*') },
  { what: 'an unregister', present: table, line: path('POST /namespaces/a/tables/*/unregister') },
  { what: 'a rename', present: table, line: path('POST /tables/rename'), body: moving },
  { what: 'a transaction', present: table, line: path('POST /transactions/commit'), body: changes },
  { what: 'a load of a view', present: view, line: path('GET /namespaces/a/views/*') },
  { what: 'a drop of a view', present: view, line: path('DELETE /namespaces/a/views/*') },
  { what: 'a namespace', present: namespace, line: path('GET /namespaces/*') },
  { what: 'a drop of a namespace', present: namespace, line: path('DELETE /namespaces/*') },
  { what: 'a listing', present: namespace, line: path('GET /namespaces/*/tables') },
]

/** Now and then it is asked besides whether policy has moved: the least of a few is what the answer costs. */
const cheapest = async ({ line, body }: Case, name: string) => {
  const answers = []
  for (let i = 0; i < 5; i++) answers.push(await ask(line(name), body?.(name)))
  const [first] = answers
  return { ...first, statements: Math.min(...answers.map(({ statements }) => statements)) }
}

describe('what may not be seen', () => {
  test.each(cases)('is missing to $what, in words and statements', async (one) => {
    const { present } = one
    const absent = present.replace(/./g, 'x')
    const hidden = await cheapest(one, present)
    const missing = await cheapest(one, absent)
    expect(hidden.status).toBe(404)
    expect(hidden).toEqual({ ...missing, text: missing.text?.replaceAll(absent, present) })
  })

  test('is refused to a register over it as a register beside it is', async () => {
    const over = { line: path('POST /namespaces/a/register'), body: overwriting, what: '', present: table }
    const [hidden, missing] = [await cheapest(over, table), await cheapest(over, 'none')]
    expect(hidden).toEqual(missing)
    expect(hidden.status).toBe(403)
  })

  test('is loaded by whoever may', async () => {
    expect((await ask('GET /namespaces/a/tables/mine')).status).toBe(200)
  })
})
