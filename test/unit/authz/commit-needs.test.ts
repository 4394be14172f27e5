/** Which rights a commit needs: a table of updates, and of the ways to pass one off as another. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { commitNeeds } from '#authz/commit-needs.ts'
import { JsonNumber, type JsonObject, parseJsonObject } from '#model/json.ts'

type Update = Readonly<Record<string, unknown>>

/** As the wire brings it: through the one JSON codec. */
const wire = (value: unknown): JsonObject => parseJsonObject(JSON.stringify(value))

const needsOf = (
  kind: 'table' | 'view',
  updates: readonly Update[],
  requirements: readonly Update[] = [],
) => {
  const body = wire({ updates, requirements })
  return commitNeeds(kind, body)
}

const actionsOf = (...[kind, updates, requirements]: Parameters<typeof needsOf>): readonly string[] =>
  needsOf(kind, updates, requirements).map(({ action }) => action)

const snapshot = (id: unknown, operation: string, parent?: unknown): Update => ({
  action: 'add-snapshot',
  snapshot: {
    'snapshot-id': id,
    ...(parent === undefined ? {} : { 'parent-snapshot-id': parent }),
    summary: { operation },
  },
})
const branch = (ref: string, id: unknown, more: Update = {}): Update => ({
  ...{ action: 'set-snapshot-ref', 'ref-name': ref, type: 'branch', 'snapshot-id': id },
  ...more,
})
const stands = (ref: string, id: unknown): Update => ({
  type: 'assert-ref-snapshot-id',
  ref,
  'snapshot-id': id,
})

describe('an update of a table', () => {
  test.each([
    ['add-schema', 'change-schema'],
    ['set-current-schema', 'change-schema'],
    ['remove-schemas', 'change-schema'],
    ['add-spec', 'change-layout'],
    ['set-default-spec', 'change-layout'],
    ['remove-partition-specs', 'change-layout'],
    ['add-sort-order', 'change-layout'],
    ['set-default-sort-order', 'change-layout'],
    ['set-snapshot-ref', 'change-refs'],
    ['remove-snapshot-ref', 'change-refs'],
    ['remove-snapshots', 'expire-snapshots'],
    ['remove-statistics', 'expire-snapshots'],
    ['remove-partition-statistics', 'expire-snapshots'],
    ['set-statistics', 'append'],
    ['set-partition-statistics', 'append'],
    ['set-properties', 'set-properties'],
    ['remove-properties', 'set-properties'],
    ['set-location', 'set-location'],
    ['upgrade-format-version', 'upgrade-format'],
    ['assign-uuid', 'write'],
    ['add-encryption-key', 'write'],
    ['remove-encryption-key', 'write'],
    ['add-view-version', 'write'],
    ['of-tomorrow', 'write'],
    ['', 'write'],
  ])('%s needs %s', (action, need) => {
    expect(actionsOf('table', [{ action, 'ref-name': 'main' }])).toEqual([need])
  })

  test('is the same in capital letters, as catalogs read it', () => {
    expect(actionsOf('table', [{ action: 'SET-Properties', updates: {} }])).toEqual(['set-properties'])
  })

  test('that says where files go needs to set the location, too', () => {
    const updates = { 'write.data.path': 's3://elsewhere/' }
    expect(actionsOf('table', [{ action: 'set-properties', updates }])).toEqual([
      'set-properties',
      'set-location',
    ])
    expect(actionsOf('table', [{ action: 'set-properties', updated: updates }])).toContain('set-location')
    const ours = { 'write.location-provider.impl': 'org.elsewhere.Provider' }
    expect(actionsOf('table', [{ action: 'set-properties', updates: ours }])).toContain('set-location')
    const removals = ['write.metadata.path']
    expect(actionsOf('table', [{ action: 'remove-properties', removals }])).toContain('set-location')
    expect(actionsOf('table', [{ action: 'set-properties', updates: { owner: 'me' } }])).toEqual([
      'set-properties',
    ])
  })
})

describe('an update of a view', () => {
  test.each([
    ['set-properties', 'set-properties'],
    ['remove-properties', 'set-properties'],
    ['set-location', 'set-location'],
    ['add-view-version', 'write'],
    ['set-current-view-version', 'write'],
    ['add-schema', 'write'],
    ['add-snapshot', 'write'],
    ['upgrade-format-version', 'write'],
    ['assign-uuid', 'write'],
    ['of-tomorrow', 'write'],
  ])('%s needs %s', (action, need) => {
    expect(actionsOf('view', [{ action }])).toEqual([need])
  })
})

