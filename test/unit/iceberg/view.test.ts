import { describe, expect, test } from 'vitest'
import type { CommitRequest } from '../../../src/iceberg/engine.ts'
import { viewEngine } from '../../../src/iceberg/view.ts'
import { type JsonObject, parseJsonObject } from '../../../src/model/json.ts'

const now = 1_700_000_000_000
const schema: JsonObject = {
  type: 'struct',
  'schema-id': 5,
  fields: [{ id: 7, name: 'id', type: 'long', required: false }],
}
const sql = (dialect: string, text = 'select 1'): JsonObject => ({ type: 'sql', sql: text, dialect })

const version = (members: JsonObject = {}): JsonObject => ({
  'version-id': 4,
  'timestamp-ms': 11,
  'schema-id': 0,
  summary: { 'engine-name': 'spark' },
  representations: [sql('spark')],
  'default-namespace': ['ns'],
  ...members,
})

const createRequest = (members: JsonObject = {}): JsonObject => ({
  name: 'v',
  schema,
  'view-version': version(),
  properties: {},
  ...members,
})

const created = (members: JsonObject = {}) =>
  viewEngine.create(createRequest(members), { now, uuid: 'the-uuid', location: 'file:/lake/v' })

const commit = (
  bytes: Uint8Array,
  updates: readonly JsonObject[],
  requirements: CommitRequest['requirements'] = [],
) =>
  viewEngine.commit(
    { bytes, metadataLocation: 'file:/lake/v/m.json' },
    { requirements, updates },
    { now: now + 1 },
  )

const read = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()) as Record<string, never>
const addVersion = (members: JsonObject = {}): JsonObject => ({
  action: 'add-view-version',
  'view-version': version(members),
})
const setCurrent = (id: number): JsonObject => ({ action: 'set-current-view-version', 'view-version-id': id })
const set = (updates: JsonObject): JsonObject => ({ action: 'set-properties', updates })

describe('create', () => {
  test('makes version 1 of schema 0, stamped now, and keeps field ids and the summary', () => {
    const { bytes, facts } = created({ properties: { owner: 'me' } })
    expect(read(bytes)).toEqual({
      'view-uuid': 'the-uuid',
      'format-version': 1,
      location: 'file:/lake/v',
      properties: { owner: 'me' },
      schemas: [{ ...schema, 'schema-id': 0 }],
      'current-version-id': 1,
      versions: [version({ 'version-id': 1, 'timestamp-ms': now })],
      'version-log': [{ 'timestamp-ms': now, 'version-id': 1 }],
    })
    expect(facts).toMatchObject({ uuid: 'the-uuid', location: 'file:/lake/v', currentVersionId: 1 })
    expect(viewEngine.facts(bytes)).toEqual(facts)
  })

  test('writes no properties where there are none', () => {
    expect(read(created().bytes)).not.toHaveProperty('properties')
  })

  test.each([
    [
      'two texts for one dialect, whatever its case',
      version({ representations: [sql('trino'), sql('TRINO')] }),
      'Invalid view version: Cannot add multiple queries for dialect trino',
    ],
    ['no text at all', version({ representations: [] }), 'Cannot create view without specifying a query'],
  ])('refuses %s as an illegal argument', (_what, viewVersion, message) => {
    expect(() => created({ 'view-version': viewVersion })).toThrow(
      expect.objectContaining({ type: 'IllegalArgumentException', status: 400, message }),
    )
  })

  test('refuses a representation that is not SQL', () => {
    const viewVersion = version({ representations: [{ type: 'plan', bytes: 'AA' }] })
    expect(() => created({ 'view-version': viewVersion })).toThrow(/unsupported view representation: plan/)
  })

  test.each(['schema', 'view-version'])('refuses a request without %s', (member) => {
    expect(() => created({ [member]: null })).toThrow(expect.objectContaining({ status: 400 }))
  })
})

