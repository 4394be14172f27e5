/** Every kind of secret goes through a gateway; afterwards none of them is found in what it keeps, logs or answers. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'
import { type Gateway, startGateway } from '../../support/gateway.ts'
import { spellingsOf } from '../../support/leaks/spellings.ts'
import { dumpOf, foundIn } from '../../support/secret-search.ts'

const fresh = (name: string): string => `${name}-${randomBytes(12).toString('hex')}`
const secrets = new Map<string, string>()
const secret = (name: string): string => {
  const value = fresh(name)
  secrets.set(name, value)
  return value
}

const staticToken = secret('static-token')
const serverKey = randomBytes(32).toString('base64')
secrets.set('server-key', serverKey)
const databasePassword = secret('database-password')

interface Listening {
  readonly url: string
  readonly authorizations: string[]
  readonly server: Server
}

const listen = async (
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<Listening> => {
  const authorizations: string[] = []
  const server = createServer((request, response) => {
    authorizations.push(request.headers.authorization ?? '')
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, authorizations, server }
}

/** Repeats in its errors whatever it was sent. */
const createUpstream = () =>
  listen((request, response) => {
    const said = request.headers.authorization ?? ''
    if (request.url?.includes('/v1/config'))
      return response.end(JSON.stringify({ defaults: {}, overrides: {} }))
    response.statusCode = request.url?.includes('teapot') ? 500 : 403
    return response.end(
      JSON.stringify({ error: { message: `no: ${said}`, type: said, code: response.statusCode } }),
    )
  })

/** As much of S3 as the probe of a warehouse needs; refuses keys that begin with `bad`, and repeats them. */
const createBucket = () => {
  const objects = new Map<string, Buffer>()
  return listen(async (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>))
    if (request.headers.authorization?.includes('Credential=bad')) {
      response.statusCode = 403
      return response.end(
        `<Error><Code>Denied</Code><Message>${request.headers.authorization}</Message></Error>`,
      )
    }
    if (request.method === 'PUT') objects.set(path, body)
    if (request.method === 'DELETE') {
      response.statusCode = 204
      return response.end()
    }
    const listed = request.url?.includes('list-type')
    return response.end(
      listed ? '<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>' : objects.get(path),
    )
  })
}

/** Takes traces as text. */
const createCollector = () =>
  listen(async (request, response) => {
    spans.push(Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString())
    response.end('{}')
  })

let db: TestDatabase
let gateway: Gateway
let upstream: Listening
let bucket: Listening
let collector: Listening
const spans: string[] = []
const answers: string[] = []

beforeAll(async () => {
  db = await openTestDatabase()
  ;[upstream, bucket, collector] = await Promise.all([createUpstream(), createBucket(), createCollector()])
  // The test server believes every user; the password travels all the same.
  const database = db.url.replace('@', `:${databasePassword}@`)
  gateway = await startGateway({
    server: {
      ...{ database: 'env:TEST_DATABASE', auth: { required: true }, egress: { allow: ['127.0.0.0/8'] } },
      ...{ 'log-level': 'trace', 'strict-audit': true },
    },
    state: {},
    env: {
      ...{ LAKEGATE_TOKEN: staticToken, LAKEGATE_KEY: serverKey, TEST_DATABASE: database },
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    },
  })
})

afterAll(async () => {
  await gateway?.discard()
  upstream?.server.close()
  bucket?.server.close()
  collector?.server.close()
  await db?.[Symbol.asyncDispose]()
})

interface Reply {
  readonly status: number
  readonly body: Readonly<Record<string, string>>
}

