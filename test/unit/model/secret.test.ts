import { Type } from 'typebox'
import { Check } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import { mapSecrets, sealedIdsIn, secretSchema } from '#model/secret.ts'

const id = '0190a1b2-0000-4000-8000-000000000001'

describe('a secret in a call', () => {
  it.each(['hunter2', 'a:b', 'two\nlines', 'env:NAME', 'file:/run/x', `secret:${id}`])('may be %j', (text) =>
    expect(Check(secretSchema(), text)).toBe(true),
  )
  it.each(['', 'env:', 'env:A-B', 'file:relative', 'secret:x', 'a\0b'])('may not be %j', (text) =>
    expect(Check(secretSchema(), text)).toBe(false),
  )
})

describe('the secrets of a configuration', () => {
  const schema = Type.Object({
    uri: Type.String(),
    auth: Type.Union([
      Type.Object({ kind: Type.Literal('none') }),
      Type.Object({ kind: Type.Literal('bearer'), token: secretSchema() }),
    ]),
    more: Type.Array(secretSchema()),
  })
  const value = { uri: 'u', auth: { kind: 'bearer', token: 't' }, more: ['m'] }

  it('are found in unions and lists, and nothing else is touched', () => {
    expect(mapSecrets(schema, value, (text) => `(${text})`)).toEqual({
      uri: 'u',
      auth: { kind: 'bearer', token: '(t)' },
      more: ['(m)'],
    })
    expect(value.auth.token).toBe('t')
  })

  it('are told by their ids where they are sealed', () => {
    expect(sealedIdsIn({ a: [`secret:${id}`, 'env:A'], b: { c: null, d: 'secret:' } })).toEqual([id])
  })
})
