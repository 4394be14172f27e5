import { describe, expect, it } from 'vitest'
import { newCall } from '../../contract/catalog/kit.ts'
import { answerError, answerJson, answerRaw } from '../../support/hostile-upstream.ts'
import {
  all,
  answerTable,
  appendBody,
  bytesOf,
  envelope,
  failureOf,
  id,
  metadata,
  raw,
  useRelayBench,
} from '../../support/relay-bench.ts'

const bench = useRelayBench()

describe('a relayed load', () => {
  it('hands the metadata on byte for byte, and reads a few facts', async () => {
    bench.upstream.behave(answerTable(['9007199254740993'], { etag: '"v1"' }))
    const loaded = await bench.catalog.tables.load(newCall(), id, all)
    expect(bytesOf(loaded)).toBe(metadata(['9007199254740993']))
    expect(loaded).toMatchObject({
      uuid: 'u-1',
      location: 's3://b/t',
      metadataLocation: 's3://b/t/metadata/1.json',
    })
  })

  it('is one request once the connection is warm', async () => {
    bench.upstream.behave(answerTable())
    await bench.catalog.tables.load(newCall(), id, all)
    bench.upstream.forget()
    for (let i = 0; i < 5; i += 1) await bench.catalog.tables.load(newCall(), id, all)
    expect(bench.upstream.calls.map(({ method, url }) => `${method} ${url}`)).toEqual(
      Array.from({ length: 5 }, () => 'GET /v1/namespaces/db/tables/t'),
    )
    expect(bench.upstream.configCalls).toEqual([])
  })

  it('asks for the configuration once, however many calls start together', async () => {
    bench.upstream.behave(answerTable())
    await Promise.all(Array.from({ length: 8 }, () => bench.catalog.tables.load(newCall(), id, all)))
    expect(bench.upstream.configCalls).toHaveLength(1)
  })

  it('passes the snapshots mode and the tag of the upstream, and understands a 304', async () => {
    bench.upstream.behave(answerTable([], { etag: 'W/"v1"' }))
    const loaded = await bench.catalog.tables.load(newCall(), id, { snapshots: 'refs' })
    if (loaded === 'not-modified') throw new Error('not modified without a tag')
    bench.upstream.behave(answerRaw(304, ''))
    const again = await bench.catalog.tables.load(newCall(), id, {
      snapshots: 'refs',
      unlessVersion: loaded.version,
    })
    expect(again).toBe('not-modified')
    expect(bench.upstream.calls[0]?.url).toBe('/v1/namespaces/db/tables/t?snapshots=refs')
    expect(bench.upstream.calls[1]?.headers['if-none-match']).toBe('W/"v1"')
  })

  it('tells an unchanged document apart where the upstream gives no tag, or one that cannot be sent back', async () => {
    for (const headers of [{}, { etag: 'x'.repeat(1000) }]) {
      bench.upstream.behave(answerTable([], headers))
      const loaded = await bench.catalog.tables.load(newCall(), id, all)
      if (loaded === 'not-modified') throw new Error('not modified without a tag')
      expect(await bench.catalog.tables.load(newCall(), id, { ...all, unlessVersion: loaded.version })).toBe(
        'not-modified',
      )
      expect(bench.upstream.calls.at(-1)?.headers['if-none-match']).toBeUndefined()
    }
  })

  it('never believes a 304 that was not asked for', async () => {
    bench.upstream.behave(answerRaw(304, ''))
    expect((await failureOf(bench.catalog.tables.load(newCall(), id, all))).type).toBe('BadGatewayException')
  })

  it('names who asks and which gateways the request has passed', async () => {
    bench.upstream.behave(answerTable())
    await bench.catalog.tables.load(newCall({ requestId: 'request-7', hops: ['first.gateway'] }), id, all)
    expect(bench.upstream.calls[0]?.headers).toMatchObject({
      'x-request-id': 'request-7',
      'lakegate-hops': 'first.gateway, test.gateway',
    })
    expect(bench.upstream.configCalls[0]?.headers['lakegate-hops']).toBe('test.gateway')
  })

  it('never forwards what a client asked of delegation', async () => {
    bench.upstream.behave(answerTable())
    await bench.catalog.tables.load(newCall({ delegation: ['vended-credentials'] }), id, all)
    expect(bench.upstream.calls[0]?.headers['x-iceberg-access-delegation']).toBeUndefined()
  })

  it('hands on no credential from any place of an answer', async () => {
    bench.upstream.configure(
      answerJson({ defaults: { token: 'canary-1' }, overrides: { 's3.secret-access-key': 'canary-2' } }),
    )
    const more = `,"config":{"s3.session-token":"canary-3","client.region":"eu-1"},"storage-credentials":[{"prefix":"s3","config":{"s3.access-key-id":"canary-4"}}],"remote-signing-config":{"headers":{"x":"canary-5"}}`
    bench.upstream.behave(answerRaw(200, envelope(metadata(), more)))
    const loaded = await (await bench.open()).tables.load(newCall(), id, all)
    if (loaded === 'not-modified') throw new Error('not modified')
    const { config, ...rest } = loaded
    // What `config` holds is filtered by the gateway; nothing else may hold any of it.
    expect(Object.keys(config).sort()).toEqual([
      'client.region',
      's3.secret-access-key',
      's3.session-token',
      'token',
    ])
    expect(JSON.stringify({ ...rest, metadata: bytesOf(loaded) })).not.toContain('canary')
  })

  it('is never answered from what another table or upstream claimed', async () => {
    bench.upstream.behave((call, response) => {
      const claimed = call.url.includes('/mine') ? '{"table-uuid":"u-1","by":"hostile"}' : metadata()
      answerRaw(200, envelope(claimed), { etag: 'same' })(call, response)
    })
    await bench.catalog.tables.load(newCall(), { namespace: ['db'], name: 'mine' }, all)
    expect(bytesOf(await bench.catalog.tables.load(newCall(), id, all))).toBe(metadata())
  })
})

