import { describe, expect, test } from 'vitest'
import { onlyReferencedSnapshots } from '#iceberg/referenced-snapshots.ts'
import { tableEngine } from '#iceberg/table.ts'
import {
  addSnapshot,
  commit,
  documentV1,
  documentV2,
  documentV3,
  first,
  location,
  now,
  refusal,
  second,
  setRef,
  text,
  uuid,
} from './table-fixtures.ts'

const facts = (document: string) => tableEngine.facts(Buffer.from(document))

describe('facts', () => {
  test('are read from a document of any version', () => {
    expect(facts(documentV2)).toEqual({
      uuid,
      formatVersion: 2,
      location,
      lastUpdatedMs: now - 1000,
      currentSnapshotId: BigInt(first),
      currentSchemaId: 0,
      refs: { main: { snapshotId: BigInt(first), type: 'branch' } },
      properties: { owner: 'me', café: '1e3' },
      previousMetadata: [`${location}/metadata/00002-aaaa.metadata.json`],
    })
    expect(facts(documentV3).formatVersion).toBe(3)
    expect(facts(documentV1)).toMatchObject({ formatVersion: 1, uuid: '', currentSnapshotId: null, refs: {} })
  })

  test.each([
    ['is empty', ''],
    ['is HTML', '<html></html>'],
    ['is another object', '{"hello":1}'],
    ['is a list', '[]'],
    ['is of an unknown version', documentV2.replace('"format-version": 2', '"format-version": 7')],
    ['is cut', documentV2.slice(0, -10)],
    ['has no location', documentV2.replace('"location"', '"place"')],
    ['has a location of another type', documentV2.replace(`"${location}"`, '7')],
    ['has no uuid', documentV2.replace('"table-uuid"', '"uuid"')],
    ['has no schemas', documentV2.replace('"schemas"', '"shapes"')],
    ['has another current schema', documentV2.replace('"current-schema-id": 0', '"current-schema-id": 5')],
    ['has another default spec', documentV2.replace('"default-spec-id": 0', '"default-spec-id": 5')],
    [
      'has another default order',
      documentV2.replace('"default-sort-order-id": 0', '"default-sort-order-id": 5'),
    ],
    [
      'has another current snapshot',
      documentV2.replace(`"current-snapshot-id": ${first}`, '"current-snapshot-id": 5'),
    ],
    [
      'has refs to nowhere',
      documentV2
        .replace('"x-note"', '"x"')
        .replace('"refs": {', '"refs": {"dev":{"snapshot-id":5,"type":"branch"},'),
    ],
    ['has snapshots that are no list', documentV2.replace('"snapshots": [', '"snapshots": 5, "y": [')],
    ['has a property that is no string', documentV2.replace('"owner":"me"', '"owner":1')],
    ['has no row ids in version 3', documentV2.replace('"format-version": 2', '"format-version": 3')],
  ])('are refused of a document that %s', (_, document) => {
    expect(refusal(() => facts(document))).toMatch(/^ValidationException: /)
  })
})

describe('snapshots=refs', () => {
  const only = async (document: string) =>
    Buffer.concat(await onlyReferencedSnapshots(Buffer.from(document))).toString()
  const two = text(commit([addSnapshot(second, { 'parent-snapshot-id': first }), setRef('main', second)]))

  test('leaves out what no ref names and nothing else', async () => {
    const filtered = await only(two)
    const cut = two.replace(/("snapshots": \[)\{.*?"x-cost":1e3\},/, '$1')
    expect(filtered).toBe(cut)
    expect(facts(filtered).currentSnapshotId).toBe(BigInt(second))
  })

  test('gives a document back whose snapshots are all referenced', async () => {
    expect(await only(documentV2)).toBe(documentV2)
  })

  test('puts main where an old document has no refs', async () => {
    const old = documentV2.replace(/"refs": \{.*\}\},\n/, '')
    expect(await only(old)).toContain(`"refs":{"main":{"snapshot-id":${first},"type":"branch"}}`)
  })

  test('keeps the current snapshot even where no ref names it', async () => {
    const odd = documentV2.replace(/"refs": \{.*\}\},\n/, '"refs": {},\n')
    expect(await only(odd)).toBe(odd)
  })

  test('takes a document without snapshots', async () => {
    expect(await only(documentV1)).toBe(documentV1)
  })
})
