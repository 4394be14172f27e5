import { describe, expect, test } from 'vitest'
import { tableEngine } from '#iceberg/table.ts'
import { column, json, location, now, parsed, refusal, struct, text, uuid } from './table-fixtures.ts'

const create = (request: Record<string, unknown>) =>
  tableEngine.create(json({ name: 't', ...request }), { now, uuid, location })

const point = (from: number) =>
  struct(column(from, 'double', { name: 'x', required: true }), column(from + 1, 'double', { name: 'y' }))
const whole = {
  ...struct(
    column(10, 'long', { name: 'id', required: true }),
    column(
      20,
      { type: 'list', 'element-id': 21, element: point(22), 'element-required': true },
      { name: 'points' },
    ),
    column(
      30,
      { type: 'map', 'key-id': 31, key: 'string', 'value-id': 32, value: point(33), 'value-required': false },
      { name: 'named' },
    ),
    column(40, 'timestamptz', { name: 'ts' }),
  ),
  'schema-id': 9,
  'identifier-field-ids': [10],
}
const small = struct(column(1, 'long', { name: 'id' }))

describe('a new table', () => {
  test('numbers all fields of a struct before those inside them', () => {
    const built = create({ schema: whole })
    const fields =
      '"fields":[{"id":1,"name":"id","required":true,"type":"long"},{"id":2,"name":"points","required":false,"type":{"type":"list","element-id":5,"element":{"type":"struct","fields":[{"id":6,"name":"x","required":true,"type":"double"},{"id":7,"name":"y","required":false,"type":"double"}]},"element-required":true}},{"id":3,"name":"named","required":false,"type":{"type":"map","key-id":8,"key":"string","value-id":9,"value":{"type":"struct","fields":[{"id":10,"name":"x","required":true,"type":"double"},{"id":11,"name":"y","required":false,"type":"double"}]},"value-required":false}},{"id":4,"name":"ts","required":false,"type":"timestamptz"}]'
    expect(text(built)).toContain(`{"type":"struct","schema-id":0,"identifier-field-ids":[1],${fields}}`)
    expect(parsed(built)).toMatchObject({ 'last-column-id': 11, 'current-schema-id': 0 })
  })

  test('rebinds its spec and order through column names', () => {
    const spec = {
      'spec-id': 4,
      fields: [{ name: 'day', transform: 'day', 'source-id': 40, 'field-id': 1234 }],
    }
    const order = {
      'order-id': 7,
      fields: [{ transform: 'identity', 'source-id': 10, direction: 'desc', 'null-order': 'nulls-last' }],
    }
    expect(parsed(create({ schema: whole, 'partition-spec': spec, 'write-order': order }))).toMatchObject({
      'partition-specs': [{ 'spec-id': 0, fields: [{ 'source-id': 4, 'field-id': 1000 }] }],
      'last-partition-id': 1000,
      'default-sort-order-id': 1,
      'sort-orders': [{ 'order-id': 1, fields: [{ 'source-id': 1, direction: 'desc' }] }],
    })
  })

  test('is unpartitioned and unsorted where the request says nothing', () => {
    expect(parsed(create({ schema: small, 'partition-spec': null, 'write-order': null }))).toMatchObject({
      'partition-specs': [{ 'spec-id': 0, fields: [] }],
      'last-partition-id': 999,
      'default-sort-order-id': 0,
      'sort-orders': [{ 'order-id': 0, fields: [] }],
    })
  })

  test('has every member of its version, in order', () => {
    const members = (version: number) =>
      Object.keys(parsed(create({ schema: small, properties: { 'format-version': `${version}` } })))
    expect(members(2)).toEqual([
      ...[
        'format-version',
        'table-uuid',
        'location',
        'last-sequence-number',
        'last-updated-ms',
        'last-column-id',
      ],
      ...['current-schema-id', 'schemas', 'default-spec-id', 'partition-specs', 'last-partition-id'],
      ...['default-sort-order-id', 'sort-orders', 'properties', 'current-snapshot-id', 'refs', 'snapshots'],
      ...['statistics', 'partition-statistics', 'snapshot-log', 'metadata-log'],
    ])
    expect(members(3)).toContain('next-row-id')
    expect(members(1)).toEqual(expect.arrayContaining(['schema', 'partition-spec']))
    expect(members(1)).not.toContain('last-sequence-number')
  })

  test('gets its defaults, and reserved properties are consumed', () => {
    const { facts } = create({ schema: small, properties: { 'format-version': '3', uuid: 'x', a: 'b' } })
    expect(facts).toMatchObject({ formatVersion: 3, uuid, location, currentSnapshotId: null })
    expect(facts.properties).toEqual({ 'write.parquet.compression-codec': 'zstd', a: 'b' })
    expect(
      create({ schema: small, properties: { 'write.parquet.compression-codec': 'gzip' } }).facts.properties,
    ).toEqual({ 'write.parquet.compression-codec': 'gzip' })
  })

  test.each([
    ['no schema', {}, 'IllegalArgumentException: Invalid schema: null'],
    [
      'a schema that is no struct',
      { schema: 'int' },
      'BadRequestException: Cannot parse to an object: schema is a string',
    ],
    [
      'a variant in version 2',
      { schema: struct(column(1, 'variant', { name: 'v' })) },
      'ValidationException: Invalid schema for v2:\n- Invalid type for v: variant is not supported until v3',
    ],
    [
      'version 9',
      { properties: { 'format-version': '9' } },
      'IllegalArgumentException: Unsupported format version: v9 (supported: v3)',
    ],
    [
      'version two',
      { properties: { 'format-version': 'two' } },
      'ValidationException: Table property format-version must have integer value',
    ],
    [
      'negative retries',
      { properties: { 'commit.retry.num-retries': '-1' } },
      'ValidationException: Table property commit.retry.num-retries must have non negative integer value',
    ],
    [
      'odd retries',
      { properties: { 'commit.retry.min-wait-ms': 'x' } },
      'ValidationException: Table property commit.retry.min-wait-ms must have integer value',
    ],
    [
      'metrics of a missing column',
      { properties: { 'write.metadata.metrics.column.z': 'full' } },
      'ValidationException: Invalid metrics config, could not find column z from table prop write.metadata.metrics.column.z in schema table {\n  1: id: optional long\n}',
    ],
    [
      'encryption before version 3',
      { properties: { 'encryption.key-id': 'k' } },
      'IllegalArgumentException: Invalid properties for v2: [encryption.key-id]',
    ],
    [
      'a spec of a missing column',
      {
        'partition-spec': {
          fields: [{ name: 'x', transform: 'identity', 'source-id': 5, 'field-id': 1000 }],
        },
      },
      'ValidationException: Cannot find source column for partition field: 1000: x: identity(5)',
    ],
    [
      'an order of a missing column',
      {
        'write-order': {
          'order-id': 1,
          fields: [{ transform: 'identity', 'source-id': 5, direction: 'asc', 'null-order': 'nulls-first' }],
        },
      },
      'ValidationException: Cannot find source column for sort field: identity(5) ASC NULLS FIRST',
    ],
    [
      'properties that are no strings',
      { properties: { a: 1 } },
      'BadRequestException: Cannot parse to a string: properties.a is a number',
    ],
  ])('is refused with %s', (_, request, expected) => {
    const schema = 'schema' in request || Object.keys(request).length === 0 ? {} : { schema: small }
    expect(refusal(() => create({ ...schema, ...request }))).toBe(expected)
  })
})

test('names of columns that JavaScript knows are names like others', () => {
  const schema = struct(column(5, 'int', { name: 'constructor' }), column(6, 'int', { name: 'toString' }))
  const spec = { fields: [{ name: 'hasOwnProperty', transform: 'identity', 'source-id': 6 }] }
  const built = create({ schema, 'partition-spec': spec, properties: { constructor: 'a' } })
  expect(parsed(built)).toMatchObject({ 'partition-specs': [{ fields: [{ 'source-id': 2 }] }] })
  expect(built.facts.properties['constructor']).toBe('a')
  expect(built.facts.properties['toString']).toBeUndefined()
})
