/** Listing the tables or views of a namespace: what the asker may see of them. */
import type { Listed } from '#catalog/catalog.ts'
import { namespaceKey } from '#model/identifier.ts'
import { listingScope, listPage, type PageQuery } from '../listing.ts'
import type { Operation } from '../operation.ts'
import { type WithIds, withIds } from './listed-ids.ts'
import {
  type AtNamespace,
  findNamespacePlace,
  type IcebergDeps,
  namespaceResource,
  need,
  type RelationKind,
  type RoutedPlace,
  relationResource,
} from './place.ts'

export interface ListRelations extends AtNamespace {
  readonly page: PageQuery
  /** Their ids are asked for. */
  readonly ids?: boolean
}

export const listRelations = (
  deps: IcebergDeps,
  kind: RelationKind,
  name: string,
): Operation<ListRelations, RoutedPlace<ListRelations>, WithIds<Listed>> => ({
  name,
  kind: 'read',
  success: 200,
  resolve: (input) => findNamespacePlace(deps, input),
  needs: (target) => [need('list', namespaceResource(target, target.input.namespace))],
  run: async (task) => {
    const { context, target } = task
    const { namespace, page, ids } = target.input
    const answer = await listPage(deps.listing, {
      query: page,
      scope: listingScope(name, [target.warehouse.id, namespaceKey(namespace)], context.principal),
      sight: await task.sight(namespaceResource(target, namespace)),
      ask: (request) =>
        target.warehouse.mounts.list(kind === 'table' ? 'tables' : 'views', context, {
          ...request,
          namespace,
        }),
      filter: (items) => task.visible('describe', items, (id) => relationResource(kind, target, id)),
    })
    return ids ? withIds(deps, answer, (id) => relationResource(kind, target, id)) : answer
  },
})
