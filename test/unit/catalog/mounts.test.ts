import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Catalog } from '../../../src/catalog/catalog.ts'
import { createMountTable } from '../../../src/catalog/mounts.ts'
import { CatalogError } from '../../../src/model/errors.ts'
import { body, call, deadCatalog, fakeCatalog, mount, typeOf } from '../../support/mounted-catalogs.ts'

describe('routes', () => {
  it('go to the mount with the longest prefix', () => {
    const table = createMountTable({
      local: fakeCatalog([]).catalog,
      mounts: [mount('a', fakeCatalog([]).catalog), mount('a.b.c', fakeCatalog([]).catalog)],
    })
    const owner = (path: string): string => {
      const { source, relative } = table.route(path.split('.'))
      return `${source.name}:${relative.join('.')}`
    }
    expect(owner('x.y')).toBe('local:x.y')
    expect(owner('a')).toBe('c-a:')
    expect(owner('a.b')).toBe('c-a:b')
    expect(owner('a.b.c')).toBe('c-a.b.c:')
    expect(owner('a.b.c.d')).toBe('c-a.b.c:d')
    expect(owner('a.b.cc')).toBe('c-a:b.cc')
    expect(owner('ab')).toBe('local:ab')
  })

  it('agree with a search through all mounts, whatever the mounts are', () => {
    const level = fc.constantFrom('a', 'b', 'a.b', 'A')
    const path = fc.array(level, { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(
        fc.uniqueArray(path, { maxLength: 8, selector: (p) => JSON.stringify(p) }),
        path,
        (points, asked) => {
          const table = createMountTable({
            local: fakeCatalog([]).catalog,
            mounts: points.map((namespace) => ({
              namespace,
              catalog: fakeCatalog([]).catalog,
              connection: JSON.stringify(namespace),
            })),
          })
          const prefixes = points.filter((p) => p.length <= asked.length && p.every((l, i) => l === asked[i]))
          const best = prefixes.toSorted((p, q) => q.length - p.length)[0]
          expect(table.route(asked).source.name).toBe(best ? JSON.stringify(best) : 'local')
        },
      ),
    )
  })

  it('go to a root mount instead of the local catalog', () => {
    const table = createMountTable({
      local: fakeCatalog(['x']).catalog,
      mounts: [mount('', fakeCatalog([]).catalog, 'root')],
    })
    expect(table.route(['x']).source.name).toBe('root')
    expect(table.sources.map(({ name }) => name)).toEqual(['root'])
  })

  it('end nowhere where neither a local catalog nor a mount is', async () => {
    const table = createMountTable({ mounts: [mount('a', fakeCatalog([]).catalog)] })
    expect(await typeOf(table.route(['x']).catalog.namespaces.load(call, ['x']))).toBe(
      'NoSuchNamespaceException',
    )
    expect(await typeOf(table.route(['x']).catalog.namespaces.create(call, ['x'], body))).toBe(
      'UnsupportedOperationException',
    )
    expect((await table.listNamespaces(call, [], { size: 10 })).items).toEqual([['a']])
  })

  it('refuse two mounts at one namespace', async () => {
    const { catalog } = fakeCatalog([])
    expect(await typeOf(() => createMountTable({ mounts: [mount('a', catalog), mount('a', catalog)] }))).toBe(
      'AlreadyExistsException',
    )
  })

  it('of a rename or transaction may not lead to two mounts, and then nothing is sent', async () => {
    const local = fakeCatalog(['x'])
    const other = fakeCatalog(['y'])
    const table = createMountTable({ local: local.catalog, mounts: [mount('a', other.catalog)] })
    expect(await typeOf(() => table.routeTogether([['x'], ['a', 'y']], 'rename'))).toBe('BadRequestException')
    expect([...local.asked, ...other.asked]).toEqual([])
    const { catalog } = table.routeTogether(
      [
        ['a', 'y'],
        ['a', 'z'],
      ],
      'rename',
    )
    await catalog.tables.rename(call, {
      source: { namespace: ['a', 'y'], name: 't' },
      destination: { namespace: ['a', 'z'], name: 't' },
    })
    await catalog.transactions?.commit(
      call,
      [{ id: { namespace: ['a', 'y'], name: 't' }, requirements: [], updates: [] }],
      body,
    )
    expect(other.asked).toEqual(['rename y z', 'transaction y.t'])
  })
})

describe('a mount point', () => {
  const other = fakeCatalog(['y'])
  const table = createMountTable({ local: fakeCatalog(['x']).catalog, mounts: [mount('m.n', other.catalog)] })

  it.each(['m', 'm.n'])(
    'like a missing parent of it (%s) exists without properties and without an upstream call',
    async (path) => {
      const namespace = path.split('.')
      const { namespaces } = table.route(namespace).catalog
      expect(await namespaces.load(call, namespace)).toEqual({ namespace, properties: {} })
      await namespaces.exists(call, namespace)
      expect(other.asked).toEqual([])
    },
  )

  it.each(['m', 'm.n'])('refuses (%s) to be made, dropped or changed', async (path) => {
    const namespace = path.split('.')
    const { namespaces } = table.route(namespace).catalog
    expect(await typeOf(namespaces.create(call, namespace, body))).toBe('AlreadyExistsException')
    expect(await typeOf(namespaces.drop(call, namespace))).toBe('NamespaceNotEmptyException')
    expect(await typeOf(namespaces.updateProperties(call, namespace, body))).toBe(
      'UnsupportedOperationException',
    )
  })

  it.each(['m', 'm.n'])('owns no tables or views (%s)', async (path) => {
    const namespace = path.split('.')
    const { tables, views } = table.route(namespace).catalog
    expect(await tables.list(call, namespace, { size: 10 })).toEqual({ items: [] })
    expect(await views?.list(call, namespace, { size: 10 })).toEqual({ items: [] })
    expect(await typeOf(tables.create(call, namespace, body))).toBe(
      path === 'm' ? 'NotFoundException' : 'UnsupportedOperationException',
    )
  })

  it('takes no rename into itself and loses none out of itself', async () => {
    const { catalog } = table.routeTogether(
      [
        ['m', 'n', 'y'],
        ['m', 'n'],
      ],
      'rename',
    )
    const inside = { namespace: ['m', 'n', 'y'], name: 't' }
    const at = { namespace: ['m', 'n'], name: 't' }
    expect(await typeOf(catalog.tables.rename(call, { source: inside, destination: at }))).toBe(
      'UnsupportedOperationException',
    )
    expect(await typeOf(catalog.tables.rename(call, { source: at, destination: inside }))).toBe(
      'NoSuchTableException',
    )
    expect(await typeOf(catalog.tables.load(call, at, { snapshots: 'all' }))).toBe('NoSuchTableException')
  })

  it('lets nothing be made beside it below a parent that only it makes exist', async () => {
    const { namespaces } = table.route(['m', 'z']).catalog
    expect(await typeOf(namespaces.create(call, ['m', 'z'], body))).toBe('UnsupportedOperationException')
  })

  it('leaves a parent that its owner really has as it is', async () => {
    const local = fakeCatalog(['m', 'm.own'])
    const mixed = createMountTable({ local: local.catalog, mounts: [mount('m.n', other.catalog)] })
    const { catalog } = mixed.route(['m'])
    expect((await catalog.namespaces.load(call, ['m'])).properties).toEqual({ from: 'fake' })
    expect((await catalog.namespaces.updateProperties(call, ['m'], body)).updated).toEqual(['a'])
    expect(await typeOf(catalog.namespaces.drop(call, ['m']))).toBe('NamespaceNotEmptyException')
    expect((await catalog.tables.list(call, ['m'], { size: 10 })).items).toEqual([
      { namespace: ['m'], name: 't' },
    ])
    await mixed.route(['m', 'z']).catalog.namespaces.create(call, ['m', 'z'], body)
    expect(local.asked).toContain('create m.z')
  })
})

describe('operations', () => {
  it('are the union over all mounts, and a mount that is out takes none away', async () => {
    const plain = fakeCatalog([]).catalog
    const { transactions: _, ...withoutTransactions } = plain
    const narrow: Catalog = {
      ...withoutTransactions,
      supported: async () => new Set(['loadTable', 'listTables']),
    }
    const table = createMountTable({
      local: withoutTransactions,
      mounts: [mount('n', narrow), mount('dead', deadCatalog())],
    })
    expect((await table.operations()).has('commitTransaction')).toBe(false)
    const wide = createMountTable({ local: withoutTransactions, mounts: [mount('w', plain)] })
    expect((await wide.operations()).has('commitTransaction')).toBe(true)
    expect([...(await createMountTable({ mounts: [mount('', narrow)] }).operations())].sort()).toEqual([
      'listTables',
      'loadTable',
    ])
  })

  it('are told at once where what has answered says it all, whatever the others take', async () => {
    const plain = fakeCatalog([]).catalog
    const silent: Catalog = { ...plain, supported: () => new Promise(() => {}) }
    const table = createMountTable({ local: plain, mounts: [mount('s', silent)] })
    expect((await table.operations()).has('commitTransaction')).toBe(true)
  })

  it('are what the members allow where every source is out, so that clients can start', async () => {
    const operations = await createMountTable({ mounts: [mount('', deadCatalog())] }).operations()
    expect(operations.has('loadTable')).toBe(true)
    expect(operations.has('listViews')).toBe(false)
  })

  it('cannot be told where the only source leads back to this gateway', async () => {
    const looping: Catalog = {
      ...fakeCatalog([]).catalog,
      supported: async () => {
        throw new CatalogError('BadRequestException', 'Loop detected')
      },
    }
    expect(await typeOf(createMountTable({ mounts: [mount('', looping)] }).operations())).toBe(
      'BadRequestException',
    )
  })

  it('that a mount lacks: lists are empty, loads 404, mutations 406', async () => {
    const narrow: Catalog = { ...fakeCatalog(['y']).catalog, supported: async () => new Set(['loadTable']) }
    const { catalog } = createMountTable({ mounts: [mount('m', narrow)] }).route(['m', 'y'])
    const id = { namespace: ['m', 'y'], name: 'v' }
    expect(await catalog.views?.list(call, ['m', 'y'], { size: 10 })).toEqual({ items: [] })
    expect(await typeOf(async () => catalog.views?.load(call, id, { snapshots: 'all' }))).toBe(
      'NoSuchViewException',
    )
    expect(await typeOf(async () => catalog.views?.drop(call, id, { purge: false }))).toBe(
      'UnsupportedOperationException',
    )
    expect(await typeOf(catalog.tables.create(call, ['m', 'y'], body))).toBe('UnsupportedOperationException')
    expect(await typeOf(catalog.namespaces.drop(call, ['m', 'y']))).toBe('UnsupportedOperationException')
    expect(await typeOf(async () => catalog.transactions?.commit(call, [], body))).toBe(
      'UnsupportedOperationException',
    )
  })
})
