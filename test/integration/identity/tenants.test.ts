/** Two tenants on two replicas before a real identity provider: what each may, and what none learns of the other. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Gateway } from '../../support/gateway.ts'
import {
  type IdentityReplicas,
  manage as manageByToken,
  startIdentityReplicas,
} from '../../support/identity-replicas.ts'
import { newTable } from '../../support/wire.ts'

const names = ['root', 'rival', 'alice', 'bob', 'carol'] as const
type Name = (typeof names)[number]

let replicas: IdentityReplicas
let here: Gateway
let there: Gateway
const tokens = new Map<string, string>()

beforeAll(async () => {
  replicas = await startIdentityReplicas(names.map((id) => ({ id, secret: `${id}-secret` })))
  here = replicas.gateways[0]
  there = replicas.gateways[1]
  for (const name of names) tokens.set(name, await replicas.provider.token(name))
})
afterAll(() => replicas[Symbol.asyncDispose]())

interface Asked {
  readonly as: Name
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly at?: Gateway
}

const ask = async (line: string, { as, body, headers = {}, at = here }: Asked) => {
  const [method = '', path = ''] = line.split(' ')
  const answer = await fetch(at.origin + path, {
    method,
    headers: {
      authorization: `Bearer ${tokens.get(as)}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  const json = (): Readonly<Record<string, unknown>> => JSON.parse(text || '{}')
  return { status: answer.status, headers: answer.headers, text, json }
}

const manage = (line: string, asked: Asked) => ask(line.replace(' ', ' /management/v1'), asked)

const inProject = (project: string) => ({ 'x-project-id': project })

const bootstrapBody = { 'accept-terms-of-use': true }

const folderOf = (name: string): string => join(here.lake, '..', `tenant-${name}`)

interface Tenant {
  readonly project: string
  readonly warehouse: string
  readonly connection: string
  readonly mount: string
  readonly role: string
  readonly account: string
  readonly location: string
}

const made = async (line: string, asked: Asked, id = 'id'): Promise<string> => {
  const answer = await manage(line, asked)
  expect(answer.status, `${line}: ${answer.text}`).toBe(201)
  return String(answer.json()[id])
}

/** Two tenants with the same names for everything. */
const makeTenant = async (project: string, member: Name): Promise<Tenant> => {
  const as = 'root'
  await made(
    'POST /project',
    { as, body: { 'project-name': `${project} team`, 'project-id': project } },
    'project-id',
  )
  const members = [{ type: 'user', id: `oidc~${member}` }]
  const added = await manage(`POST /project/${project}/members`, { as, body: { members } })
  expect(added.status, added.text).toBe(200)
  const headers = inProject(project)
  const location = `file://${folderOf(project)}`
  const profile = { type: 'file', location }
  const body = { 'warehouse-name': 'lake', 'storage-profile': profile }
  const warehouse = await made('POST /warehouse', { as: member, headers, body })
  const config = { uri: 'http://127.0.0.1:9' }
  const connection = await made(
    'POST /connection',
    { as: member, headers, body: { 'connection-name': 'far', kind: 'iceberg-rest', config } },
    'connection-id',
  )
  const role = await made('POST /role', { as: member, headers, body: { name: 'writers' } })
  const account = await made('POST /service-account', { as: member, headers, body: { name: 'loader' } })
  const prefix = `/catalog/v1/${warehouse}`
  const namespace = await ask(`POST ${prefix}/namespaces`, { as: member, body: { namespace: ['a'] } })
  expect(namespace.status, namespace.text).toBe(200)
  const table = await ask(`POST ${prefix}/namespaces/a/tables`, { as: member, body: newTable('t') })
  expect(table.status, table.text).toBe(200)
  return { project, warehouse, connection, mount: randomUUID(), role, account, location }
}

