import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort, type Gateway, startGateway, warehousePrefix } from '../support/gateway.ts'
import {
  answerJson,
  answerRaw,
  byMethod,
  cutConnection,
  type HostileUpstream,
  startHostileUpstream,
} from '../support/hostile-upstream.ts'

/** Two real gateways: `inner` is mounted into `outer` three times, beside a dead upstream and a scripted one. */
let inner: Gateway
let outer: Gateway
let scripted: HostileUpstream
let base: string
let innerBase: string

const startOuter = async (): Promise<Gateway> => {
  const port = await freePort()
  const dead = await freePort()
  const rest = (name: string, uri: string, warehouse = '') => ({
    name,
    kind: 'iceberg-rest',
    uri,
    warehouse,
    auth: { kind: 'none' },
  })
  return startGateway({
    port,
    state: {
      connections: [
        rest('inner', inner.catalog, 'default'),
        rest('dead', `http://127.0.0.1:${dead}`),
        rest('scripted', scripted.uri),
      ],
      warehouses: [
        {
          name: 'default',
          location: `file://${inner.folder}/outer-lake`,
          mounts: [
            { namespace: ['legacy'], connection: 'inner' },
            { namespace: ['deep', 'er'], connection: 'inner' },
            { namespace: ['dead'], connection: 'dead' },
            { namespace: ['scripted'], connection: 'scripted' },
          ],
        },
        {
          name: 'whole',
          location: `file://${inner.folder}/whole-lake`,
          mounts: [{ namespace: [], connection: 'inner' }],
        },
      ],
    },
  })
}

beforeAll(async () => {
  inner = await startGateway()
  scripted = await startHostileUpstream()
  outer = await startOuter()
  base = await warehousePrefix(outer)
  innerBase = await warehousePrefix(inner)
})

afterAll(async () => {
  await outer?.discard()
  await inner?.discard()
  await scripted?.[Symbol.asyncDispose]()
})

/** The members of answers that the cases look at; each is there in the answers where it is looked for. */
interface Wire {
  readonly namespaces: readonly string[][]
  readonly identifiers: readonly unknown[]
  readonly 'next-page-token': string | null
  readonly metadata: { readonly properties: Readonly<Record<string, string>> }
  readonly error: { readonly message: string }
  readonly config: unknown
  readonly warehouses: readonly { readonly id: string; readonly name: string }[]
  readonly 'connection-id': string
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: Wire
}

const call = async (method: string, url: string, body?: unknown): Promise<Answer> => {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await answer.text()
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    json: text === '' ? undefined : JSON.parse(text),
  }
}

const schema = {
  type: 'struct',
  'schema-id': 0,
  fields: [{ id: 1, name: 'id', required: true, type: 'long' }],
}
const levels = (...names: string[]): string => names.map(encodeURIComponent).join('%1F')

