import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isCatalogError } from '#model/errors.ts'
import { isInside, normalLocation, parseLocation } from '#model/location.ts'

describe('the normal form of a location', () => {
  it.each([
    ['file:/tmp/a', 'file:///tmp/a/'],
    ['file:///tmp/a', 'file:///tmp/a/'],
    ['file:///tmp/a/', 'file:///tmp/a/'],
    ['file://localhost/tmp/a', 'file:///tmp/a/'],
    ['FILE:/tmp/a', 'file:///tmp/a/'],
    ['file:/', 'file:///'],
    ['file:///', 'file:///'],
    ['s3://bucket', 's3://bucket/'],
    ['s3://bucket/', 's3://bucket/'],
    ['s3://bucket/a/b', 's3://bucket/a/b/'],
    ['s3a://bucket/a/b/', 's3://bucket/a/b/'],
    ['s3n://bucket/a/b', 's3://bucket/a/b/'],
    ['s3://bucket/a b/ü=1/%20x', 's3://bucket/a b/ü=1/%20x/'],
    ['s3://bucket/...a/b..', 's3://bucket/...a/b../'],
  ])('reads %s as %s', (text, normal) => {
    expect(normalLocation(text)).toBe(normal)
  })

  it('keeps the path as it was spelled', () => {
    expect(parseLocation('s3a://bucket/a%20b/c')).toEqual({ store: 's3', bucket: 'bucket', path: 'a%20b/c' })
  })

  it.each([
    '',
    'tmp/a',
    '/tmp/a',
    'file:',
    'file:tmp/a',
    'file:////tmp/a',
    'file://host/tmp/a',
    'file://user@localhost/a',
    'file:/tmp//a',
    'file:/tmp/a//',
    'file:/tmp/../etc',
    'file:/tmp/..',
    'file:/tmp/./a',
    'file:/tmp/%2e%2e/etc',
    'file:/tmp/%2Fetc',
    'file:/tmp/%5c',
    'file:/tmp/%252e',
    'file:/tmp/%00',
    'file:/tmp/a\u0000b',
    'file:/tmp/a\nb',
    'file:/tmp/a\u007fb',
    'file:/tmp/\ud800',
    'file:/tmp/a\\b',
    'file:/tmp/a?x=1',
    'file:/tmp/a#x',
    's3:/bucket/a',
    's3:///a',
    's3://key:secret@bucket/a',
    's3://bucket:9000/a',
    's3://bucket//a',
    's3://bucket/a/../b',
    'gopher://bucket/a',
    '__proto__://bucket/a',
    'constructor://bucket/a',
    `file:/${'a/'.repeat(1500)}`,
  ])('refuses %j as a bad request', (text) => {
    let error: unknown
    try {
      parseLocation(text)
    } catch (thrown) {
      error = thrown
    }
    expect(isCatalogError(error, 'BadRequestException')).toBe(true)
  })

  it('never throws anything but a bad request, and reads its own form as itself', () => {
    const piece = fc.oneof(fc.string(), fc.constantFrom('..', '.', '/', '%2e', 'a', 'é', '//', '@', ':', '?'))
    fc.assert(
      fc.property(
        fc.constantFrom('file:', 'file://', 's3://b12', 's3:', ''),
        fc.array(piece),
        (head, rest) => {
          try {
            const normal = normalLocation(head + rest.join('/'))
            expect(normalLocation(normal)).toBe(normal)
            expect(normal).not.toMatch(/\/\.\.?\/|[^:/]\/\//)
          } catch (error) {
            if (!isCatalogError(error, 'BadRequestException')) throw error
          }
        },
      ),
    )
  })
})

describe('lying inside', () => {
  it.each([
    ['file:/tmp/a', 'file:///tmp', true],
    ['file:/tmp', 'file:///tmp/', true],
    ['file:/tmpa', 'file:///tmp', false],
    ['s3a://bucket/t1', 's3://bucket', true],
    ['s3://bucket/t10', 's3://bucket/t1', false],
    ['s3://bucket2/t1', 's3://bucket', false],
    ['file:/tmp', 'file:/tmp/a', false],
    ['file:/tmp', 'file:/', true],
  ])('%s inside %s is %s', (inner, outer, expected) => {
    expect(isInside(inner, outer)).toBe(expected)
  })
})
