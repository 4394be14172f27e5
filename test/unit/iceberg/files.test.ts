import { describe, expect, test } from 'vitest'
import { nextMetadataLocation, writtenFolders } from '#iceberg/files.ts'

const home = (properties: Record<string, string> = {}, location = 's3://b/t') => ({ location, properties })

describe('the next metadata file', () => {
  test.each([
    [null, 's3://b/t/metadata/00000-u.metadata.json'],
    ['s3://b/t/metadata/00041-x.metadata.json', 's3://b/t/metadata/00042-u.metadata.json'],
    ['s3://b/t/metadata/99999-x.gz.metadata.json', 's3://b/t/metadata/100000-u.metadata.json'],
    ['s3://b/t/metadata/v3.metadata.json', 's3://b/t/metadata/00000-u.metadata.json'],
    ['00007-x.metadata.json', 's3://b/t/metadata/00008-u.metadata.json'],
  ])('after %s is %s', (base, expected) => {
    expect(nextMetadataLocation(home(), base, 'u')).toBe(expected)
  })

  test('lies where the property says, without a double slash', () => {
    expect(nextMetadataLocation(home({ 'write.metadata.path': 's3://meta/t/' }), null, 'u')).toBe(
      's3://meta/t/00000-u.metadata.json',
    )
    expect(nextMetadataLocation(home({}, 'file:///'), null, 'u')).toBe(
      'file:///metadata/00000-u.metadata.json',
    )
  })

  test('says in its name how it is compressed', () => {
    const gzip = 's3://b/t/metadata/00000-u.gz.metadata.json'
    expect(nextMetadataLocation(home({ 'write.metadata.compression-codec': 'GZIP' }), null, 'u')).toBe(gzip)
    expect(nextMetadataLocation({ ...home(), defaultCodec: 'gzip' }, null, 'u')).toBe(gzip)
    expect(() =>
      nextMetadataLocation(home({ 'write.metadata.compression-codec': 'constructor' }), null, 'u'),
    ).toThrow('Invalid codec name: constructor')
  })
})

test('the folders that a client writes to are below the location, or where the properties say', () => {
  expect(writtenFolders(home())).toEqual(['s3://b/t/metadata', 's3://b/t/data'])
  const sent = { 'write.metadata.path': 's3://meta/t/', 'write.data.path': 's3://data/t' }
  expect(writtenFolders(home(sent))).toEqual(['s3://meta/t', 's3://data/t'])
})
