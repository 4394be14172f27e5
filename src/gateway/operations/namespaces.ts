/** The six operations on namespaces. */
import type { NamespaceAnswer, PropertiesAnswer } from '#catalog/catalog.ts'
import { isCatalogError } from '#model/errors.ts'
import { checkNamespace, type Namespace, namespaceKey } from '#model/identifier.ts'
import { listingScope, listPage, type PageQuery } from '../listing.ts'
import type { Operation, Task } from '../operation.ts'
import { type WithIds, withIds } from './listed-ids.ts'
import {
  type AtNamespace,
  checkLookup,
  findNamespacePlace,
  findPlace,
  type IcebergDeps,
  type InWarehouse,
  namespaceResource,
  need,
  type Place,
  type RoutedPlace,
  type WithBody,
} from './place.ts'
import { namespaceEvents } from './relayed-events.ts'
import { replayDone, replayJson } from './replays.ts'

export interface ListNamespaces extends InWarehouse {
  readonly parent: Namespace
  /** A second reading of the parent: one client encodes it twice, and only the catalog knows which one was meant. */
  readonly otherParent?: Namespace
  readonly page: PageQuery
  /** Their ids are asked for. */
  readonly ids?: boolean
}

type ListNamespacesTask = Task<Place<ListNamespaces>>

const listChildren = async (deps: IcebergDeps, task: ListNamespacesTask, parent: Namespace) => {
  const { context, target } = task
  const { warehouse, input } = target
  const answer = await listPage(deps.listing, {
    query: input.page,
    scope: listingScope('listNamespaces', [warehouse.id, namespaceKey(parent)], context.principal),
    sight: await task.sight(namespaceResource(target, parent)),
    ask: (request) => warehouse.mounts.listNamespaces(context, parent, request),
    filter: (items) => task.visible('describe', items, (item) => namespaceResource(target, item)),
  })
  return input.ids ? withIds(deps, answer, (item) => namespaceResource(target, item)) : answer
}

/** The namespace is not there, or the page token is of the other reading. */
const meansOther = (error: unknown): boolean =>
  isCatalogError(error, 'NoSuchNamespaceException') || isCatalogError(error, 'BadRequestException')

const createListNamespaces = (
  deps: IcebergDeps,
): Operation<ListNamespaces, Place<ListNamespaces>, WithIds<Namespace>> => ({
  name: 'listNamespaces',
  kind: 'read',
  success: 200,
  resolve: (input) => {
    checkLookup(input.parent)
    return findPlace(deps, input)
  },
  needs: (target) => {
    const { parent, otherParent } = target.input
    const parents = otherParent ? [parent, otherParent] : [parent]
    return parents.map((one) => need('list', namespaceResource(target, one)))
  },
  run: async (task) => {
    const { parent, otherParent } = task.target.input
    try {
      return await listChildren(deps, task, parent)
    } catch (error) {
      if (!otherParent || !meansOther(error)) throw error
      return listChildren(deps, task, otherParent)
    }
  },
})

type NamespacePlace = RoutedPlace<AtNamespace>
type BodyPlace = RoutedPlace<AtNamespace & WithBody>

const createNamespace = (
  deps: IcebergDeps,
): Operation<AtNamespace & WithBody, BodyPlace, NamespaceAnswer> => ({
  name: 'createNamespace',
  kind: 'change',
  success: 200,
  resolve: (input) => {
    checkNamespace(input.namespace)
    return findNamespacePlace(deps, input)
  },
  needs: (target) => [need('create', namespaceResource(target, target.input.namespace.slice(0, -1)))],
  run: ({ context, target: { route, input } }) =>
    route.catalog.namespaces.create(context, input.namespace, input.body),
  changes: namespaceEvents('created'),
  replay: replayJson(),
})

const ownNeed = (action: 'describe' | 'drop' | 'write') => (target: RoutedPlace<AtNamespace>) => [
  need(action, namespaceResource(target, target.input.namespace)),
]

const loadNamespaceMetadata = (
  deps: IcebergDeps,
): Operation<AtNamespace, NamespacePlace, NamespaceAnswer> => ({
  name: 'loadNamespaceMetadata',
  kind: 'read',
  success: 200,
  resolve: (input) => findNamespacePlace(deps, input),
  needs: ownNeed('describe'),
  run: ({ context, target: { route, input } }) => route.catalog.namespaces.load(context, input.namespace),
})

const namespaceExists = (deps: IcebergDeps): Operation<AtNamespace, NamespacePlace, void> => ({
  name: 'namespaceExists',
  kind: 'read',
  success: 204,
  resolve: (input) => findNamespacePlace(deps, input),
  needs: ownNeed('describe'),
  run: ({ context, target: { route, input } }) => route.catalog.namespaces.exists(context, input.namespace),
})

const dropNamespace = (deps: IcebergDeps): Operation<AtNamespace, NamespacePlace, void> => ({
  name: 'dropNamespace',
  kind: 'change',
  success: 204,
  resolve: (input) => findNamespacePlace(deps, input),
  needs: ownNeed('drop'),
  run: async ({ context, target: { route, input } }) => {
    try {
      await route.catalog.namespaces.drop(context, input.namespace)
    } finally {
      deps.forgetNames?.()
    }
  },
  changes: namespaceEvents('dropped'),
  replay: replayDone,
})

const updateProperties = (
  deps: IcebergDeps,
): Operation<AtNamespace & WithBody, BodyPlace, PropertiesAnswer> => ({
  name: 'updateProperties',
  kind: 'change',
  success: 200,
  resolve: (input) => findNamespacePlace(deps, input),
  needs: ownNeed('write'),
  run: ({ context, target: { route, input } }) =>
    route.catalog.namespaces.updateProperties(context, input.namespace, input.body),
  changes: namespaceEvents('properties-updated'),
  replay: replayJson(),
})

export const createNamespaceOperations = (deps: IcebergDeps) => ({
  listNamespaces: createListNamespaces(deps),
  createNamespace: createNamespace(deps),
  loadNamespaceMetadata: loadNamespaceMetadata(deps),
  namespaceExists: namespaceExists(deps),
  dropNamespace: dropNamespace(deps),
  updateProperties: updateProperties(deps),
})
