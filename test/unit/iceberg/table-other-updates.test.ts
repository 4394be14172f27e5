import { describe, expect, test } from 'vitest'
import { isCreateCommit } from '#iceberg/table.ts'
import {
  commit,
  commitStaged,
  documentV1,
  documentV2,
  documentV3,
  first,
  json,
  parsed,
  refusal,
  text,
  uuid,
} from './table-fixtures.ts'

const statistics = (path: string) =>
  `{"action":"set-statistics","snapshot-id":1,"statistics":{"snapshot-id":${first},"statistics-path":"${path}","file-size-in-bytes":10,"file-footer-size-in-bytes":4,"blob-metadata":[{"type":"ndv","snapshot-id":${first},"sequence-number":1,"fields":[1],"properties":{"ndv":"5"}}],"key-metadata":"eA=="}}`
const partitionStatistics = (path: string) =>
  `{"action":"set-partition-statistics","partition-statistics":{"snapshot-id":${first},"statistics-path":"${path}","file-size-in-bytes":10}}`

describe('statistics', () => {
  test('a snapshot has one statistics file: the one set last', () => {
    const base = text(commit([statistics('s3://one')]))
    const built = commit([statistics('s3://two')], { base })
    expect(parsed(built)['statistics']).toMatchObject([
      { 'statistics-path': 's3://two', 'key-metadata': 'eA==' },
    ])
    const without = commit([`{"action":"remove-statistics","snapshot-id":${first}}`], { base })
    expect(parsed(without)['statistics']).toEqual([])
  })

  test('partition statistics are a list of their own', () => {
    const base = text(commit([partitionStatistics('s3://one'), statistics('s3://s')]))
    const built = commit([`{"action":"remove-partition-statistics","snapshot-id":${first}}`], { base })
    expect(parsed(built)).toMatchObject({
      'partition-statistics': [],
      statistics: [{ 'statistics-path': 's3://s' }],
    })
  })

  test.each(['remove-statistics', 'remove-partition-statistics'])(
    '%s of a snapshot that has none is no change',
    (action) => {
      expect(commit([{ action, 'snapshot-id': 5 }]).changed).toBe(false)
    },
  )

  test('blobs are checked', () => {
    expect(refusal(() => commit([statistics('s').replace('"fields":[1]', '"fields":["a"]')]))).toBe(
      'BadRequestException: Cannot parse to an integer: statistics.blob-metadata[0].fields[0] is a string',
    )
  })
})

describe('encryption keys', () => {
  const add = (metadata = 'aGk=') => ({
    action: 'add-encryption-key',
    'encryption-key': { 'key-id': 'k', 'encrypted-key-metadata': metadata, 'encrypted-by-id': 'm' },
  })
  const remove = { action: 'remove-encryption-key', 'key-id': 'k' }

  test('are added once and removed by their id', () => {
    const built = commit([add()], { base: documentV3 })
    expect(parsed(built)['encryption-keys']).toEqual([
      { 'key-id': 'k', 'encrypted-key-metadata': 'aGk=', 'encrypted-by-id': 'm' },
    ])
    expect(commit([add()], { base: text(built) }).changed).toBe(false)
    expect(parsed(commit([remove], { base: text(built) }))).not.toHaveProperty('encryption-keys')
    expect(commit([remove]).changed).toBe(false)
  })

  test.each(['', 'aGk=', 'aGk', 'aA==', 'aGlp'])('carry base64: %j', (metadata) => {
    expect(commit([add(metadata)]).changed).toBe(true)
  })

  test.each(['!', 'aGk=a', 'a', 'aA=', '='])('carry nothing but base64: %j', (metadata) => {
    expect(refusal(() => commit([add(metadata)]))).toBe(
      'IllegalArgumentException: Cannot parse encryption-key.encrypted-key-metadata: not base64',
    )
  })

  test('carry megabytes of it', () => {
    expect(commit([add('aGlp'.repeat(2_000_000))]).changed).toBe(true)
  })
})

