import { describe, expect, test } from 'vitest'
import { readPatch } from '#gateway/operations/scim/patch.ts'
import { patchUser } from '#gateway/operations/scim/patch-user.ts'
import { draftOf, readUser } from '#gateway/operations/scim/user-attributes.ts'
import { parseJsonObject } from '#model/json.ts'

const json = (value: unknown) => parseJsonObject(JSON.stringify(value))

const work = { type: 'work', value: 'w@x', primary: true }
const home = { type: 'home', value: 'h@x' }
const user = readUser(
  json({ userName: 'u', externalId: 'e', name: { givenName: 'G', familyName: 'F' }, emails: [work, home] }),
)

const patched = (...operations: readonly object[]) =>
  patchUser(user, readPatch(json({ Operations: operations })))

describe('of a list', () => {
  test('one item is changed by its filter', () => {
    const { lists } = patched({ op: 'replace', path: 'emails[type eq "home"].value', value: 'n@x' })
    expect(lists['emails']).toEqual([work, { ...home, value: 'n@x' }])
  })

  test('an item that is not there is made as the filter says', () => {
    const { lists } = patched({ op: 'add', path: 'phoneNumbers[type eq "work"].value', value: '123' })
    expect(lists['phoneNumbers']).toEqual([{ type: 'work', value: '123' }])
  })

  test('an item that a filter cannot foretell is no target', () => {
    expect(() => patched({ op: 'replace', path: 'emails[value co "z"].type', value: 'work' })).toThrow(/fits/)
  })

  test('at most one is primary', () => {
    const { lists } = patched({ op: 'add', path: 'emails', value: [{ value: 'p@x', primary: true }] })
    expect(lists['emails']?.filter(({ primary }) => primary === true)).toEqual([
      { value: 'p@x', primary: true },
    ])
  })

  test('an item is added once, however often', () => {
    const operation = { op: 'add', path: 'emails', value: [home] }
    expect(patched(operation, operation).lists['emails']).toHaveLength(2)
  })

  test('items are removed: those that fit, a part of them, or all', () => {
    expect(patched({ op: 'remove', path: 'emails[type eq "work"]' }).lists['emails']).toEqual([home])
    expect(patched({ op: 'remove', path: 'emails[type eq "home"].type' }).lists['emails']).toEqual([
      work,
      { value: 'h@x' },
    ])
    expect(patched({ op: 'remove', path: 'emails' }).lists['emails']).toEqual([])
  })

  test('there is an end', () => {
    const operations = Array.from({ length: 60 }, (_, n) => ({
      op: 'add',
      path: 'emails',
      value: [{ value: `${n}@x` }],
    }))
    expect(() => draftOf(patched(...operations))).toThrow(/more than 50/)
  })
})

describe('of a name', () => {
  test('parts are set and removed one by one', () => {
    expect(patched({ op: 'replace', path: 'name', value: { givenName: 'N' } }).name).toEqual({
      givenName: 'N',
      familyName: 'F',
    })
    expect(patched({ op: 'remove', path: 'name.familyName' }).name).toEqual({ givenName: 'G' })
  })
})

test.each(['__proto__', 'constructor', '__proto__.polluted', 'serverAdmin', 'password', 'toString'])(
  '%s is no attribute that anything is kept of',
  (path) => {
    expect(patched({ op: 'add', path: path.replace(/^__/, '$__'), value: 'x' })).toEqual(user)
    expect(patchUser(user, [{ op: 'add', path: { attribute: path.toLowerCase() }, value: 'x' }])).toEqual(
      user,
    )
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  },
)

describe('what people read', () => {
  const named = (more: object) => draftOf(readUser(json({ userName: 'u', externalId: 'e', ...more })))

  test('is the name that is shown, else the whole one, else its parts, else the user name', () => {
    const name = { formatted: 'Whole', givenName: 'G', familyName: 'F' }
    expect(named({ displayName: 'Shown', name }).name).toBe('Shown')
    expect(named({ name }).name).toBe('Whole')
    expect(named({ name: { givenName: 'G', familyName: 'F' } }).name).toBe('G F')
    expect(named({}).name).toBe('u')
  })

  test('is the address that comes first, else the first', () => {
    expect(named({ emails: [home, work] }).email).toBe('w@x')
    expect(named({ emails: [home] }).email).toBe('h@x')
    expect(named({}).email).toBeNull()
  })
})

test.each(['a\u200bb', 'a\nb', '\u202ebob'])(
  'a subject that cannot be seen whole is refused: %j',
  (userName) => {
    const read = () => draftOf(readUser(json({ userName, externalId: 'e' })))

    expect(read).toThrow(/userName/)
  },
)

describe('a path that names a part', () => {
  test('takes that part from every item, and no item with it', () => {
    expect(patched({ op: 'remove', path: 'emails.type' }).lists['emails']).toEqual([
      { value: 'w@x', primary: true },
      { value: 'h@x' },
    ])
    expect(patched({ op: 'replace', path: 'phoneNumbers.value', value: '1' }).lists['phoneNumbers']).toEqual([
      { value: '1' },
    ])
  })

  test.each([
    ['name.unknown', (next: typeof user) => next.name],
    ['emails[type eq "work"].unknown', (next: typeof user) => next.lists['emails']],
    ['emails.unknown', (next: typeof user) => next.lists['emails']],
  ])('that there is none of (%s) removes nothing', (path, shown) => {
    expect(shown(patched({ op: 'remove', path }))).toEqual(shown(user))
  })

  test.each(['active.value', 'userName.x', 'title[type eq "x"]', 'externalId.y', 'name[formatted eq "x"]'])(
    'of what has none (%s) is no path',
    (path) => {
      expect(() => patched({ op: 'replace', path, value: 'False' })).toThrow(/neither items nor parts/)
    },
  )
})

test.each([{}, [], 5, null])('an operation of no name (%j) is refused', (op) => {
  expect(() => patched({ op, path: 'title', value: 'x' })).toThrow(/op is add, replace or remove/)
})
