import { describe, expect, test } from 'vitest'
import { column, commit, documentV1, parsed, refusal, struct, text } from './table-fixtures.ts'

const addSchema = (schema: unknown) => ({ action: 'add-schema', schema })
const setCurrent = (id: number) => ({ action: 'set-current-schema', 'schema-id': id })
const addSpec = (...fields: unknown[]) => ({ action: 'add-spec', spec: { fields } })
const part = (name: string, transform: string, source: number) => ({ name, transform, 'source-id': source })
const numbered = (field: object, id: number) => ({ ...field, 'field-id': id })

describe('partition specs', () => {
  test('a spec without ids is numbered on and set by -1', () => {
    const built = commit([
      addSpec(part('d', 'DAY', 3), part('b', 'bucket[16]', 1)),
      { action: 'set-default-spec', 'spec-id': -1 },
    ])
    expect(text(built)).toContain(
      '{"spec-id":1,"fields":[{"name":"d","transform":"day","source-id":3,"field-id":1000},{"name":"b","transform":"bucket[16]","source-id":1,"field-id":1001}]}',
    )
    expect(parsed(built)).toMatchObject({ 'default-spec-id': 1, 'last-partition-id': 1001 })
  })

  test('an equal source and transform keeps its field id in a later spec', () => {
    const base = text(commit([addSpec(part('d', 'day', 3))]))
    const built = commit([addSpec(part('b', 'bucket[4]', 1), part('day', 'day', 3))], { base })
    expect(text(built)).toContain(
      '"fields":[{"name":"b","transform":"bucket[4]","source-id":1,"field-id":1001},{"name":"day","transform":"day","source-id":3,"field-id":1000}]',
    )
  })

  test('an equal spec is reused whatever its ids', () => {
    const base = text(
      commit([addSpec(numbered(part('d', 'day', 3), 1000)), { action: 'set-default-spec', 'spec-id': -1 }]),
    )
    const built = commit(
      [addSpec(numbered(part('d', 'day', 3), 1005)), { action: 'set-default-spec', 'spec-id': -1 }],
      { base },
    )
    expect(built.changed).toBe(false)
  })

  test('a transform that nobody knows stays as it is', () => {
    expect(text(commit([addSpec(part('z', 'zorder[8]', 1))]))).toContain('"transform":"zorder[8]"')
  })

  test('a transform of several sources is kept with them', () => {
    const spec = { fields: [{ name: 'm', transform: 'multi', 'source-ids': [1, 2] }] }
    expect(text(commit([{ action: 'add-spec', spec }]))).toContain('"source-ids":[1,2]')
  })

  test.each([
    [
      'a missing column',
      [addSpec(numbered(part('x', 'identity', 9), 1000))],
      'ValidationException: Cannot find source column for partition field: 1000: x: identity(9)',
    ],
    [
      'a transform of another type',
      [addSpec(numbered(part('x', 'hour', 2), 1000))],
      'IllegalArgumentException: Unsupported type: string',
    ],
    [
      'bucket by timestamp only where it may',
      [addSpec(numbered(part('x', 'truncate[4]', 3), 1000))],
      'IllegalArgumentException: Cannot truncate type: timestamptz',
    ],
    [
      'no buckets',
      [addSpec(part('x', 'bucket[0]', 1))],
      'IllegalArgumentException: Invalid number of buckets: 0 (must be > 0)',
    ],
    [
      'the name of another column',
      [addSpec(part('data', 'identity', 1))],
      'IllegalArgumentException: Cannot create identity partition sourced from different field in schema: data',
    ],
    [
      'an empty name',
      [addSpec(part('', 'identity', 1))],
      'IllegalArgumentException: Cannot use empty partition name: ',
    ],
    [
      'a name twice',
      [addSpec(part('x', 'identity', 1), part('x', 'day', 3))],
      'IllegalArgumentException: Cannot use partition name more than once: x',
    ],
    [
      'some ids only',
      [addSpec(numbered(part('x', 'identity', 1), 1000), part('y', 'day', 3))],
      'IllegalArgumentException: Cannot parse spec with missing field IDs: 1 missing of 2 fields.',
    ],
    [
      'an unknown default',
      [{ action: 'set-default-spec', 'spec-id': 4 }],
      'IllegalArgumentException: Cannot set default partition spec to unknown spec: 4',
    ],
    [
      '-1 without an added spec',
      [{ action: 'set-default-spec', 'spec-id': -1 }],
      'ValidationException: Cannot set last added spec: no spec has been added',
    ],
    [
      'removal of the default',
      [{ action: 'remove-partition-specs', 'spec-ids': [0] }],
      'IllegalArgumentException: Cannot remove the default partition spec',
    ],
  ])('refuses %s', (_, updates, expected) => {
    expect(refusal(() => commit(updates))).toBe(expected)
  })

  test('a source inside a list is refused', () => {
    const list = { type: 'list', 'element-id': 5, element: 'int', 'element-required': false }
    const updates = [
      addSchema(struct(column(4, list))),
      setCurrent(-1),
      addSpec(numbered(part('x', 'identity', 5), 1000)),
    ]
    expect(refusal(() => commit(updates))).toBe(
      'ValidationException: Invalid partition field parent: list<int>',
    )
  })

  test('version 1 wants consecutive ids', () => {
    const call = () =>
      commit([addSpec(numbered(part('d', 'day', 3), 1000), numbered(part('i', 'identity', 1), 1005))], {
        base: documentV1,
      })
    expect(refusal(call)).toMatch(
      /^ValidationException: Spec does not use sequential IDs that are required in v1/,
    )
  })

  test('remove-partition-specs removes others and ignores unknown ids', () => {
    const base = text(commit([addSpec(part('d', 'day', 3))]))
    const built = commit([{ action: 'remove-partition-specs', 'spec-ids': [1, 9] }], { base })
    expect(text(built)).toContain('"partition-specs": [{"spec-id":0,"fields":[]}]')
  })

  test('the current schema may not lose a column of the default spec', () => {
    const updates = [
      addSpec(numbered(part('d', 'day', 3), 1000)),
      { action: 'set-default-spec', 'spec-id': -1 },
    ]
    const base = text(commit(updates))
    const call = () => commit([addSchema(struct(column(1, 'long'))), setCurrent(-1)], { base })
    expect(refusal(call)).toBe(
      'ValidationException: Cannot find source column for partition field: 1000: d: day(3)',
    )
  })
})

