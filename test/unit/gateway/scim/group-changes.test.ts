import { describe, expect, test } from 'vitest'
import { readGroupPatch } from '#gateway/operations/scim/group-changes.ts'
import { readPatch } from '#gateway/operations/scim/patch.ts'
import { parseJsonObject } from '#model/json.ts'

const changesOf = (...operations: readonly object[]) =>
  readGroupPatch(readPatch(parseJsonObject(JSON.stringify({ Operations: operations }))))

describe('members', () => {
  test('are all removed by the path that names them, and by no other', () => {
    expect(changesOf({ op: 'remove', path: 'members' }).members).toEqual([{ kind: 'assign', members: [] }])
    for (const path of ['members.value', 'members.display', 'members[value eq "oidc~a"].display'])
      expect(() => changesOf({ op: 'remove', path })).toThrow(/no parts/)
  })

  test('are one removed by its id', () => {
    expect(changesOf({ op: 'remove', path: 'members[value eq "oidc~a"]' }).members).toEqual([
      { kind: 'remove', members: [{ kind: 'principal', id: 'oidc~a' }] },
    ])
  })
})

test.each(['displayName.x', 'externalId[value eq "x"]'])('a path into a plain text (%s) is none', (path) => {
  expect(() => changesOf({ op: 'replace', path, value: 'x' })).toThrow(/neither items nor parts/)
})
