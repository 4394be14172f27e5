/** Lakekeeper's clients against our management face: their set-up calls unchanged, and how much of its API answers as there. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Gateway, startGateway } from '../../support/gateway.ts'
import {
  createdWarehouse,
  leftOut,
  type Served,
  served,
  servedApart,
  type World,
} from '../../support/lakekeeper-operations.ts'
import { type Minio, startMinio } from '../../support/minio.ts'

interface Reply {
  readonly status: number
  readonly etag: string | null
  readonly body: Readonly<Record<string, unknown>>
}

let gateway: Gateway
let minio: Minio
let world: World

const send = async (
  line: string,
  body?: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> => {
  const [method = '', path = ''] = line.split(' ')
  const answer = await fetch(`${gateway.origin}/management${path}`, {
    method,
    headers: { ...headers, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const text = await answer.text()
  return {
    status: answer.status,
    etag: answer.headers.get('etag'),
    body: text === '' ? {} : (JSON.parse(text) as Reply['body']),
  }
}

/** As Lakekeeper's examples have them: a profile that vends and signs, and static keys. */
const storageAt = ({ endpoint, accessKeyId, secretAccessKey }: Minio, prefix: string) => ({
  'storage-profile': {
    type: 's3',
    bucket: 'examples',
    'key-prefix': prefix,
    endpoint,
    region: 'local-01',
    'path-style-access': true,
    flavor: 's3-compat',
    'sts-enabled': true,
    'remote-signing-enabled': true,
    'sts-token-validity-seconds': 3600,
  },
  'storage-credential': {
    type: 's3',
    'credential-type': 'access-key',
    'access-key-id': accessKeyId,
    'secret-access-key': secretAccessKey,
  },
})

const draft = (name: string, prefix: string) => ({
  'warehouse-name': name,
  'project-id': null,
  ...storageAt(minio, prefix),
  'delete-profile': { type: 'soft', 'expiration-seconds': 86_400 },
})

const idOf = async (line: string, member: string, body: object): Promise<string> =>
  String((await send(line, body)).body[member])

beforeAll(async () => {
  minio = await startMinio()
  await minio.createBucket('examples')
  gateway = await startGateway()
  const storage = storageAt(minio, 'run')
  world = {
    storage,
    warehouse: await idOf('POST /v1/warehouse', 'id', { 'warehouse-name': 'run', ...storage }),
    role: await idOf('POST /v1/role', 'id', { name: 'first' }),
    otherRole: await idOf('POST /v1/role', 'id', { name: 'second' }),
    user: await idOf('POST /v1/user', 'id', { id: 'oidc~bob', name: 'Bob', 'user-type': 'human' }),
    project: await idOf('POST /v1/project', 'project-id', { 'project-name': 'second' }),
  }
})

afterAll(async () => {
  await gateway?.discard()
  await minio?.stop()
})

describe('the set-up of a Lakekeeper client', () => {
  test('bootstraps, makes a project, and a warehouse in S3 with static keys', async () => {
    expect((await send('POST /v1/bootstrap', { 'accept-terms-of-use': true })).status).toBe(204)
    const { body: made, status } = await send('POST /v1/project', { 'project-name': 'team' })
    expect(status).toBe(201)
    const headers = { 'x-project-id': String(made['project-id']) }
    const { body, ...reply } = await send('POST /v1/warehouse', draft('demo', 'demo'), headers)
    expect(reply.status, JSON.stringify(body)).toBe(201)
    expect(Object.keys(body)).toEqual(expect.arrayContaining([...createdWarehouse]))
    expect(body).toMatchObject({
      'project-id': made['project-id'],
      'storage-profile': { 'sts-enabled': true, 'remote-signing-enabled': true, bucket: 'examples' },
      'storage-credential-type': { type: 's3', 'credential-type': 'access-key' },
      'delete-profile': { type: 'soft', 'expiration-seconds': 86_400 },
    })
    expect(JSON.stringify(body)).not.toContain(minio.secretAccessKey)
    expect(await send(`DELETE /v1/warehouse/${body['id']}`, undefined, headers)).toMatchObject({
      status: 204,
    })
    expect((await send('DELETE /v1/project', undefined, headers)).status).toBe(204)
  })

  test('is told what is stored and has no effect yet', async () => {
    const { body } = await send('POST /v1/warehouse', draft('told', 'told'))
    expect(body['lakegate-inactive']).toEqual([
      'storage-profile.remote-signing-enabled',
      'storage-profile.sts-enabled',
      'storage-profile.sts-token-validity-seconds',
      'delete-profile',
    ])
    expect((await send(`GET /v1/warehouse/${body['id']}`)).body).toEqual(body)
  })

  test('is told nothing of the kind where all is in force', async () => {
    const { 'storage-profile': profile, ...rest } = storageAt(minio, 'plain')
    const { 'sts-token-validity-seconds': _, ...plain } = profile
    const quiet = { ...plain, 'sts-enabled': false, 'remote-signing-enabled': false }
    const { body } = await send('POST /v1/warehouse', {
      ...rest,
      'warehouse-name': 'plain',
      'storage-profile': quiet,
    })
    expect(body['lakegate-inactive']).toEqual([])
  })
})

