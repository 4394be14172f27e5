import { describe, expect, test } from 'vitest'
import {
  addSnapshot,
  baseFile,
  commit,
  commitStaged,
  documentV1,
  documentV2,
  documentV3,
  first,
  now,
  parsed,
  refusal,
  second,
  setRef,
  stagedUpdates,
  text,
} from './table-fixtures.ts'

const child = (id: string | number, more: Record<string, string | number | undefined> = {}) =>
  addSnapshot(id, { 'parent-snapshot-id': first, ...more })
const remove = (...ids: (string | number)[]) =>
  `{"action":"remove-snapshots","snapshot-ids":[${ids.join(',')}]}`
const removeRef = (name: string) => ({ action: 'remove-snapshot-ref', 'ref-name': name })

describe('add-snapshot', () => {
  test('appends it, keeps ids beyond 2^53 and the raw spans of the others, moves no ref', () => {
    const built = commit([child(second, { 'x-new': '1.0' })])
    const snapshots = `[{"snapshot-id":${first},"sequence-number":1,"timestamp-ms":${now - 1000},"summary":{"operation":"append"},"manifest-list":"s3://b/l","x-cost":1e3},{"sequence-number":2,"snapshot-id":${second},"parent-snapshot-id":${first},"timestamp-ms":${now - 500},"summary":{"operation":"append"},"manifest-list":"s3://bucket/wh/t/metadata/snap.avro","schema-id":0,"x-new":1.0}]`
    expect(text(built)).toContain(`"snapshots": ${snapshots}`)
    expect(built.facts.currentSnapshotId).toBe(BigInt(first))
    expect(text(built)).toContain('"last-sequence-number": 2')
  })

  test.each([
    [
      'with a summary that names no operation',
      { summary: '{"a":"b"}' },
      '"summary":{"operation":"overwrite","a":"b"}',
    ],
    [
      'with embedded manifests',
      { 'manifest-list': undefined, manifests: '["s3://m"]' },
      '"manifests":["s3://m"]',
    ],
    ['without a schema', { 'schema-id': 'null' }, '"manifest-list":"s3://bucket/wh/t/metadata/snap.avro"}'],
  ])('takes one %s', (_, more, expected) => {
    expect(text(commit([child(second, more)]))).toContain(expected)
  })

  test.each([
    ['an id that is taken', [child(first)], `ValidationException: Snapshot already exists for id: ${first}`],
    [
      'an old sequence number',
      [child(second, { 'sequence-number': 1 })],
      'CommitFailedException: Validation failed, please retry: Cannot add snapshot with sequence number 1 older than last sequence number 1',
    ],
    [
      'a null parent',
      [child(second, { 'parent-snapshot-id': 'null' })],
      'BadRequestException: Cannot parse to a long: snapshot.parent-snapshot-id is null',
    ],
    [
      'a summary of numbers',
      [child(second, { summary: '{"operation":"append","n":1}' })],
      'BadRequestException: Cannot parse to a string: snapshot.summary.n is a number',
    ],
    [
      'no manifests',
      [child(second, { 'manifest-list': undefined })],
      'BadRequestException: Cannot parse missing array: snapshot.manifests',
    ],
    [
      'an id of 65 bits',
      [child('18446744073709551616')],
      'BadRequestException: Cannot parse to a long: snapshot.snapshot-id is a number',
    ],
    [
      'a fractional id',
      [child('1.0')],
      'BadRequestException: Cannot parse to a long: snapshot.snapshot-id is a number',
    ],
  ])('refuses %s', (_, updates, expected) => {
    expect(refusal(() => commit(updates))).toBe(expected)
  })

  test('a snapshot without a parent may be late, and never turns the sequence back', () => {
    const built = commit([addSnapshot(second, { 'sequence-number': 1 })], {
      base: documentV2.replace('"last-sequence-number": 1', '"last-sequence-number": 7'),
    })
    expect(text(built)).toContain('"last-sequence-number": 7')
  })

  test('a staged create needs its schema, spec and order first', () => {
    expect(refusal(() => commitStaged([addSnapshot(1)]))).toBe(
      'ValidationException: Attempting to add a snapshot before a schema is added',
    )
    expect(refusal(() => commitStaged([...stagedUpdates.slice(0, 4), addSnapshot(1)]))).toBe(
      'ValidationException: Attempting to add a snapshot before a partition spec is added',
    )
    expect(refusal(() => commitStaged([...stagedUpdates.slice(0, 6), addSnapshot(1)]))).toBe(
      'ValidationException: Attempting to add a snapshot before a sort order is added',
    )
  })

  test('version 1 has no sequence numbers', () => {
    expect(text(commit([addSnapshot(5, { 'sequence-number': 0 })], { base: documentV1 }))).toContain(
      '"snapshots":[{"snapshot-id":5,',
    )
    expect(refusal(() => commit([addSnapshot(5)], { base: documentV1 }))).toBe(
      'IllegalArgumentException: Sequence number must be 0 in v1: 2',
    )
  })
})

