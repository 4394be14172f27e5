import { describe, expect, test } from 'vitest'
import { column, commit, documentV3, parsed, refusal, schema0, struct, text } from './table-fixtures.ts'

const addSchema = (schema: unknown) => ({ action: 'add-schema', schema })
const setCurrent = (id: number) => ({ action: 'set-current-schema', 'schema-id': id })
const wider = struct(
  column(1, 'long', { name: 'id', required: true }),
  column(2, 'string', { name: 'data' }),
  column(3, 'timestamptz', { name: 'ts' }),
  column(4, 'decimal(9,2)', { doc: 'price 🙂', 'x-new': 7 }),
)

describe('add-schema and set-current-schema', () => {
  test('a new schema gets the next id, its types their canonical spelling, unknown members stay', () => {
    const built = commit([addSchema(wider), setCurrent(-1)])
    expect(text(built)).toContain(`"schemas": [${schema0},{"type":"struct","schema-id":1,"fields":`)
    expect(text(built)).toContain(
      '{"id":4,"name":"c4","required":false,"type":"decimal(9, 2)","doc":"price 🙂","x-new":7}',
    )
    expect(parsed(built)).toMatchObject({ 'last-column-id': 4, 'current-schema-id': 1 })
    expect(built.facts.currentSchemaId).toBe(1)
  })

  test('an equal schema reuses the id of the existing one, and -1 names it', () => {
    const [base] = [text(commit([addSchema(wider), setCurrent(-1)]))]
    const built = commit([addSchema(JSON.parse(schema0)), setCurrent(-1)], { base })
    expect(parsed(built)).toMatchObject({ 'current-schema-id': 0, 'last-column-id': 4 })
    expect(parsed(built)['schemas']).toHaveLength(2)
  })

  test('the last column id never trusts the client', () => {
    const built = commit([{ ...addSchema(wider), 'last-column-id': 99 }])
    expect(parsed(built)['last-column-id']).toBe(4)
  })

  test.each([
    [
      '-1 without an added schema',
      [setCurrent(-1)],
      'ValidationException: Cannot set last added schema: no schema has been added',
    ],
    [
      'an unknown id',
      [setCurrent(7)],
      'IllegalArgumentException: Cannot set current schema to unknown schema: 7',
    ],
    [
      'a type of version 3',
      [addSchema(struct(column(4, 'variant')))],
      'ValidationException: Invalid schema for v2:\n- Invalid type for c4: variant is not supported until v3',
    ],
    [
      'a default before version 3',
      [addSchema(struct(column(4, 'int', { 'initial-default': 5 })))],
      'ValidationException: Invalid schema for v2:\n- Invalid initial default for c4: non-null default (5) is not supported until v3',
    ],
    [
      'an unknown type',
      [addSchema(struct(column(4, 'blob')))],
      'IllegalArgumentException: Cannot parse type string to primitive: blob',
    ],
    [
      'a type of a megabyte, at once',
      [addSchema(struct(column(4, `geography(,${' '.repeat(1e6)}x`)))],
      `IllegalArgumentException: Cannot parse type string to primitive: geography(,${' '.repeat(189)}…`,
    ],
    [
      'two columns of one name',
      [addSchema(struct(column(4, 'int'), { ...column(5, 'int'), name: 'c4' }))],
      'ValidationException: Invalid schema: multiple fields for name c4: 4 and 5',
    ],
    [
      'two columns of one id',
      [addSchema(struct(column(4, 'int'), { ...column(4, 'int'), name: 'x' }))],
      'IllegalArgumentException: Invalid schema: multiple fields with id 4',
    ],
    [
      'an optional identifier field',
      [addSchema({ ...struct(column(4, 'int')), 'identifier-field-ids': [4] })],
      'IllegalArgumentException: Cannot add field c4 as an identifier field: not a required field',
    ],
    [
      'a missing identifier field',
      [addSchema({ ...struct(column(4, 'int')), 'identifier-field-ids': [9] })],
      'IllegalArgumentException: Cannot add fieldId 9 as an identifier field: field does not exist',
    ],
    [
      'a required unknown',
      [addSchema(struct(column(4, 'unknown', { required: true })))],
      'IllegalArgumentException: Cannot create required field with unknown type: c4',
    ],
    ['no schema', [{ action: 'add-schema' }], 'BadRequestException: Cannot parse missing object: schema'],
  ])('refuses %s', (_, updates, expected) => {
    expect(refusal(() => commit(updates))).toBe(expected)
  })

  test.each([
    'timestamp_ns',
    'timestamptz_ns',
    'variant',
    'unknown',
    'geometry(EPSG:3857)',
    'geography(EPSG:4326, karney)',
  ])('version 3 takes %s', (type) => {
    const built = commit([addSchema(struct(column(4, type)))], { base: documentV3 })
    expect(text(built)).toContain(`"type":"${type}"`)
  })

  test.each([
    ['long', '9007199254740993'],
    ['double', '1.0'],
    ['float', '1e3'],
    ['decimal(9, 2)', '"1.50"'],
    ['date', '"2024-02-29"'],
    ['timestamptz', '"2024-02-29T10:00:00.000001+00:00"'],
    ['uuid', '"f79c3e09-677c-4bbd-a479-3f349cb785e7"'],
    ['fixed[2]', '"00ff"'],
  ])('a default of %s keeps its spelling %s', (type, value) => {
    const schema = `{"type":"struct","fields":[{"id":4,"name":"d","required":true,"type":"${type}","initial-default":${value},"write-default":${value}}]}`
    const built = commit([`{"action":"add-schema","schema":${schema}}`], { base: documentV3 })
    expect(text(built)).toContain(`"initial-default":${value},"write-default":${value}`)
  })

  test.each([
    ['double', '1'],
    ['int', '2147483648'],
    ['decimal(9, 2)', '"1.5"'],
    ['date', '"2023-02-29"'],
    ['timestamptz', '"2024-02-29T10:00:00+01:00"'],
    ['fixed[2]', '"00f"'],
    ['variant', '{}'],
    ['string', '1'],
  ])('a default of %s refuses %s', (type, value) => {
    const schema = `{"type":"struct","fields":[{"id":4,"name":"d","required":false,"type":"${type}","write-default":${value}}]}`
    const call = () => commit([`{"action":"add-schema","schema":${schema}}`], { base: documentV3 })
    expect(refusal(call)).toMatch(/^IllegalArgumentException: /)
  })
})

describe('remove-schemas', () => {
  const two = text(commit([addSchema(wider)]))

  test('removes what is not current and ignores unknown ids', () => {
    const built = commit([{ action: 'remove-schemas', 'schema-ids': [1, 17] }], { base: two })
    expect(text(built)).toContain(`"schemas": [${schema0}]`)
  })

  test('keeps the current schema', () => {
    expect(refusal(() => commit([{ action: 'remove-schemas', 'schema-ids': [0] }]))).toBe(
      'IllegalArgumentException: Cannot remove the current schema',
    )
  })
})
