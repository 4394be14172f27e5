import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { onlyReferencedSnapshots } from '#iceberg/referenced-snapshots.ts'
import { tableEngine } from '#iceberg/table.ts'
import { type DocumentIndex, indexDocument, memberItems, memberSpan, spanBytes } from '#model/document.ts'
import { isCatalogError } from '#model/errors.ts'
import { type JsonObject, parseJsonObject } from '#model/json.ts'
import {
  addSnapshot,
  baseFile,
  column,
  commit,
  documentV1,
  documentV2,
  documentV3,
  first,
  json,
  now,
  second,
  setRef,
  stagedUpdates,
  struct,
  text,
  uuid,
} from './table-fixtures.ts'

// Thousands of runs each, on machines that do other work as well.
vi.setConfig({ testTimeout: 60_000 })

const member = (index: DocumentIndex, name: string): string | undefined => {
  const span = memberSpan(index, name)
  return span === undefined ? undefined : Buffer.from(spanBytes(index, span)).toString()
}

/** Updates that touch known members only, and which ones. */
const touching: readonly (readonly [string, readonly string[]])[] = [
  ['{"action":"set-properties","updates":{"a":"b"}}', ['properties']],
  ['{"action":"set-location","location":"s3://other"}', ['location']],
  [`{"action":"assign-uuid","uuid":"00000000-0000-4000-8000-000000000001"}`, ['table-uuid']],
  [addSnapshot(second, { 'parent-snapshot-id': first }), ['snapshots', 'last-sequence-number']],
  [setRef('dev', first), ['refs']],
  ['{"action":"remove-snapshot-ref","ref-name":"main"}', ['refs', 'current-snapshot-id']],
  [
    `{"action":"remove-snapshots","snapshot-ids":[${first}]}`,
    ['snapshots', 'refs', 'current-snapshot-id', 'snapshot-log'],
  ],
  [
    '{"action":"add-spec","spec":{"fields":[{"name":"d","transform":"day","source-id":3}]}}',
    ['partition-specs', 'last-partition-id'],
  ],
  [
    `{"action":"add-schema","schema":${JSON.stringify(struct(column(9, 'int')))}}`,
    ['schemas', 'last-column-id'],
  ],
  ['{"action":"upgrade-format-version","format-version":3}', ['format-version', 'next-row-id']],
]

/** What somebody may have left in a document: members and spellings that we know nothing of. */
const foreignMembers = fc.uniqueArray(
  fc.tuple(
    fc.string({ unit: fc.constantFrom(...'abcxyz-é🙂"\\/ '), minLength: 1, maxLength: 8 }),
    fc.constantFrom(
      '1.0',
      '-0',
      '1e3',
      first,
      '12345678901234567890123',
      '{"a" : [1.50, null]}',
      '"\\u00e9\\/"',
      '[ ]',
    ),
  ),
  { selector: ([name]) => name, maxLength: 6 },
)

const withMembers = (document: string, members: readonly (readonly [string, string])[]): string => {
  const added = members.map(([name, value]) => `,\n ${JSON.stringify(`x-${name}`)} :${value}`).join('')
  return document.replace(/\}\s*$/, `${added}}`)
}

describe('what an update does not touch', () => {
  test('is byte for byte what it was, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.subarray([...touching], { minLength: 1, maxLength: 3 }),
        foreignMembers,
        (updates, members) => {
          const base = withMembers(documentV2, members)
          const touched = new Set([
            'last-updated-ms',
            'metadata-log',
            ...updates.flatMap(([, names]) => names),
          ])
          const built = commit(
            updates.map(([update]) => update),
            { base },
          )
          const [before, after] = [indexDocument(Buffer.from(base)), indexDocument(built.bytes)]
          const names = [...before.members.keys()]
          expect([...after.members.keys()].slice(0, names.length)).toEqual(names)
          for (const name of names)
            if (!touched.has(name)) expect(member(after, name)).toBe(member(before, name))
        },
      ),
    )
  })

  test('stays within a touched list: items keep their bytes', () => {
    const built = commit([addSnapshot(second, { 'parent-snapshot-id': first }), setRef('main', second)])
    const [before, after] = [indexDocument(Buffer.from(documentV2)), indexDocument(built.bytes)]
    const itemsOf = (index: DocumentIndex) =>
      memberItems(index, 'snapshots').map((span) => Buffer.from(spanBytes(index, span)).toString())
    expect(itemsOf(after).slice(0, 1)).toEqual(itemsOf(before))
    expect(itemsOf(after)[0]).toContain('"x-cost":1e3')
  })
})

