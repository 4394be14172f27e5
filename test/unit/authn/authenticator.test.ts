import { describe, expect, test } from 'vitest'
import { type Credentials, createAnonymousAuthenticator } from '#authn/authenticator.ts'
import { CatalogError } from '#model/errors.ts'
import { staticTokenAuthenticator } from '../../support/static-token.ts'

const sent = (over: Partial<Credentials> = {}): Credentials => ({
  authorization: undefined,
  origin: undefined,
  host: undefined,
  ...over,
})

const refusalOf = (work: () => unknown): string => {
  try {
    work()
    return 'none'
  } catch (error) {
    return error instanceof CatalogError ? error.type : String(error)
  }
}

describe('one static token', () => {
  const authenticator = staticTokenAuthenticator('s3cret')

  test.each(['Bearer s3cret', 'bearer s3cret', 'BEARER   s3cret'])('is taken from "%s"', (authorization) => {
    expect(authenticator.authenticate(sent({ authorization }))).toEqual({ kind: 'token', id: 'token:static' })
  })

  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer None',
    'Bearer s3cre',
    'Bearer s3cret ',
    'Bearer s3cret x',
    'Bearer S3CRET',
    'Basic s3cret',
    's3cret',
    `Bearer ${'x'.repeat(10_000)}`,
  ])('is not found in "%s"', (authorization) => {
    expect(refusalOf(() => authenticator.authenticate(sent({ authorization })))).toBe(
      'NotAuthorizedException',
    )
  })

  test('says the same of a missing and of a wrong one, and names neither', () => {
    const messageOf = (authorization: string | undefined): string => {
      try {
        authenticator.authenticate(sent({ authorization }))
      } catch (error) {
        return String(error)
      }
      return ''
    }
    expect(messageOf('Bearer guess')).toBe(messageOf(undefined))
    expect(messageOf('Bearer guess')).not.toContain('guess')
  })
})

describe('development mode', () => {
  const authenticator = createAnonymousAuthenticator()

  test.each([undefined, 'Bearer None', 'Bearer anything', 'Basic x'])(
    'takes everybody for anonymous, whatever they send: %s',
    (authorization) => {
      expect(authenticator.authenticate(sent({ authorization }))).toEqual({
        kind: 'anonymous',
        id: 'anonymous',
      })
    },
  )

  test.each(['https://evil.example', 'http://127.0.0.1.evil.example', 'null', 'file://', 'nonsense'])(
    'refuses a web page of another site: %s',
    (origin) => {
      expect(refusalOf(() => authenticator.authenticate(sent({ origin })))).toBe('ForbiddenException')
    },
  )

  test.each(['evil.example', 'evil.example:8181', '127.0.0.1.evil.example', 'a@b', ''])(
    'refuses a page whose own name was made to point here: %s',
    (host) => {
      expect(refusalOf(() => authenticator.authenticate(sent({ host })))).toBe('ForbiddenException')
    },
  )

  test.each(['localhost', 'LOCALHOST:8181', '127.0.0.1:8181', '127.1.2.3', '[::1]:8181'])(
    'serves whoever calls this machine by its own name: %s',
    (host) => {
      expect(refusalOf(() => authenticator.authenticate(sent({ host })))).toBe('none')
    },
  )

  test.each(['http://localhost:3000', 'http://127.0.0.1:8181', 'https://[::1]:1'])(
    'serves a web page of this machine: %s',
    (origin) => {
      expect(refusalOf(() => authenticator.authenticate(sent({ origin })))).toBe('none')
    },
  )
})
