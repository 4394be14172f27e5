import { describe, expect, it } from 'vitest'
import type { Catalog, Loaded } from '../../../src/catalog/catalog.ts'
import { createMountTable } from '../../../src/catalog/mounts.ts'
import { CatalogError, type ErrorType } from '../../../src/model/errors.ts'
import { parseJsonObject } from '../../../src/model/json.ts'
import { body, call, fakeCatalog } from '../../support/mounted-catalogs.ts'

const id = { namespace: ['m', 'ns'], name: 't' }
const named = { bytes: Buffer.from('{"name":"t"}'), json: parseJsonObject('{"name":"t"}') }

/** A catalog whose every answer is this refusal, mounted at a point. */
const refusing = (type: ErrorType, message: string, point: readonly string[] = ['m']) => {
  const { catalog: whole } = fakeCatalog(['ns'])
  const refuse = async (): Promise<never> => {
    throw new CatalogError(type, message, { retryAfterSeconds: 7 })
  }
  const relations = {
    list: refuse,
    create: refuse,
    load: refuse,
    exists: refuse,
    commit: refuse,
    drop: refuse,
    rename: refuse,
    register: refuse,
  }
  const catalog: Catalog = {
    ...whole,
    namespaces: {
      list: refuse,
      create: refuse,
      load: refuse,
      exists: refuse,
      drop: refuse,
      updateProperties: refuse,
    },
    tables: { ...relations, unregister: refuse, reportMetrics: refuse },
    views: relations,
    transactions: { commit: refuse },
  }
  const table = createMountTable({ mounts: [{ namespace: point, connection: 'c', catalog }] })
  return { table, catalog: table.route([...point, 'ns']).catalog }
}

const failureOf = async (work: Promise<Loaded | unknown> | undefined): Promise<CatalogError> => {
  const error = await work?.catch((reason: unknown) => reason)
  if (!(error instanceof CatalogError)) throw new Error('it was not refused')
  return error
}

const messageOf = async (work: Promise<unknown> | undefined): Promise<string> =>
  (await failureOf(work)).message

describe('what a mounted catalog says is taken', () => {
  it.each(['Table already exists: ns.t', 'prod.ns.t is there', 'exists'])(
    'is named as the caller named it (%s)',
    async (text) => {
      const { catalog } = refusing('AlreadyExistsException', text)
      expect(await messageOf(catalog.tables.create(call, ['m', 'ns'], named))).toBe(
        'Table already exists: m.ns.t',
      )
      expect(await messageOf(catalog.tables.register?.(call, ['m', 'ns'], named))).toBe(
        'Table already exists: m.ns.t',
      )
      expect(await messageOf(catalog.views?.create(call, ['m', 'ns'], named))).toBe(
        'View already exists: m.ns.t',
      )
      expect(await messageOf(catalog.namespaces.create(call, ['m', 'ns'], body))).toBe(
        'Namespace already exists: m.ns',
      )
    },
  )

  it('is the destination of a rename', async () => {
    const destination = { namespace: ['m', 'other'], name: 'u' }
    const { catalog } = refusing('AlreadyExistsException', 'Table already exists: other.u')
    expect(await messageOf(catalog.tables.rename(call, { source: id, destination }))).toBe(
      'Table already exists: m.other.u',
    )
  })

  it.each(['Table', 'View'])('is told by its kind where a rename meets one (%s)', async (kind) => {
    const destination = { namespace: ['m', 'other'], name: 'u' }
    const text = `Cannot rename ns.t to other.u. ${kind} already exists`
    const { catalog } = refusing('AlreadyExistsException', text)
    expect(await messageOf(catalog.tables.rename(call, { source: id, destination }))).toBe(
      `Cannot rename m.ns.t to m.other.u. ${kind} already exists`,
    )
  })

  it('is told by its kind where the other kind has the name', async () => {
    const { catalog } = refusing('AlreadyExistsException', 'View with same name already exists: ns.t')
    expect(await messageOf(catalog.tables.create(call, ['m', 'ns'], named))).toBe(
      'View with same name already exists: m.ns.t',
    )
  })
})

describe('what else a mounted catalog says', () => {
  it.each(['ns-1/a b', 'a.b*c', '$(x)[y]{z}|^?', '\\d-', 'ü–\u{1f9ca}'])(
    'is kept, with a name as the caller knows it, whatever stands in the name (%s)',
    async (name) => {
      const refused = refusing('CommitFailedException', `Cannot commit: table ns.${name}: it changed`)
      const work = refused.catalog.tables.commit(call, { namespace: ['m', 'ns'], name }, body)
      expect(await messageOf(work)).toBe(`Cannot commit: table m.ns.${name}: it changed`)
    },
  )
})

