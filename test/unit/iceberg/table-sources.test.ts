import { expect, test } from 'vitest'
import { tableEngine } from '../../../src/iceberg/table.ts'
import { parseJsonObject } from '../../../src/model/json.ts'

const inputs = { now: 1_700_000_000_000, uuid: 'u', location: 'file:/lake/t' }
const create = (more: string) =>
  tableEngine.create(
    parseJsonObject(
      `{"name":"t","schema":{"type":"struct","fields":[{"id":1,"name":"x","type":"int","required":false}]},${more}}`,
    ),
    inputs,
  )

test.each([
  [
    'a partition field',
    '"partition-spec":{"spec-id":0,"fields":[{"name":"p","transform":"void","source-id":9}]}',
  ],
  [
    'a sort field',
    '"write-order":{"order-id":1,"fields":[{"transform":"void","source-id":9,"direction":"asc","null-order":"nulls-first"}]}',
  ],
])('%s of a new table needs its column, even for void', (_what, more) => {
  expect(() => create(more)).toThrow(
    expect.objectContaining({ status: 400, message: expect.stringContaining('source column') }),
  )
})

test('a snapshot with a negative sequence number is refused, for no reader would open the table again', () => {
  const { bytes } = create('"properties":{}')
  const snapshot =
    '{"snapshot-id":1,"sequence-number":-1,"timestamp-ms":1,"manifest-list":"m","summary":{"operation":"append"}}'
  const request = parseJsonObject(`{"updates":[{"action":"add-snapshot","snapshot":${snapshot}}]}`)
  expect(() =>
    tableEngine.commit(
      { bytes, metadataLocation: 'file:/lake/t/metadata/00000-u.metadata.json' },
      { requirements: [], updates: request['updates'] as never },
      inputs,
    ),
  ).toThrow(expect.objectContaining({ status: 400, message: 'Invalid sequence number: -1' }))
})

test('spatial types are written without their default parameters', () => {
  const request =
    parseJsonObject(`{"name":"t","properties":{"format-version":"3"},"schema":{"type":"struct","fields":[
    {"id":1,"name":"a","type":"geometry","required":false},
    {"id":2,"name":"b","type":"geography(OGC:CRS84, spherical)","required":false},
    {"id":3,"name":"c","type":"geography(srid:4326, KARNEY)","required":false}]}}`)
  const text = Buffer.from(tableEngine.create(request, inputs).bytes).toString()
  const types = JSON.parse(text).schemas[0].fields.map((field: { type: string }) => field.type)
  expect(types).toEqual(['geometry', 'geography', 'geography(srid:4326, karney)'])
})

test.each([
  [
    'a statistics blob',
    '{"action":"set-statistics","statistics":{"snapshot-id":1,"statistics-path":"p","file-size-in-bytes":1,"file-footer-size-in-bytes":1,"blob-metadata":[{"type":"t","snapshot-id":1,"sequence-number":1,"fields":[1],"properties":null}]}}',
  ],
  [
    'an encryption key',
    '{"action":"add-encryption-key","encryption-key":{"key-id":"k","encrypted-key-metadata":"c2VjcmV0","properties":null}}',
  ],
])('properties of %s that are null are refused, for readers would refuse the document', (_what, update) => {
  const { bytes } = create('"properties":{"format-version":"3"}')
  expect(() =>
    tableEngine.commit(
      { bytes, metadataLocation: 'file:/lake/t/metadata/00000-u.metadata.json' },
      { requirements: [], updates: [parseJsonObject(update)] },
      inputs,
    ),
  ).toThrow(expect.objectContaining({ status: 400 }))
})
