/**
 * Projects are invisible to one another: every operation of both faces, generated from their lists, is asked for in a
 * project that is there and in one that is not. Both answers are the same to the letter, and nothing was looked up.
 */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Standing } from '#authz/standing.ts'
import { createMountTable } from '#catalog/mounts.ts'
import type { IdempotencyLedger } from '#gateway/idempotency.ts'
import { createManagementOperations } from '#gateway/operations/management/management.ts'
import { createPageTokens } from '#gateway/page-token.ts'
import type { OpenWarehouse, WarehouseDirectory } from '#gateway/warehouses.ts'
import { managementEndpoints } from '#http/management/endpoints.ts'
import type { Principal } from '#model/access.ts'
import { samples } from '../support/iceberg-requests.ts'
import { createMemoryAudit } from '../support/memory-audit.ts'
import { createMemoryCatalog } from '../support/memory-catalog.ts'
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts'
import { createUngranted } from '../support/policy/authorizer.ts'
import { sampleOf } from '../support/schema-sample.ts'

/** As long as one another, so that answers that name them are of one length. */
const theirs = 'theirs'
const nobodys = 'nobody'

/** Every call of anything that is remembered anywhere. */
const touched: string[] = []

const watched = (path: string): unknown =>
  new Proxy(() => {}, {
    get: (_target, name) => (typeof name === 'string' ? watched(`${path}.${name}`) : undefined),
    apply: () => {
      touched.push(path)
      return Promise.resolve([])
    },
  })

/** What is known without asking anybody. */
const known: Readonly<Record<string, unknown>> = {
  projectId: 'mine',
  connectors: new Map(),
  pageTokens: createPageTokens(Buffer.alloc(32)),
  server: { id: randomUUID(), version: '1' },
  // What is streamed has to come to an end.
  audit: Object.fromEntries(
    Object.entries(createMemoryAudit()).map(([name, ask]: [string, (...args: never[]) => unknown]) => [
      name,
      (...args: never[]) => {
        touched.push(`audit.${name}`)
        return ask(...args)
      },
    ]),
  ),
}

type Deps = Parameters<typeof createManagementOperations>[0]
const deps = new Proxy({} as Deps, {
  get: (_target, name) => known[String(name)] ?? watched(String(name)),
})
const operations = createManagementOperations(deps)
const endpoints = managementEndpoints(operations)

const warehouseOf = (projectId: string): OpenWarehouse => ({
  id: randomUUID(),
  projectId,
  name: 'lake',
  mounts: createMountTable({ local: watched(`catalog of ${projectId}`) as never, mounts: [] }),
})
const mine: OpenWarehouse = {
  ...warehouseOf('mine'),
  mounts: createMountTable({ local: createMemoryCatalog(), mounts: [] }),
}
const foreign = warehouseOf(theirs)
const warehouses = [mine, foreign]

const directory: WarehouseDirectory = {
  byName: (name, project = 'mine') =>
    warehouses.find((one) =>
      name.includes('/')
        ? `${one.projectId}/${one.name}` === name
        : one.projectId === project && one.name === name,
    ),
  byPrefix: (prefix) => warehouses.find(({ id }) => id === prefix),
  byDefault: (project = 'mine') => warehouses.find(({ projectId }) => projectId === project),
}

const standings: Readonly<Record<string, Standing>> = {
  member: { serverAdmin: false, projects: new Set(['mine']), roles: new Set() },
  admin: { serverAdmin: true, projects: new Set(), roles: new Set() },
  both: { serverAdmin: true, projects: new Set(['mine']), roles: new Set() },
}
const nothing: Standing = { serverAdmin: false, projects: new Set(), roles: new Set() }

const ledger = watched('idempotency') as IdempotencyLedger

let gateway: MemoryGateway
beforeAll(async () => {
  gateway = await startMemoryGateway({
    directory,
    ledger,
    authenticator: {
      authenticate: ({ authorization = '' }): Principal => ({ kind: 'user', id: authorization }),
    },
    authorizer: createUngranted({
      standings: { of: ({ id }) => standings[id] ?? nothing },
      projectOf: (id) => warehouses.find((one) => one.id === id)?.projectId,
    }),
    faces: [{ base: '/management', endpoints }],
  })
})
afterAll(() => gateway.stop())
beforeEach(() => {
  touched.length = 0
})

interface Asked {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly project?: string
  readonly as?: string
}