describe('bootstrap', () => {
  test('is open at first, and the token of the configuration administers all the same', async () => {
    const info = await manage('GET /info', { as: 'root' })
    expect(info.json()).toMatchObject({
      bootstrapped: false,
      'authz-backend': 'embedded',
      'default-project-id': 'default',
    })
    const refused = await manage('POST /project', { as: 'root', body: { 'project-name': 'x' } })
    expect(refused.status).toBe(403)
    const { text } = await manageByToken(here, 'GET /project-list')
    expect(JSON.parse(text)).toMatchObject({ projects: [{ 'project-id': 'default' }] })
  })

  test('wants its terms accepted', async () => {
    const body = { 'accept-terms-of-use': false }
    const answer = await manage('POST /bootstrap', { as: 'root', body })
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('TermsOfUseNotAccepted')
  })

  test('makes exactly one of many at once, on two replicas, the first administrator', async () => {
    const tries = Array.from({ length: 12 }, (_, i) =>
      manage('POST /bootstrap', { as: 'root', body: bootstrapBody, at: i % 2 === 0 ? here : there }),
    )
    const answers = await Promise.all(tries)
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1)
    const late = await manage('POST /bootstrap', { as: 'rival', body: bootstrapBody })
    for (const answer of [...answers.filter(({ status }) => status !== 204), late]) {
      expect(answer.status).toBe(400)
      expect(answer.json()).toMatchObject({ error: { type: 'CatalogAlreadyBootstrapped', code: 400 } })
    }
    expect((await manage('GET /info', { as: 'bob', at: there })).json()).toMatchObject({ bootstrapped: true })
    expect((await manage('GET /permissions/server/assignments', { as: 'root' })).json()).toEqual({
      assignments: [{ type: 'admin', user: 'oidc~root' }],
    })
  })

  test('leaves an administrator, whoever tries to take the last one away', async () => {
    const body = { deletes: [{ type: 'admin', user: 'oidc~root' }] }
    expect((await manage('POST /permissions/server/assignments', { as: 'root', body })).status).toBe(409)
    expect((await manage('DELETE /user/oidc~root', { as: 'root' })).status).toBe(409)
    expect((await manage('POST /user/oidc~root/deactivate', { as: 'root' })).status).toBe(409)
    const self = { writes: [{ type: 'admin', user: 'oidc~rival' }] }
    expect((await manage('POST /permissions/server/assignments', { as: 'rival', body: self })).status).toBe(
      403,
    )
  })
})

