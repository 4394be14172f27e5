import { beforeAll, describe, expect, test } from 'vitest'
import { type Cedar, loadCedar } from '#authz/cedar/engine.ts'
import { readsOf } from '#authz/cedar/reads.ts'

let cedar: Cedar
beforeAll(async () => {
  cedar = await loadCedar()
})

const readsIn = (text: string) => {
  const { rules, errors } = cedar.parse({ 'x.cedar': text })
  expect(errors).toEqual([])
  const { principal, resource, context, allContext } = readsOf(Object.values(rules))
  const told = (of: typeof principal) => ({
    attributes: [...of.attributes],
    entities: [...of.entities],
    tags: [...of.tags],
    whole: of.whole,
  })
  return { principal: told(principal), resource: told(resource), context: [...context], allContext }
}

const nothing = { attributes: [], entities: [], tags: [], whole: false }

describe('what a rule looks at', () => {
  test('is nothing where it is for all', () => {
    expect(readsIn('@id("a") permit(principal, action, resource);')).toEqual({
      principal: nothing,
      resource: nothing,
      context: [],
      allContext: false,
    })
  })

  test('is the tags that it names', () => {
    const { resource } = readsIn(
      '@id("a") forbid(principal, action, resource) when { resource.hasTag("x") && resource.getTag("x") == "1" };',
    )
    expect(resource).toEqual({ ...nothing, tags: ['x'] })
  })

  test('is everything of the resource where the name of a tag is computed', () => {
    const { resource, principal } = readsIn(
      '@id("a") forbid(principal is User, action, resource) when { resource.hasTag(principal.id) };',
    )
    expect(resource.whole).toBe(true)
    expect(principal).toEqual({ ...nothing, attributes: ['id'] })
  })

  test.each(['==', 'in', 'hasTag', 'has', 'Value', 'constructor'])(
    'is found in a member called %s',
    (name) => {
      const { principal } = readsIn(
        `@id("a") forbid(principal, action, resource) when { {"${name}": principal.id}["${name}"] == "x" };`,
      )
      expect(principal).toEqual({ ...nothing, attributes: ['id'] })
    },
  )

  test('is whether it lies in the places that are named, in the head and in conditions', () => {
    const { principal, resource } =
      readsIn(`@id("a") forbid(principal in Role::"r", action, resource is Table in Namespace::"w/a")
      when { resource in [Warehouse::"w", Warehouse::"v"] || principal == User::"u" };`)
    expect(principal.entities).toEqual(['Role::"r"', 'User::"u"'])
    expect(resource).toEqual({
      ...nothing,
      entities: ['Namespace::"w/a"', 'Warehouse::"w"', 'Warehouse::"v"'],
    })
  })

  test('is everything where the two are compared with one another', () => {
    const { principal, resource } = readsIn(
      '@id("a") forbid(principal is User, action, resource is User) when { principal == resource };',
    )
    expect([principal.whole, resource.whole]).toEqual([true, true])
  })

  test('is what it takes of the circumstances', () => {
    const { context } = readsIn(
      '@id("a") forbid(principal, action, resource) when { context has address && context.time > datetime("2026-01-01") };',
    )
    expect(context).toEqual(['address', 'time'])
  })

  test('is the properties, however deep it asks', () => {
    const { resource } = readsIn(
      '@id("a") forbid(principal, action, resource is Table) when { resource has properties && resource.properties.hasTag("o") };',
    )
    expect(resource.attributes).toEqual(['properties'])
  })
})

describe('a set of rules is refused', () => {
  test.each([
    ['without an id', 'permit(principal, action, resource);', 'annotation @id'],
    [
      'with an id twice',
      '@id("a") permit(principal, action, resource);\n@id("a") forbid(principal, action, resource);',
      'another rule has the id a',
    ],
    ['with a template', '@id("a") permit(principal == ?principal, action, resource);', 'templates'],
    ['where it is not Cedar', '@id("a") allow everybody', 'x.cedar:'],
    [
      'for an attribute that there is not',
      '@id("a") forbid(principal, action, resource is Table) when { resource.nme == "x" };',
      'nme',
    ],
    [
      'with a number that JavaScript would round',
      '@id("a") forbid(principal, action, resource is Table) when { resource has formatVersion && resource.formatVersion > 9007199254740993 };',
      'beyond 9007199254740991',
    ],
    [
      'for an action that there is not',
      '@id("a") forbid(principal, action == Action::"raed", resource);',
      'raed',
    ],
  ])('%s', (_name, text, said) => {
    expect(cedar.parse({ 'x.cedar': text }).errors.join()).toContain(said)
  })
})
