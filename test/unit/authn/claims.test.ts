import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ClaimRules, checkRequired, claimAt, identityOf, lacksRoles } from '#authn/claims.ts'

const rules: ClaimRules = {
  provider: 'oidc',
  subjectClaims: ['oid', 'sub'],
  rolesClaim: 'groups',
  nameTemplate: undefined,
}

const of = (claims: Readonly<Record<string, unknown>>, over: Partial<ClaimRules> = {}) =>
  identityOf({ sub: 'alice', ...claims }, { ...rules, ...over })

const idOf = (sub: unknown): string => {
  try {
    return of({ sub }).id
  } catch (error) {
    return error instanceof Error && 'type' in error ? String(error.type) : String(error)
  }
}

describe('a subject', () => {
  test('is the first claim of the list that is there', () => {
    expect(of({ oid: 'o-1' }).id).toBe('oidc~o-1')
    expect(of({ oid: null }).id).toBe('oidc~alice')
    expect(of({ oid: 'o-1' }, { subjectClaims: ['sub'] }).id).toBe('oidc~alice')
  })

  test('is not looked for further when the first one is unusable', () => {
    expect(() => of({ oid: 'a\u0000b' })).toThrow()
  })

  test.each(['auth0|5f7c', 'CN=Ann Lee,O=Lake', 'a~b', 'système', '名前', 'ann@example.org', "o'neil"])(
    '%s is taken as it stands',
    (sub) => expect(idOf(sub)).toBe(`oidc~${sub}`),
  )

  test.each([
    ['a null', 'alice\u0000'],
    ['a line break', 'alice\nadmin'],
    ['an escape', '\u001b[31malice'],
    ['a zero-width space', 'al\u200bice'],
    ['a zero-width joiner', 'al\u200dice'],
    ['a mark that turns the direction', 'alice\u202e'],
    ['a soft hyphen', 'al\u00adice'],
    ['a byte order mark', '\ufeffalice'],
    ['a space of another kind', 'ann\u00a0lee'],
    ['half a letter', 'alice\ud800'],
    ['a letter of private use', 'alice\ue000'],
    ['a space at the end', 'alice '],
    ['too many letters', 'x'.repeat(513)],
  ])('with %s is refused', (_, sub) => expect(idOf(sub)).toBe('NotAuthorizedException'))

  test.each([
    ['a Cyrillic letter', 'alice', '\u0430lice'],
    ['another case', 'alice', 'Alice'],
    ['a composed and a decomposed letter', 'ren\u00e9', 'rene\u0301'],
    ['a wide letter', 'alice', '\uff41lice'],
    ['a ligature', 'fi', '\ufb01'],
  ])('is never taken for another by %s', (_, one, other) => expect(idOf(one)).not.toBe(idOf(other)))

  test('gives an id of its own, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        const [first, second] = [idOf(a), idOf(b)]
        if (a !== b && first.startsWith('oidc~')) expect(second).not.toBe(first)
        if (first.startsWith('oidc~')) expect(first).toBe(`oidc~${a}`)
      }),
    )
  })
})

describe('roles', () => {
  test('are listed under the provider, each once', () => {
    expect(of({ groups: ['a', 'b', 'a'] }).groups).toEqual(['oidc~a', 'oidc~b'])
    expect(of({ groups: 'data engineers' }).groups).toEqual(['oidc~data engineers'])
  })

  test('that are no usable names give nothing', () => {
    expect(of({ groups: ['a', 7, null, { b: 1 }, '', 'c\u0000', 'a\u200b'] }).groups).toEqual(['oidc~a'])
    expect(of({ groups: { a: true } }).groups).toEqual([])
    expect(of({ groups: ['a'] }, { rolesClaim: undefined }).groups).toEqual([])
  })

  test('are at most a thousand', () => {
    expect(of({ groups: Array.from({ length: 5_000 }, (_, i) => `g${i}`) }).groups).toHaveLength(1_000)
  })

  test('stand below a path, or under a name with dots', () => {
    const claims = {
      resource_access: { lakegate: { roles: ['a'] } },
      'https://corp.example/roles': ['b'],
      'kubernetes.io': { serviceaccount: { uid: 'c' } },
    }
    expect(claimAt(claims, 'resource_access.lakegate.roles')).toEqual(['a'])
    expect(claimAt(claims, 'https://corp.example/roles')).toEqual(['b'])
    expect(claimAt(claims, 'kubernetes.io.serviceaccount.uid')).toBe('c')
  })

  test('are never read from a prototype', () => {
    for (const path of ['constructor.name', '__proto__', 'toString', 'a.__proto__.x', 'a.length'])
      expect(claimAt({ a: 'text' }, path)).toBeUndefined()
  })
})

