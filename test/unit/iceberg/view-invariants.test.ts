import fc from 'fast-check'
import { expect, test } from 'vitest'
import { viewEngine } from '../../../src/iceberg/view.ts'
import { isCatalogError } from '../../../src/model/errors.ts'
import type { JsonObject } from '../../../src/model/json.ts'

const text = fc.constantFrom('select 1', 'select 2', 'select 3')
const dialect = fc.constantFrom('spark', 'trino', 'Trino')
const column = fc.record({
  id: fc.integer({ min: 1, max: 3 }),
  name: fc.constantFrom('a', 'b'),
  type: fc.constantFrom('int', 'string'),
  required: fc.boolean(),
})
const schema: fc.Arbitrary<JsonObject> = fc.record({
  type: fc.constant('struct'),
  'schema-id': fc.integer({ min: -1, max: 3 }),
  fields: fc.array(column, { maxLength: 2 }),
})
const version: fc.Arbitrary<JsonObject> = fc.record({
  'version-id': fc.integer({ min: 1, max: 6 }),
  'timestamp-ms': fc.integer({ min: 1, max: 9 }),
  'schema-id': fc.integer({ min: -1, max: 3 }),
  summary: fc.dictionary(fc.constantFrom('engine-name'), fc.constantFrom('x', 'y')),
  representations: fc.array(fc.record({ type: fc.constant('sql'), sql: text, dialect }), {
    minLength: 1,
    maxLength: 2,
  }),
  'default-namespace': fc.array(fc.constantFrom('n'), { maxLength: 1 }),
})
const update: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.record({ action: fc.constant('add-schema'), schema }),
  fc.record({ action: fc.constant('add-view-version'), 'view-version': version }),
  fc.record({
    action: fc.constant('set-current-view-version'),
    'view-version-id': fc.integer({ min: -1, max: 7 }),
  }),
  fc.record({
    action: fc.constant('set-properties'),
    updates: fc.record({
      'version.history.num-entries': fc.constantFrom('1', '2', '5'),
      'replace.drop-dialect.allowed': fc.constantFrom('true', 'false'),
    }),
  }),
)

interface Document {
  readonly schemas: readonly { readonly 'schema-id': number }[]
  readonly versions: readonly { readonly 'version-id': number; readonly 'schema-id': number }[]
  readonly 'version-log': readonly { readonly 'version-id': number }[]
  readonly 'current-version-id': number
  readonly 'x-unknown': string
}

const checkDocument = (bytes: Uint8Array): void => {
  const document = JSON.parse(Buffer.from(bytes).toString()) as Document
  const schemaIds = document.schemas.map((s) => s['schema-id'])
  const versionIds = document.versions.map((v) => v['version-id'])
  expect(new Set(schemaIds).size).toBe(schemaIds.length)
  expect(new Set(versionIds).size).toBe(versionIds.length)
  expect(versionIds).toContain(document['current-version-id'])
  for (const v of document.versions) expect(schemaIds).toContain(v['schema-id'])
  for (const entry of document['version-log']) expect(versionIds).toContain(entry['version-id'])
  expect(document['version-log'].at(-1)?.['version-id']).toBe(document['current-version-id'])
  expect(document['x-unknown']).toBe('kept')
}

const start = (): Uint8Array => {
  const request = {
    name: 'v',
    schema: { type: 'struct', fields: [] },
    'view-version': {
      'version-id': 1,
      'timestamp-ms': 1,
      'schema-id': 0,
      summary: {},
      representations: [{ type: 'sql', sql: 'select 0', dialect: 'spark' }],
      'default-namespace': [],
    },
  }
  const { bytes } = viewEngine.create(request, { now: 1, uuid: 'u', location: 'file:/l' })
  return Buffer.from(Buffer.from(bytes).toString().replace(/^\{/, '{"x-unknown":"kept",'))
}

/** The document after the commit; the same one where it is refused. */
const commit = (bytes: Uint8Array, updates: readonly JsonObject[]): Uint8Array => {
  try {
    const base = { bytes, metadataLocation: 'file:/l/metadata/00000-u.metadata.json' }
    return viewEngine.commit(base, { requirements: [], updates }, { now: 100 }).bytes
  } catch (error) {
    if (isCatalogError(error) && error.status < 500) return bytes
    throw error
  }
}

test('whatever is committed, a view stays whole: ids are unique, nothing points to what is gone', () => {
  fc.assert(
    fc.property(fc.array(fc.array(update, { maxLength: 5 }), { maxLength: 8 }), (commits) => {
      let bytes = start()
      for (const updates of commits) {
        bytes = commit(bytes, updates)
        checkDocument(bytes)
      }
    }),
    { numRuns: 300 },
  )
})

test('a commit sent twice changes nothing the second time, except that properties are set again', () => {
  const changing = update.filter(({ action }) => action !== 'set-properties')
  fc.assert(
    fc.property(fc.array(changing, { maxLength: 5 }), (updates) => {
      const once = commit(start(), updates)
      const twice = commit(once, updates)
      expect(viewEngine.facts(twice).currentVersionId).toBe(viewEngine.facts(once).currentVersionId)
    }),
    { numRuns: 200 },
  )
})
