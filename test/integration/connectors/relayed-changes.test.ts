import { describe, expect, it } from 'vitest'
import { icebergRest } from '../../../connectors/iceberg-rest/index.ts'
import type { Loaded } from '../../../src/catalog/catalog.ts'
import { createMountTable } from '../../../src/catalog/mounts.ts'
import { CatalogError } from '../../../src/model/errors.ts'
import { newCall } from '../../contract/catalog/kit.ts'
import {
  answerError,
  answerHtml,
  answerJson,
  answerNever,
  answerRaw,
  answerTruncated,
  type Behaviour,
  byMethod,
  cutAfter,
  cutConnection,
  inTurn,
} from '../../support/hostile-upstream.ts'
import {
  all,
  answerTable,
  appendBody,
  bytesOf,
  envelope,
  failureOf,
  id,
  keyed,
  metadata,
  raw,
  useRelayBench,
} from '../../support/relay-bench.ts'

const bench = useRelayBench()

describe('a relayed commit', () => {
  const odd = `{ "x-unknown" : 1.50, "identifier":{"name":"t","namespace":["m","db"],"y":1},
    "requirements":[ {"type":"assert-table-uuid","uuid":"u-1" , "z":[1.0,1e3]} ],"updates":[{"action":"set-magic","v":9007199254740993}]  }`

  const mounted = () =>
    createMountTable({ mounts: [{ namespace: ['m'], connection: 'c', catalog: bench.catalog }] })

  it('is one request whose bytes are the client’s own but for the identifier', async () => {
    bench.upstream.behave(answerTable())
    await bench.catalog.tables.load(newCall(), id, all)
    bench.upstream.forget()
    const at = { namespace: ['m', 'db'], name: 't' }
    await mounted().route(at.namespace).catalog.tables.commit(keyed(), at, raw(odd))
    expect(bench.upstream.calls).toHaveLength(1)
    expect(bench.upstream.configCalls).toEqual([])
    const [call] = bench.upstream.calls
    expect(call?.body.toString()).toBe(
      odd.replace('{"name":"t","namespace":["m","db"],"y":1}', '{"namespace":["db"],"name":"t"}'),
    )
    expect(call?.headers['idempotency-key']).toBe('0190b5a0-0000-7000-8000-000000000001')
    expect(call?.url).toBe('/v1/namespaces/db/tables/t')
    expect(bench.tools.intents).toMatchObject([
      {
        draft: { operation: 'updateTable', identifiers: [id] },
        state: 'committed',
        outcome: { kind: 'metadata' },
      },
    ])
  })

  it('without an identifier is relayed as it is', async () => {
    bench.upstream.behave(answerTable())
    const text = '{"requirements":null,"updates":[]}'
    await bench.catalog.tables.commit(newCall(), id, raw(text))
    expect(bench.upstream.calls[0]?.body.toString()).toBe(text)
  })

  it('of several tables rewrites each identifier and nothing else', async () => {
    bench.upstream.behave(answerRaw(204, ''))
    const change = (name: string, ns: string) =>
      `{ "identifier" : {"namespace":[${ns}],"name":"${name}"} ,"requirements":[],"updates":[{"a": 1.0}]}`
    const text = (ns: string) => `{"table-changes":[ ${change('a', ns)},${change('b', ns)} ],"more":true}`
    const body = raw(text('"m","db"'))
    const at = ['m', 'db']
    const changes = ['a', 'b'].map((name) => ({ id: { namespace: at, name }, requirements: [], updates: [] }))
    await mounted().routeTogether([at, at], 'commit').catalog.transactions?.commit(newCall(), changes, body)
    expect(bench.upstream.calls).toHaveLength(1)
    expect(JSON.parse(String(bench.upstream.calls[0]?.body))).toEqual(JSON.parse(text('"db"')))
    expect(String(bench.upstream.calls[0]?.body)).toContain('"updates":[{"a": 1.0}]')
    expect(bench.upstream.calls[0]?.url).toBe('/v1/transactions/commit')
  })

  it('is asked of the gate before anything is sent', async () => {
    const inspect = async (): Promise<void> => {
      throw new CatalogError('BadRequestException', 'clause 7')
    }
    const error = await failureOf(bench.catalog.tables.commit(newCall({ inspect }), id, appendBody('1')))
    expect(error.message).toBe('clause 7')
    expect(bench.upstream.calls).toEqual([])
    expect(bench.tools.intents).toEqual([])
  })

  it('that the upstream refuses is refused in its words, and settles its intent', async () => {
    bench.upstream.behave(
      answerError(409, 'CommitFailedException', 'Requirement failed: branch main has changed'),
    )
    const error = await failureOf(bench.catalog.tables.commit(newCall(), id, appendBody('1')))
    expect(error).toMatchObject({
      type: 'CommitFailedException',
      message: 'Requirement failed: branch main has changed',
    })
    expect(bench.tools.intents).toMatchObject([{ state: 'refused' }])
    expect(bench.upstream.calls).toHaveLength(1)
  })

  it('that could not be sent has not happened', async () => {
    bench.upstream.behave(answerTable())
    await bench.catalog.tables.load(newCall(), id, all)
    await bench.upstream[Symbol.asyncDispose]()
    const lost = await failureOf(bench.catalog.tables.commit(newCall(), id, appendBody('1')))
    // A kept connection may have been closed only after the request was written to it; a second try has none.
    if (lost.type !== 'CommitStateUnknownException') expect(lost.type).toBe('SlowDownException')
    const error = await failureOf(bench.catalog.tables.commit(newCall(), id, appendBody('2')))
    // Never a 5xx, which clients read as "may have happened".
    expect(error.type).toBe('SlowDownException')
    expect(bench.tools.intents.at(-1)?.state).toBe('refused')
  })

  const doubts: Readonly<Record<string, Behaviour>> = {
    'a cut connection': cutConnection,
    silence: answerNever,
    'a 500': answerRaw(500, '', { 'x-request-id': 'their-7' }),
    'a 502 web page': answerHtml(502),
    'a 503': answerError(503, 'ServiceUnavailableException', 'busy'),
    'a 504': answerHtml(504),
    'a web page': answerHtml(200),
    'a web page that says conflict': answerHtml(409),
    'truncated JSON': answerTruncated(envelope(metadata(['77']))),
    'a redirect': answerRaw(307, '', { location: 'http://127.0.0.1:1/' }),
  }

  it.each(Object.entries(doubts))('after %s is a success where its snapshot is there', async (_, doubt) => {
    bench.upstream.behave(byMethod({ POST: doubt, GET: answerTable(['5', '9007199254740993']) }))
    const loaded = await bench.catalog.tables.commit(newCall(), id, appendBody('9007199254740993'))
    expect(bytesOf(loaded)).toBe(metadata(['5', '9007199254740993']))
    expect(bench.tools.intents[0]?.state).toBe('committed')
  })

  it.each(Object.entries(doubts))(
    'after %s is unknown, never failed, where its snapshot is not there',
    async (_, doubt) => {
      bench.upstream.behave(byMethod({ POST: doubt, GET: answerTable(['5', '9007199254740992']) }))
      const error = await failureOf(
        bench.catalog.tables.commit(newCall(), id, appendBody('9007199254740993')),
      )
      expect(error.type).toBe('CommitStateUnknownException')
      expect(error.message).toContain('Connection upstream: the outcome of updateTable is unknown')
      expect(error.message).not.toMatch(/127\.0\.0\.1/)
      expect(bench.tools.intents[0]?.state).toBe('unknown')
      expect(bench.tools.intents[0]?.outcome).toBeUndefined()
    },
  )

  it('of unknown outcome says under which id the upstream knows it', async () => {
    bench.upstream.behave(byMethod({ POST: answerRaw(500, '', { 'x-request-id': 'their-7' }) }))
    const error = await failureOf(bench.catalog.tables.commit(newCall(), id, appendBody('1')))
    expect(error.message).toContain('their-7')
  })

  it('that landed a moment after the connection was cut is found', async () => {
    bench.upstream.behave(byMethod({ POST: cutConnection, GET: inTurn(answerTable(), answerTable(['77'])) }))
    expect(bytesOf(await bench.catalog.tables.commit(newCall(), id, appendBody('77')))).toContain('77')
  })

  it('that was applied before the connection was cut is a success, applied once', async () => {
    const applied: string[] = []
    bench.upstream.behave(
      byMethod({
        POST: cutAfter(() => applied.push('77')),
        GET: (call, response) => answerTable(applied)(call, response),
      }),
    )
    expect(bytesOf(await bench.catalog.tables.commit(newCall(), id, appendBody('77')))).toBe(metadata(['77']))
    expect(applied).toEqual(['77'])
  })

  it('is sent again only to an upstream that remembers keys', async () => {
    bench.upstream.configure(answerJson({ defaults: {}, overrides: {}, 'idempotency-key-lifetime': 'PT30M' }))
    bench.upstream.behave(inTurn(cutConnection, answerTable()))
    const body = raw('{"updates":[],"requirements":[]}')
    const other = await bench.open()
    expect(bytesOf(await other.tables.commit(keyed(), id, body))).toBe(metadata())
    expect(bench.upstream.calls.map(({ headers }) => headers['idempotency-key'])).toEqual([
      '0190b5a0-0000-7000-8000-000000000001',
      '0190b5a0-0000-7000-8000-000000000001',
    ])
    bench.upstream.forget()
    bench.upstream.behave(inTurn(cutConnection, answerTable()))
    expect((await failureOf(other.tables.commit(newCall(), id, body))).type).toBe(
      'CommitStateUnknownException',
    )
    expect(bench.upstream.calls).toHaveLength(1)
    bench.upstream.forget()
    bench.upstream.behave(inTurn(cutConnection, answerTable()))
    bench.upstream.configure(answerJson({ defaults: {}, overrides: {} }))
    const forgetful = await bench.open()
    expect((await failureOf(forgetful.tables.commit(keyed(), id, body))).type).toBe(
      'CommitStateUnknownException',
    )
    expect(bench.upstream.calls).toHaveLength(1)
  })

  it('that is repeated after a doubt is not relayed again where it has landed', async () => {
    bench.upstream.behave(byMethod({ POST: cutConnection, GET: answerTable() }))
    await failureOf(bench.catalog.tables.commit(keyed(), id, appendBody('77')))
    bench.upstream.forget()
    bench.upstream.behave(byMethod({ POST: cutConnection, GET: answerTable(['77']) }))
    expect(bytesOf(await bench.catalog.tables.commit(keyed(), id, appendBody('77')))).toBe(metadata(['77']))
    expect(bench.upstream.calls.map(({ method }) => method)).toEqual(['GET'])
  })

  it('whose caller leaves while it is on its way is finished all the same', async () => {
    const caller = new AbortController()
    bench.upstream.behave((call, response) => {
      caller.abort()
      setTimeout(() => answerTable()(call, response), 50)
    })
    expect(
      bytesOf(await bench.catalog.tables.commit(newCall({ signal: caller.signal }), id, appendBody('1'))),
    ).toBe(metadata())
  })

  it('stands although the intent could not be settled', async () => {
    const { tools: own } = bench.tools
    const failing = {
      begin: async () => ({ id: '1', doubtful: [], settle: () => Promise.reject(new Error('store gone')) }),
    }
    bench.upstream.behave(answerTable())
    const other = await icebergRest.open({ uri: bench.upstream.uri }, { ...own, intents: failing })
    expect(bytesOf(await other.tables.commit(newCall(), id, appendBody('1')))).toBe(metadata())
    expect(bench.tools.logged.some((line) => line.startsWith('intent not settled'))).toBe(true)
  })

  it('is not sent where its intent cannot be recorded', async () => {
    const { tools: own } = bench.tools
    const failing = {
      begin: () => Promise.reject(new CatalogError('ServiceUnavailableException', 'store gone')),
    }
    bench.upstream.behave(answerTable())
    const other = await icebergRest.open({ uri: bench.upstream.uri }, { ...own, intents: failing })
    const error = await failureOf(other.tables.commit(newCall(), id, appendBody('1')))
    expect(error).toMatchObject({ type: 'SlowDownException', message: 'store gone' })
    expect(bench.upstream.calls).toEqual([])
  })
})

