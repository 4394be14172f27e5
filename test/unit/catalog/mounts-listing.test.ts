import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMountTable } from '../../../src/catalog/mounts.ts'
import type { ListState } from '../../../src/catalog/mounts-list.ts'
import type { Namespace } from '../../../src/model/identifier.ts'
import { call, deadCatalog, fakeCatalog, mount, typeOf } from '../../support/mounted-catalogs.ts'

/** Follows page states to the end. */
const listAll = async (
  page: (state: ListState | undefined) => Promise<{ items: readonly Namespace[]; next?: ListState }>,
): Promise<{ readonly names: string[]; readonly sizes: number[] }> => {
  const names: string[] = []
  const sizes: number[] = []
  let state: ListState | undefined
  do {
    const { items, next } = await page(state)
    names.push(...items.map((item) => item.join('.')))
    sizes.push(items.length)
    state = next === undefined ? undefined : (JSON.parse(JSON.stringify(next)) as ListState)
  } while (state !== undefined)
  return { names, sizes }
}

describe('listing namespaces', () => {
  it('gives the local ones first, then mounts in configured order, each once', async () => {
    const local = fakeCatalog(['a', 'b', 'm', 'm.deep'])
    const table = createMountTable({
      local: local.catalog,
      mounts: [
        mount('z', fakeCatalog([]).catalog),
        mount('m.x', fakeCatalog([]).catalog),
        mount('c', fakeCatalog([]).catalog),
      ],
    })
    expect((await table.listNamespaces(call, [], { size: 10 })).items.map(String)).toEqual([
      'a',
      'b',
      'z',
      'm',
      'c',
    ])
    expect((await table.listNamespaces(call, ['m'], { size: 10 })).items.map(String)).toEqual([
      'm,deep',
      'm,x',
    ])
  })

  it('speaks of a mounted catalog in absolute names', async () => {
    const other = fakeCatalog(['y', 'y.z'])
    const table = createMountTable({ local: fakeCatalog([]).catalog, mounts: [mount('a.b', other.catalog)] })
    expect((await table.listNamespaces(call, ['a', 'b'], { size: 10 })).items).toEqual([['a', 'b', 'y']])
    expect((await table.listNamespaces(call, ['a', 'b', 'y'], { size: 10 })).items).toEqual([
      ['a', 'b', 'y', 'z'],
    ])
    expect((await table.list('tables', call, { namespace: ['a', 'b', 'y'], size: 10 })).items).toEqual([
      { namespace: ['a', 'b', 'y'], name: 't' },
    ])
    expect(other.asked).toEqual(['list ', 'list y', 'tables y'])
  })

  it('loses and doubles nothing, whatever the page size and the mounts', async () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g')
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(name),
        fc.uniqueArray(name),
        fc.integer({ min: 1, max: 9 }),
        async (own, mounted, size) => {
          const table = createMountTable({
            local: fakeCatalog(own, 3).catalog,
            mounts: mounted.map((path) => mount(path, fakeCatalog([]).catalog)),
          })
          const { names, sizes } = await listAll((state) =>
            table.listNamespaces(call, [], { size, ...(state ? { state } : {}) }),
          )
          const expected = [...own.filter((one) => !mounted.includes(one)), ...mounted]
          expect(names).toEqual(expected)
          expect(Math.max(...sizes)).toBeLessThanOrEqual(size)
        },
      ),
    )
  })

  it('refuses a page state of another mount table', async () => {
    const before = createMountTable({ local: fakeCatalog(['a', 'b']).catalog, mounts: [] })
    const after = createMountTable({
      local: fakeCatalog(['a', 'b']).catalog,
      mounts: [mount('c', fakeCatalog([]).catalog)],
    })
    const { next } = await before.listNamespaces(call, [], { size: 1 })
    expect(next).toBeDefined()
    if (next)
      expect(await typeOf(after.listNamespaces(call, [], { size: 1, state: next }))).toBe(
        'BadRequestException',
      )
  })

  it('says which mount is out, and still gives what the others have', async () => {
    const table = createMountTable({
      local: fakeCatalog(['a']).catalog,
      mounts: [
        mount('dead', deadCatalog()),
        mount('dead.inner', fakeCatalog([]).catalog),
        mount('well', fakeCatalog(['y']).catalog),
      ],
    })
    const root = await table.listNamespaces(call, [], { size: 10 })
    expect(root).toEqual({ items: [['a'], ['dead'], ['well']], partial: [] })
    const dead = await table.listNamespaces(call, ['dead'], { size: 10 })
    expect(dead.items).toEqual([['dead', 'inner']])
    expect(dead.partial).toEqual([
      { mount: ['dead'], reason: 'Connection dead: no connection could be made' },
    ])
    const tables = await table.list('tables', call, { namespace: ['dead', 'db'], size: 10 })
    expect(tables).toMatchObject({ items: [], partial: [{ mount: ['dead'] }] })
    expect((await table.list('tables', call, { namespace: ['well', 'y'], size: 10 })).items).toHaveLength(1)
  })

  it('fails where the local catalog does: its content is never merely missing', async () => {
    const table = createMountTable({
      local: deadCatalog(),
      mounts: [mount('well', fakeCatalog(['y']).catalog)],
    })
    expect(await typeOf(table.listNamespaces(call, [], { size: 10 }))).toBe('ServiceUnavailableException')
  })

  it('of a namespace that is missing is refused, also below a mount', async () => {
    const table = createMountTable({
      local: fakeCatalog([]).catalog,
      mounts: [mount('a', fakeCatalog([]).catalog)],
    })
    expect(await typeOf(table.listNamespaces(call, ['x'], { size: 10 }))).toBe('NoSuchNamespaceException')
    expect(await typeOf(table.listNamespaces(call, ['a', 'x'], { size: 10 }))).toBe(
      'NoSuchNamespaceException',
    )
  })
})
