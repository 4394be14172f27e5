/** Catalogs to be mounted by tests of the mount table: one that answers from a fixed tree, one that is out. */
import type { Body, CallContext, Catalog, Page, Relations } from '../../src/catalog/catalog.ts'
import type { Mount } from '../../src/catalog/mounts.ts'
import { CatalogError } from '../../src/model/errors.ts'
import type { Namespace } from '../../src/model/identifier.ts'
import { newCall } from '../contract/catalog/kit.ts'

export const call: CallContext = newCall()
export const body: Body = { bytes: Buffer.from('{}'), json: {} }

const noNamespace = (namespace: Namespace): CatalogError =>
  new CatalogError('NoSuchNamespaceException', `Namespace does not exist: ${namespace.join('.')}`)

const never = async (): Promise<never> => {
  throw new CatalogError('NotFoundException', 'the fake has no answer for this')
}

const noRelations: Relations = {
  list: async () => ({ items: [] }),
  create: never,
  load: never,
  exists: never,
  commit: never,
  drop: never,
  rename: async () => {},
}

interface Fake {
  readonly catalog: Catalog
  /** What it was asked, with the identifiers it saw. */
  readonly asked: string[]
}

/** Knows a fixed tree of namespaces, pages of `pageSize`, and one table `t` in each. */
export const fakeCatalog = (namespaces: readonly string[], pageSize = 100): Fake => {
  const asked: string[] = []
  const known = new Set(namespaces)
  const check = (namespace: Namespace): void => {
    if (namespace.length > 0 && !known.has(namespace.join('.'))) throw noNamespace(namespace)
  }
  const catalog: Catalog = {
    kind: 'fake',
    namespaces: {
      list: async (_context, parent, page): Promise<Page<Namespace>> => {
        asked.push(`list ${parent.join('.')}`)
        check(parent)
        const children = namespaces
          .map((name) => name.split('.'))
          .filter((one) => one.length === parent.length + 1 && parent.every((level, i) => level === one[i]))
        const from = Number(page.token ?? 0)
        const end = from + Math.min(pageSize, page.size)
        return { items: children.slice(from, end), ...(end < children.length ? { next: String(end) } : {}) }
      },
      create: async (_context, namespace) => {
        asked.push(`create ${namespace.join('.')}`)
        check(namespace.slice(0, -1))
        return { namespace, properties: {} }
      },
      load: async (_context, namespace) => {
        asked.push(`load ${namespace.join('.')}`)
        check(namespace)
        return { namespace, properties: { from: 'fake' } }
      },
      exists: async (_context, namespace) => check(namespace),
      drop: async () => {},
      updateProperties: async (_context, namespace) => {
        check(namespace)
        return { updated: ['a'], removed: [], missing: [] }
      },
    },
    tables: {
      ...noRelations,
      list: async (_context, namespace) => {
        asked.push(`tables ${namespace.join('.')}`)
        check(namespace)
        return { items: [{ namespace, name: 't' }] }
      },
      rename: async (_context, { source, destination }) => {
        asked.push(`rename ${source.namespace.join('.')} ${destination.namespace.join('.')}`)
      },
    },
    transactions: {
      commit: async (_context, changes) => {
        asked.push(`transaction ${changes.map(({ id }) => [...id.namespace, id.name].join('.')).join(' ')}`)
      },
    },
    [Symbol.asyncDispose]: async () => {},
  }
  return { catalog, asked }
}

export const deadCatalog = (): Catalog => {
  const dead = async (): Promise<never> => {
    throw new CatalogError('ServiceUnavailableException', 'Connection dead: no connection could be made')
  }
  return {
    kind: 'fake',
    namespaces: { list: dead, create: dead, load: dead, exists: dead, drop: dead, updateProperties: dead },
    tables: { ...noRelations, list: dead },
    supported: dead,
    [Symbol.asyncDispose]: async () => {},
  }
}

export const mount = (path: string, catalog: Catalog, connection = `c-${path}`): Mount => ({
  namespace: path === '' ? [] : path.split('.'),
  catalog,
  connection,
})

export const typeOf = async (work: Promise<unknown> | (() => unknown)): Promise<string> => {
  try {
    await (typeof work === 'function' ? work() : work)
  } catch (error) {
    return error instanceof CatalogError ? error.type : String(error)
  }
  return 'resolved'
}