describe('a built document', () => {
  test('can be built upon again, and its facts are those that were promised', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...touching], { maxLength: 5 }), (updates) => {
        let base = documentV2
        for (const [update] of updates) {
          const call = () => commit([update], { base })
          const built = accepted(call)
          if (built === undefined) continue
          expect(tableEngine.facts(built.bytes)).toEqual(built.facts)
          base = text(built)
        }
      }),
    )
  })

  test('is the same whether one commit or several led to it, but for the metadata log', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.constantFrom('a', 'b', 'owner', 'é'), { minLength: 2 }), (keys) => {
        const updates = keys.map((key) => ({ action: 'set-properties', updates: { [key]: '1' } }))
        const atOnce = parseJsonObject(commit(updates).bytes)
        const stepwise = updates.reduce((base, update) => text(commit([update], { base })), documentV2)
        expect(atOnce['properties']).toEqual(json(stepwise)['properties'])
      }),
    )
  })
})

const accepted = <T>(call: () => T): T | undefined => {
  try {
    return call()
  } catch (error) {
    if (isCatalogError(error)) return undefined
    throw error
  }
}

const anything = fc.constantFrom<unknown>(
  ...[
    null,
    true,
    0,
    -1,
    1.5,
    2 ** 31,
    'x',
    '',
    [],
    {},
    [null],
    [{}],
    { type: 'struct' },
    { fields: [] },
    'struct',
  ],
)

type Path = readonly (string | number)[]

const pathsOf = (value: unknown, path: Path = []): readonly Path[] => {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))]
}

const withValueAt = (
  value: unknown,
  path: Path,
  replacement: { readonly value: unknown } | 'removed',
): unknown => {
  const [key, ...rest] = path
  if (key === undefined) return replacement === 'removed' ? null : replacement.value
  if (Array.isArray(value)) {
    const at = Number(key)
    if (rest.length === 0 && replacement === 'removed') return value.toSpliced(at, 1)
    return value.with(at, withValueAt(value[at], rest, replacement))
  }
  const object = value as Record<string, unknown>
  if (rest.length > 0 || replacement !== 'removed')
    return { ...object, [key]: withValueAt(object[key], rest, replacement) }
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key))
}

/** A value with a few of its parts replaced by anything, or removed. */
const mutationsOf = (value: unknown): fc.Arbitrary<unknown> => {
  const steps = fc.array(
    fc.tuple(
      fc.nat(),
      fc.oneof(
        fc.constant('removed' as const),
        anything.map((inner) => ({ value: inner })),
      ),
    ),
    { minLength: 1, maxLength: 3 },
  )
  return steps.map((chosen) =>
    chosen.reduce<unknown>((current, [at, replacement]) => {
      const paths = pathsOf(current)
      return withValueAt(current, paths[at % paths.length] ?? [], replacement)
    }, value),
  )
}