const send = async (line: string, body?: unknown, token = staticToken): Promise<Reply> => {
  const [method = '', path = ''] = line.split(' ')
  const form = body instanceof URLSearchParams
  const answer = await fetch(`${gateway.origin}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined
        ? {}
        : { 'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json' }),
    },
    ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
  })
  const text = await answer.text()
  // What is told once, by design, is all that may hold one.
  if (!/\/key$|\/oauth\/tokens$/.test(path)) answers.push(text)
  return { status: answer.status, body: text === '' ? {} : JSON.parse(text) }
}

const manage = (method: string, path: string, body?: unknown) => send(`${method} /management/v1${path}`, body)

const tokens = (form: Readonly<Record<string, string>>) =>
  send('POST /catalog/v1/oauth/tokens', new URLSearchParams(form))

const s3Credential = (id: string, key: string) => ({
  ...{ type: 's3', 'credential-type': 'access-key' },
  ...{ 'access-key-id': id, 'secret-access-key': key },
})

const s3Warehouse = (credential: object) => ({
  'warehouse-name': 'lake',
  'storage-profile': {
    ...{ type: 's3', bucket: 'lake', region: 'us-east-1', endpoint: bucket.url, 'path-style-access': true },
  },
  'storage-credential': credential,
})

describe('a literal secret in a call', () => {
  test('opens a connection and a storage, and is never told again', async () => {
    const bearer = secret('bearer')
    const config = { uri: upstream.url, auth: { kind: 'bearer', token: bearer } }
    const made = await manage('POST', '/connection', {
      'connection-name': 'far',
      kind: 'iceberg-rest',
      config,
    })
    expect(made.status, JSON.stringify(made.body)).toBe(201)
    const id = made.body['connection-id'] ?? ''
    expect(JSON.stringify(made.body)).toMatch(/"token":"secret:[0-9a-f-]{36}"/)

    const credential = s3Credential(secret('access-key-id'), secret('secret-access-key'))
    const lake = await manage('POST', '/warehouse', s3Warehouse(credential))
    expect(lake.status, JSON.stringify(lake.body)).toBe(201)
    const warehouse = lake.body['warehouse-id'] ?? ''
    const mount = { namespace: ['far'], 'connection-id': id }
    expect((await manage('POST', `/warehouse/${warehouse}/mount`, mount)).status).toBe(201)

    for (const name of ['x', 'teapot'])
      await send(`GET /catalog/v1/${warehouse}/namespaces/far/tables/${name}`)
    expect(upstream.authorizations).toContain(`Bearer ${bearer}`)
    expect(bucket.authorizations.some((one) => one.includes(secrets.get('access-key-id') ?? ''))).toBe(true)
  })

  test('is replaced by the next one, and kept where the reference is sent back', async () => {
    const { body } = await manage('GET', '/connection')
    const [{ 'connection-id': id, config }] = body['connections'] as unknown as [
      { 'connection-id': string; config: { uri: string; auth: object } },
    ]
    const change = (value: unknown) => manage('POST', `/connection/${id}/config`, { config: value })
    expect((await change(config)).body['config']).toEqual(config)
    const client = { 'client-id': 'me', 'client-secret': secret('upstream-client-secret') }
    const changed = await change({ ...config, auth: { kind: 'oauth2', ...client } })
    expect(changed.status).toBe(200)
    const again = await change(config)
    expect([again.status, JSON.stringify(again.body)]).toEqual([
      400,
      expect.stringContaining('Cannot resolve'),
    ])
  })

  test('of a storage that refuses it is not in the refusal', async () => {
    const credential = s3Credential(`bad${secret('bad-key-id')}`, secret('bad-secret-key'))
    const { status } = await manage('POST', '/warehouse', {
      ...s3Warehouse(credential),
      'warehouse-name': 'other',
    })
    expect(status).toBe(400)
  })

  test('of a request that is refused is not repeated', async () => {
    const config = { uri: upstream.url, auth: { kind: 'bearer', token: secret('refused'), more: 1 } }
    const draft = { 'connection-name': 'other', kind: 'iceberg-rest', config }
    expect((await manage('POST', '/connection', draft)).status).toBe(400)
  })
})

describe('a service account', () => {
  test('has a key, a secret and tokens, which work', async () => {
    const { body: account } = await manage('POST', '/service-account', { name: 'etl' })
    const path = `/service-account/${account['id']}/key`
    for (const kind of ['api-key', 'client-secret'])
      secrets.set(kind, (await manage('POST', path, { name: kind, kind })).body['key'] ?? '')
    const client = { client_id: account['id'] ?? '', client_secret: secrets.get('client-secret') ?? '' }
    const given = await tokens({ grant_type: 'client_credentials', ...client })
    secrets.set('token', given.body['access_token'] ?? '')
    const renewed = await tokens({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: secrets.get('token') ?? '',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    })
    secrets.set('renewed-token', renewed.body['access_token'] ?? '')
    for (const name of ['api-key', 'token', 'renewed-token'])
      expect((await send('GET /management/v1/whoami', undefined, secrets.get(name))).status, name).toBe(200)
  })

  test('and whoever is none are refused without a word of what they sent', async () => {
    const wrong = { client_id: secret('wrong-id'), client_secret: secret('wrong-secret') }
    expect((await tokens({ grant_type: 'client_credentials', ...wrong })).status).toBe(401)
    expect((await send('GET /catalog/v1/config', undefined, secret('wrong-token'))).status).toBe(401)
    const twice = new URLSearchParams([
      ['client_secret', secret('twice')],
      ['client_secret', secret('again')],
    ])
    expect((await send('POST /catalog/v1/oauth/tokens', twice)).status).toBe(400)
  })
})

describe('afterwards', () => {
  test('no secret is in the database, in the log, in the metrics, in a trace or in an answer', async () => {
    const metrics = await (await fetch(`${gateway.origin}/metrics`)).text()
    // They leave in batches.
    await expect.poll(() => spans.join(), { timeout: 30_000 }).toContain('getToken')
    const kept = {
      database: await dumpOf(db.database),
      log: gateway.output(),
      metrics,
      answers: answers.join('\n'),
      traces: spans.join('\n'),
    }
    expect(kept.database).toContain('getToken')
    expect(secrets.size).toBe(19)
    for (const [place, text] of Object.entries(kept))
      expect(foundIn(text, secrets), `found in the ${place}`).toEqual([])
  })

  test('the search would find them', () => {
    for (const [name, value] of secrets)
      for (const spelling of spellingsOf(value)) expect(foundIn(`a ${spelling} b`, secrets)).toContain(name)
  })

  test('what nobody refers to any more is gone', async () => {
    const [{ count } = { count: -1 }] = await db.database.query<{ count: number }>(
      `select count(*) from secret where purpose not in ('signing-key', 'audit-seal')`,
    )
    // The client secret of the connection, and the two keys of the warehouse.
    expect(count).toBe(3)
  })
})
