import { describe, expect, it } from 'vitest'
import { createPlaces, movesPlaces } from '#local/places.ts'

const places = createPlaces({
  id: 'w',
  location: 's3://lake/root/',
  allowedLocations: ['file:/tmp'],
  verifyMetadataFile: false,
  endpoint: 'http://minio:9000',
})

describe('places', () => {
  it('put a table by its uuid below its namespace, else below the warehouse', () => {
    expect(places.defaultLocation(undefined, 'u')).toBe('s3://lake/root/u')
    expect(places.defaultLocation('s3://lake/root/sales/', 'u')).toBe('s3://lake/root/sales/u')
  })

  it.each([
    's3://lake/root/a',
    's3a://lake/root/a/b',
    'file:/tmp/x',
    'file:///tmp/x',
    'file://localhost/tmp/x/',
  ])('allow %s', (location) => expect(() => places.check(location)).not.toThrow())

  it.each([
    's3://lake/rooted/a',
    's3://other/root/a',
    's3://lake/root',
    'file:/tmp',
    'file:/tmp/../etc',
    'file:/tmp/%2e%2e/etc',
    'file:/tmp/a%2Fb',
    'file:/tmp/a\u0007b',
    'file://host/tmp/a',
    'http://lake/root/a',
    'relative/path',
    '',
  ])('refuse %j', (location) =>
    expect(() => places.check(location)).toThrow(expect.objectContaining({ type: 'BadRequestException' })),
  )

  it('claim one normal form for every spelling, apart by endpoint', () => {
    expect(places.claimOf('file:/tmp/x')).toEqual({ store: 'file://', path: '/tmp/x/' })
    expect(places.claimOf('file:///tmp/x/')).toEqual(places.claimOf('file:/tmp/x'))
    expect(places.claimOf('s3n://lake/root/a')).toEqual({
      store: 's3://lake http://minio:9000',
      path: '/root/a/',
    })
  })

  it('look at the paths of data and metadata too', () => {
    const facts = { uuid: 'u', formatVersion: 2, location: 's3://lake/root/a', currentVersionId: 1 }
    const check = (properties: Record<string, string>) => () => places.checkFacts({ ...facts, properties })
    expect(check({ 'write.data.path': 'file:/tmp/data' })).not.toThrow()
    for (const key of ['write.data.path', 'write.metadata.path', 'write.object-storage.path'])
      expect(check({ [key]: 's3://elsewhere/a' })).toThrow('not under a location that the warehouse allows')
    // Claimed there, it would keep every other table out.
    expect(check({ 'write.data.path': 's3a://lake/root/' })).toThrow("where the warehouse's tables lie")
  })

  it('are looked at again only by commits that may move them', () => {
    expect(movesPlaces([{ action: 'set-location', location: 'x' }])).toBe(true)
    expect(movesPlaces([{ action: 'Set-Properties', updates: { 'write.data.path': 'x' } }])).toBe(true)
    expect(movesPlaces([{ action: 'set-properties', updated: { 'write.metadata.path': 'x' } }])).toBe(true)
    expect(movesPlaces([{ action: 'set-properties', updates: { owner: 'ann' } }])).toBe(false)
    expect(movesPlaces([{ action: Object.create(null) }])).toBe(false)
  })
})