describe('row lineage', () => {
  const rows = (from: number | string | undefined, added: number | string | undefined) =>
    commit([child(second, { 'first-row-id': from, 'added-rows': added })], { base: documentV3 })

  test('a snapshot takes the next row ids', () => {
    expect(text(rows(10, 5))).toContain('"next-row-id": 15')
  })

  test('ids that a snapshot skipped are never given away', () => {
    expect(text(rows(100, 5))).toContain('"next-row-id": 105')
  })

  test('row ids are 64 bits wide', () => {
    expect(text(rows('9007199254740993', 5))).toContain('"next-row-id": 9007199254740998')
    expect(refusal(() => rows('9223372036854775807', 1))).toBe(
      'IllegalArgumentException: Integer overflow: 9223372036854775807 + 1',
    )
  })

  test.each([
    [undefined, 5, 'ValidationException: Cannot add a snapshot: first-row-id is null'],
    [
      9,
      5,
      'CommitFailedException: Validation failed, please retry: Cannot add a snapshot, first-row-id is behind table next-row-id: 9 < 10',
    ],
    [10, undefined, 'IllegalArgumentException: Invalid added-rows (required when first-row-id is set): null'],
    [10, -1, 'IllegalArgumentException: Invalid added-rows (cannot be negative): -1'],
    [-1, 5, 'IllegalArgumentException: Invalid first-row-id (cannot be negative): -1'],
  ])('first-row-id %s with added-rows %s is refused', (from, added, expected) => {
    expect(refusal(() => rows(from, added))).toBe(expected)
  })
})

