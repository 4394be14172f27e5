import { describe, expect, it } from 'vitest'
import { icebergRest } from '../../../connectors/iceberg-rest/index.ts'
import { UpstreamUnreachable } from '../../../src/catalog/connector.ts'
import { newCall } from '../../contract/catalog/kit.ts'
import { createTestTools } from '../../support/connector-tools.ts'
import {
  answerError,
  answerRaw,
  type Behaviour,
  byMethod,
  cutConnection,
  inTurn,
} from '../../support/hostile-upstream.ts'
import { hasReferenceServer, startReferenceServer } from '../../support/reference-server.ts'
import { all, bytesOf, failureOf, id, raw, useRelayBench } from '../../support/relay-bench.ts'

const bench = useRelayBench()

const fields = [{ id: 1, name: 'a', required: false, type: 'int' }]
const wider = [...fields, { id: 2, name: 'b', required: false, type: 'long' }]

const before = {
  'format-version': 2,
  'table-uuid': 'u-1',
  location: 's3://b/t',
  'last-updated-ms': 1,
  'last-column-id': 1,
  schemas: [{ 'schema-id': 0, type: 'struct', fields }],
  'current-schema-id': 0,
  'partition-specs': [{ 'spec-id': 0, fields: [] }],
  'default-spec-id': 0,
  'sort-orders': [{ 'order-id': 0, fields: [] }],
  'default-sort-order-id': 0,
  properties: { kept: 'yes', old: 'value' },
  refs: { main: { 'snapshot-id': 5, type: 'branch' } },
  'current-snapshot-id': 5,
  snapshots: [{ 'snapshot-id': 5 }],
  'metadata-log': [] as readonly unknown[],
}

type Metadata = Readonly<Record<string, unknown>>

const answerAs = (version: number, metadata: Metadata, headers = {}): Behaviour =>
  answerRaw(
    200,
    JSON.stringify({ 'metadata-location': `s3://b/t/metadata/${version}.json`, metadata }),
    headers,
  )

const logged = (...versions: readonly number[]) => ({
  'last-updated-ms': 2,
  'metadata-log': versions.map((version) => ({
    'metadata-file': `s3://b/t/metadata/${version}.json`,
    'timestamp-ms': version,
  })),
})

const commitOf = (...updates: readonly unknown[]) => raw(JSON.stringify({ requirements: [], updates }))
const setting = commitOf({ action: 'set-properties', updates: { new: 'value' } })
const withNew = { ...before.properties, new: 'value' }

/** First the base, then a cut, then what is there. */
const landing = (after: Behaviour, base: Behaviour = answerAs(1, before)): Behaviour =>
  byMethod({ POST: cutConnection, GET: inTurn(base, after) })

const commit = (body = setting) => bench.catalog.tables.commit(newCall(), id, body)

