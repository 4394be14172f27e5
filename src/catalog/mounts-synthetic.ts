/**
 * Namespaces that exist because something is mounted at or below them. A mount point is purely synthetic;
 * a parent of one may also be a real namespace of the catalog that owns it.
 */
import { CatalogError, isCatalogError } from '#model/errors.ts'
import { formatIdentifier, formatNamespace, type Identifier, type Namespace } from '#model/identifier.ts'
import type { Catalog, Loaded, Namespaces, Relations, Tables } from './catalog.ts'

const quote = (namespace: Namespace): string => formatNamespace(namespace)

const alreadyExists = (namespace: Namespace): CatalogError =>
  new CatalogError('AlreadyExistsException', `Namespace already exists: ${quote(namespace)}`)

const notEmpty = (namespace: Namespace): CatalogError =>
  new CatalogError('NamespaceNotEmptyException', `Namespace is not empty: ${quote(namespace)} holds a mount`)

const unsupported = (namespace: Namespace, what: string): CatalogError =>
  new CatalogError(
    'UnsupportedOperationException',
    `Namespace ${quote(namespace)} holds only mounts: ${what} is not supported`,
  )

const missing = (kind: 'Table' | 'View', id: Identifier): CatalogError =>
  new CatalogError(
    kind === 'Table' ? 'NoSuchTableException' : 'NoSuchViewException',
    `${kind} does not exist: ${formatIdentifier(id)}`,
  )

const syntheticNamespaces: Namespaces = {
  list: async () => ({ items: [] }),
  create: async (_context, namespace) => {
    throw alreadyExists(namespace)
  },
  load: async (_context, namespace) => ({ namespace, properties: {} }),
  exists: async () => {},
  drop: async (_context, namespace) => {
    throw notEmpty(namespace)
  },
  updateProperties: async (_context, namespace) => {
    throw unsupported(namespace, 'changing properties')
  },
}

const syntheticRelations = (kind: 'Table' | 'View', isSynthetic: (ns: Namespace) => boolean): Relations => {
  const absent = async (_context: unknown, id: Identifier): Promise<never> => {
    throw missing(kind, id)
  }
  const refuse = async (_context: unknown, namespace: Namespace): Promise<Loaded> => {
    throw unsupported(namespace, `creating a ${kind.toLowerCase()}`)
  }
  return {
    list: async () => ({ items: [] }),
    create: refuse,
    register: refuse,
    load: absent,
    exists: absent,
    commit: absent,
    drop: absent,
    rename: async (context, { source, destination }) => {
      if (isSynthetic(source.namespace)) return absent(context, source)
      await refuse(context, destination.namespace)
    },
  }
}

/** The catalog that answers for mount points: they exist without an upstream call and own nothing. */
export const createSyntheticCatalog = (isSynthetic: (namespace: Namespace) => boolean): Catalog => {
  const tables = syntheticRelations('Table', isSynthetic)
  const absent = async (_context: unknown, id: Identifier): Promise<never> => {
    throw missing('Table', id)
  }
  return {
    kind: 'mount',
    namespaces: syntheticNamespaces,
    tables: { ...tables, unregister: absent, reportMetrics: absent },
    views: syntheticRelations('View', isSynthetic),
    transactions: {
      commit: async (context, changes) => {
        const first = changes.find((change) => isSynthetic(change.id.namespace))
        if (first) await absent(context, first.id)
      },
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

/** The root of a warehouse without local content and without a root mount: nothing is there, nothing can be made. */
export const createEmptyCatalog = (): Catalog => {
  const synthetic = createSyntheticCatalog(() => true)
  const absent = async (_context: unknown, namespace: Namespace): Promise<never> => {
    throw new CatalogError('NoSuchNamespaceException', `Namespace does not exist: ${quote(namespace)}`)
  }
  const { list } = synthetic.namespaces
  return {
    ...synthetic,
    namespaces: {
      list: (context, parent, page) =>
        parent.length === 0 ? list(context, parent, page) : absent(context, parent),
      load: absent,
      exists: absent,
      drop: absent,
      updateProperties: absent,
      create: async (_context, namespace) => {
        throw new CatalogError(
          'UnsupportedOperationException',
          `Namespace ${quote(namespace)} lies in no mount: creating it is not supported`,
        )
      },
    },
    tables: { ...synthetic.tables, list: absent },
    supported: async () => new Set(),
  }
}

/** Runs `ask`; where the owner does not know the namespace, or is out, `otherwise` answers. */
const whereMissing = async <T>(ask: () => Promise<T>, otherwise: () => T | Promise<T>): Promise<T> => {
  try {
    return await ask()
  } catch (error) {
    if (isCatalogError(error, 'NoSuchNamespaceException')) return otherwise()
    throw error
  }
}

/** A parent of mounts: what its owner holds of it stays reachable, what its owner lacks is synthetic. */
export const createParentCatalog = (owner: Catalog): Catalog => ({
  ...owner,
  namespaces: {
    ...syntheticNamespaces,
    list: owner.namespaces.list,
    load: async (context, namespace) => {
      try {
        return await owner.namespaces.load(context, namespace)
      } catch (error) {
        if (isCatalogError(error, 'NoSuchNamespaceException') || isOut(error))
          return { namespace, properties: {} }
        throw error
      }
    },
    updateProperties: (context, namespace, body) =>
      whereMissing(
        () => owner.namespaces.updateProperties(context, namespace, body),
        () => syntheticNamespaces.updateProperties(context, namespace, body),
      ),
  },
  tables: { ...owner.tables, ...parentRelations(owner.tables) } satisfies Tables,
  ...(owner.views ? { views: { ...owner.views, ...parentRelations(owner.views) } } : {}),
})

const parentRelations = (owner: Relations): Pick<Relations, 'list' | 'create'> => ({
  list: (context, namespace, page) =>
    whereMissing(
      () => owner.list(context, namespace, page),
      () => ({ items: [] }),
    ),
  create: (context, namespace, body) =>
    whereMissing(
      () => owner.create(context, namespace, body),
      () => {
        throw unsupported(namespace, 'creating in it')
      },
    ),
})

/** Below a parent that only mounts make exist nothing can be created: its owner has no such namespace. */
export const createChildCatalog = (owner: Catalog): Catalog => ({
  ...owner,
  namespaces: {
    ...owner.namespaces,
    create: (context, namespace, body) =>
      whereMissing(
        () => owner.namespaces.create(context, namespace, body),
        () => {
          throw unsupported(namespace.slice(0, -1), 'creating a namespace in it')
        },
      ),
  },
})

/** True where the error says that a source, not the request, is at fault. */
export const isOut = (error: unknown): error is CatalogError =>
  isCatalogError(error) && (error.status >= 500 || error.status === 429)
