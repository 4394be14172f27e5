/**
 * Ids of what a listing shows, where they are asked for (`returnUuids`, as Lakekeeper has it): by them the management
 * API addresses grants. What is known by its name has an id that is made of it, and is remembered so that it is found.
 */
import type { Resource } from '#model/access.ts'
import { mountedObject, namespaceObject, objectId } from '#model/object-key.ts'
import type { GrantPlace } from '#store/grants.ts'
import type { ListAnswer } from '../listing.ts'
import type { IcebergDeps } from './place.ts'

export interface WithIds<T> extends ListAnswer<T> {
  /** One an item, in order; absent where nobody asked for them. */
  readonly ids?: readonly string[]
}

/** By its name; undefined for what has an id of its own. */
const placeOf = (resource: Resource): GrantPlace | undefined => {
  if (resource.kind === 'namespace') {
    const { warehouse, namespace } = resource
    return { object: namespaceObject(warehouse, namespace), warehouseId: warehouse, namespace }
  }
  if ((resource.kind !== 'table' && resource.kind !== 'view') || resource.contentId !== undefined)
    return undefined
  const { kind, warehouse, namespace, name } = resource
  return { object: mountedObject(kind, warehouse, resource), warehouseId: warehouse, namespace, name }
}

const contentIdOf = (resource: Resource): string =>
  'contentId' in resource && resource.contentId !== undefined ? resource.contentId : ''

export const withIds = async <T>(
  { remember }: Pick<IcebergDeps, 'remember'>,
  answer: ListAnswer<T>,
  resourceOf: (item: T) => Resource,
): Promise<WithIds<T>> => {
  const resources = answer.items.map(resourceOf)
  const places = resources.map(placeOf)
  await remember?.(places.filter((place) => place !== undefined))
  const ids = resources.map((resource, i) => {
    const place = places[i]
    return place === undefined ? contentIdOf(resource) : objectId(place.object)
  })
  return { ...answer, ids }
}