/** Requests of every kind; ids are small so that `JSON.parse` keeps them. */
const plainUpdates: readonly unknown[] = [
  ...touching.map(([update]) => JSON.parse(update)),
  ...stagedUpdates,
  {
    action: 'set-statistics',
    statistics: {
      'snapshot-id': 1,
      'statistics-path': 's',
      'file-size-in-bytes': 1,
      'file-footer-size-in-bytes': 1,
      'blob-metadata': [{ type: 'a', 'snapshot-id': 1, 'sequence-number': 1, fields: [1] }],
    },
  },
  {
    action: 'set-partition-statistics',
    'partition-statistics': { 'snapshot-id': 1, 'statistics-path': 's', 'file-size-in-bytes': 1 },
  },
  {
    action: 'add-encryption-key',
    'encryption-key': { 'key-id': 'k', 'encrypted-key-metadata': 'aGk=', properties: { a: 'b' } },
  },
  {
    action: 'add-sort-order',
    'sort-order': {
      'order-id': 1,
      fields: [{ transform: 'bucket[4]', 'source-id': 1, direction: 'asc', 'null-order': 'nulls-last' }],
    },
  },
]
const plainRequirements: readonly unknown[] = [
  { type: 'assert-table-uuid', uuid },
  { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': 5 },
  { type: 'assert-current-schema-id', 'current-schema-id': 0 },
  { type: 'assert-create' },
]

const asObjects = (values: readonly unknown[]): readonly JsonObject[] =>
  values.map((value) => parseJsonObject(JSON.stringify({ value }))['value'] as JsonObject)

const engineCall =
  (base: string | null, updates: readonly unknown[], requirements: readonly unknown[]) => () =>
    tableEngine.commit(
      base === null ? null : { bytes: Buffer.from(base), metadataLocation: baseFile },
      { updates: asObjects(updates), requirements: asObjects(requirements) },
      { now, uuid },
    )

const runs = { numRuns: 3000 }

describe('nothing but a CatalogError is thrown', () => {
  test('for requests of any shape', () => {
    const updates = fc.array(fc.constantFrom(...plainUpdates).chain(mutationsOf), {
      minLength: 1,
      maxLength: 3,
    })
    const requirements = fc.array(fc.constantFrom(...plainRequirements).chain(mutationsOf), { maxLength: 1 })
    const bases = fc.constantFrom(documentV1, documentV2, documentV3)
    fc.assert(
      fc.property(bases, updates, requirements, (base, us, rs) => {
        accepted(engineCall(base, us, rs))
        accepted(engineCall(base, us, []))
      }),
      runs,
    )
  })

  test('for staged creates of any shape', () => {
    fc.assert(
      fc.property(
        mutationsOf([...stagedUpdates, JSON.parse(addSnapshot(5, { 'sequence-number': 1 }))]),
        (updates) => {
          const list = Array.isArray(updates) ? updates : [updates]
          const built = accepted(engineCall(null, list, [{ type: 'assert-create' }]))
          if (built !== undefined) expect(tableEngine.facts(built.bytes)).toEqual(built.facts)
        },
      ),
      runs,
    )
  })

  test('for create requests of any shape, and what is accepted is a table', () => {
    const request = {
      name: 't',
      schema: {
        ...struct(
          column(1, 'long', { required: true, doc: 'd' }),
          column(2, {
            type: 'list',
            'element-id': 3,
            element: struct(column(4, 'decimal(9,2)')),
            'element-required': false,
          }),
        ),
        'identifier-field-ids': [1],
      },
      'partition-spec': {
        'spec-id': 0,
        fields: [{ name: 'p', transform: 'bucket[4]', 'source-id': 1, 'field-id': 1000 }],
      },
      'write-order': {
        'order-id': 1,
        fields: [{ transform: 'identity', 'source-id': 1, direction: 'asc', 'null-order': 'nulls-first' }],
      },
      properties: { 'format-version': '3', a: 'b' },
    }
    fc.assert(
      fc.property(mutationsOf(request), (mutated) => {
        const built = accepted(() =>
          tableEngine.create(json({ value: mutated })['value'] as JsonObject, {
            now,
            uuid,
            location: 's3://b/t',
          }),
        )
        if (built !== undefined) expect(tableEngine.facts(built.bytes)).toEqual(built.facts)
      }),
      runs,
    )
  })

  test('for documents of any shape', async () => {
    const mutated = fc
      .constantFrom(documentV1, documentV2, documentV3)
      .chain((document) => mutationsOf(JSON.parse(document)))
    await fc.assert(
      fc.asyncProperty(mutated, fc.constantFrom(...touching), async (document, [update]) => {
        const base = JSON.stringify(document)
        accepted(() => tableEngine.facts(Buffer.from(base)))
        accepted(engineCall(base, [JSON.parse(update)], []))
        await onlyReferencedSnapshots(Buffer.from(base)).catch((error: unknown) => {
          if (!isCatalogError(error)) throw error
        })
      }),
      runs,
    )
  })

  test('for documents cut anywhere', () => {
    fc.assert(
      fc.property(fc.nat({ max: documentV2.length - 1 }), (length) => {
        const cut = Buffer.from(documentV2).subarray(0, length)
        expect(accepted(() => tableEngine.facts(cut))).toBeUndefined()
      }),
    )
  })
})