const kinds: Readonly<Record<string, readonly [updates: readonly unknown[], after: Metadata]>> = {
  'set properties': [[{ action: 'set-properties', updates: { new: 'value' } }], { properties: withNew }],
  'removed properties': [
    [{ action: 'remove-properties', removals: ['old', 'absent'] }],
    { properties: { kept: 'yes' } },
  ],
  'properties set and removed in turn': [
    [
      { action: 'set-properties', updates: { x: '1', old: 'other' } },
      { action: 'remove-properties', removals: ['x'] },
    ],
    { properties: { kept: 'yes', old: 'other' } },
  ],
  'a location': [[{ action: 'set-location', location: 's3://b/u' }], { location: 's3://b/u' }],
  'a schema': [
    [
      { action: 'add-schema', schema: { type: 'struct', fields: wider }, 'last-column-id': 2 },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
    {
      schemas: [
        ...before.schemas,
        { 'schema-id': 1, type: 'struct', fields: wider, 'identifier-field-ids': [] },
      ],
      'current-schema-id': 1,
      'last-column-id': 2,
    },
  ],
  'a partition spec': [
    [
      {
        action: 'add-spec',
        spec: { 'spec-id': 1, fields: [{ name: 'p', transform: 'identity', 'source-id': 1 }] },
      },
      { action: 'set-default-spec', 'spec-id': -1 },
    ],
    {
      'partition-specs': [
        ...before['partition-specs'],
        { 'spec-id': 1, fields: [{ name: 'p', transform: 'identity', 'source-id': 1, 'field-id': 1000 }] },
      ],
      'default-spec-id': 1,
      'last-partition-id': 1000,
    },
  ],
  'a sort order': [
    [
      {
        action: 'add-sort-order',
        'sort-order': {
          'order-id': 1,
          fields: [{ transform: 'identity', 'source-id': 1, direction: 'asc', 'null-order': 'nulls-first' }],
        },
      },
      { action: 'set-default-sort-order', 'sort-order-id': 1 },
    ],
    {
      'sort-orders': [
        ...before['sort-orders'],
        {
          'order-id': 1,
          fields: [{ transform: 'identity', 'source-id': 1, direction: 'asc', 'null-order': 'nulls-first' }],
        },
      ],
      'default-sort-order-id': 1,
    },
  ],
  'a tag': [
    [{ action: 'set-snapshot-ref', 'ref-name': 'v1', type: 'tag', 'snapshot-id': 5 }],
    { refs: { ...before.refs, v1: { 'snapshot-id': 5, type: 'tag', extra: 1 } } },
  ],
  'a removed ref': [
    [{ action: 'remove-snapshot-ref', 'ref-name': 'main' }],
    { refs: {}, 'current-snapshot-id': -1, 'snapshot-log': [] },
  ],
}

describe('a commit without a snapshot whose answer is lost', () => {
  it.each(Object.entries(kinds))(
    '(%s) is a success where it alone lies on top of the base',
    async (_, one) => {
      const [updates, after] = one
      bench.upstream.behave(landing(answerAs(2, { ...before, ...after, ...logged(1) })))
      expect(bytesOf(await commit(commitOf(...updates)))).toContain('"last-updated-ms":2')
      expect(bench.tools.intents).toMatchObject([{ state: 'committed', outcome: { kind: 'metadata' } }])
      expect(bench.upstream.calls.filter(({ method }) => method === 'POST')).toHaveLength(1)
    },
  )

  it.each(Object.entries(kinds))('(%s) is unknown where its effect is not there', async (_, [updates]) => {
    bench.upstream.behave(landing(answerAs(2, { ...before, odd: 1, ...logged(1) })))
    expect((await failureOf(commit(commitOf(...updates)))).type).toBe('CommitStateUnknownException')
  })

  const unproven: Readonly<Record<string, Behaviour>> = {
    'nothing has changed yet, for it may still land': landing(answerAs(1, before)),
    'somebody else committed on top': landing(
      answerAs(3, { ...before, properties: withNew, ...logged(1, 2) }),
    ),
    'somebody else committed below': landing(answerAs(3, { ...before, properties: withNew, ...logged(2) })),
    'more has changed than it asked for': landing(
      answerAs(2, { ...before, properties: withNew, location: 's3://b/u', ...logged(1) }),
    ),
    'a property more has changed': landing(
      answerAs(2, { ...before, properties: { ...withNew, z: '1' }, ...logged(1) }),
    ),
    'a snapshot came with it': landing(
      answerAs(2, { ...before, properties: withNew, snapshots: [{ 'snapshot-id': 6 }], ...logged(1) }),
    ),
    'all of it was there before': landing(
      answerAs(2, { ...before, properties: withNew, ...logged(1) }),
      answerAs(1, { ...before, properties: withNew }),
    ),
    'the base has no log': landing(answerAs(2, { ...before, properties: withNew, 'metadata-log': null })),
    'the base could not be had': landing(
      answerAs(2, { ...before, properties: withNew, ...logged(1) }),
      answerError(503, 'ServiceUnavailableException', 'busy'),
    ),
    'the table is gone': landing(answerError(404, 'NoSuchTableException', 'gone')),
  }

  it.each(Object.entries(unproven))('is unknown, never failed, where %s', async (_, behaviour) => {
    bench.upstream.behave(behaviour)
    expect((await failureOf(commit())).type).toBe('CommitStateUnknownException')
    expect(bench.tools.intents).toMatchObject([{ state: 'unknown' }])
  })

  it.each([
    'remove-snapshots',
    'remove-schemas',
    'upgrade-format-version',
    'set-statistics',
    'assign-uuid',
    'set-magic',
  ])('(%s) stays unknown, without a look before or after', async (action) => {
    bench.upstream.behave(landing(answerAs(2, { ...before, properties: withNew, ...logged(1) })))
    const body = commitOf({ action: 'set-properties', updates: { new: 'value' } }, { action })
    expect((await failureOf(commit(body))).type).toBe('CommitStateUnknownException')
    expect(bench.upstream.calls.map(({ method }) => method)).toEqual(['POST'])
  })

  it('costs no request before it where the table was loaded already', async () => {
    bench.upstream.behave(answerAs(1, before, { etag: '"1"' }))
    await bench.catalog.tables.load(newCall(), id, all)
    bench.upstream.forget()
    const after = answerAs(2, { ...before, properties: withNew, ...logged(1) })
    bench.upstream.behave(byMethod({ POST: cutConnection, GET: after }))
    expect(bytesOf(await commit())).toContain('"new":"value"')
    expect(bench.upstream.calls.map(({ method }) => method)).toEqual(['POST', 'GET'])
  })
})

describe.skipIf(!hasReferenceServer)('over the Apache reference server', () => {
  it('a commit whose answer is lost is recognised by what the server made of it', async () => {
    const server = await startReferenceServer()
    const tools = createTestTools()
    let cutting = false
    const fetch: typeof tools.tools.fetch = async (request) => {
      const response = await tools.tools.fetch(request)
      if (cutting && request.method === 'POST') throw new UpstreamUnreachable('cut', { sent: true })
      return response
    }
    const catalog = await icebergRest.open({ uri: server.uri }, { ...tools.tools, fetch })
    try {
      const namespace = ['recognised']
      const at = { namespace, name: 't' }
      await catalog.namespaces.create(newCall(), namespace, raw('{"namespace":["recognised"]}'))
      const schema = { type: 'struct', 'schema-id': 0, fields }
      await catalog.tables.create(newCall(), namespace, raw(JSON.stringify({ name: 't', schema })))
      cutting = true
      const sent = ['set properties', 'a schema', 'a partition spec', 'a sort order'].map(
        (name) => kinds[name]?.[0] ?? [],
      )
      for (const updates of [...sent, [{ action: 'remove-properties', removals: ['new'] }]]) {
        const loaded = await catalog.tables.commit(newCall(), at, commitOf(...updates))
        expect(loaded.metadataLocation).toContain('.metadata.json')
      }
      const now = bytesOf(await catalog.tables.load(newCall(), at, all))
      expect(JSON.parse(now)).toMatchObject({ 'current-schema-id': 1, 'default-spec-id': 1 })
    } finally {
      await catalog[Symbol.asyncDispose]()
      await tools[Symbol.asyncDispose]()
      await server.stop()
    }
  })
})