const addOrder = (...fields: unknown[]) => ({
  action: 'add-sort-order',
  'sort-order': { 'order-id': fields.length > 0 ? 1 : 0, fields },
})
const sort = (source: number, transform = 'identity', more = {}) => ({
  transform,
  'source-id': source,
  direction: 'asc',
  'null-order': 'nulls-first',
  ...more,
})

describe('sort orders', () => {
  test('sorted orders count from 1, the unsorted one is 0', () => {
    const built = commit([
      addOrder(sort(1)),
      addOrder(sort(2)),
      { action: 'set-default-sort-order', 'sort-order-id': -1 },
    ])
    expect(parsed(built)['default-sort-order-id']).toBe(2)
    const back = commit([addOrder(), { action: 'set-default-sort-order', 'sort-order-id': -1 }], {
      base: text(built),
    })
    expect(parsed(back)['default-sort-order-id']).toBe(0)
    expect(parsed(back)['sort-orders']).toHaveLength(3)
  })

  test.each([
    [
      'a missing column',
      [addOrder(sort(9))],
      'ValidationException: Cannot find source column for sort field: identity(9) ASC NULLS FIRST',
    ],
    [
      'an unknown direction',
      [addOrder(sort(1, 'identity', { direction: 'up' }))],
      'IllegalArgumentException: Invalid sort direction: up',
    ],
    [
      'an unknown null order',
      [addOrder(sort(1, 'identity', { 'null-order': 'x' }))],
      'IllegalArgumentException: Unexpected null order: x',
    ],
    [
      'fields under the unsorted id',
      [{ action: 'add-sort-order', 'sort-order': { 'order-id': 0, fields: [sort(1)] } }],
      'IllegalArgumentException: Sort order ID 0 is reserved for unsorted order',
    ],
    [
      'an unsorted order of another id',
      [{ action: 'add-sort-order', 'sort-order': { 'order-id': 3, fields: [] } }],
      'IllegalArgumentException: Unsorted order ID must be 0',
    ],
    [
      'an unknown default',
      [{ action: 'set-default-sort-order', 'sort-order-id': 5 }],
      'IllegalArgumentException: Cannot set default sort order to unknown sort order: 5',
    ],
    [
      '-1 without an added order',
      [{ action: 'set-default-sort-order', 'sort-order-id': -1 }],
      'ValidationException: Cannot set last added sort order: no sort order has been added',
    ],
  ])('refuses %s', (_, updates, expected) => {
    expect(refusal(() => commit(updates))).toBe(expected)
  })
})