/** All that an answer tells, but for what differs from one request to the next. */
const ask = async ({ method, path, body, project, as = 'member' }: Asked) => {
  const answer = await fetch(gateway.origin + path, {
    method,
    headers: {
      authorization: as,
      'idempotency-key': randomUUID(),
      ...(project === undefined ? {} : { 'x-project-id': project }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  const headers = [...answer.headers].filter(([name]) => name !== 'date' && name !== 'x-request-id')
  return {
    status: answer.status,
    headers,
    text: text.replace(/("request-id":")[^"]*/, '$1').replaceAll(/theirs|nobody/g, '<project>'),
  }
}

const lastAudited = () => {
  const entry = gateway.audited.at(-1)
  return [entry?.decision, entry?.reason.replace(/theirs|nobody/, '<project>')]
}

/** Where the schema does not say all that a body needs. */
const bodies: Readonly<Record<string, unknown>> = {
  createWarehouse: {
    'warehouse-name': 'new',
    'storage-profile': { type: 'file', location: 'file:///lake' },
  },
  updateWarehouseStorage: { 'storage-profile': { type: 'file', location: 'file:///lake' } },
}

const pathOf = (template: string, project: string): string =>
  `/management${template}`
    .replace('/project/{id}', `/project/${project}`)
    .replaceAll('{type}', 'user')
    .replaceAll(/\{\w+\}/g, '0190a1b2-0000-7000-8000-0000000000ff')

/** Not of any project: they say the same whatever project the request names. */
const ofTheServer = new Set(
  Object.values(operations)
    .filter((operation) => !('within' in operation))
    .map(({ name }) => name),
)

describe.each(endpoints.filter(({ operation }) => !ofTheServer.has(operation)))(
  '$operation ($method $template)',
  ({ operation, method, template, declares }) => {
    const body =
      bodies[operation] ?? (declares.body === undefined ? undefined : sampleOf(declares.body as object))
    const inProject = (project: string, as?: string) =>
      ask({ method, path: pathOf(template, project), body, project, ...(as === undefined ? {} : { as }) })

    test('tells a foreign project from no project by nothing, and looks nothing up', async () => {
      const refused = await inProject(theirs)
      const audited = lastAudited()
      expect(refused).toEqual(await inProject(nobodys))
      expect(refused.status, refused.text).toBe(404)
      expect(touched).toEqual([])
      expect(audited).toEqual(['denied', 'not a member of project <project>'])
      expect(lastAudited()).toEqual(audited)
    })

    test('is looked up for whoever may enter and administers', async () => {
      await inProject('mine', 'both')
      expect(touched).not.toEqual([])
    })
  },
)

test('these operations, and no others, are of the server and not of a project', () => {
  const named = [...ofTheServer].filter((name) => !/user|whoami/i.test(name))
  expect(named.sort()).toEqual([
    'bootstrap',
    'createProject',
    'exportServerAudit',
    // By id, in whatever project of the asker: it is found first, at the same cost wherever it is.
    'getRoleMetadata',
    'getServerInfo',
    'listProjects',
    'listSigningKeys',
    'rotateSigningKeys',
    'searchServerAudit',
  ])
})

describe.each(Object.entries(samples))('%s', (_operation, { line, body }) => {
  const [method = '', below = ''] = line.split(' ')
  const isConfig = below.startsWith('~')

  const under = (prefix: string) =>
    ask({ method, body, path: isConfig ? below.replace('~', '/catalog') : `/catalog/v1/${prefix}${below}` })

  test.skipIf(isConfig)('tells a foreign prefix from an unknown one by nothing', async () => {
    const unknown = randomUUID()
    const refused = await under(foreign.id)
    const plain = ({ text, ...rest }: typeof refused, id: string) => ({
      ...rest,
      text: text.replaceAll(id, '<id>'),
    })
    expect(plain(refused, foreign.id)).toEqual(plain(await under(unknown), unknown))
    expect(refused.status).toBe(404)
    expect(touched).toEqual([])
  })

  test.skipIf(isConfig)('tells a foreign default warehouse from none by nothing', async () => {
    const without = (project: string) => ask({ method, body, path: `/catalog/v1${below}`, project })
    const refused = await without(theirs)
    expect(refused).toEqual(await without(nobodys))
    expect(refused.status).toBe(404)
    expect(touched).toEqual([])
  })

  test.skipIf(isConfig)('is forbidden to an administrator, who has no right to data', async () => {
    const answer = await ask({ method, body, path: `/catalog/v1/${foreign.id}${below}`, as: 'admin' })
    expect(answer.status).toBe(403)
    expect(touched.filter((path) => !path.includes('.find'))).toEqual([])
  })
})

describe('the configuration of a warehouse', () => {
  const config = (warehouse: string, project?: string) =>
    ask({
      method: 'GET',
      path: `/catalog/v1/config?warehouse=${warehouse}`,
      ...(project === undefined ? {} : { project }),
    })

  test('is found by name, by project and name, and by header and name', async () => {
    for (const answer of [await config('lake'), await config('mine/lake'), await config('lake', 'mine')])
      expect(JSON.parse(answer.text)).toMatchObject({ overrides: { prefix: mine.id } })
    expect((await config('mine/lake', theirs)).status).toBe(200)
  })

  test('of a foreign project is as missing as one of no project, however it is named', async () => {
    const answers = [await config('theirs/lake'), await config('nobody/lake'), await config('nobody/lane')]
    const [first] = answers
    for (const answer of answers)
      expect({ ...answer, text: answer.text.replace('lane', 'lake') }).toEqual(first)
    expect(first?.status).toBe(404)
    expect(await config('lake', theirs)).toEqual(await config('lake', nobodys))
    expect(await config('', theirs)).toEqual(await config('', nobodys))
    expect(touched).toEqual([])
  })
})
