/**
 * A catalog seen from its mount point: identifiers are absolute outside and relative inside. Where the catalog
 * lacks an operation the mount law answers: lists are empty, loads 404, mutations 406.
 */
import { CatalogError } from '#model/errors.ts'
import { formatIdentifier, type Identifier, type Namespace } from '#model/identifier.ts'
import { operationsOf } from './capabilities.ts'
import type { CallContext, Catalog, Namespaces, Page, Relations, Tables, Transactions } from './catalog.ts'
import { beforeChange } from './certainty.ts'
import { isOut } from './mounts-synthetic.ts'
import type { MountedWhole } from './mounts-words.ts'

interface Mounting {
  readonly catalog: Catalog
  /** Names are the same inside and outside, and everything is served: nothing is to be translated or asked first. */
  readonly whole: boolean
  readonly inside: (namespace: Namespace) => Namespace
  readonly outside: (namespace: Namespace) => Namespace
  readonly inner: (id: Identifier) => Identifier
  readonly outer: (id: Identifier) => Identifier
  readonly enter: (context: CallContext) => CallContext
  readonly serves: (operation: string) => Promise<boolean>
}

const unsupported = (operation: string): CatalogError =>
  new CatalogError('UnsupportedOperationException', `The catalog mounted here does not support ${operation}`)

/** The catalog sees entries by its own names; the gate sees the caller's. */
const enterAt = (point: Namespace, context: CallContext): CallContext => {
  const { inspect, entries } = context
  if (point.length === 0 || (!inspect && !entries)) return context
  return {
    ...context,
    ...(entries ? { entries: entries.map((entry) => renamed(entry, innerOf(point, entry.identifier))) } : {}),
    ...(inspect
      ? { inspect: (candidate) => inspect(renamed(candidate, outerOf(point, candidate.identifier))) }
      : {}),
  }
}

const renamed = <T extends { readonly identifier: Identifier }>(one: T, identifier: Identifier): T => ({
  ...one,
  identifier,
})

const innerOf = (point: Namespace, { namespace, name }: Identifier): Identifier => ({
  namespace: namespace.slice(point.length),
  name,
})

const outerOf = (point: Namespace, { namespace, name }: Identifier): Identifier => ({
  namespace: [...point, ...namespace],
  name,
})

/** Where the upstream is out nothing is known of it: its own answer to the operation says so better. */
const servesNow = async (catalog: Catalog, operation: string): Promise<boolean> => {
  if (!catalog.supported) return true
  try {
    return (await catalog.supported()).has(operation)
  } catch (error) {
    if (isOut(error)) return true
    throw error
  }
}

const mountingOf = (point: Namespace, catalog: Catalog): Mounting => {
  return {
    catalog,
    whole: point.length === 0 && !catalog.supported,
    inside: (namespace) => namespace.slice(point.length),
    outside: (namespace) => [...point, ...namespace],
    inner: (id) => innerOf(point, id),
    outer: (id) => outerOf(point, id),
    enter: (context) => enterAt(point, context),
    serves: (operation) => servesNow(catalog, operation),
  }
}

/** Refuses with 406 what the catalog does not serve; otherwise runs it. */
const change = async <T>(mounting: Mounting, operation: string, run: () => Promise<T>): Promise<T> => {
  if (!(await beforeChange(() => mounting.serves(operation)))) throw unsupported(operation)
  return run()
}

const mountedNamespaces = (mounting: Mounting): Namespaces => {
  const { inside, outside, enter } = mounting
  const inner = mounting.catalog.namespaces
  return {
    list: async (context, parent, page) => {
      const { items, next } = await inner.list(enter(context), inside(parent), page)
      return { items: items.map(outside), ...(next === undefined ? {} : { next }) }
    },
    create: (context, namespace, body) =>
      change(mounting, 'createNamespace', async () => {
        const { properties } = await inner.create(enter(context), inside(namespace), body)
        return { namespace, properties }
      }),
    load: async (context, namespace) => {
      const { properties } = await inner.load(enter(context), inside(namespace))
      return { namespace, properties }
    },
    exists: (context, namespace) => inner.exists(enter(context), inside(namespace)),
    drop: (context, namespace) =>
      change(mounting, 'dropNamespace', () => inner.drop(enter(context), inside(namespace))),
    updateProperties: (context, namespace, body) =>
      change(mounting, 'updateProperties', () =>
        inner.updateProperties(enter(context), inside(namespace), body),
      ),
  }
}

interface RelationWords {
  readonly list: string
  readonly load: string
  readonly create: string
  readonly commit: string
  readonly drop: string
  readonly rename: string
  readonly register: string
  readonly missing: (id: Identifier) => CatalogError
}

const tableWords: RelationWords = {
  list: 'listTables',
  load: 'loadTable',
  create: 'createTable',
  commit: 'updateTable',
  drop: 'dropTable',
  rename: 'renameTable',
  register: 'registerTable',
  missing: (id) => new CatalogError('NoSuchTableException', `Table does not exist: ${formatIdentifier(id)}`),
}

