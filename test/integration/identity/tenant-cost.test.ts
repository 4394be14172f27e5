/**
 * An id of another project in a request to one's own: every operation of the management face that takes an id is asked
 * with one, on real records. It is answered as an id that nobody has, and by as many statements.
 */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEveryRight } from '#authz/rights.ts'
import { createManagementOperations } from '#gateway/operations/management/management.ts'
import { createStorePeople } from '#gateway/operations/management/store-people.ts'
import { createStoreProjects } from '#gateway/operations/management/store-projects.ts'
import { createStoreRegistry } from '#gateway/operations/management/store-registry.ts'
import { createStoreRoles } from '#gateway/operations/management/store-roles.ts'
import { createPageTokens } from '#gateway/page-token.ts'
import type { Endpoint } from '#http/endpoint.ts'
import { managementEndpoints } from '#http/management/endpoints.ts'
import type { Database } from '#store/database.ts'
import { createIdempotencyLedger } from '#store/idempotency.ts'
import { insertProject } from '#store/projects.ts'
import { createSealing } from '#store/sealing.ts'
import { newCall } from '../../contract/catalog/kit.ts'
import { type CountedDatabase, countStatements } from '../../support/counted-database.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'
import { createMemoryAudit } from '../../support/memory-audit.ts'
import { type MemoryGateway, startMemoryGateway } from '../../support/memory-gateway.ts'
import { createMemorySigningKeys } from '../../support/memory-signing-keys.ts'
import { createUngranted } from '../../support/policy/authorizer.ts'
import { sampleOf } from '../../support/schema-sample.ts'

let db: TestDatabase
let counted: CountedDatabase
let gateway: MemoryGateway
let endpoints: readonly Endpoint[] = []

/** By the parameter of a path or the member of a body that takes it. */
interface Objects {
  readonly warehouse: string
  readonly connection: string
  readonly mount: string
  readonly role: string
  readonly 'service-account': string
  readonly key: string
}

const partsOver = (database: Database) => {
  const deps = { database, changed: async () => {}, report: () => {} }
  return {
    registry: createStoreRegistry(deps),
    projects: createStoreProjects({ ...deps, defaultProject: 'default', knows: () => true }),
    people: createStorePeople(deps),
    roles: createStoreRoles(deps),
  }
}

const fill = async (project: string): Promise<Objects> => {
  const { registry, people, roles } = partsOver(db.database)
  const storage = { kind: 'file', location: `file:///${project}`, settings: {} } as const
  const warehouse = await registry.createWarehouse(newCall(), project, {
    ...{ name: 'lake', storage, allowedLocations: [], verifyMetadataFile: null },
  })
  const config = { uri: 'http://127.0.0.1:9' }
  const draft = { name: 'far', kind: 'iceberg-rest', config }
  const connection = await registry.createConnection(newCall(), project, draft)
  const mount = await registry.createMount(newCall(), {
    ...{ warehouseId: warehouse.id, namespace: ['far'], connectionId: connection.id },
  })
  const role = await roles.createRole(newCall(), {
    ...{ id: randomUUID(), projectId: project, name: 'writers', description: null },
    ...{ providerId: 'lakegate', sourceId: randomUUID() },
  })
  const id = `lakegate~${randomUUID()}`
  const account = await people.createServiceAccount(newCall(), { id, name: 'loader', projectId: project })
  const key = await people.createKey(newCall(), {
    ...{
      principalId: account.id,
      projectId: project,
      kind: 'api-key',
      name: 'k',
      hint: 'k',
      expiresAt: null,
    },
    hash: Buffer.from(randomUUID()),
  })
  return {
    ...{ warehouse: warehouse.id, connection: connection.id, mount: mount.id, role: role.id },
    ...{ 'service-account': account.id, key: key.id },
  }
}

let mine: Objects
let theirs: Objects