describe('other relayed changes', () => {
  it('carry the client’s bytes, with the upstream’s namespace', async () => {
    bench.upstream.behave(answerJson({ namespace: ['db'], properties: { a: 'b' } }))
    const text = '{ "properties": {"a":"b"}, "namespace" : ["m","db"] , "x":1.0}'
    await bench.catalog.namespaces.create(newCall(), ['db'], raw(text))
    expect(bench.upstream.calls[0]?.body.toString()).toBe(text.replace('["m","db"]', '["db"]'))
    bench.upstream.behave(answerTable())
    const table = '{"name":"t", "schema":{}, "x": 1.0}'
    await bench.catalog.tables.create(newCall(), ['db'], raw(table))
    expect(bench.upstream.calls[1]?.body.toString()).toBe(table)
  })

  it('that end in doubt are settled by what can be seen', async () => {
    bench.upstream.behave(byMethod({ DELETE: cutConnection }))
    await bench.catalog.tables.drop(newCall(), id, { purge: false })
    bench.upstream.behave(byMethod({ DELETE: cutConnection, GET: answerTable() }))
    expect((await failureOf(bench.catalog.tables.drop(newCall(), id, { purge: false }))).type).toBe(
      'CommitStateUnknownException',
    )
    const nothing = answerError(404, 'NoSuchTableException', 'nothing is here')
    bench.upstream.behave(byMethod({ POST: cutConnection, GET: inTurn(nothing, answerTable()) }))
    const body = raw('{"name":"t","metadata-location":"s3://b/t/metadata/1.json"}')
    expect(bytesOf((await bench.catalog.tables.register?.(newCall(), ['db'], body)) as Loaded)).toBe(
      metadata(),
    )
    const to = { namespace: ['db'], name: 'new' }
    bench.upstream.behave((call, response) =>
      (call.method === 'POST'
        ? cutConnection
        : call.url.endsWith('/new')
          ? answerTable()
          : answerError(404, 'NoSuchTableException', 'gone'))(call, response),
    )
    await bench.catalog.tables.rename(newCall(), { source: id, destination: to })
    expect(bench.tools.intents.map(({ state }) => state)).toEqual([
      'committed',
      'unknown',
      'committed',
      'committed',
    ])
  })

  it('that create are found by the uuid that they give, where nothing was there before', async () => {
    const nothing = answerError(404, 'NoSuchTableException', 'nothing is here')
    const updates = [{ action: 'assign-uuid', uuid: 'U-1' }]
    const requirements = [{ type: 'assert-create' }]
    const body = raw(JSON.stringify({ requirements, updates }))
    const changes = [
      { id, requirements: body.json['requirements'] as never, updates: body.json['updates'] as never },
    ]
    const whole = raw(JSON.stringify({ 'table-changes': [{ requirements, updates }] }))
    const creations = [
      () => bench.catalog.tables.commit(newCall(), id, body),
      () =>
        bench.catalog.transactions?.commit(newCall(), changes, whole) ?? Promise.reject(new Error('none')),
    ]
    for (const create of creations) {
      bench.upstream.behave(byMethod({ POST: cutConnection, GET: inTurn(nothing, answerTable()) }))
      await create()
      expect(bench.tools.intents.at(-1)).toMatchObject({
        draft: { marks: [{ id, uuid: 'u-1' }] },
        state: 'committed',
      })
      // Where it cannot be known what was there before, what is there now proves nothing.
      const away = answerError(503, 'ServiceUnavailableException', 'away')
      bench.upstream.behave(byMethod({ POST: cutConnection, GET: inTurn(away, answerTable()) }))
      expect((await failureOf(create() as Promise<unknown>)).type).toBe('CommitStateUnknownException')
      expect(bench.tools.intents.at(-1)).toMatchObject({
        draft: { marks: [], addedSnapshotIds: [] },
        state: 'unknown',
      })
    }
  })

  it('that create what is there are refused before an upstream could pass that over', async () => {
    bench.upstream.behave(answerTable())
    const requirements = [{ type: 'assert-create' }]
    const updates = [{ action: 'assign-uuid', uuid: 'u-1' }]
    const body = raw(JSON.stringify({ requirements, updates }))
    const parts = { requirements: body.json['requirements'] as never, updates: body.json['updates'] as never }
    const register = raw('{"name":"t","metadata-location":"s3://b/t/metadata/1.json"}')
    const { tables, transactions } = bench.catalog
    const whole = raw(JSON.stringify({ 'table-changes': [{ requirements, updates }] }))
    const refusals = [
      await failureOf(tables.commit(newCall(), id, body)),
      await failureOf(transactions?.commit(newCall(), [{ id, ...parts }], whole) ?? Promise.resolve()),
      await failureOf(tables.register?.(newCall(), ['db'], register) ?? Promise.resolve()),
    ]
    expect(refusals.map(({ type, message }) => [type, message])).toEqual([
      ['CommitFailedException', 'Requirement failed: table already exists'],
      ['CommitFailedException', 'Requirement failed: table already exists'],
      ['AlreadyExistsException', 'Table already exists: db.t'],
    ])
    expect(bench.upstream.calls.filter(({ method }) => method === 'POST')).toEqual([])
    const over = raw('{"name":"t","metadata-location":"s3://b/t/metadata/1.json","overwrite":true}')
    await tables.register?.(newCall(), ['db'], over)
    expect(bench.upstream.calls.filter(({ method }) => method === 'POST')).toHaveLength(1)
  })

  it('that created are found again by whoever repeats them', async () => {
    const nothing = answerError(404, 'NoSuchTableException', 'nothing is here')
    const body = raw(
      '{"requirements":[{"type":"assert-create"}],"updates":[{"action":"assign-uuid","uuid":"u-1"}]}',
    )
    let sent = 0
    const cut = cutAfter(() => {
      sent += 1
    })
    bench.upstream.behave(byMethod({ POST: cut, GET: nothing }))
    expect((await failureOf(bench.catalog.tables.commit(keyed(), id, body))).type).toBe(
      'CommitStateUnknownException',
    )
    bench.upstream.behave(byMethod({ POST: cut, GET: answerTable() }))
    expect(bytesOf(await bench.catalog.tables.commit(keyed(), id, body))).toBe(metadata())
    expect(sent).toBe(1)
  })

  it('that only stage a table change nothing: a failed one has not happened', async () => {
    bench.upstream.behave(answerRaw(500, ''))
    const error = await failureOf(
      bench.catalog.tables.create(newCall(), ['db'], raw('{"name":"t","stage-create":true}')),
    )
    expect(error.type).toBe('BadGatewayException')
    expect(bench.tools.intents).toEqual([])
  })
})