describe('what a mounted catalog misses', () => {
  it('is named as the caller named it, whatever the catalog calls it', async () => {
    const table = refusing('NoSuchTableException', 'Table does not exist: secret-catalog.ns.t').catalog.tables
    const text = 'Table does not exist: m.ns.t'
    expect(await messageOf(table.load(call, id, { snapshots: 'all' }))).toBe(text)
    expect(await messageOf(table.commit(call, id, body))).toBe(text)
    expect(await messageOf(table.drop(call, id, { purge: false }))).toBe(text)
    expect(await messageOf(table.unregister?.(call, id))).toBe(text)
    expect(await messageOf(table.reportMetrics?.(call, id, body))).toBe(text)
    const { namespaces } = refusing('NoSuchNamespaceException', 'no ns').catalog
    expect(await messageOf(namespaces.load(call, ['m', 'ns']))).toBe('Namespace does not exist: m.ns')
    expect(await messageOf(namespaces.create(call, ['m', 'ns', 'x'], body))).toBe(
      'Namespace does not exist: m.ns',
    )
    const full = refusing('NamespaceNotEmptyException', 'Namespace ns is not empty').catalog
    expect(await messageOf(full.namespaces.drop(call, ['m', 'ns']))).toBe('Namespace is not empty: m.ns')
  })

  it('is named in listings too', async () => {
    const { table } = refusing('NoSuchNamespaceException', 'Namespace does not exist: ns')
    expect(await messageOf(table.listNamespaces(call, ['m', 'ns'], { size: 5 }))).toBe(
      'Namespace does not exist: m.ns',
    )
    expect(await messageOf(table.list('tables', call, { namespace: ['m', 'ns'], size: 5 }))).toBe(
      'Namespace does not exist: m.ns',
    )
  })

  it('is one of several only where the catalog says which', async () => {
    const changes = ['t', 'u'].map((name) => ({
      id: { namespace: ['m', 'ns'], name },
      requirements: [],
      updates: [],
    }))
    const told = async (text: string): Promise<string> =>
      messageOf(refusing('NoSuchTableException', text).catalog.transactions?.commit(call, changes, body))
    expect(await told('Table does not exist: ns.u')).toBe('Table does not exist: m.ns.u')
    expect(await told('Table does not exist: prod.ns.u')).toBe('The table does not exist')
    expect(await told('no')).toBe('The table does not exist')
  })

  it('is named also where the catalog is mounted whole', async () => {
    const { catalog } = refusing('NoSuchTableException', 'Table does not exist: prod.ns.t', [])
    const at = { namespace: ['ns'], name: 't' }
    expect(await messageOf(catalog.tables.load(call, at, { snapshots: 'all' }))).toBe(
      'Table does not exist: ns.t',
    )
  })
})

describe('other words of a mounted catalog', () => {
  const told = async (text: string, type: ErrorType = 'CommitFailedException'): Promise<string> =>
    messageOf(refusing(type, text).catalog.tables.commit(call, id, body))

  it.each([
    'Requirement failed: branch main has changed: expected id 5 != 6',
    'Cannot find column ns.t in the schema',
    'Cannot find source column: ns.t',
    'Cannot commit to table ns.t.inner',
    'Cannot commit to table prod.ns.t',
    'Cannot commit to table ns.tt',
    'namespaces are fine, nsx',
  ])('are kept as they are (%s)', async (text) => {
    expect(await told(text)).toBe(text)
  })

  it.each([
    ['Cannot commit to table ns.t: stale', 'Cannot commit to table m.ns.t: stale'],
    ["Cannot commit to table 'ns.t'.", "Cannot commit to table 'm.ns.t'."],
    ['Table: ns.t, Namespace ns', 'Table: m.ns.t, Namespace m.ns'],
  ])('name its objects as the caller does (%s)', async (text, expected) => {
    expect(await told(text)).toBe(expected)
    expect(await told(text, 'BadRequestException')).toBe(expected)
  })

  it('are kept whole where they come without a refusal, and keep their pause', async () => {
    expect(await told('Connection c: table ns.t', 'ServiceUnavailableException')).toContain('table ns.t')
    const error = await failureOf(
      refusing('SlowDownException', 'table ns.t is busy').catalog.tables.commit(call, id, body),
    )
    expect(error).toMatchObject({ message: 'table m.ns.t is busy', retryAfterSeconds: 7 })
    expect(error.cause).toMatchObject({ message: 'table ns.t is busy' })
  })
})