beforeAll(async () => {
  db = await openTestDatabase({ kind: 'embedded' })
  for (const id of ['mine', 'theirs'])
    await db.database.transaction((tx) => insertProject(tx, { id, name: `the ${id}` }))
  mine = await fill('mine')
  theirs = await fill('theirs')
  counted = countStatements(db.database)
  const { database } = counted
  endpoints = managementEndpoints(
    createManagementOperations({
      ...partsOver(database),
      signingKeys: createMemorySigningKeys(),
      audit: createMemoryAudit(),
      rights: createEveryRight(),
      ...{ projectId: 'mine', connectors: new Map(), pageTokens: createPageTokens(Buffer.alloc(32)) },
      server: { id: randomUUID(), version: '1' },
      sealing: createSealing({ key: Buffer.alloc(32), fingerprint: 'f' }),
      checkStorage: async () => {},
      checkMount: async () => {},
    }),
  )
  gateway = await startMemoryGateway({
    authenticator: { authenticate: () => ({ kind: 'user', id: 'oidc~member' }) },
    authorizer: createUngranted({
      standings: { of: () => ({ serverAdmin: false, projects: new Set(['mine']), roles: new Set() }) },
      projectOf: () => undefined,
    }),
    ledger: createIdempotencyLedger(database),
    faces: [{ base: '/management', endpoints }],
  })
})
afterAll(async () => {
  await gateway?.stop()
  await db?.[Symbol.asyncDispose]()
})

const kindOf = (template: string): keyof Objects | undefined => {
  const [, kind = ''] = /^\/v1\/(warehouse|connection|role|service-account)\/\{id\}/.exec(template) ?? []
  return kind === '' ? undefined : (kind as keyof Objects)
}

interface Guess {
  readonly endpoint: Endpoint
  readonly id: string
  /** Of a mount or key below it. */
  readonly below?: string
  readonly body?: object
}

const ask = async ({ endpoint, id, below = randomUUID(), body: sent }: Guess) => {
  const { method, template, declares } = endpoint
  const path = template
    .replace('{id}', encodeURIComponent(id))
    .replace(/\{(mount|key|member)\}/, below)
    .replace('{type}', 'role')
  const sample = sent ?? (declares.body === undefined ? undefined : sampleOf(declares.body as object))
  const body = sample === undefined ? undefined : JSON.stringify(sample)
  const before = counted.count
  const answer = await fetch(`${gateway.origin}/management${path}`, {
    method,
    headers: { 'idempotency-key': randomUUID(), ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body } : {}),
  })
  const text = (await answer.text()).replace(/("request-id":")[^"]*/, '$1')
  const statements = counted.count - before
  return { status: answer.status, text: text.replaceAll(id, '<id>').replaceAll(below, '<below>'), statements }
}

const nobodys = (id: string): string => id.replace(/[0-9a-f-]{36}$/, randomUUID())

describe('an id of another project', () => {
  test('is answered as nobody’s, by as many statements, wherever an id is taken', async () => {
    const guessed = endpoints.filter(({ template }) => kindOf(template) !== undefined)
    expect(guessed.length).toBeGreaterThan(30)
    for (const endpoint of guessed) {
      const id = theirs[kindOf(endpoint.template) ?? 'warehouse']
      const line = `${endpoint.method} ${endpoint.template}`
      const foreign = await ask({ endpoint, id })
      expect({ line, ...foreign }).toEqual({ line, ...(await ask({ endpoint, id: nobodys(id) })) })
      expect(foreign.status, `${line} ${foreign.text}`).toBe(404)
      expect(foreign.statements, line).toBeGreaterThan(0)
    }
  })

  test('is nobody’s below an object of one’s own, too', async () => {
    for (const part of ['mount', 'key'] as const)
      for (const endpoint of endpoints.filter(({ template }) => template.endsWith(`{${part}}`))) {
        const id = mine[kindOf(endpoint.template) ?? 'warehouse']
        const foreign = await ask({ endpoint, id, below: theirs[part] })
        expect(foreign).toEqual(await ask({ endpoint, id, below: randomUUID() }))
        expect(foreign.status, foreign.text).toBe(404)
      }
  })

  test('is nobody’s in the body of a request, too', async () => {
    const endpoint = endpoints.find(({ operation }) => operation === 'createMount')
    if (endpoint === undefined) throw new Error('no mount can be made')
    const guess = async (connection: string) => {
      const body = { namespace: ['new'], 'connection-id': connection }
      const { text, ...rest } = await ask({ endpoint, id: mine.warehouse, body })
      return { ...rest, text: text.replaceAll(connection, '<connection>') }
    }
    const foreign = await guess(theirs.connection)
    expect(foreign).toEqual(await guess(randomUUID()))
    expect(foreign.status, foreign.text).toBe(404)
  })
})