describe('mounts of a second gateway', () => {
  it('show one and the same table at each of their places', async () => {
    const made = await call('POST', `${base}/namespaces`, {
      namespace: ['legacy', 'db'],
      properties: { a: 'b' },
    })
    expect(made).toMatchObject({ status: 200, json: { namespace: ['legacy', 'db'], properties: { a: 'b' } } })
    const created = await call('POST', `${base}/namespaces/${levels('legacy', 'db')}/tables`, {
      name: 't',
      schema,
    })
    expect(created.status).toBe(200)
    const whole = await warehousePrefix(outer, 'whole')
    const direct = await call('GET', `${innerBase}/namespaces/db/tables/t`)
    for (const url of [
      `${base}/namespaces/${levels('legacy', 'db')}/tables/t`,
      `${base}/namespaces/${levels('deep', 'er', 'db')}/tables/t`,
      `${whole}/namespaces/db/tables/t`,
    ]) {
      const loaded = await call('GET', url)
      expect(loaded.status).toBe(200)
      const body = (text: string): string => text.slice(text.indexOf('"metadata":'), text.lastIndexOf('}}'))
      expect(body(loaded.text)).toContain(body(direct.text).slice(0, 2000))
    }
  })

  it('are listed after what is local, with the names of the caller', async () => {
    await call('POST', `${base}/namespaces`, { namespace: ['aa_local'] })
    const root = await call('GET', `${base}/namespaces`)
    expect(root.json.namespaces).toEqual([['aa_local'], ['legacy'], ['deep'], ['dead'], ['scripted']])
    expect(root.headers.get('lakegate-partial')).toBeNull()
    expect((await call('GET', `${base}/namespaces?parent=deep`)).json.namespaces).toEqual([['deep', 'er']])
    expect(
      (await call('GET', `${base}/namespaces?parent=${levels('deep', 'er')}`)).json.namespaces,
    ).toContainEqual(['deep', 'er', 'db'])
    expect(
      (await call('GET', `${base}/namespaces/${levels('legacy', 'db')}/tables`)).json.identifiers,
    ).toEqual([{ namespace: ['legacy', 'db'], name: 't' }])
  })

  it('can be paged through by one name at a time', async () => {
    const names: string[] = []
    let token = ''
    for (let page = 0; page < 20; page += 1) {
      const { json } = await call(
        'GET',
        `${base}/namespaces?pageSize=1&pageToken=${encodeURIComponent(token)}`,
      )
      names.push(...json.namespaces.map((one) => one.join('.')))
      token = json['next-page-token'] ?? ''
      if (token === '') break
    }
    expect(names).toEqual(['aa_local', 'legacy', 'deep', 'dead', 'scripted'])
  })

  it('take commits, and answer a load with 304 while nothing has changed', async () => {
    const url = `${base}/namespaces/${levels('legacy', 'db')}/tables/t`
    const committed = await call('POST', url, {
      identifier: { namespace: ['legacy', 'db'], name: 't' },
      requirements: [],
      updates: [{ action: 'set-properties', updates: { through: 'outer' } }],
    })
    expect(committed.status).toBe(200)
    expect((await call('GET', `${innerBase}/namespaces/db/tables/t`)).json.metadata.properties.through).toBe(
      'outer',
    )
    const etag = (await call('GET', url)).headers.get('etag')
    expect(etag).toBeTruthy()
    const again = await fetch(url, { headers: { 'if-none-match': String(etag) } })
    expect(again.status).toBe(304)
  })

  it('name what is taken or missing as the caller did, also when the answer is told again', async () => {
    const told = async (path: string, body: unknown): Promise<string> =>
      (await call('POST', `${base}/namespaces${path}`, body)).json.error.message
    expect(await told(`/${levels('legacy', 'db')}/tables`, { name: 't', schema })).toBe(
      'Table already exists: legacy.db.t',
    )
    expect(await told('', { namespace: ['legacy', 'db'] })).toBe('Namespace already exists: legacy.db')
    const url = `${base}/namespaces/${levels('legacy', 'db')}/tables`
    const again = async (): Promise<string> => {
      const headers = {
        'content-type': 'application/json',
        'idempotency-key': '0190b5a0-0000-7000-8000-00000000aaaa',
      }
      return (
        await fetch(url, { method: 'POST', headers, body: JSON.stringify({ name: 't', schema }) })
      ).text()
    }
    expect(await again()).toContain('Table already exists: legacy.db.t')
    expect(await again()).toContain('Table already exists: legacy.db.t')
  })

  it('refuse a rename and a transaction that would cross them, and nothing is sent', async () => {
    const rename = await call('POST', `${base}/tables/rename`, {
      source: { namespace: ['legacy', 'db'], name: 't' },
      destination: { namespace: ['aa_local'], name: 't' },
    })
    expect(rename).toMatchObject({ status: 400, json: { error: { type: 'BadRequestException' } } })
    const change = (namespace: string[]) => ({
      identifier: { namespace, name: 't' },
      requirements: [],
      updates: [],
    })
    const transaction = await call('POST', `${base}/transactions/commit`, {
      'table-changes': [change(['legacy', 'db']), change(['aa_local'])],
    })
    expect(transaction.status).toBe(400)
    expect((await call('HEAD', `${innerBase}/namespaces/db/tables/t`)).status).toBe(204)
  })

  it('are namespaces that nobody can make, drop or change', async () => {
    expect((await call('GET', `${base}/namespaces/legacy`)).json).toEqual({
      namespace: ['legacy'],
      properties: {},
    })
    expect((await call('HEAD', `${base}/namespaces/deep`)).status).toBe(204)
    expect((await call('POST', `${base}/namespaces`, { namespace: ['legacy'] })).status).toBe(409)
    expect((await call('DELETE', `${base}/namespaces/deep`)).status).toBe(409)
    expect((await call('POST', `${base}/namespaces/legacy/properties`, { updates: { a: 'b' } })).status).toBe(
      406,
    )
    expect((await call('POST', `${base}/namespaces/legacy/tables`, { name: 't', schema })).status).toBe(406)
    expect((await call('GET', `${base}/namespaces/legacy/tables/t`)).status).toBe(404)
    expect((await call('GET', `${base}/namespaces/legacy/tables`)).json.identifiers).toEqual([])
  })
})