describe('a change of a warehouse', () => {
  test('happens to the version that If-Match names, or not at all', async () => {
    const path = `/v1/warehouse/${world.warehouse}`
    const { etag, body } = await send(`GET ${path}`)
    const ifMatch = (tag: string | null) => ({ 'if-match': String(tag) })
    const rename = `POST ${path}/rename`
    const first = await send(rename, { 'new-name': 'seen' }, ifMatch(etag))
    expect(first.status).toBe(200)
    expect(first.etag).not.toBe(etag)
    const late = await send(rename, { 'new-name': 'late' }, ifMatch(etag))
    expect(late).toMatchObject({ status: 412, body: { error: { type: 'PreconditionFailedException' } } })
    expect((await send(rename, { 'new-name': 'x' }, ifMatch('"none-of-ours"'))).status).toBe(412)
    expect((await send(rename, { 'new-name': 'x' }, ifMatch('"1", "2"'))).status).toBe(400)
    expect((await send(`DELETE ${path}`, undefined, ifMatch(etag))).status).toBe(412)
    expect((await send(rename, { 'new-name': body['name'] as string }, ifMatch('*'))).status).toBe(200)
  })

  test('takes a default format version that is allowed, and forgets it when none is named', async () => {
    const line = `POST /v1/warehouse/${world.warehouse}/format-version-policy`
    const wrong = await send(line, { 'allowed-format-versions': [2], 'default-format-version': 3 })
    expect(wrong.status).toBe(400)
    const set = await send(line, { 'allowed-format-versions': [2, 3], 'default-format-version': 2 })
    expect(set.body).toMatchObject({ 'allowed-format-versions': [2, 3], 'default-format-version': 2 })
    const all = await send(line, { 'allowed-format-versions': [1, 2, 3] })
    expect(all.body).not.toHaveProperty('default-format-version')
  })
})

describe('a look at a storage', () => {
  test('finds what is wrong, and changes nothing', async () => {
    const wrong = { ...world.storage['storage-credential'], 'secret-access-key': 'wrong-secret' }
    const line = `POST /v1/warehouse/${world.warehouse}/storage/validate-credential`
    const { status, body } = await send(line, { 'new-storage-credential': wrong })
    expect(status).toBe(200)
    expect(body['valid']).toBe(false)
    expect(JSON.stringify(body)).not.toContain('wrong-secret')
    const access = await send(`POST /v1/warehouse/${world.warehouse}/storage/validate-access`)
    expect(access.body['valid']).toBe(true)
  })

  test('writes nowhere but where the warehouse lies', async () => {
    const line = `POST /v1/warehouse/${world.warehouse}/storage/validate-profile`
    const { body } = await send(line, storageAt(minio, 'elsewhere'))
    expect(body).toMatchObject({
      valid: false,
      checks: [{ name: 'profile-compatible', status: 'failed' }, {}],
    })
    const taken = { 'warehouse-name': 'fresh', ...storageAt(minio, 'run/below') }
    expect((await send('POST /v1/warehouse-creation-validation', taken)).body).toMatchObject({
      valid: false,
      checks: [{ name: 'location-exclusive', status: 'failed' }, {}],
    })
  })
})

const filled = (line: string): string =>
  line
    .replace('{warehouse_id}', world.warehouse)
    .replace('{role_id}', world.role)
    .replace('{user_id}', encodeURIComponent(world.user))
    .replace('{project_id}', world.project)

const lacking = (value: unknown, members: readonly string[]): readonly string[] =>
  members.filter((name) => !Object.hasOwn(Object(value), name))

/** What differs from Lakekeeper's answer. */
const differences = ({ status, members = [], items }: Served, reply: Reply): readonly string[] => {
  const [list, ...itemMembers] = items ?? []
  const found = list === undefined ? [] : reply.body[list]
  return [
    ...(reply.status === status ? [] : [`status ${reply.status}: ${JSON.stringify(reply.body)}`]),
    ...lacking(reply.body, members),
    ...(Array.isArray(found) ? found.flatMap((item) => lacking(item, itemMembers)) : [`${list} is no list`]),
  ]
}

describe('what Lakekeeper publishes for servers, users, roles, projects and warehouses', () => {
  test('answers with its path, members and status, but for what is listed as left out', async () => {
    const incompatible: Record<string, readonly string[]> = {}
    for (const operation of served) {
      const reply = await send(filled(operation.line), operation.body?.(world))
      const different = differences(operation, reply)
      if (different.length > 0) incompatible[operation.line] = different
    }
    const lines = [...served.map(({ line }) => line), ...servedApart]
    const total = lines.length + Object.keys(leftOut).length
    const compatible = lines.length - Object.keys(incompatible).length
    const reasons = Object.entries(leftOut).map(([line, why]) => `  left out: ${line} (${why})`)
    process.stdout.write(
      `${compatible} of ${total} operations of Lakekeeper's management API answer compatibly\n${reasons.join('\n')}\n`,
    )
    expect(incompatible).toEqual({})
    expect(lines.filter((line) => leftOut[line] !== undefined)).toEqual([])
  })
})
