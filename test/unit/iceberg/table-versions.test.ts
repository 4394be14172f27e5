import { describe, expect, test } from 'vitest'
import {
  column,
  commit,
  commitStaged,
  documentV1,
  documentV2,
  first,
  parsed,
  refusal,
  stagedUpdates,
  struct,
  text,
} from './table-fixtures.ts'

const addSchema = (schema: unknown) => ({ action: 'add-schema', schema })
const setCurrent = (id: number) => ({ action: 'set-current-schema', 'schema-id': id })
const wider = struct(
  column(1, 'long', { name: 'id', required: true }),
  column(2, 'string', { name: 'data' }),
  column(3, 'timestamptz', { name: 'ts' }),
  column(4, 'decimal(9,2)', { doc: 'price 🙂', 'x-new': 7 }),
)

describe('versions', () => {
  const upgrade = (version: number) => ({ action: 'upgrade-format-version', 'format-version': version })

  test('a v1 document without lists gets them with its first change', () => {
    const built = commit([{ action: 'set-properties', updates: { a: 'b' } }], {
      base: documentV1,
      inputs: { uuid: '7b0ddf3c-0d3b-4d5e-9e3a-1f7f6a1f0d11' },
    })
    expect(parsed(built)).toMatchObject({
      'format-version': 1,
      'table-uuid': '7b0ddf3c-0d3b-4d5e-9e3a-1f7f6a1f0d11',
      'current-schema-id': 0,
      'default-spec-id': 0,
      'last-partition-id': 1000,
      'default-sort-order-id': 0,
      'partition-specs': [{ 'spec-id': 0, fields: [{ name: 'ts_day', 'field-id': 1000 }] }],
    })
    expect(parsed(built)).toHaveProperty('schema')
    expect(parsed(built)).not.toHaveProperty('last-sequence-number')
  })

  test('v1 repeats the current schema for old readers', () => {
    const built = commit([addSchema(wider), setCurrent(-1)], { base: documentV1 })
    expect(parsed(built)['schema']).toMatchObject({ 'schema-id': 1 })
  })

  test('v1 to v2 and v3 takes and adds the members of each version', () => {
    const inputs = { uuid: '7b0ddf3c-0d3b-4d5e-9e3a-1f7f6a1f0d11' }
    const v2 = commit([upgrade(2)], { base: documentV1, inputs })
    expect(parsed(v2)).toMatchObject({
      'format-version': 2,
      'last-sequence-number': 0,
      'current-snapshot-id': -1,
    })
    expect(parsed(v2)).not.toHaveProperty('schema')
    expect(parsed(v2)).not.toHaveProperty('partition-spec')
    const v3 = commit([upgrade(3)], { base: text(v2) })
    expect(parsed(v3)).toMatchObject({ 'format-version': 3, 'next-row-id': 0, 'current-snapshot-id': null })
  })

  test('an upgrade leaves a current snapshot where it is', () => {
    expect(text(commit([upgrade(3)]))).toContain(`"current-snapshot-id": ${first}`)
  })

  test.each([
    [1, 'IllegalArgumentException: Cannot downgrade v2 table to v1'],
    [4, 'IllegalArgumentException: Cannot upgrade table to unsupported format version: v4 (supported: v3)'],
  ])('from v2 to v%s is refused', (version, expected) => {
    expect(refusal(() => commit([upgrade(version)]))).toBe(expected)
  })

  test('the version that a document has is no change', () => {
    expect(commit([upgrade(2)]).changed).toBe(false)
  })
})

describe('a staged create', () => {
  test('keeps the ids that it was given', () => {
    const built = commitStaged(stagedUpdates)
    expect(parsed(built)).toMatchObject({
      'format-version': 2,
      'last-column-id': 1,
      location: 's3://bucket/wh/t',
    })
    expect(built.facts.previousMetadata).toEqual([])
    expect(built.changed).toBe(true)
  })

  test.each([1, 3])('takes version %s from its updates', (version) => {
    const updates = stagedUpdates.map((update) =>
      (update as { action: string }).action === 'upgrade-format-version'
        ? { ...(update as object), 'format-version': version }
        : update,
    )
    expect(commitStaged(updates).facts.formatVersion).toBe(version)
  })

  test('keeps several schemas and sets the last', () => {
    const more = [addSchema(struct(column(1, 'long'), column(2, 'int'))), setCurrent(-1)]
    expect(parsed(commitStaged([...stagedUpdates, ...more]))).toMatchObject({
      'current-schema-id': 1,
      'last-column-id': 2,
    })
  })

  test.each([
    [
      'schema',
      'set-current-schema',
      'ValidationException: Cannot set last added schema: no schema has been added',
    ],
    ['spec', 'set-default-spec', 'ValidationException: Cannot set last added spec: no spec has been added'],
    ['location', 'nothing', 'IllegalArgumentException: Table location is required in format v2'],
  ])('without its %s is refused', (part, _, expected) => {
    const updates = stagedUpdates.filter((update) => {
      const { action } = update as { action: string }
      return action !== `add-${part}` && action !== `set-${part}`
    })
    expect(refusal(() => commitStaged(updates))).toBe(expected)
  })

  test('with no updates at all is refused', () => {
    expect(refusal(() => commitStaged([], { location: 's3://b/t' }))).toBe(
      'IllegalArgumentException: Cannot find schema with current-schema-id=0',
    )
  })
})

test('an untouched document is not read deeper than needed: odd lists of others survive', () => {
  const odd = documentV2.replace(
    '"partition-specs": [{"spec-id":0,"fields":[]}]',
    '"partition-specs": [{"spec-id":0,"fields":[]},{"spec-id":7,"fields":[{"name":"gone","transform":"identity","source-id":99,"field-id":1003}]}]',
  )
  expect(text(commit([{ action: 'set-properties', updates: { a: 'b' } }], { base: odd }))).toContain(
    '"source-id":99',
  )
})