describe('an odd upstream', () => {
  it('may answer 201, 200 without a body, and leave members out', async () => {
    bench.upstream.behave(answerRaw(201, envelope(metadata())))
    expect(bytesOf(await bench.catalog.tables.create(newCall(), ['db'], raw('{"name":"t"}')))).toBe(
      metadata(),
    )
    bench.upstream.behave(answerRaw(200, ''))
    await bench.catalog.tables.drop(newCall(), id, { purge: true })
    await bench.catalog.namespaces.drop(newCall(), ['db'])
    expect(bench.upstream.calls[1]?.url).toBe('/v1/namespaces/db/tables/t?purgeRequested=true')
    bench.upstream.behave(answerJson({ namespace: ['db'] }))
    expect(await bench.catalog.namespaces.load(newCall(), ['db'])).toEqual({
      namespace: ['db'],
      properties: {},
    })
    bench.upstream.behave(answerJson({ namespace: ['db'], properties: null }))
    expect((await bench.catalog.namespaces.load(newCall(), ['db'])).properties).toEqual({})
    bench.upstream.behave(answerJson({ updated: ['a'] }))
    expect(
      await bench.catalog.namespaces.updateProperties(newCall(), ['db'], raw('{"updates":{"a":"b"}}')),
    ).toEqual({
      updated: ['a'],
      removed: [],
      missing: [],
    })
  })

  it('may spell its page token otherwise, and ignore the size of a page', async () => {
    bench.upstream.behave(answerJson({ identifiers: [{ name: 'a' }], nextPageToken: 'more' }))
    const first = await bench.catalog.tables.list(newCall(), ['db'], { size: 1 })
    await bench.catalog.tables.list(newCall(), ['db'], { size: 1, token: String(first.next) }).catch(() => {})
    expect(bench.upstream.calls[1]?.url).toContain('pageToken=more')
    bench.upstream.behave(answerJson({ identifiers: ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name })) }))
    const names: string[] = []
    let token: string | undefined
    do {
      const page = await bench.catalog.tables.list(newCall(), ['db'], {
        size: 2,
        ...(token ? { token } : {}),
      })
      expect(page.items.length).toBeLessThanOrEqual(2)
      names.push(...page.items.map(({ name }) => name))
      token = page.next
    } while (token !== undefined)
    expect(names).toEqual(['a', 'b', 'c', 'd', 'e'])
    // The long page was sent once, however many parts it was handed out in.
    expect(bench.upstream.calls).toHaveLength(3)
  })

  it('is spoken to with its own prefix and separator', async () => {
    bench.upstream.configure(
      answerJson({
        defaults: { prefix: 'low' },
        overrides: { prefix: 'catalogs/a%2Fb', 'namespace-separator': '%2E' },
      }),
    )
    bench.upstream.behave(answerTable())
    const other = await bench.open({ warehouse: 'arn:x y' })
    await other.tables.load(newCall(), { namespace: ['a-b', 'c d'], name: 'x/y+z' }, all)
    expect(bench.upstream.configCalls[0]?.url).toBe('/v1/config?warehouse=arn%3Ax+y')
    expect(bench.upstream.calls[0]?.url).toBe('/v1/catalogs/a%2Fb/namespaces/a-b%2Ec%20d/tables/x%2Fy%2Bz')
  })

  it('is never asked for a name that would climb out of its place', async () => {
    for (const name of ['.', '..']) {
      const error = await failureOf(
        bench.catalog.tables.drop(newCall(), { namespace: ['db'], name }, { purge: true }),
      )
      expect(error.type).toBe('NoSuchTableException')
      expect((await failureOf(bench.catalog.namespaces.drop(newCall(), [name]))).type).toBe(
        'NoSuchNamespaceException',
      )
    }
    expect(bench.upstream.calls).toEqual([])
  })

  it('without a list of endpoints is taken to have what the specification assumes, and no HEAD', async () => {
    bench.upstream.behave(answerTable())
    await bench.catalog.tables.exists(newCall(), id)
    expect(bench.upstream.calls[0]?.method).toBe('GET')
    const operations = await bench.catalog.supported?.()
    expect(operations?.has('commitTransaction')).toBe(true)
    expect(operations?.has('tableExists')).toBe(true)
    expect(operations?.has('listViews')).toBe(false)
  })

  it('with a list of endpoints is taken at its word, malformed lines aside', async () => {
    bench.upstream.configure(
      answerJson({
        defaults: {},
        overrides: {},
        endpoints: [
          'HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}',
          'POST v1/oauth/tokens',
          7,
          'x',
        ],
      }),
    )
    const other = await bench.open()
    expect([...((await other.supported?.()) ?? [])]).toEqual(['tableExists'])
  })
})

