import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { redisAddressOf } from '#cache/redis-address.ts'
import { CatalogError } from '#model/errors.ts'

describe('the address of Redis', () => {
  test('is read from its URL', () => {
    expect(redisAddressOf({ url: 'redis://localhost' })).toEqual({
      ...{ host: 'localhost', port: 6379, tls: undefined, database: 0 },
      ...{ username: undefined, password: undefined },
    })
    expect(redisAddressOf({ url: 'rediss://lake:p%40ss@[::1]:7000/3', ca: 'PEM' })).toEqual({
      ...{ host: '::1', port: 7000, tls: { ca: 'PEM' }, database: 3 },
      ...{ username: 'lake', password: 'p@ss' },
    })
  })

  test('takes its password from elsewhere where it is given', () => {
    expect(redisAddressOf({ url: 'redis://lake:old@r', password: 'new' }).password).toBe('new')
  })

  test.each([
    'http://secret-word@r',
    'redis:secret-word',
    'redis://:secret-word@',
    'redis://:secret-word@r/x',
    'redis://:secret-word@r/1/2',
    'redis://:secret-word@r?db=1',
    'redis://:secret-word@r#1',
    'redis://:secret-word%@r',
    'redis://:secret-word@r:99999',
    'secret-word',
    '',
  ])('of another form is refused without being repeated: %s', (url) => {
    expect(() => redisAddressOf({ url })).toThrow(CatalogError)
    expect(() => redisAddressOf({ url })).not.toThrow(/secret-word/)
  })

  test('gives back whatever password a URL was made with, or refuses it by our own error', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (password) => {
        const url = `redis://u:${encodeURIComponent(password.toWellFormed())}@r`
        expect(redisAddressOf({ url }).password).toBe(password.toWellFormed())
      }),
    )
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          redisAddressOf({ url: `redis://${text}` })
        } catch (error) {
          expect(error).toBeInstanceOf(CatalogError)
        }
      }),
    )
  })
})