describe('versions', () => {
  test('an added version becomes current only when it is set, with its own time in the log', () => {
    const base = created().bytes
    const added = addVersion({ 'version-id': 2, representations: [sql('spark', 'select 2')] })
    expect(read(commit(base, [added]).bytes)).toMatchObject({ 'current-version-id': 1, 'version-log': [{}] })
    const { bytes, facts } = commit(base, [added, setCurrent(-1)])
    expect(facts.currentVersionId).toBe(2)
    expect(read(bytes)['version-log']).toEqual([
      { 'timestamp-ms': now, 'version-id': 1 },
      { 'timestamp-ms': 11, 'version-id': 2 },
    ])
  })

  test('two stale commits of version 2 end as versions 2 and 3', () => {
    const first = commit(created().bytes, [
      addVersion({ 'version-id': 2, representations: [sql('spark', 'select 2')] }),
      setCurrent(-1),
    ])
    const second = commit(first.bytes, [
      addVersion({ 'version-id': 2, representations: [sql('spark', 'select 3')] }),
      setCurrent(-1),
    ])
    expect(second.facts.currentVersionId).toBe(3)
    expect(read(second.bytes)['versions']).toMatchObject([
      { 'version-id': 1 },
      { 'version-id': 2 },
      { 'version-id': 3 },
    ])
  })

  test('no default catalog is written where it is null', () => {
    const { bytes } = commit(created().bytes, [
      addVersion({ 'default-catalog': null, representations: [sql('spark', 'select 2')] }),
    ])
    expect(Object.keys((read(bytes)['versions'] as unknown as object[])[1] ?? {})).not.toContain(
      'default-catalog',
    )
  })

  test('a version that says the same is reused whatever its id and time', () => {
    const base = created().bytes
    const again = addVersion({ 'version-id': 9, 'timestamp-ms': 99 })
    expect(commit(base, [again])).toMatchObject({ changed: false, bytes: base })
    expect(commit(base, [again, setCurrent(-1)]).changed).toBe(false)
  })

  test('an earlier version that becomes current again is logged now', () => {
    const second = commit(created().bytes, [
      addVersion({ 'version-id': 2, representations: [sql('spark', 'select 2')] }),
      setCurrent(-1),
    ])
    expect(read(commit(second.bytes, [setCurrent(1)]).bytes)['version-log']).toMatchObject([
      {},
      {},
      { 'timestamp-ms': now + 1, 'version-id': 1 },
    ])
  })

  test('one commit leaves one log entry', () => {
    const { bytes } = commit(created().bytes, [
      addVersion({ 'version-id': 2, representations: [sql('spark', 'select 2')] }),
      setCurrent(-1),
      addVersion({ 'version-id': 3, representations: [sql('spark', 'select 3')] }),
      setCurrent(-1),
    ])
    expect(read(bytes)['version-log']).toMatchObject([{ 'version-id': 1 }, { 'version-id': 3 }])
  })

  test.each([
    [
      'a version of an unknown schema',
      [addVersion({ 'schema-id': 8 })],
      'Cannot add version with unknown schema: 8',
    ],
    [
      'the last added schema where none was added',
      [addVersion({ 'schema-id': -1 })],
      'Cannot set last added schema: no schema has been added',
    ],
    [
      'the last added version where none was added',
      [setCurrent(-1)],
      'Cannot set last version id: no current version id has been set',
    ],
    ['an unknown version', [setCurrent(8)], 'Cannot set current version to unknown version: 8'],
    ['another uuid', [{ action: 'assign-uuid', uuid: 'other' }], 'Cannot reassign uuid'],
    [
      'a newer format',
      [{ action: 'upgrade-format-version', 'format-version': 2 }],
      'Unsupported format version: 2',
    ],
    [
      'an older format',
      [{ action: 'upgrade-format-version', 'format-version': 0 }],
      'Cannot downgrade v1 view to v0',
    ],
  ])('%s is refused', (_what, updates, message) => {
    expect(() => commit(created().bytes, updates)).toThrow(expect.objectContaining({ status: 400, message }))
  })

  test('history keeps the current version and the newest, and the log behind the last one dropped', () => {
    let { bytes } = created({ properties: { 'version.history.num-entries': '2' } })
    for (const n of [2, 3, 4])
      bytes = commit(bytes, [
        addVersion({ representations: [sql('spark', `select ${n}`)] }),
        setCurrent(-1),
      ]).bytes
    const { versions, 'version-log': log } = read(bytes) as unknown as Record<
      string,
      { 'version-id': number }[]
    >
    expect(versions?.map((v) => v['version-id'])).toEqual([5, 6])
    expect(log?.map((v) => v['version-id'])).toEqual([5, 6])
  })

  test('history never drops what the commit itself added', () => {
    const base = created({ properties: { 'version.history.num-entries': '1' } }).bytes
    const { bytes } = commit(base, [
      addVersion({ representations: [sql('spark', 'select 2')] }),
      addVersion({ representations: [sql('spark', 'select 3')] }),
      setCurrent(-1),
    ])
    expect(read(bytes)['versions']).toHaveLength(2)
  })

  test.each(['0', '-1', 'x', ''])('a history of %j entries is refused', (size) => {
    expect(() => commit(created().bytes, [set({ 'version.history.num-entries': size })])).toThrow(
      expect.objectContaining({ type: 'IllegalArgumentException' }),
    )
  })
})