const viewWords: RelationWords = {
  list: 'listViews',
  load: 'loadView',
  create: 'createView',
  commit: 'replaceView',
  drop: 'dropView',
  rename: 'renameView',
  register: 'registerView',
  missing: (id) => new CatalogError('NoSuchViewException', `View does not exist: ${formatIdentifier(id)}`),
}

const emptyPage: Page<never> = { items: [] }

const mountedReads = (
  mounting: Mounting,
  words: RelationWords,
  relations: Relations | undefined,
): Pick<Relations, 'list' | 'load' | 'exists'> => {
  const { enter, inside, inner, outer, serves, whole } = mounting
  if (whole && relations)
    return {
      list: (context, namespace, page) => relations.list(context, namespace, page),
      load: (context, id, options) => relations.load(context, id, options),
      exists: (context, id) => relations.exists(context, id),
    }
  return {
    list: async (context, namespace, page) => {
      if (!relations || !(await serves(words.list))) return emptyPage
      const { items, next } = await relations.list(enter(context), inside(namespace), page)
      return { items: items.map(outer), ...(next === undefined ? {} : { next }) }
    },
    load: async (context, id, options) => {
      if (!relations || !(await serves(words.load))) throw words.missing(id)
      return relations.load(enter(context), inner(id), options)
    },
    exists: async (context, id) => {
      if (!relations || !(await serves(words.load))) throw words.missing(id)
      return relations.exists(enter(context), inner(id))
    },
  }
}

const mountedRelations = (
  mounting: Mounting,
  words: RelationWords,
  relations: Relations | undefined,
): Required<Relations> => {
  const { enter, inside, inner } = mounting
  const changing = <T>(operation: string, run: (inside: Relations) => Promise<T>): Promise<T> =>
    change(mounting, operation, async () => {
      if (!relations) throw unsupported(operation)
      return run(relations)
    })
  return {
    ...mountedReads(mounting, words, relations),
    create: (context, namespace, body) =>
      changing(words.create, (to) => to.create(enter(context), inside(namespace), body)),
    commit: (context, id, body) => changing(words.commit, (to) => to.commit(enter(context), inner(id), body)),
    drop: (context, id, options) => changing(words.drop, (to) => to.drop(enter(context), inner(id), options)),
    rename: (context, { source, destination }) =>
      changing(words.rename, (to) =>
        to.rename(enter(context), { source: inner(source), destination: inner(destination) }),
      ),
    register: (context, namespace, body) =>
      changing(words.register, async (to) => {
        if (!to.register) throw unsupported(words.register)
        return to.register(enter(context), inside(namespace), body)
      }),
  }
}

const mountedFind = (
  { whole, inner, outer }: Mounting,
  find: NonNullable<Tables['find']>,
): NonNullable<Tables['find']> =>
  whole
    ? find
    : async (ids) =>
        (await find(ids.map(inner))).map((entry) =>
          entry ? renamed(entry, outer(entry.identifier)) : undefined,
        )

const mountedTables = (mounting: Mounting): MountedWhole['tables'] => {
  const { enter, inner, catalog } = mounting
  const { tables } = catalog
  const { find, reportMetrics } = tables
  return {
    ...mountedRelations(mounting, tableWords, tables),
    ...(find ? { find: mountedFind(mounting, (ids) => find.call(tables, ids)) } : {}),
    unregister: (context, id) =>
      change(mounting, 'unregisterTable', async () => {
        if (!tables.unregister) throw unsupported('unregisterTable')
        return tables.unregister(enter(context), inner(id))
      }),
    ...(reportMetrics
      ? { reportMetrics: (context, id, body) => reportMetrics.call(tables, enter(context), inner(id), body) }
      : {}),
  }
}

const mountedTransactions = (mounting: Mounting): Transactions => ({
  commit: (context, changes, body) =>
    change(mounting, 'commitTransaction', async () => {
      const { transactions } = mounting.catalog
      if (!transactions) throw unsupported('commitTransaction')
      const relative = changes.map((one) => ({ ...one, id: mounting.inner(one.id) }))
      await transactions.commit(mounting.enter(context), relative, body)
    }),
})

/** Every member is present and speaks absolute identifiers; what the catalog lacks is answered by the mount law. */
export const mountAt = (point: Namespace, catalog: Catalog): MountedWhole => {
  const mounting = mountingOf(point, catalog)
  return {
    kind: catalog.kind,
    namespaces: mountedNamespaces(mounting),
    tables: mountedTables(mounting),
    views: mountedRelations(mounting, viewWords, catalog.views),
    transactions: mountedTransactions(mounting),
    supported: () => operationsOf(catalog),
    [Symbol.asyncDispose]: () => catalog[Symbol.asyncDispose](),
  }
}