describe('errors of the upstream', () => {
  it.each([
    [404, 'NoSuchTableException', 'NoSuchTableException'],
    [404, 'NoSuchNamespaceException', 'NoSuchTableException'],
    [404, 'NotFoundException', 'NotFoundException'],
    [404, 'SomethingOfTheirs', 'NoSuchTableException'],
    [400, 'ValidationException', 'ValidationException'],
    [400, 'SomethingOfTheirs', 'BadRequestException'],
    [406, 'UnsupportedOperationException', 'UnsupportedOperationException'],
    [405, 'MethodNotAllowed', 'UnsupportedOperationException'],
    [501, 'x', 'UnsupportedOperationException'],
    [429, 'x', 'SlowDownException'],
  ])('%i %s on a load is our %s', async (status, type, ours) => {
    bench.upstream.behave(answerError(status, type, 'in their words'))
    const error = await failureOf(bench.catalog.tables.load(newCall(), id, all))
    expect(error.type).toBe(ours)
    if (status !== 429) expect(error.message).toBe('in their words')
  })

  it.each([401, 403, 419])('%i is about our own credential: never the caller’s 401', async (status) => {
    bench.upstream.behave(answerError(status, 'NotAuthorizedException', 'canary'))
    for (const [work, type] of [
      [bench.catalog.tables.load(newCall(), id, all), 'ServiceUnavailableException'],
      [bench.catalog.tables.commit(newCall(), id, appendBody('1')), 'SlowDownException'],
    ] as const) {
      const error = await failureOf(work)
      expect(error.type).toBe(type)
      expect(error.message).toBe(
        `Connection upstream: the upstream refused the gateway's own credential (${status})`,
      )
      expect(error.retryAfterSeconds).toBeGreaterThan(0)
    }
  })

  it('never repeat the credential that they were sent', async () => {
    const other = await bench.open({ auth: { kind: 'bearer', token: 'env:TOKEN' } })
    bench.upstream.behave(answerError(400, 'BadRequestException', 'you said canary-bearer'))
    expect((await failureOf(other.tables.load(newCall(), id, all))).message).toBe('you said ***')
  })

  it('without a text name what was missing', async () => {
    bench.upstream.configure(
      answerJson({
        defaults: {},
        overrides: {},
        endpoints: ['HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}'],
      }),
    )
    bench.upstream.behave(answerRaw(404, ''))
    const error = await failureOf((await bench.open()).tables.exists(newCall(), id))
    expect(error).toMatchObject({ type: 'NoSuchTableException', message: 'Table does not exist: db.t' })
  })

  it('about a loop are told as they are', async () => {
    bench.upstream.configure(
      answerError(400, 'BadRequestException', 'Loop detected: this request has already passed'),
    )
    const error = await failureOf(bench.catalog.tables.load(newCall(), id, all))
    expect(error).toMatchObject({
      type: 'BadRequestException',
      message: expect.stringContaining('Loop detected'),
    })
  })
})