describe('dialects', () => {
  const base = created({ 'view-version': version({ representations: [sql('spark'), sql('Trino')] }) }).bytes
  const replace = [addVersion({ representations: [sql('spark', 'select 2')] }), setCurrent(-1)]

  test('a replacement may not lose one', () => {
    expect(() => commit(base, replace)).toThrow(
      /^Cannot replace view due to loss of view dialects \(replace.drop-dialect.allowed=false\):\nPrevious dialects: \[spark, trino\]\nNew dialects: \[spark\]$/,
    )
  })

  test('unless the properties allow it, those of this very commit included', () => {
    expect(commit(base, [...replace, set({ 'replace.drop-dialect.allowed': 'TRUE' })]).changed).toBe(true)
  })

  test('case does not matter', () => {
    const both = addVersion({ representations: [sql('SPARK', 'select 2'), sql('trino')] })
    expect(commit(base, [both, setCurrent(-1)]).changed).toBe(true)
  })
})

describe('schemas', () => {
  const wider: JsonObject = { ...schema, fields: [{ id: 1, name: 'x', type: 'string', required: true }] }
  const add = (of: JsonObject): JsonObject => ({ action: 'add-schema', schema: of })

  test('an equal schema keeps its id, another one gets the next', () => {
    const base = created().bytes
    expect(commit(base, [add(schema), addVersion({ 'schema-id': -1 })]).changed).toBe(false)
    const { bytes } = commit(base, [add(wider), addVersion({ 'schema-id': -1 }), setCurrent(-1)])
    expect(read(bytes)).toMatchObject({
      schemas: [{ 'schema-id': 0 }, { 'schema-id': 1 }],
      versions: [{ 'schema-id': 0 }, { 'schema-id': 1 }],
    })
  })
})

describe('requirements', () => {
  test('the uuid is compared ignoring case', () => {
    const met = [{ type: 'ASSERT-view-uuid', uuid: 'THE-UUID' }]
    expect(commit(created().bytes, [set({ a: 'b' })], met).changed).toBe(true)
    expect(() => commit(created().bytes, [], [{ type: 'assert-view-uuid', uuid: 'x' }])).toThrow(
      expect.objectContaining({
        type: 'CommitFailedException',
        message: 'Requirement failed: view UUID does not match: expected the-uuid != x',
      }),
    )
  })

  test.each([['assert-create'], ['assert-table-uuid'], ['assert-nothing']])('%s is a bad request', (type) => {
    expect(() => commit(created().bytes, [], [{ type, uuid: 'the-uuid' }])).toThrow(
      expect.objectContaining({ status: 400 }),
    )
  })

  test('null stands for none', () => {
    expect(commit(created().bytes, [], null).changed).toBe(false)
  })
})

