import { expect, test } from 'vitest'
import { checkFileLocations } from '../../../src/storage-profile.ts'

const check =
  (location: string, allowedLocations: readonly string[] = []) =>
  () =>
    checkFileLocations({ location, allowedLocations }, false)

test.each(['file:///lake', 'file:/lake', 'FILE:///lake', 'File://localhost/lake'])(
  'refuses files that clients elsewhere could not see, however they are spelled: %s',
  (location) => {
    expect(check(location)).toThrow('is on this machine')
    expect(check('s3://bucket/lake', [location])).toThrow('is on this machine')
  },
)

test('takes an object store', () => {
  expect(check('s3://bucket/lake', ['s3://other/lake'])).not.toThrow()
})