describe('a new snapshot', () => {
  test('that appends to where the branch stands needs append and nothing else', () => {
    expect(needsOf('table', [snapshot(2, 'append', 1), branch('main', 2)], [stands('main', 1)])).toEqual([
      { action: 'append', refs: ['main'] },
    ])
  })

  test('may be the first of a table', () => {
    const updates = [snapshot(1, 'append'), branch('main', 1)]
    expect(actionsOf('table', updates, [stands('main', null)])).toEqual(['append'])
  })

  test.each(['overwrite', 'delete', 'replace', 'APPEND', ''])(
    'of operation "%s" needs overwrite',
    (operation) => {
      expect(actionsOf('table', [snapshot(2, operation, 1), branch('main', 2)], [stands('main', 1)])).toEqual(
        ['overwrite'],
      )
    },
  )

  test('without a summary needs overwrite', () => {
    expect(actionsOf('table', [{ action: 'add-snapshot', snapshot: { 'snapshot-id': 1 } }])).toEqual([
      'overwrite',
    ])
    expect(actionsOf('table', [{ action: 'add-snapshot' }])).toEqual(['overwrite'])
  })

  test('is told from another by all 64 bits of its id', () => {
    const body = (target: string) =>
      parseJsonObject(`{"requirements":[{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":null}],
        "updates":[
        {"action":"add-snapshot","snapshot":{"snapshot-id":9007199254740993,"summary":{"operation":"append"}}},
        {"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":${target}}]}`)
    const of = (target: string) => commitNeeds('table', body(target)).map(({ action }) => action)
    expect(of('9007199254740993')).toEqual(['append'])
    expect(of('9007199254740992')).toEqual(['append', 'change-refs'])
    expect(of('9007199254740994')).toEqual(['append', 'change-refs'])
  })

  test('whose id is spelled as no integer is not recognized', () => {
    const text = `{"requirements":[{"type":"assert-ref-snapshot-id","ref":"main"}],"updates":[
      {"action":"add-snapshot","snapshot":{"snapshot-id":1.0,"summary":{"operation":"append"}}},
      {"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":1.0}]}`
    const body = parseJsonObject(text)
    expect(Object(body['updates'])[1]['snapshot-id']).toBeInstanceOf(JsonNumber)
    expect(commitNeeds('table', body).map(({ action }) => action)).toEqual(['append', 'change-refs'])
  })

  test('of a chain in one commit extends the branch each time', () => {
    const updates = [
      ...[snapshot(2, 'append', 1), branch('main', 2)],
      ...[snapshot(3, 'append', 2), branch('main', 3)],
    ]
    expect(actionsOf('table', updates, [stands('main', 1)])).toEqual(['append'])
  })
})

describe('a branch', () => {
  const added = snapshot(9, 'append', 1)

  test('that would leave snapshots behind is a change of refs, though the snapshot says append', () => {
    expect(actionsOf('table', [added, branch('main', 9)], [stands('main', 5)])).toEqual([
      'append',
      'change-refs',
    ])
  })

  test('of which nobody says where it stands is a change of refs', () => {
    expect(actionsOf('table', [added, branch('main', 9)])).toEqual(['append', 'change-refs'])
  })

  test('that comes to be is a change of refs', () => {
    const first = snapshot(9, 'append')
    expect(actionsOf('table', [first, branch('audit', 9)], [stands('audit', null)])).toContain('change-refs')
  })

  test('whose retention is set is a change of refs', () => {
    const kept = branch('main', 9, { 'max-ref-age-ms': 1 })
    expect(actionsOf('table', [added, kept], [stands('main', 1)])).toContain('change-refs')
  })

  test('moved to a snapshot that was there is a change of refs', () => {
    expect(needsOf('table', [branch('main', 5)], [stands('main', 6)])).toEqual([
      { action: 'change-refs', refs: ['main'] },
    ])
  })

  test('made a tag is a change of refs', () => {
    const tag = branch('main', 9, { type: 'tag' })
    expect(actionsOf('table', [added, tag], [stands('main', 1)])).toContain('change-refs')
  })

  test('without a name needs everything', () => {
    expect(actionsOf('table', [{ action: 'set-snapshot-ref' }])).toEqual(['write'])
  })
})

describe('a commit', () => {
  test('needs each thing once, and tells every ref that it touches', () => {
    const updates = [
      ...[snapshot(2, 'append', 1), snapshot(3, 'delete', 2), branch('main', 2)],
      ...[{ action: 'remove-snapshot-ref', 'ref-name': 'old' }, { action: 'remove-snapshots' }],
      { action: 'remove-statistics' },
    ]
    expect(needsOf('table', updates, [stands('main', 1)])).toEqual(
      ['append', 'overwrite', 'change-refs', 'expire-snapshots'].map((action) => ({
        action,
        refs: ['main', 'old'],
      })),
    )
  })

  test.each([
    ['that says nothing', '{"updates":[]}'],
    ['without updates', '{}'],
    ['whose updates are no list', '{"updates":{"action":"set-properties"}}'],
  ])('%s needs everything', (_, text) => {
    expect(commitNeeds('table', parseJsonObject(text))).toEqual([{ action: 'write' }])
  })

  test('with something else among its updates needs everything besides', () => {
    const body = parseJsonObject('{"updates":[{"action":"set-properties"},"set-location"]}')
    expect(commitNeeds('table', body).map(({ action }) => action)).toEqual(['set-properties', 'write'])
  })

  test('is never without a need, whatever its body is', () => {
    // A member of this name is refused before anybody asks what it needs.
    const text = fc.json({ maxDepth: 5 }).filter((one) => !one.includes('__proto__'))
    fc.assert(
      fc.property(text, text, (updates, requirements) => {
        const body = parseJsonObject(`{"updates":${updates},"requirements":${requirements}}`)
        return commitNeeds('table', body).length > 0 && commitNeeds('view', body).length > 0
      }),
    )
  })
})