describe('updates', () => {
  test('no change: the same bytes', () => {
    const base = created().bytes
    const noChange = [
      { action: 'assign-uuid', uuid: 'the-uuid' },
      { action: 'upgrade-format-version', 'format-version': 1 },
      { action: 'set-location', location: 'file:/lake/v' },
      { action: 'remove-properties', removals: [] },
      set({}),
    ]
    expect(commit(base, noChange)).toMatchObject({ changed: false, bytes: base })
  })

  test('properties and location change nothing else', () => {
    const base = created({ properties: { a: '1', b: '2' } }).bytes
    const { bytes } = commit(base, [
      set({ c: '3' }),
      { action: 'remove-properties', removed: ['a', 'never'] },
      { action: 'set-location', location: 'file:/elsewhere' },
    ])
    expect(read(bytes)).toEqual({
      ...read(base),
      location: 'file:/elsewhere',
      properties: { b: '2', c: '3' },
    })
  })

  test('an update of tables is unsupported, an unknown one a bad request', () => {
    const base = created().bytes
    expect(() => commit(base, [{ action: 'set-current-schema', 'schema-id': 0 }])).toThrow(
      expect.objectContaining({ type: 'UnsupportedOperationException' }),
    )
    for (const action of ['paint', '__proto__', 'toString'])
      expect(() => commit(base, [{ action }])).toThrow(
        expect.objectContaining({ type: 'BadRequestException' }),
      )
  })

  test('every update is read before the first requirement is checked', () => {
    const stale = [{ type: 'assert-view-uuid', uuid: 'x' }]
    expect(() => commit(created().bytes, [{ action: 'paint' }], stale)).toThrow(/unrecognized action/)
  })
})

describe('documents of others', () => {
  const foreign = `{ "extra" : {"n": 1.0}, "view-uuid":"u","format-version":1,"location":"l",
    "schemas":[ {"type":"struct","schema-id":3,"x":9007199254740993,"fields":[]} ],
    "current-version-id":2,
    "versions":[{"version-id":2,"timestamp-ms":1,"schema-id":3,"summary":{},"new":1.50,
      "representations":[{"type":"plan","bytes":"AA"}],"default-namespace":[]}],
    "version-log":[{"timestamp-ms":1,"version-id":2,"by":"them"}],"properties":{"k":"v"}}`

  test('unknown members and spellings survive a commit byte for byte', () => {
    const { bytes } = commit(Buffer.from(foreign), [addVersion({ 'schema-id': 3 })])
    const text = Buffer.from(bytes).toString()
    for (const kept of [
      '"extra" : {"n": 1.0}',
      '9007199254740993',
      '"new":1.50',
      '"type":"plan"',
      '"by":"them"',
    ])
      expect(text).toContain(kept)
    expect(parseJsonObject(bytes)['versions']).toHaveLength(2)
  })

  test.each([
    'view-uuid',
    'format-version',
    'location',
    'schemas',
    'current-version-id',
    'versions',
    'version-log',
  ])('no view metadata without %s', (member) => {
    const { [member]: _, ...rest } = JSON.parse(foreign)
    expect(() => viewEngine.facts(Buffer.from(JSON.stringify(rest)))).toThrow(
      expect.objectContaining({ type: 'ValidationException' }),
    )
  })

  test('a format of the future is refused', () => {
    const bytes = Buffer.from(foreign.replace('"format-version":1', '"format-version":2'))
    expect(() => viewEngine.facts(bytes)).toThrow('Unsupported format version: 2')
  })
})
