import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { objectName, principalName } from '#authz/openfga/names.ts'

describe('the name of somebody at an OpenFGA server', () => {
  test('is another one for another letter case, also where the server does not tell them apart', () => {
    const folded = (id: string): string => principalName(id).toLowerCase()
    expect(folded('oidc~Bob')).not.toBe(folded('oidc~bob'))
    expect(folded('oidc~BOB')).not.toBe(folded('oidc~Bob'))
    expect(principalName('oidc~bob')).toBe('principal:oidc~bob')
  })

  test('holds nothing that means something there, and is one id’s alone', () => {
    const id = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
      fc.constantFrom('*', '!role', '!absent', 'a#assignee', 'role:a', 'a b', 'a\u001fb', 'a\u001eb'),
    )
    fc.assert(
      fc.property(id, id, (one, other) => {
        const name = principalName(one)
        expect(name).toMatch(/^principal:[^\s:#*]+$/)
        expect(name === principalName(other)).toBe(one === other)
        expect(objectName(`table:${one}`)).toMatch(/^table:[^\s:#*]+$/)
        expect(name).not.toBe('principal:!role')
      }),
    )
  })
})
