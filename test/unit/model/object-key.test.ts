import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contentObject, mountedObject, namespaceObject, type ObjectKey, objectId } from '#model/object-key.ts'

const warehouse = '0190a1b2-0000-7000-8000-000000000001'
// Names hold no control characters.
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
const namespace = fc.array(name, { minLength: 1, maxLength: 3 })

describe('the names of governed objects', () => {
  test('tell any two apart, of whatever kind', () => {
    const key = fc.oneof(
      namespace.map((levels): readonly [string, ObjectKey] => [
        JSON.stringify(['namespace', levels]),
        namespaceObject(warehouse, levels),
      ]),
      fc
        .tuple(fc.constantFrom('table' as const, 'view' as const), namespace, name)
        .map(([kind, levels, last]): readonly [string, ObjectKey] => [
          JSON.stringify([kind, levels, last]),
          mountedObject(kind, warehouse, { namespace: levels, name: last }),
        ]),
    )
    fc.assert(
      fc.property(key, key, ([one, a], [other, b]) => {
        expect(a === b).toBe(one === other)
        expect(objectId(a) === objectId(b)).toBe(one === other)
      }),
    )
  })

  test('have ids that are UUIDs and stay the same', () => {
    expect(objectId(namespaceObject(warehouse, ['a']))).toBe(objectId(namespaceObject(warehouse, ['a'])))
    fc.assert(
      fc.property(namespace, (levels) => {
        expect(objectId(namespaceObject(warehouse, levels))).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        )
      }),
    )
  })

  test('tell local content from what is known by its name', () => {
    expect(contentObject('table', warehouse)).not.toContain('/')
    expect(mountedObject('table', warehouse, { namespace: ['a'], name: 'b' })).toContain('/')
  })
})
