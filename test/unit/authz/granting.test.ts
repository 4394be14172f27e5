import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { grantable, grantersOf } from '#authz/granting.ts'
import { authorizationModel } from '#authz/model.ts'
import type { ObjectType } from '#model/object-key.ts'

/** Relations of a type that the model lets be given to a principal: not those that only say how objects lie in one another. */
const assignable = (type: string): readonly string[] => {
  const found = authorizationModel.type_definitions.find((one) => one.type === type)
  return Object.entries(found?.metadata?.relations ?? {})
    .filter(([, { directly_related_user_types: users = [] }]) =>
      users.some((user) => user.type === 'principal' && !('wildcard' in user)),
    )
    .map(([name]) => name)
}

/** Who is a member of a project is a list of its own. */
const listedElsewhere: ReadonlySet<string> = new Set(['member'])

describe('what can be granted', () => {
  test.each(Object.entries(grantable))('on a %s is what the model lets be given', (type, relations) => {
    const given = assignable(type).filter((relation) => !listedElsewhere.has(relation))
    expect(relations.toSorted()).toEqual(given.toSorted())
  })

  test('can be granted by somebody, and nothing else by anybody', () => {
    for (const [type, relations] of Object.entries(grantable))
      for (const relation of relations)
        expect(grantersOf(type as ObjectType, relation).length, `${relation} of ${type}`).toBeGreaterThan(0)
    expect(grantersOf('table', 'create')).toEqual([])
    expect(grantersOf('table', 'can_read')).toEqual([])
    expect(grantersOf('user', 'ownership')).toEqual([])
  })

  test('is granted by relations that the model has', () => {
    const asked = Object.entries(grantable).flatMap(([type, relations]) =>
      relations
        .flatMap((relation) => grantersOf(type as ObjectType, relation))
        .flatMap(({ on, relations: wanted }) =>
          wanted.map((one) => [on === 'object' ? type : 'project', one]),
        ),
    )
    const known = authorizationModel.type_definitions.flatMap(({ type, relations = {} }) =>
      Object.keys(relations).map((relation) => [type, relation]),
    )
    expect(known).toEqual(expect.arrayContaining(asked))
  })

  test('is in the manual', async () => {
    const text = await readFile(new URL('../../../docs/permissions.md', import.meta.url), 'utf8')
    const words = new Set(Object.values(grantable).flat())
    words.delete('tag')
    for (const word of words) expect(text, word).toContain(`\`${word}\``)
  })
})
