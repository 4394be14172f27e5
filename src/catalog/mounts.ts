/**
 * The mount table of one warehouse: which catalog answers for a namespace. Longest prefix wins; the local
 * catalog is the mount at `[]`, and another catalog mounted at `[]` replaces it.
 */
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { CatalogError, isCatalogError } from '#model/errors.ts'
import { formatNamespace, type Namespace, namespaceKey } from '#model/identifier.ts'
import { unionOfOperations } from './capabilities.ts'
import type { CallContext, Catalog, Listed, WholeCatalog } from './catalog.ts'
import { expectingUuids } from './mounts-expected.ts'
import {
  askSource,
  checkState,
  type Listing,
  type ListRequest,
  listOne,
  mountedChildren,
  withMountedChildren,
} from './mounts-list.ts'
import { mountAt } from './mounts-mounted.ts'
import {
  createChildCatalog,
  createEmptyCatalog,
  createParentCatalog,
  createSyntheticCatalog,
} from './mounts-synthetic.ts'
import { inCallersWords } from './mounts-words.ts'

/** One mount as configured. */
export interface Mount {
  readonly namespace: Namespace
  /** Name of the connection; the source's name in page states and in the audit log. */
  readonly connection: string
  readonly catalog: Catalog
}

export interface MountTableInput {
  /** Absent where the warehouse is wholly mounted. */
  readonly local?: Catalog
  /** In configured order, which is the order of listings. */
  readonly mounts: readonly Mount[]
}

/** A catalog at its place in the tree. */
interface Source {
  /** `local`, or the connection's name. */
  readonly name: string
  readonly point: Namespace
  readonly local: boolean
  /** As it was given: relative identifiers. */
  readonly catalog: Catalog
}

export interface Route {
  readonly source: Source
  /** The namespace as the source knows it; `[]` at a mount point. */
  readonly relative: Namespace
  /**
   * Takes and returns the caller's own (absolute) identifiers. Every member is present: what the source lacks
   * is answered by the mount law (lists empty, loads 404, mutations 406).
   */
  readonly catalog: Catalog
  /** `point`: purely synthetic. `parent`: holds a mount, and may also be a namespace of the source. */
  readonly synthetic?: 'point' | 'parent'
}

export interface MountTable {
  /** Changes exactly when a mount is added, removed, moved or bound to another connection. */
  readonly epoch: string
  readonly sources: readonly Source[]
  /** NoSuchNamespace when no catalog is mounted at or above it. */
  route(namespace: Namespace): Route
  /** The one route of several namespaces (rename, transaction); BadRequest when they lie in different mounts. */
  routeTogether(namespaces: readonly Namespace[], what: string): Route
  listNamespaces(context: CallContext, parent: Namespace, request: ListRequest): Promise<Listing<Namespace>>
  /** NoSuchNamespace when absent, also from a mount that is up. */
  list(
    kind: 'tables' | 'views',
    context: CallContext,
    request: ListRequest & { readonly namespace: Namespace },
  ): Promise<Listing<Listed>>
  /** The union over all sources (`unionOfOperations`): none that is out or slow holds it up. */
  operations(): Promise<ReadonlySet<string>>
}

interface Mounted {
  readonly source: Source
  readonly catalog: Catalog
}

const epochOf = (mounts: readonly Mount[]): string =>
  createHash('sha256')
    .update(JSON.stringify(mounts.map(({ namespace, connection }) => [namespace, connection])))
    .digest('base64url')
    .slice(0, 12)

/** Refuses (409) two mounts at one namespace. */
const checkDuplicates = (points: readonly Namespace[]): void => {
  const seen = new Set<string>()
  for (const point of points) {
    const key = namespaceKey(point)
    if (seen.has(key))
      throw new CatalogError('AlreadyExistsException', `Mount already exists: ${formatNamespace(point)}`)
    seen.add(key)
  }
}

const mountedSources = ({ local, mounts }: MountTableInput): readonly Mounted[] => {
  const replaced = mounts.some(({ namespace }) => namespace.length === 0)
  const sources: Source[] = mounts.map(({ namespace, connection, catalog }) => ({
    name: connection,
    point: namespace,
    local: false,
    catalog,
  }))
  const root = local ?? createEmptyCatalog()
  if (!replaced) sources.unshift({ name: 'local', point: [], local: true, catalog: root })
  return sources.map((source) => ({ source, catalog: inPlace(source) }))
}

/** Speaks absolute identifiers. What is local says nothing that the caller does not know, and is known by its id. */
const inPlace = ({ point, catalog, local }: Source): WholeCatalog => {
  const mounted = mountAt(point, catalog)
  return local ? mounted : expectingUuids(inCallersWords(point, mounted))
}

