import { Type } from 'typebox'
import { describe, expect, test } from 'vitest'
import { decodeStrictly, nearest } from '#model/schema.ts'

const strict = { additionalProperties: false } as const

const schema = Type.Object(
  {
    uri: Type.String(),
    auth: Type.Optional(
      Type.Union([
        Type.Object({ kind: Type.Literal('none') }, strict),
        Type.Object({ kind: Type.Literal('bearer'), token: Type.String({ pattern: '^env:' }) }, strict),
        Type.Object(
          { kind: Type.Literal('oauth2'), 'client-id': Type.String(), 'client-secret': Type.String() },
          strict,
        ),
      ]),
    ),
    verify: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  },
  strict,
)

const refusal = (value: unknown): string => {
  try {
    decodeStrictly(schema, value, 'thing')
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

describe('a value that breaks a schema', () => {
  test.each<[string, unknown, string]>([
    ['an unknown name', { uri: 'x', urii: 1 }, 'Invalid thing: urii is unknown; did you mean "uri"?'],
    ['a missing name', {}, 'Invalid thing: uri is missing'],
    [
      'an unknown name of the kind that was chosen',
      { uri: 'x', auth: { kind: 'bearer', toekn: 'env:A' } },
      'Invalid thing: auth.token is missing, auth.toekn is unknown; did you mean "token"?',
    ],
    [
      'a member that does not fit the kind',
      { uri: 'x', auth: { kind: 'bearer', token: 'literal' } },
      'Invalid thing: auth.token must match pattern "^env:"',
    ],
    [
      'a member missing in the last of the kinds',
      { uri: 'x', auth: { kind: 'oauth2', 'client-id': 'x' } },
      'Invalid thing: auth.client-secret is missing',
    ],
    [
      'a kind that there is not',
      { uri: 'x', auth: { kind: 'oauth', token: 'env:A' } },
      'Invalid thing: auth.kind must be one of "none", "bearer", "oauth2"',
    ],
    ['no kind', { uri: 'x', auth: {} }, 'Invalid thing: auth.kind must be one of "none", "bearer", "oauth2"'],
  ])('is told of %s', (_what, value, message) => expect(refusal(value)).toBe(message))

  test('is told of a choice without kinds, and of what is no object', () => {
    expect(refusal({ uri: 'x', verify: 1 })).toMatch(/^Invalid thing: verify /)
    expect(refusal({ uri: 'x', auth: 'none' })).toMatch(/^Invalid thing: auth must be object/)
  })

  test('is returned where it fits', () => {
    const value = { uri: 'x', auth: { kind: 'bearer', token: 'env:A' }, verify: null }
    expect(decodeStrictly(schema, value, 'thing')).toBe(value)
  })
})

test('a name longer than any of ours is compared with none', () => {
  expect(nearest('x'.repeat(100), ['x'.repeat(99)])).toBe('x'.repeat(99))
  expect(nearest('x'.repeat(101), ['x'.repeat(100)])).toBeUndefined()
})