describe('an upstream that is out', () => {
  it('makes a list partial, which says so, and harms no other mount', async () => {
    for (const url of [
      `${base}/namespaces?parent=dead`,
      `${base}/namespaces/${levels('dead', 'db')}/tables`,
    ]) {
      const listed = await call('GET', url)
      expect(listed.status).toBe(200)
      expect(listed.headers.get('lakegate-partial')).toMatch(
        /^dead; .*Connection dead: no connection could be made/,
      )
    }
    expect(
      (await call('GET', `${base}/namespaces/${levels('legacy', 'db')}/tables`)).json.identifiers,
    ).toHaveLength(1)
  })

  it('is 503 for a load, 429 for a commit that was not sent, and names no address', async () => {
    const url = `${base}/namespaces/${levels('dead', 'db')}/tables/t`
    const load = await call('GET', url)
    expect(load).toMatchObject({ status: 503, json: { error: { type: 'ServiceUnavailableException' } } })
    const commit = await call('POST', url, { requirements: [], updates: [] })
    expect(commit).toMatchObject({ status: 429, json: { error: { type: 'SlowDownException' } } })
    for (const answer of [load, commit]) {
      expect(answer.headers.get('retry-after')).toBeTruthy()
      expect(answer.text).not.toContain('127.0.0.1')
    }
  })
})

describe('a gateway with strict lists, wholly mounted from an upstream that is out', () => {
  it('fails a list instead of giving a part of it, and starts and stays ready all the same', async () => {
    const dead = await freePort()
    const strict = await startGateway({
      server: { 'strict-lists': true },
      state: {
        connections: [
          { name: 'dead', kind: 'iceberg-rest', uri: `http://127.0.0.1:${dead}`, auth: { kind: 'none' } },
        ],
        warehouses: [
          {
            name: 'default',
            location: `file://${inner.folder}/strict-lake`,
            mounts: [{ namespace: [], connection: 'dead' }],
          },
        ],
      },
    })
    try {
      const listed = await call('GET', `${strict.catalog}/v1/namespaces`)
      expect(listed).toMatchObject({ status: 503, json: { error: { type: 'ServiceUnavailableException' } } })
      expect(listed.headers.get('retry-after')).toBeTruthy()
      expect((await call('GET', `${strict.catalog}/v1/config`)).status).toBe(200)
      expect((await fetch(`${strict.origin}/health/ready`)).status).toBe(200)
    } finally {
      await strict.discard()
    }
  })
})

/** Mounts `target` into the default warehouse of `host`. */
const mountInto = async (host: Gateway, name: string, target: string): Promise<Answer> => {
  const management = `${host.origin}/management/v1`
  const made = await call('POST', `${management}/connection`, {
    'connection-name': name,
    kind: 'iceberg-rest',
    config: { uri: target, warehouse: 'default' },
  })
  expect(made.status).toBe(201)
  const warehouses = (await call('GET', `${management}/warehouse`)).json.warehouses
  const { id } = warehouses.find((one) => one.name === 'default') ?? { id: 'missing' }
  return call('POST', `${management}/warehouse/${id}/mount`, {
    namespace: [name],
    'connection-id': made.json['connection-id'],
  })
}