describe('roles of several claims', () => {
  const claims = {
    realm_access: { roles: ['writers', 'both'] },
    resource_access: { 'lake.gate': { roles: ['analyst', 'both'] } },
    groups: ['/data/analysts'],
  }
  const rolesClaim = ['realm_access.roles', 'resource_access.lake.gate.roles', 'missing', 'groups']

  test('count together, each once', () => {
    const { groups } = of(claims, { rolesClaim })
    expect(groups).toEqual(['oidc~writers', 'oidc~both', 'oidc~analyst', 'oidc~/data/analysts'])
  })

  test('are at most a thousand together', () => {
    const many = (letter: string) => Array.from({ length: 900 }, (_, i) => `${letter}${i}`)
    const { groups } = of({ a: many('a'), b: many('b') }, { rolesClaim: ['a', 'b'] })
    expect(groups).toHaveLength(1_000)
  })

  test.each([
    [{ _claim_names: { groups: 'src1' } }, true],
    [{ hasgroups: true }, true],
    [{ hasgroups: 'true' }, true],
    [{ _claim_names: { wids: 'src1' } }, false],
    [{ _claim_names: 'groups' }, false],
    [{ hasgroups: false, groups: [] }, false],
  ])('with %j are held back: %s', (said, expected) => {
    expect(lacksRoles(said, { ...rules, rolesClaim })).toBe(expected)
    expect(lacksRoles(said, { ...rules, rolesClaim: undefined })).toBe(false)
  })
})

describe('an address as subject', () => {
  const subjectClaims = ['email', 'sub']
  test('counts where its provider has verified it', () => {
    expect(of({ email: 'ann@a', email_verified: true }, { subjectClaims }).id).toBe('oidc~ann@a')
    expect(of({ email: 'ann@a', email_verified: 'true' }, { subjectClaims }).id).toBe('oidc~ann@a')
    expect(of({}, { subjectClaims }).id).toBe('oidc~alice')
  })

  test.each([undefined, false, 'false', null, 1, [false]])('is refused with email_verified %j', (said) => {
    expect(() => of({ email: 'ann@a', email_verified: said }, { subjectClaims })).toThrow('Not authorized')
  })
})

describe('a claim that is required', () => {
  const required = { hd: ['example.com', 'example.org'], 'org.id': ['7'], flag: ['true'] }
  const fits = { hd: 'example.org', org: { id: 7 }, flag: true }

  test('has one of its values, alone or in a list', () => {
    expect(() => checkRequired(fits, required)).not.toThrow()
    expect(() => checkRequired({ ...fits, hd: ['x', 'example.com'] }, required)).not.toThrow()
  })

  test.each([
    undefined,
    null,
    '',
    'example.com ',
    'Example.com',
    ['a'],
    [['example.com']],
    { hd: 'example.com' },
  ])('is not %j', (hd) => expect(() => checkRequired({ ...fits, hd }, required)).toThrow('Not authorized'))
})

describe('a name and an address', () => {
  const cases: readonly (readonly [string, Readonly<Record<string, unknown>>, object])[] = [
    ['as they stand', { name: 'Ann Lee', email: 'ann@a' }, { name: 'Ann Lee', email: 'ann@a' }],
    ['of two parts', { given_name: 'Ann', family_name: 'Lee' }, { name: 'Ann Lee' }],
    ['of an application', { app_displayname: 'Spark' }, { name: 'Spark' }],
    ['of a user name that is an address', { preferred_username: 'ann@a' }, { name: 'ann@a', email: 'ann@a' }],
    ['of a principal name', { upn: 'ann@a' }, { email: 'ann@a' }],
  ]
  test.each(cases)('%s', (_, claims, expected) => expect(of(claims)).toMatchObject(expected))

  test('that is missing is made from a template', () => {
    const nameTemplate = 'Robot {client.id}'
    expect(of({ client: { id: 'x' } }, { nameTemplate }).name).toBe('Robot x')
    expect(of({}, { nameTemplate }).name).toBeUndefined()
    expect(of({ name: 'Ann' }, { nameTemplate }).name).toBe('Ann')
  })
})

describe('who is', () => {
  test.each([
    ['a human with a name', { name: 'Ann' }, 'human'],
    ['a human with an address', { email: 'ann@a' }, 'human'],
    ['an application that says so (Entra)', { idtyp: 'app', name: 'Ann' }, 'application'],
    ['an application that says so (Auth0)', { gty: 'client-credentials' }, 'application'],
    [
      'an application of Keycloak',
      { preferred_username: 'service-account-spark', email: 'a@b' },
      'application',
    ],
    ['an application whose client is its subject', { client_id: 'alice', name: 'Spark' }, 'application'],
    ['a human of Okta', { cid: '0oa', uid: '00u' }, 'human'],
    ['an application of Okta', { cid: 'alice' }, 'application'],
    ['a human of Cognito', { client_id: 'x', username: 'ann' }, 'human'],
    ['an application of Keycloak that was asked about', { username: 'service-account-spark' }, 'application'],
    ['an application with nothing at all', {}, 'application'],
  ] as const)('%s', (_, claims, expected) => expect(of(claims).userType).toBe(expected))
})
