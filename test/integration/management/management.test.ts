/** The management face over a real store: what clients send, what they get, and what is refused. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Gateway, scratchFolder, startGateway } from '../../support/gateway.ts'

let gateway: Gateway
let upstream: Gateway
let lakes: string

beforeAll(async () => {
  lakes = await scratchFolder()
  upstream = await startGateway()
  gateway = await startGateway()
})

afterAll(async () => {
  await gateway?.discard()
  await upstream?.discard()
  await rm(lakes, { recursive: true, force: true })
})

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown> & { readonly error?: { type: string; message: string } }
}

const ask = async (method: string, path: string, body?: unknown): Promise<Answer> => {
  const answer = await fetch(`${gateway.origin}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : {
          body: typeof body === 'string' ? body : JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        }),
  })
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? {} : JSON.parse(text) }
}

const manage = (method: string, path: string, body?: unknown): Promise<Answer> =>
  ask(method, `/management/v1${path}`, body)

let count = 0
const freshName = (): string => `w${count++}`

const fileProfile = (name: string) => ({ type: 'file', location: `file://${join(lakes, name)}` })

const createWarehouse = async (more: Record<string, unknown> = {}) => {
  const name = freshName()
  await mkdir(join(lakes, name), { recursive: true })
  const { status, body } = await manage('POST', '/warehouse', {
    'warehouse-name': name,
    'storage-profile': fileProfile(name),
    ...more,
  })
  expect(status, JSON.stringify(body)).toBe(201)
  return { id: String(body['warehouse-id']), name, body }
}

const createConnection = async (config: object = { uri: upstream.catalog }): Promise<string> => {
  const draft = { 'connection-name': freshName(), kind: 'iceberg-rest', config }
  const { status, body } = await manage('POST', '/connection', draft)
  expect(status, JSON.stringify(body)).toBe(201)
  return String(body['connection-id'])
}

const mount = (warehouse: string, namespace: readonly string[], connection: string): Promise<Answer> =>
  manage('POST', `/warehouse/${warehouse}/mount`, { namespace, 'connection-id': connection })

describe('the server', () => {
  test('tells who it is, and is bootstrapped from its first start', async () => {
    expect((await manage('GET', '/info')).body).toMatchObject({
      bootstrapped: true,
      'default-project-id': 'default',
    })
    expect((await manage('POST', '/bootstrap', { 'accept-terms-of-use': true })).status).toBe(204)
    expect((await manage('GET', '/project-list')).body).toEqual({
      projects: [{ 'project-id': 'default', 'project-name': 'default' }],
    })
  })
})

describe('a warehouse', () => {
  test('is created, read, listed and served at once', async () => {
    const { id, name, body } = await createWarehouse({ 'allowed-locations': ['file:/tmp'] })
    expect(body).toMatchObject({
      id,
      name,
      'project-id': 'default',
      status: 'active',
      protected: false,
      'storage-profile': fileProfile(name),
      'delete-profile': { type: 'hard' },
      'allowed-locations': ['file:/tmp'],
      'verify-metadata-file': null,
    })
    expect((await manage('GET', `/warehouse/${id}`)).body).toEqual(body)
    expect((await manage('GET', `/warehouse/${id.toUpperCase()}`)).body).toEqual(body)
    expect((await manage('GET', '/warehouse')).body['warehouses']).toContainEqual(body)
    const config = await ask('GET', `/catalog/v1/config?warehouse=${name}`)
    expect(config.body).toMatchObject({ overrides: { prefix: id } })
  })

  test('keeps its id and its content under a new name', async () => {
    const { id, name } = await createWarehouse()
    expect((await ask('POST', `/catalog/v1/${id}/namespaces`, { namespace: ['a'] })).status).toBe(200)
    expect((await manage('POST', `/warehouse/${id}/rename`, { 'new-name': `${name}-new` })).status).toBe(200)
    expect((await ask('GET', `/catalog/v1/config?warehouse=${name}`)).status).toBe(404)
    expect((await ask('GET', `/catalog/v1/config?warehouse=${name}-new`)).body).toMatchObject({
      overrides: { prefix: id },
    })
    expect((await ask('GET', `/catalog/v1/${id}/namespaces`)).body['namespaces']).toEqual([['a']])
  })

  test('is deleted when it is empty and unprotected, and not before', async () => {
    const { id } = await createWarehouse()
    await ask('POST', `/catalog/v1/${id}/namespaces`, { namespace: ['a'] })
    expect((await manage('DELETE', `/warehouse/${id}`)).status).toBe(409)
    await ask('DELETE', `/catalog/v1/${id}/namespaces/a`)
    await manage('POST', `/warehouse/${id}/protection`, { protected: true })
    expect((await manage('DELETE', `/warehouse/${id}`)).status).toBe(409)
    await manage('POST', `/warehouse/${id}/protection`, { protected: false })
    expect((await manage('DELETE', `/warehouse/${id}`)).status).toBe(204)
    expect((await manage('GET', `/warehouse/${id}`)).body.error?.type).toBe('NoSuchWarehouseException')
    expect((await ask('GET', `/catalog/v1/${id}/namespaces`)).status).toBe(404)
  })

  test('is not served while it is deactivated', async () => {
    const { id, name } = await createWarehouse()
    await manage('POST', `/warehouse/${id}/deactivate`)
    expect((await ask('GET', `/catalog/v1/config?warehouse=${name}`)).status).toBe(404)
    const { body } = await manage('GET', '/warehouse')
    expect((body['warehouses'] as { id: string }[]).map((one) => one.id)).not.toContain(id)
    const every = (await manage('GET', '/warehouse?warehouseStatus=any')).body['warehouses']
    expect((every as { id: string }[]).map((one) => one.id)).toContain(id)
    await manage('POST', `/warehouse/${id}/activate`)
    expect((await ask('GET', `/catalog/v1/config?warehouse=${name}`)).status).toBe(200)
  })

  test('takes new settings one by one', async () => {
    const { id } = await createWarehouse()
    await manage('POST', `/warehouse/${id}/settings`, { 'verify-metadata-file': false })
    const { body } = await manage('POST', `/warehouse/${id}/settings`, { 'allowed-locations': ['file:/tmp'] })
    expect(body).toMatchObject({ 'verify-metadata-file': false, 'allowed-locations': ['file:/tmp'] })
  })

  test('does not move', async () => {
    const { id, name } = await createWarehouse()
    const elsewhere = { 'storage-profile': fileProfile('elsewhere') }
    expect((await manage('POST', `/warehouse/${id}/storage`, elsewhere)).status).toBe(400)
    const same = { 'storage-profile': fileProfile(name) }
    expect((await manage('POST', `/warehouse/${id}/storage`, same)).status).toBe(200)
  })

  test('at, above or below another one is refused, in any spelling', async () => {
    const { name } = await createWarehouse()
    const place = join(lakes, name)
    for (const location of [
      `file://${place}`,
      `file:${place}/`,
      `file://${place}/inner`,
      `file://${lakes}`,
    ]) {
      const { status, body } = await manage('POST', '/warehouse', {
        'warehouse-name': freshName(),
        'storage-profile': { type: 'file', location },
      })
      expect([status, JSON.stringify(body)]).toEqual([400, expect.stringMatching(/at, above or below/)])
    }
  })

  test('of several that overlap and are created at once, one is', async () => {
    const place = join(lakes, freshName())
    await mkdir(join(place, 'a/b'), { recursive: true })
    const answers = await Promise.all(
      ['', '/a', '/a/b', '', '/a'].map((below) =>
        manage('POST', '/warehouse', {
          'warehouse-name': freshName(),
          'storage-profile': { type: 'file', location: `file://${place}${below}` },
        }),
      ),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 400, 400, 400, 400])
  })

  test('of a name that is taken is refused', async () => {
    const { name } = await createWarehouse()
    const draft = { 'warehouse-name': name, 'storage-profile': fileProfile(name) }
    expect((await manage('POST', '/warehouse', draft)).status).toBe(409)
  })

  const s3 = { type: 's3', bucket: 'b', region: 'us-east-1' }
  test.each<[string, unknown, RegExp]>([
    ['no name', { 'storage-profile': s3 }, /warehouse-name is missing/],
    ['a name with a slash', { 'warehouse-name': 'a/b', 'storage-profile': s3 }, /warehouse-name/],
    ['an unknown member', { 'warehouse-nam': 'a', 'storage-profile': s3 }, /did you mean "warehouse-name"/],
    [
      'an unknown kind of storage',
      { 'warehouse-name': 'a', 'storage-profile': { type: 'tape' } },
      /storage-profile/,
    ],
    [
      'a secret that another object has',
      {
        'warehouse-name': 'a',
        'storage-profile': s3,
        'storage-credential': {
          type: 's3',
          'credential-type': 'access-key',
          'access-key-id': 'env:A',
          'secret-access-key': 'secret:00000000-0000-4000-8000-000000000000',
        },
      },
      /Cannot resolve the secret/,
    ],
    [
      'a soft deletion without its time',
      { 'warehouse-name': 'a', 'storage-profile': s3, 'delete-profile': { type: 'soft' } },
      /expiration-seconds/,
    ],
    ['another project', { 'warehouse-name': 'a', 'project-id': 'x', 'storage-profile': s3 }, /Project/],
    [
      'a relative location',
      { 'warehouse-name': 'a', 'storage-profile': { type: 'file', location: 'x' } },
      /file:/,
    ],
    ['text that is no JSON', '{"warehouse-name":', /JSON/],
    ['a member twice', '{"warehouse-name":"a","warehouse-name":"b"}', /duplicate/],
  ])('with %s is refused', async (_name, draft, message) => {
    const { status, body } = await manage('POST', '/warehouse', draft)
    expect([400, 404]).toContain(status)
    expect(body.error?.message).toMatch(message)
    expect(JSON.stringify(body)).not.toContain('hunter2')
  })

  test('whose storage cannot be written is refused with the step that failed', async () => {
    const profile = { type: 'file', location: 'file:///proc/lakegate' }
    const { status, body } = await manage('POST', '/warehouse', {
      'warehouse-name': freshName(),
      'storage-profile': profile,
    })
    expect(status).toBe(400)
    expect(body.error?.message).toMatch(/Cannot write under file:\/\/\/proc\/lakegate/)
  })

  test('that is unknown is 404, whatever stands for its id', async () => {
    for (const id of ['00000000-0000-0000-0000-000000000000', 'x', '%27%20or%201'])
      expect((await manage('GET', `/warehouse/${id}`)).status).toBe(404)
  })
})

describe('a connection', () => {
  test('is created, read, renamed, changed and deleted', async () => {
    const id = await createConnection()
    const path = `/connection/${id}`
    await manage('POST', `${path}/rename`, { 'new-name': 'renamed' })
    const config = { uri: 'http://127.0.0.1:1/x', auth: { kind: 'bearer', token: 'env:T' } }
    expect((await manage('POST', `${path}/config`, { config })).status).toBe(200)
    expect((await manage('GET', path)).body).toMatchObject({ name: 'renamed', kind: 'iceberg-rest', config })
    expect((await manage('DELETE', path)).status).toBe(204)
    expect((await manage('GET', path)).body.error?.type).toBe('NoSuchConnectionException')
  })

  test('that a mount uses is not deleted', async () => {
    const { id } = await createWarehouse()
    const connection = await createConnection()
    expect((await mount(id, ['far'], connection)).status).toBe(201)
    expect((await manage('DELETE', `/connection/${connection}`)).status).toBe(409)
  })

  test.each<[string, unknown, RegExp]>([
    ['an unknown kind', { kind: 'iceberg-rst', config: {} }, /did you mean "iceberg-rest"/],
    ['no address', { kind: 'iceberg-rest', config: {} }, /uri is missing/],
    [
      'an unknown member',
      { kind: 'iceberg-rest', config: { uri: 'http://x', urii: 1 } },
      /did you mean "uri"/,
    ],
    [
      'a reference that is misspelled, not taken for a secret',
      { kind: 'iceberg-rest', config: { uri: 'http://x', auth: { kind: 'bearer', token: 'env:hunter2-x' } } },
      /auth/,
    ],
  ])('with %s is refused', async (_name, draft, message) => {
    const { status, body } = await manage('POST', '/connection', {
      'connection-name': freshName(),
      ...(draft as object),
    })
    expect(status).toBe(400)
    expect(body.error?.message).toMatch(message)
    expect(JSON.stringify(body)).not.toContain('hunter2')
  })
})

describe('a list in pages', () => {
  const namesOf = (body: Answer['body'], list: string) =>
    (body[list] as readonly { readonly name: string }[]).map(({ name }) => name)

  test.each(['connection', 'warehouse'])('of every %s is the whole list, by name', async (kind) => {
    for (let i = 0; i < 3; i++) await (kind === 'warehouse' ? createWarehouse() : createConnection())
    const list = `${kind}s`
    const whole = await manage('GET', `/${kind}`)
    expect(whole.body['next-page-token']).toBeNull()
    const paged: string[] = []
    for (let token: unknown = ''; token !== null; ) {
      const query = `pageSize=2&pageToken=${encodeURIComponent(String(token))}`
      const { body } = await manage('GET', `/${kind}?${query}`)
      expect(namesOf(body, list).length).toBeLessThanOrEqual(2)
      paged.push(...namesOf(body, list))
      token = body['next-page-token']
    }
    expect(paged).toEqual(namesOf(whole.body, list).toSorted())
    expect(paged.length).toBeGreaterThan(2)
  })

  test('refuses a token of another list, and a size that is none', async () => {
    const { body } = await manage('GET', '/connection?pageSize=1')
    const token = encodeURIComponent(String(body['next-page-token']))
    expect((await manage('GET', `/warehouse?pageToken=${token}`)).status).toBe(400)
    expect((await manage('GET', '/warehouse?pageSize=0')).status).toBe(400)
    expect((await manage('GET', '/warehouse?warehouseStatus=lost')).status).toBe(400)
  })

  test('takes several statuses, as Lakekeeper does', async () => {
    const both = await manage('GET', '/warehouse?warehouseStatus=active&warehouseStatus=inactive')
    const any = await manage('GET', '/warehouse?warehouseStatus=any')
    expect(both.body).toEqual(any.body)
  })
})

describe('a mount', () => {
  test('is in force when it is answered, and gone when its removal is', async () => {
    const { id } = await createWarehouse()
    await fetch(`${upstream.catalog}/v1/namespaces`, {
      method: 'POST',
      body: '{"namespace":["far"]}',
      headers: { 'content-type': 'application/json' },
    })
    const { body } = await mount(id, ['up', 'there'], await createConnection())
    const under = `/catalog/v1/${id}/namespaces?parent=up%1Fthere`
    expect((await ask('GET', under)).body['namespaces']).toContainEqual(['up', 'there', 'far'])
    const path = `/warehouse/${id}/mount`
    expect((await manage('GET', path)).body['mounts']).toEqual([body])
    expect((await manage('GET', `${path}/${body['mount-id']}`)).body).toEqual(body)
    expect((await manage('DELETE', `${path}/${body['mount-id']}`)).status).toBe(204)
    expect((await ask('GET', under)).status).toBe(404)
    expect((await manage('DELETE', `${path}/${body['mount-id']}`)).status).toBe(404)
  })

  test('is refused over local content, over another mount, and where it leads back here', async () => {
    const { id } = await createWarehouse()
    const connection = await createConnection()
    await ask('POST', `/catalog/v1/${id}/namespaces`, { namespace: ['mine'] })
    expect((await mount(id, ['mine'], connection)).status).toBe(409)
    expect((await mount(id, [], connection)).status).toBe(409)
    expect((await mount(id, ['far'], connection)).status).toBe(201)
    expect((await mount(id, ['far'], connection)).status).toBe(409)
    const itself = await createConnection({ uri: gateway.catalog })
    const { status, body } = await mount(id, ['loop'], itself)
    expect(status).toBe(400)
    expect(body.error?.message).toMatch(/[Ll]oop/)
  })

  test('of an upstream that is away stands, and its content is called out', async () => {
    const { id } = await createWarehouse()
    const away = await createConnection({ uri: 'http://127.0.0.1:9/x' })
    expect((await mount(id, ['away'], away)).status).toBe(201)
    const answer = await fetch(`${gateway.catalog}/v1/${id}/namespaces?parent=away`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('lakegate-partial')).toMatch(/^away; /)
  })
})