describe('snapshot refs', () => {
  test('main moves the current snapshot and writes its time into the log', () => {
    const built = commit([child(second), setRef('main', second)])
    expect(text(built)).toContain(`"current-snapshot-id": ${second}`)
    expect(text(built)).toContain(
      `"snapshot-log": [{"timestamp-ms": ${now - 1000}, "snapshot-id": ${first}},{"timestamp-ms":${now - 500},"snapshot-id":${second}}]`,
    )
    expect(built.facts.refs).toEqual({ main: { snapshotId: BigInt(second), type: 'branch' } })
  })

  test('a rollback is logged with the time of the commit', () => {
    const base = text(commit([child(second), setRef('main', second)]))
    const built = commit([setRef('main', first)], { base, inputs: { now: now + 7 } })
    expect(text(built)).toContain(`{"timestamp-ms":${now + 7},"snapshot-id":${first}}]`)
  })

  test('a ref that stays keeps what we do not know of it', () => {
    expect(text(commit([setRef('dev', first, ',"max-ref-age-ms":9223372036854775807')]))).toContain(
      `"refs": {"main": {"snapshot-id": ${first}, "type": "branch", "x-note": 2.0},"dev":{"snapshot-id":${first},"type":"branch","max-ref-age-ms":9223372036854775807}}`,
    )
  })

  test('setting a ref replaces its retention as a whole', () => {
    const base = text(commit([setRef('dev', first, ',"min-snapshots-to-keep":3')]))
    expect(text(commit([setRef('dev', first, ',"max-snapshot-age-ms":5')], { base }))).toContain(
      `"dev":{"snapshot-id":${first},"type":"branch","max-snapshot-age-ms":5}`,
    )
  })

  test('an equal ref is no change', () => {
    expect(commit([setRef('main', first)]).changed).toBe(false)
  })

  test('a document without refs has main where its current snapshot is', () => {
    const base = documentV2.replace(/"refs": \{.*\}\},\n/, '')
    const built = commit([setRef('dev', first)], {
      base,
      requirements: [`{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":${first}}`],
    })
    expect(text(built)).toContain(
      `"refs":{"main":{"snapshot-id":${first},"type":"branch"},"dev":{"snapshot-id":${first},"type":"branch"}}`,
    )
  })

  test('removing main leaves the log and no current snapshot', () => {
    const built = commit([removeRef('main')])
    expect(text(built)).toContain('"current-snapshot-id": -1')
    expect(text(built)).toContain(
      `"snapshot-log": [ {"timestamp-ms": ${now - 1000}, "snapshot-id": ${first}} ]`,
    )
    expect(text(built)).toContain('"refs": {}')
    expect(built.facts.currentSnapshotId).toBeNull()
    expect(text(commit([removeRef('main')], { base: documentV3 }))).toContain('"current-snapshot-id": null')
  })

  test('removing a ref that is not there is no change', () => {
    expect(commit([removeRef('dev')]).changed).toBe(false)
  })

  test('snapshots that main only passed through leave no entry', () => {
    const built = commit([
      child(second),
      setRef('main', second),
      addSnapshot(7, { 'parent-snapshot-id': second, 'sequence-number': 3, 'timestamp-ms': now }),
      setRef('main', 7),
    ])
    expect(parsed(built)['snapshot-log']).toEqual([
      { 'timestamp-ms': now - 1000, 'snapshot-id': BigInt(first) },
      { 'timestamp-ms': now, 'snapshot-id': 7 },
    ])
  })

  const tag = (more: string) =>
    `{"action":"set-snapshot-ref","ref-name":"t","type":"tag","snapshot-id":${first}${more}}`
  test.each([
    ['an unknown snapshot', [setRef('dev', 5)], 'ValidationException: Cannot set dev to unknown snapshot: 5'],
    [
      'main as a tag',
      [tag('').replace('"t"', '"main"')],
      'ValidationException: Cannot set main to a tag, it must be a branch',
    ],
    [
      'a tag that keeps snapshots',
      [tag(',"min-snapshots-to-keep":1')],
      'IllegalArgumentException: Tags do not support setting minSnapshotsToKeep',
    ],
    [
      'a tag with snapshot age',
      [tag(',"max-snapshot-age-ms":1')],
      'IllegalArgumentException: Tags do not support setting maxSnapshotAgeMs',
    ],
    [
      'no snapshots to keep',
      [setRef('dev', first, ',"min-snapshots-to-keep":0')],
      'IllegalArgumentException: Min snapshots to keep must be greater than 0',
    ],
    [
      'no snapshot age',
      [setRef('dev', first, ',"max-snapshot-age-ms":0')],
      'IllegalArgumentException: Max snapshot age must be greater than 0 ms',
    ],
    [
      'no ref age',
      [setRef('dev', first, ',"max-ref-age-ms":-1')],
      'IllegalArgumentException: Max reference age must be greater than 0',
    ],
    [
      'another type',
      [setRef('dev', first).replace('branch', 'twig')],
      'IllegalArgumentException: Invalid snapshot ref type: twig',
    ],
  ])('refuses %s', (_, updates, expected) => {
    expect(refusal(() => commit(updates))).toBe(expected)
  })
})