describe('a gateway that leads back to itself', () => {
  it('cannot be mounted', async () => {
    const mounted = await mountInto(outer, 'myself', outer.catalog)
    expect(mounted.status).toBe(400)
    expect(mounted.json.error.message).toContain('Loop detected')
    expect((await call('GET', `${base}/namespaces`)).json.namespaces).not.toContainEqual(['myself'])
  })

  it('through another one refuses the loop instead of running in it', async () => {
    await mountInto(inner, 'back', outer.catalog)
    const looped = await call('GET', `${base}/namespaces/${levels('legacy', 'back', 'aa_local')}`)
    expect(looped.status).toBe(400)
    expect(looped.json.error.message).toContain('Loop detected')
  })
})

describe('a hostile upstream', () => {
  const canary = 'canary-7f3a'
  const at = `${levels('scripted', 'db')}/tables/t`
  const document =
    '{"format-version":2,"table-uuid":"11111111-1111-1111-1111-111111111111","location":"s3://b/t","last-updated-ms":1,"big":9007199254740993,"spelled":1.0}'

  it('has none of its credentials handed on, from no place and by no operation', async () => {
    const secrets = Object.fromEntries(
      [
        'token',
        'credential',
        's3.access-key-id',
        's3.secret-access-key',
        's3.session-token',
        's3.signer.uri',
        'header.Authorization',
        'uri',
        'gcs.oauth2.token',
        'adls.sas-token.x',
        'client.refresh-credentials-endpoint',
        'urn:ietf:params:oauth:token-type:jwt',
      ].map((key) => [key, key === 'uri' ? '' : canary]),
    )
    const sides = `"config":${JSON.stringify({ ...secrets, 's3.endpoint': `https://${canary}@h`, 'client.region': 'eu-1' })},"storage-credentials":[{"prefix":"s3","config":${JSON.stringify(secrets)}}],"remote-signing-config":${JSON.stringify({ headers: secrets })}`
    scripted.configure(answerJson({ defaults: secrets, overrides: { 's3.session-token': canary } }))
    scripted.behave(
      answerRaw(
        200,
        `{${sides},"metadata-location":"s3://b/t/m.json","metadata":${document},"x-secret":"${canary}"}`,
      ),
    )
    const answers = [
      await call('GET', `${base}/namespaces/${at}`),
      await call('POST', `${base}/namespaces/${at}`, { requirements: [], updates: [] }),
      await call('POST', `${base}/namespaces/${levels('scripted', 'db')}/tables`, { name: 't', schema }),
      await call('POST', `${base}/namespaces/${levels('scripted', 'db')}/register`, {
        name: 't',
        'metadata-location': 's3://b/t/m.json',
        // What it answers says that the name is taken.
        overwrite: true,
      }),
    ]
    for (const answer of answers) {
      expect(answer.status).toBe(200)
      expect(answer.text + JSON.stringify([...answer.headers])).not.toContain(canary)
      expect(answer.text).toContain(document)
      expect(answer.json.config).toEqual({ 'client.region': 'eu-1' })
    }
    expect(outer.output()).not.toContain(canary)
  })

  it('that cuts a commit leaves it unknown, with a status that no client takes for a failure', async () => {
    scripted.behave(
      byMethod({
        POST: cutConnection,
        GET: answerRaw(200, `{"metadata-location":"s3://b/t/m.json","metadata":${document}}`),
      }),
    )
    const answer = await call('POST', `${base}/namespaces/${at}`, {
      requirements: [],
      updates: [{ action: 'add-snapshot', snapshot: { 'snapshot-id': 5 } }],
    })
    expect(answer).toMatchObject({ status: 500, json: { error: { type: 'CommitStateUnknownException' } } })
  })
})