/** Finds the owner of a namespace: the mount with the longest prefix. */
const createOwnerOf = (mounted: readonly Mounted[]): ((namespace: Namespace) => Mounted) => {
  const byPoint = new Map(mounted.map((one) => [namespaceKey(one.source.point), one]))
  const longest = Math.max(0, ...mounted.map((one) => one.source.point.length))
  return (namespace) => {
    for (let levels = Math.min(longest, namespace.length); levels >= 0; levels -= 1) {
      const owner = byPoint.get(namespaceKey(namespace.slice(0, levels)))
      if (owner) return owner
    }
    throw new CatalogError(
      'NoSuchNamespaceException',
      `Namespace does not exist: ${formatNamespace(namespace)}`,
    )
  }
}

/** Keys of all strict, non-root ancestors of mount points. */
const parentKeys = (points: readonly Namespace[]): ReadonlySet<string> =>
  new Set(points.flatMap((point) => point.slice(1).map((_, i) => namespaceKey(point.slice(0, i + 1)))))

const createRoute = (mounted: readonly Mounted[]): ((namespace: Namespace) => Route) => {
  const points = mounted.map((one) => one.source.point)
  const ownerOf = createOwnerOf(mounted)
  const parents = parentKeys(points)
  const pointKeys = new Set(points.filter((point) => point.length > 0).map(namespaceKey))
  const isPoint = (namespace: Namespace): boolean => pointKeys.has(namespaceKey(namespace))
  const isParent = (namespace: Namespace): boolean => parents.has(namespaceKey(namespace))
  const synthetic = createSyntheticCatalog(isPoint)
  const find = (namespace: Namespace): Route => {
    const { source, catalog } = ownerOf(namespace)
    const relative = namespace.slice(source.point.length)
    if (isPoint(namespace)) return { source, relative, catalog: synthetic, synthetic: 'point' }
    if (isParent(namespace))
      return { source, relative, catalog: createParentCatalog(catalog), synthetic: 'parent' }
    const underParent = isParent(namespace.slice(0, -1))
    return { source, relative, catalog: underParent ? createChildCatalog(catalog) : catalog }
  }
  /** Where a namespace leads is asked by every request and changes with the table alone. */
  const routes = new LRUCache<string, Route>({ max: 10_000 })
  return (namespace) => {
    const name = namespaceKey(namespace)
    const known = routes.get(name)
    if (known) return known
    const found = find(namespace)
    routes.set(name, found)
    return found
  }
}

const routeAll = (route: MountTable['route'], namespaces: readonly Namespace[], what: string): Route => {
  const routes = namespaces.map(route)
  const first = routes.find((one) => one.synthetic === 'point') ?? routes[0]
  if (!first) throw new CatalogError('BadRequestException', `Invalid ${what}: nothing to change`)
  if (routes.some(({ source }) => source !== first.source))
    throw new CatalogError(
      'BadRequestException',
      `Cannot ${what} across mounts: ${namespaces.map(formatNamespace).join(', ')}`,
    )
  return first
}

const createListNamespaces = (
  route: MountTable['route'],
  points: readonly Namespace[],
  epoch: string,
): MountTable['listNamespaces'] => {
  return async (context, parent, request) => {
    checkState(request.state, epoch)
    const withEpoch = { ...request, epoch }
    const children = mountedChildren(parent, points)
    if (request.state?.source === null)
      return withMountedChildren({ items: [], partial: [] }, children, withEpoch)
    const { source } = route(parent)
    const own = inPlace(source)
    const listing = await listOne(source, withEpoch, (page) =>
      askSource(source, context, async (inner) => {
        try {
          return await own.namespaces.list(inner, parent, page)
        } catch (error) {
          if (children.length > 0 && isCatalogError(error, 'NoSuchNamespaceException')) return { items: [] }
          throw error
        }
      }),
    )
    return withMountedChildren(listing, children, withEpoch)
  }
}

const createList =
  (route: MountTable['route'], epoch: string): MountTable['list'] =>
  async (kind, context, { namespace, ...request }) => {
    checkState(request.state, epoch)
    const { source, catalog } = route(namespace)
    const relations = catalog[kind]
    if (!relations) return { items: [], partial: [] }
    return listOne(source, { ...request, epoch }, (page) =>
      askSource(source, context, (inner) => relations.list(inner, namespace, page)),
    )
  }

/** Builds the table once per configuration. AlreadyExists when two mounts share a namespace. */
export const createMountTable = (input: MountTableInput): MountTable => {
  checkDuplicates(input.mounts.map(({ namespace }) => namespace))
  const mounted = mountedSources(input)
  const sources = mounted.map(({ source }) => source)
  const points = input.mounts.map(({ namespace }) => namespace).filter((point) => point.length > 0)
  const epoch = epochOf(input.mounts)
  const route = createRoute(mounted)
  return {
    epoch,
    sources,
    route,
    routeTogether: (namespaces, what) => routeAll(route, namespaces, what),
    listNamespaces: createListNamespaces(route, points, epoch),
    list: createList(route, epoch),
    operations: () => unionOfOperations(sources.map(({ catalog }) => catalog)),
  }
}