describe('properties', () => {
  test('are merged, and untouched ones keep their bytes', () => {
    const built = commit([{ action: 'set-properties', updates: { a: 'b', owner: 'you' } }])
    expect(text(built)).toContain('"properties": {"owner":"you","caf\\u00e9":"1e3","a":"b"}')
    expect(built.facts.properties).toEqual({ owner: 'you', café: '1e3', a: 'b' })
  })

  test('early clients send them under other names', () => {
    const built = commit([
      { action: 'set-properties', updated: { a: 'b' } },
      { action: 'remove-properties', removed: ['owner', 'none'] },
    ])
    expect(built.facts.properties).toEqual({ café: '1e3', a: 'b' })
  })

  test('reserved names are never stored', () => {
    expect(
      commit([{ action: 'set-properties', updates: { 'format-version': '3', uuid: 'x' } }]).changed,
    ).toBe(false)
  })

  test.each([
    ['empty updates', { action: 'set-properties', updates: {} }],
    ['no removals', { action: 'remove-properties', removals: [] }],
  ])('%s are no change', (_, update) => {
    expect(commit([update]).changed).toBe(false)
  })

  test.each([
    [
      'numbers',
      { action: 'set-properties', updates: { a: 1 } },
      'BadRequestException: Cannot parse to a string: updates.a is a number',
    ],
    [
      'nulls',
      { action: 'set-properties', updates: { a: null } },
      'BadRequestException: Cannot parse to a string: updates.a is null',
    ],
    [
      'lists',
      { action: 'set-properties', updates: [] },
      'BadRequestException: Cannot parse to an object: updates is an array',
    ],
    ['nothing', { action: 'set-properties' }, 'BadRequestException: Cannot parse missing object: updates'],
  ])('refuse %s', (_, update, expected) => {
    expect(refusal(() => commit([update]))).toBe(expected)
  })
})

describe('identity and place', () => {
  test('a location loses its trailing slashes', () => {
    expect(commit([{ action: 'set-location', location: 's3://b/x//' }]).facts.location).toBe('s3://b/x')
    expect(commit([{ action: 'set-location', location: 'file:///' }]).facts.location).toBe('file://')
    expect(commit([{ action: 'set-location', location: 's3://bucket/wh/t' }]).changed).toBe(false)
    expect(refusal(() => commit([{ action: 'set-location', location: '' }]))).toBe(
      'IllegalArgumentException: path must not be null or empty',
    )
  })

  test('a uuid may be replaced by another uuid', () => {
    const other = '00000000-0000-4000-8000-000000000001'
    expect(commit([{ action: 'assign-uuid', uuid: other }]).facts.uuid).toBe(other)
    expect(commit([{ action: 'assign-uuid', uuid }]).changed).toBe(false)
    expect(refusal(() => commit([{ action: 'assign-uuid', uuid: 'me' }]))).toBe(
      'IllegalArgumentException: Invalid UUID string: me',
    )
  })
})