describe('remove-snapshots', () => {
  const three = text(
    commit([
      child(second),
      setRef('main', second),
      setRef('old', first),
      `{"action":"set-statistics","statistics":{"snapshot-id":${first},"statistics-path":"s3://s","file-size-in-bytes":1,"file-footer-size-in-bytes":1,"blob-metadata":[]}}`,
      `{"action":"set-partition-statistics","partition-statistics":{"snapshot-id":${first},"statistics-path":"s3://p","file-size-in-bytes":1}}`,
    ]),
  )

  test('takes statistics, refs and the log before it along', () => {
    const built = commit([remove(first)], { base: three })
    expect(parsed(built)).toMatchObject({
      statistics: [],
      'partition-statistics': [],
      'snapshot-log': [{ 'snapshot-id': BigInt(second) }],
    })
    expect(Object.keys(built.facts.refs)).toEqual(['main'])
  })

  test('a gap in history clears everything before it', () => {
    const base = text(
      commit(
        [
          addSnapshot(7, { 'parent-snapshot-id': second, 'sequence-number': 3, 'timestamp-ms': now }),
          setRef('main', 7),
        ],
        { base: three },
      ),
    )
    const built = commit([remove(second)], { base })
    expect(parsed(built)['snapshot-log']).toEqual([{ 'timestamp-ms': now, 'snapshot-id': 7 }])
  })

  test('of the current snapshot leaves none', () => {
    const built = commit([remove(second)], { base: three })
    expect(built.facts.currentSnapshotId).toBeNull()
    expect(parsed(built)['snapshot-log']).toEqual([])
  })

  test('one by one, and again, leaves what was never removed', () => {
    const updates = [
      child(5),
      child(6, { 'sequence-number': 3 }),
      remove(5),
      child(5, { 'sequence-number': 4 }),
      remove(5),
      remove(5),
    ]
    const snapshots = parsed(commit(updates))['snapshots'] as readonly { 'snapshot-id': unknown }[]
    expect(snapshots.map((item) => item['snapshot-id'])).toEqual([BigInt(first), 6])
  })

  test('of unknown ids is no change', () => {
    expect(commit([remove(99)]).changed).toBe(false)
  })
})

describe('time', () => {
  test('a clock that is behind never turns the document back', () => {
    const built = commit([{ action: 'set-properties', updates: { a: 'b' } }], {
      inputs: { now: now - 600_000 },
    })
    expect(built.facts.lastUpdatedMs).toBe(now - 1000)
  })

  test('a client that is ahead does not make the table unreadable', () => {
    const built = commit([child(second, { 'timestamp-ms': now + 300_000 }), setRef('main', second)])
    expect(built.facts.lastUpdatedMs).toBe(now + 300_000)
    const next = commit(
      [
        addSnapshot(7, { 'parent-snapshot-id': second, 'sequence-number': 3, 'timestamp-ms': now }),
        setRef('main', 7),
      ],
      { base: text(built) },
    )
    const log = parsed(next)['snapshot-log'] as readonly { 'timestamp-ms': number }[]
    expect(log.map((entry) => entry['timestamp-ms'])).toEqual([now - 1000, now + 300_000, now + 300_000])
  })

  test('what is beyond 2^53 milliseconds is no time', () => {
    const call = () => commit([child(second, { 'timestamp-ms': '9223372036854775807' })])
    expect(refusal(call)).toBe(
      'ValidationException: Cannot parse to a time: snapshot.timestamp-ms: 9223372036854775807',
    )
  })

  test('a time more than a day ahead is refused', () => {
    const call = () => commit([child(second, { 'timestamp-ms': now + 90_000_000 }), setRef('main', second)])
    expect(refusal(call)).toBe(
      `IllegalArgumentException: Invalid update timestamp ${now}: before last snapshot log entry at ${now + 90_000_000}`,
    )
  })
})

describe('the metadata log', () => {
  const property = (value: string) => ({
    action: 'set-properties',
    updates: { 'write.metadata.previous-versions-max': value },
  })

  test('names the file that the commit replaces, with the time of its content', () => {
    const built = commit([{ action: 'set-location', location: 's3://elsewhere' }])
    expect(text(built)).toContain(`{"timestamp-ms":${now - 1000},"metadata-file":"${baseFile}"}]`)
    expect(built.facts.previousMetadata).toHaveLength(2)
  })

  test('is cut by the property as the commit sets it, to one entry at least', () => {
    expect(commit([property('1')]).facts.previousMetadata).toEqual([baseFile])
    expect(commit([property('0')]).facts.previousMetadata).toEqual([baseFile])
    expect(refusal(() => commit([property('many')]))).toBe(
      'ValidationException: Table property write.metadata.previous-versions-max must have integer value',
    )
  })
})