describe('two tenants', () => {
  let red: Tenant
  let blue: Tenant
  beforeAll(async () => {
    for (const name of names) await manage('GET /info', { as: name })
    red = await makeTenant('red', 'alice')
    blue = await makeTenant('blue', 'bob')
  })

  test('each sees its own project and no other, an administrator sees all', async () => {
    const projects = async (as: Name) =>
      ((await manage('GET /project-list', { as })).json()['projects'] as { 'project-id': string }[]).map(
        (one) => one['project-id'],
      )
    expect(await projects('alice')).toEqual(['red'])
    expect(await projects('bob')).toEqual(['blue'])
    expect(await projects('carol')).toEqual([])
    expect(await projects('root')).toEqual(['blue', 'default', 'red'])
  })

  test('one name means a warehouse of its own in each', async () => {
    const config = (as: Name, warehouse: string, headers = {}) =>
      ask(`GET /catalog/v1/config?warehouse=${encodeURIComponent(warehouse)}`, { as, headers })
    const prefix = async (answer: ReturnType<typeof config>) =>
      (await answer).json()['overrides'] as { prefix: string } | undefined
    expect(await prefix(config('alice', 'lake', inProject('red')))).toMatchObject({ prefix: red.warehouse })
    expect(await prefix(config('alice', 'red/lake'))).toMatchObject({ prefix: red.warehouse })
    expect(await prefix(config('alice', 'red team/lake'))).toMatchObject({ prefix: red.warehouse })
    expect(await prefix(config('bob', 'blue team/lake'))).toMatchObject({ prefix: blue.warehouse })
    expect((await config('alice', 'blue team/lake')).status).toBe(404)
    expect((await config('alice', 'lake')).status).toBe(404)
  })

  /** What an id of the other tenant is answered with, told from an id that nobody has. */
  const sameAsNobodys = async (line: (id: string) => string, id: string, asked: Asked) => {
    const unknown = id.replace(/[0-9a-f-]{36}$/, randomUUID())
    const plain = async (one: string) => {
      const { status, text, headers } = await ask(line(one), asked)
      const told = [...headers].filter(([name]) => name !== 'date' && name !== 'x-request-id')
      const words = text.replaceAll(one, '<id>').replace(/("request-id":")[^"]*/, '$1')
      return { status, words, told }
    }
    const refused = await plain(id)
    expect(refused).toEqual(await plain(unknown))
    expect(refused.status, refused.words).toBe(404)
  }

  const ids: readonly (readonly [string, (tenant: Tenant) => string])[] = [
    ['GET warehouse', ({ warehouse }) => warehouse],
    ['DELETE warehouse', ({ warehouse }) => warehouse],
    ['GET warehouse/*/mount', ({ warehouse }) => warehouse],
    ['POST warehouse/*/activate', ({ warehouse }) => warehouse],
    ['POST warehouse/*/deactivate', ({ warehouse }) => warehouse],
    ['GET connection', ({ connection }) => connection],
    ['DELETE connection', ({ connection }) => connection],
    ['GET role', ({ role }) => role],
    ['GET role/*/metadata', ({ role }) => role],
    ['GET role/*/members', ({ role }) => role],
    ['DELETE role', ({ role }) => role],
    ['GET service-account', ({ account }) => account],
    ['GET service-account/*/key', ({ account }) => account],
    ['DELETE service-account', ({ account }) => account],
  ]

  test.each(ids)('%s: an id of the other one is nobody’s', async (line, idOf) => {
    const [method = '', path = ''] = line.split(' ')
    const withId = (id: string) =>
      `${method} /management/v1/${path.includes('*') ? path.replace('*', id) : `${path}/${id}`}`
    await sameAsNobodys(withId, idOf(blue), { as: 'alice', headers: inProject('red') })
    expect((await ask(withId(idOf(blue)), { as: 'alice', headers: inProject('blue') })).status).toBe(404)
  })

  const places = ['namespaces', 'namespaces/a', 'namespaces/a/tables', 'namespaces/a/tables/t']

  test.each(places)('the prefix of the other one leads nowhere: %s', async (path) => {
    await sameAsNobodys((prefix) => `GET /catalog/v1/${prefix}/${path}`, blue.warehouse, { as: 'alice' })
  })

  test('neither page tokens, nor tags, nor keys of the other one tell anything', async () => {
    const list = (as: Name, token: string, warehouse: string) =>
      ask(`GET /catalog/v1/${warehouse}/namespaces?pageSize=1&pageToken=${token}`, { as })
    await ask(`POST /catalog/v1/${blue.warehouse}/namespaces`, { as: 'bob', body: { namespace: ['b'] } })
    const token = String((await list('bob', '', blue.warehouse)).json()['next-page-token'])
    expect((await list('bob', token, blue.warehouse)).status).toBe(200)
    const stolen = await list('alice', token, red.warehouse)
    const invented = await list('alice', 'x'.repeat(token.length), red.warehouse)
    expect([stolen.status, invented.status]).toEqual([400, 400])
    expect(stolen.json()['error']).toMatchObject({ message: 'Invalid page token' })
    const table = (warehouse: string, as: Name, headers = {}) =>
      ask(`GET /catalog/v1/${warehouse}/namespaces/a/tables/t`, { as, headers })
    const tag = (await table(blue.warehouse, 'bob')).headers.get('etag') ?? ''
    expect((await table(red.warehouse, 'alice', { 'if-none-match': tag })).status).toBe(200)
    expect((await table(blue.warehouse, 'alice', { 'if-none-match': tag })).status).toBe(404)
  })

  test('one key in two projects is two keys', async () => {
    const members = [{ type: 'user', id: 'oidc~carol' }]
    for (const project of ['red', 'blue'])
      expect(
        (await manage(`POST /project/${project}/members`, { as: 'root', body: { members } })).status,
      ).toBe(200)
    const key = randomUUID()
    const config = { uri: 'http://127.0.0.1:9' }
    const body = { 'connection-name': 'twice', kind: 'iceberg-rest', config }
    const make = (project: string) =>
      made(
        'POST /connection',
        { as: 'carol', headers: { ...inProject(project), 'idempotency-key': key }, body },
        'connection-id',
      )
    const first = await make('red')
    const second = await make('blue')
    expect(second).not.toBe(first)
    expect(await make('red')).toBe(first)
    for (const project of ['red', 'blue'])
      expect(
        (await manage(`DELETE /project/${project}/members/user/oidc~carol`, { as: 'root' })).status,
      ).toBe(204)
    // What she has made she owns, a member or not; nothing else is left to her.
    const left = await manage('GET /connection', { as: 'carol', headers: inProject('red') })
    expect(left.json()).toMatchObject({ connections: [{ 'connection-id': first }] })
    expect((await manage('GET /warehouse', { as: 'carol', headers: inProject('red') })).json()).toMatchObject(
      {
        warehouses: [],
      },
    )
  })

  test('a place that is taken is said to be, and not whose it is', async () => {
    const profile = { type: 'file', location: `${blue.location}/inside` }
    const body = { 'warehouse-name': 'thief', 'storage-profile': profile }
    const answer = await manage('POST /warehouse', { as: 'alice', headers: inProject('red'), body })
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('another warehouse')
    expect(answer.text.replace(profile.location, '')).not.toMatch(/blue|lake/)
  })

  test('a place of the other one cannot be allowed either, and no place over it', async () => {
    const headers = inProject('red')
    const settings = (allowed: string) =>
      manage(`POST /warehouse/${red.warehouse}/settings`, {
        ...{ as: 'alice', headers },
        body: { 'allowed-locations': [allowed] },
      })
    for (const allowed of [blue.location, `${blue.location}/a`, blue.location.replace(/\/[^/]+$/, '')]) {
      const answer = await settings(allowed)
      expect(answer.status, answer.text).toBe(400)
      expect(answer.text).toContain('another warehouse')
    }
    expect((await settings(`${red.location}-more`)).status).toBe(200)
  })

  test('variables and files of the machine are named by administrators alone', async () => {
    const make = (as: Name, name: string, token: string) =>
      manage('POST /connection', {
        ...{ as, headers: inProject('red') },
        body: {
          ...{ 'connection-name': name, kind: 'iceberg-rest' },
          config: { uri: 'http://127.0.0.1:9', auth: { kind: 'bearer', token } },
        },
      })
    const refused = await make('alice', 'borrowed', 'env:LAKEGATE_NEIGHBOUR')
    expect(refused.status, refused.text).toBe(403)
    expect((await make('alice', 'borrowed', 'file:/etc/hostname')).status).toBe(403)
    expect((await make('alice', 'own', 'a-token-of-her-own')).status).toBe(201)
    const allowed = await make('root', 'borrowed', 'env:LAKEGATE_NEIGHBOUR')
    expect(allowed.status, allowed.text).toBe(201)
  })

  test('nobody of the other one becomes a member, and a foreign role is no role', async () => {
    const add = (members: readonly object[]) =>
      manage('POST /project/red/members', { as: 'alice', body: { members } })
    const account = await add([{ type: 'user', id: blue.account }])
    const nobody = await add([{ type: 'user', id: `lakegate~${randomUUID()}` }])
    expect([account.status, nobody.status]).toEqual([404, 404])
    expect((await add([{ type: 'role', id: blue.role }])).status).toBe(404)
    expect((await add([{ type: 'role', id: red.role }])).status).toBe(200)
    const listed = await manage('GET /project/red/members', { as: 'alice' })
    expect(listed.json()['members']).toMatchObject([
      { type: 'user', id: 'oidc~alice' },
      { type: 'role', id: red.role, ident: expect.stringContaining('~') },
    ])
  })

  test('an administrator administers both and reads the data of neither', async () => {
    const as = 'root'
    for (const { project, warehouse } of [red, blue]) {
      const headers = inProject(project)
      expect((await manage(`GET /warehouse/${warehouse}`, { as, headers })).status).toBe(200)
      expect((await ask(`GET /catalog/v1/${warehouse}/namespaces/a/tables/t`, { as })).status).toBe(403)
      expect((await ask(`GET /catalog/v1/${warehouse}/namespaces`, { as })).status).toBe(403)
      expect((await ask(`GET /catalog/v1/config?warehouse=${project}/lake`, { as })).status).toBe(403)
    }
    expect((await manage('GET /warehouse', { as, headers: inProject('green') })).status).toBe(404)
  })

  test('a member is one at once here, and within five seconds elsewhere; so he ceases to be', async () => {
    const load = (at: Gateway) =>
      ask(`GET /catalog/v1/${red.warehouse}/namespaces/a/tables/t`, { as: 'carol', at }).then(
        ({ status }) => status,
      )
    expect([await load(here), await load(there)]).toEqual([404, 404])
    const body = { members: [{ type: 'user', id: 'oidc~carol' }] }
    expect((await manage('POST /project/red/members', { as: 'alice', body })).status).toBe(200)
    expect(await load(here)).toBe(200)
    await expect.poll(() => load(there), { timeout: 5_000 }).toBe(200)
    const gone = await manage('DELETE /project/red/members/user/oidc~carol', { as: 'alice' })
    expect(gone.status).toBe(204)
    expect(await load(here)).toBe(404)
    await expect.poll(() => load(there), { timeout: 5_000 }).toBe(404)
  })

  test('a project is renamed by its members and deleted by administrators, when it is empty', async () => {
    const renamed = await manage('POST /project/rename', {
      as: 'alice',
      headers: inProject('red'),
      body: { 'new-name': 'crimson' },
    })
    expect(renamed.json()).toMatchObject({ 'project-id': 'red', 'project-name': 'crimson' })
    expect((await ask('GET /catalog/v1/config?warehouse=crimson/lake', { as: 'alice' })).status).toBe(200)
    expect((await manage('DELETE /project/red', { as: 'alice' })).status).toBe(403)
    expect((await manage('DELETE /project/red', { as: 'root' })).status).toBe(409)
    expect((await manage('DELETE /project/default', { as: 'root' })).status).toBe(409)
    const taken = { 'project-name': 'red' }
    expect((await manage('POST /project', { as: 'root', body: taken })).status).toBe(409)
    const body = { 'project-name': 'short-lived', 'project-id': 'short' }
    await made('POST /project', { as: 'root', body }, 'project-id')
    expect((await manage('DELETE /project/short', { as: 'root' })).status).toBe(204)
    expect((await manage('GET /project/short', { as: 'root' })).status).toBe(404)
  })
})