describe('requirements', () => {
  test.each([
    ['assert-table-uuid', { uuid: uuid.toUpperCase() }, 'accepted'],
    [
      'assert-table-uuid',
      { uuid: 'other' },
      `CommitFailedException: Requirement failed: UUID does not match: expected ${uuid} != other`,
    ],
    ['assert-last-assigned-field-id', { 'last-assigned-field-id': 3 }, 'accepted'],
    [
      'assert-last-assigned-field-id',
      { 'last-assigned-field-id': 2 },
      'CommitFailedException: Requirement failed: last assigned field id changed: expected id 2 != 3',
    ],
    ['assert-current-schema-id', { 'current-schema-id': 0 }, 'accepted'],
    [
      'assert-current-schema-id',
      { 'current-schema-id': 4 },
      'CommitFailedException: Requirement failed: current schema changed: expected id 4 != 0',
    ],
    ['assert-last-assigned-partition-id', { 'last-assigned-partition-id': 999 }, 'accepted'],
    [
      'assert-last-assigned-partition-id',
      { 'last-assigned-partition-id': 1 },
      'CommitFailedException: Requirement failed: last assigned partition id changed: expected id 1 != 999',
    ],
    ['assert-default-spec-id', { 'default-spec-id': 0 }, 'accepted'],
    [
      'assert-default-spec-id',
      { 'default-spec-id': 1 },
      'CommitFailedException: Requirement failed: default partition spec changed: expected id 1 != 0',
    ],
    ['assert-default-sort-order-id', { 'default-sort-order-id': 0 }, 'accepted'],
    [
      'assert-default-sort-order-id',
      { 'default-sort-order-id': 1 },
      'CommitFailedException: Requirement failed: default sort order changed: expected id 1 != 0',
    ],
    ['assert-create', {}, 'CommitFailedException: Requirement failed: table already exists'],
    ['assert-view-uuid', { uuid }, 'ValidationException: Cannot validate AssertViewUUID against a table'],
    ['ASSERT-TABLE-UUID', { uuid }, 'accepted'],
    ['assert-weather', {}, 'BadRequestException: Unknown update requirement: assert-weather'],
    ['constructor', {}, 'BadRequestException: Unknown update requirement: constructor'],
    ['assert-table-uuid', {}, 'BadRequestException: Cannot parse missing string: uuid'],
    [
      'assert-current-schema-id',
      { 'current-schema-id': '0' },
      'BadRequestException: Cannot parse to an integer: current-schema-id is a string',
    ],
  ])('%s %j: %s', (type, fields, expected) => {
    expect(refusal(() => commit([], { requirements: [{ type, ...fields }] }))).toBe(expected)
  })

  const ref = (name: string, id: string) =>
    `{"type":"assert-ref-snapshot-id","ref":"${name}"${id === '' ? '' : `,"snapshot-id":${id}`}}`
  test.each([
    ['main', first, 'accepted'],
    [
      'main',
      '5',
      `CommitFailedException: Requirement failed: branch main has changed: expected id 5 != ${first}`,
    ],
    ['main', 'null', 'CommitFailedException: Requirement failed: branch main was created concurrently'],
    ['main', '', 'CommitFailedException: Requirement failed: branch main was created concurrently'],
    ['dev', 'null', 'accepted'],
    ['dev', '5', 'CommitFailedException: Requirement failed: branch or tag dev is missing, expected 5'],
  ])('assert-ref-snapshot-id of %s, %s: %s', (name, id, expected) => {
    expect(refusal(() => commit([], { requirements: [ref(name, id)] }))).toBe(expected)
  })

  test('a tag is called a tag', () => {
    const base = text(
      commit([`{"action":"set-snapshot-ref","ref-name":"v1","type":"TAG","snapshot-id":${first}}`]),
    )
    expect(refusal(() => commit([], { base, requirements: [ref('v1', 'null')] }))).toBe(
      'CommitFailedException: Requirement failed: tag v1 was created concurrently',
    )
  })

  test('assert-create stands alone', () => {
    const call = () =>
      isCreateCommit({
        requirements: [json({ type: 'assert-create' }), json({ type: 'assert-table-uuid', uuid })],
        updates: [],
      })
    expect(refusal(call)).toBe('IllegalArgumentException: Invalid create requirements: [assert-table-uuid]')
    expect(isCreateCommit({ requirements: [json({ type: 'assert-create' })], updates: [] })).toBe(true)
    expect(isCreateCommit({ requirements: null, updates: [] })).toBe(false)
  })

  test('what is malformed is refused before what conflicts', () => {
    const requirements = [{ type: 'assert-current-schema-id', 'current-schema-id': 9 }]
    expect(refusal(() => commit([{ action: 'fly' }], { requirements }))).toBe(
      'BadRequestException: Unknown update action: fly',
    )
  })
})

describe('actions', () => {
  test.each([
    [
      { action: 'add-view-version' },
      'UnsupportedOperationException: Cannot apply update add-view-version to a table',
    ],
    [{ action: 'toString' }, 'BadRequestException: Unknown update action: tostring'],
    [{ action: 5 }, 'BadRequestException: Cannot parse to a string: action is a number'],
    [{}, 'BadRequestException: Cannot parse missing string: action'],
  ])('%j: %s', (update, expected) => {
    expect(refusal(() => commit([update]))).toBe(expected)
  })

  test('are read in any letter case', () => {
    expect(commit([{ action: 'SET-LOCATION', location: 's3://x' }]).facts.location).toBe('s3://x')
  })

  test('that are compared with all of the table are limited in number', () => {
    const order = { action: 'add-sort-order', 'sort-order': { 'order-id': 0, fields: [] } }
    expect(commit(Array.from({ length: 1000 }, () => order)).changed).toBe(false)
    expect(refusal(() => commit(Array.from({ length: 1001 }, () => order)))).toBe(
      'BadRequestException: Too many schemas, specs and sort orders: 1001 in one commit',
    )
  })

  test('none at all gives the document back', () => {
    const built = commit([])
    expect(text(built)).toBe(documentV2)
    expect(built.changed).toBe(false)
  })

  test('a commit without a base that creates nothing finds no table', () => {
    expect(refusal(() => commitStaged([]))).not.toContain('NoSuchTable')
    expect(
      commit([{ action: 'set-location', location: 's3://x' }], { base: documentV1, inputs: { uuid } }).facts
        .uuid,
    ).toBe(uuid)
  })
})
