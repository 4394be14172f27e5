/** Where an operation of the Iceberg face acts: the warehouse, the route, and the objects found in our records. */
import type { Engines } from '#authn/engines.ts'
import { commitNeeds } from '#authz/commit-needs.ts'
import type { Body, Entry, Listed, Loaded } from '#catalog/catalog.ts'
import { allowClientConfig } from '#catalog/client-config.ts'
import type { Route } from '#catalog/mounts.ts'
import type { Need, Resource } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import { hasControlCharacters, type Identifier, type Namespace, sameNamespace } from '#model/identifier.ts'
import type { JsonObject } from '#model/json.ts'
import { asArrayOf, asObject, asString, optional } from '#model/json-read.ts'
import type { GrantPlace } from '#store/grants.ts'
import type { ListingRules } from '../listing.ts'
import type { Target, Task } from '../operation.ts'
import {
  findWarehouse,
  type OpenWarehouse,
  type WarehouseDirectory,
  type WarehouseReference,
} from '../warehouses.ts'

/** What the operations of the Iceberg face are made from. */
export interface IcebergDeps {
  /** So that the ids of what is known by its name are found again. Absent: they are told all the same. */
  readonly remember?: (places: readonly GrantPlace[]) => Promise<void>
  /** A name has ended and may be used again: nothing remembered of it allows here from now on. Absent: nothing is. */
  readonly forgetNames?: () => void
  readonly warehouses: WarehouseDirectory
  readonly listing: ListingRules
  /** Absent: none is trusted. */
  readonly engines?: Engines | undefined
}

export interface InWarehouse {
  readonly warehouse: WarehouseReference
}

export interface AtNamespace extends InWarehouse {
  readonly namespace: Namespace
}

export interface AtRelation extends InWarehouse {
  readonly id: Identifier
}

export interface WithBody {
  readonly body: Body
}

/** A target whose warehouse is known. */
export interface Place<Input> extends Target {
  readonly warehouse: OpenWarehouse
  readonly input: Input
}

export interface RoutedPlace<Input> extends Place<Input> {
  readonly route: Route
}

export type RelationKind = 'table' | 'view'
export type RelationResource = Extract<Resource, { kind: RelationKind }>

const longestLookup = 32 * 1024
/** Each level is an object of its own to whoever decides: thousands would hold everybody up. */
const mostLevels = 32

/**
 * Refuses (400) what can name nothing: empty levels, control characters, lone surrogates. The separator of keys is
 * among them, so that one name cannot be read as another. The length of names is the law of new ones only: an upstream
 * may have longer ones, as long as they fit into a URL.
 */
export const checkLookup = (levels: readonly string[]): void => {
  if (levels.length > mostLevels)
    throw new CatalogError('BadRequestException', `Invalid name: more than ${mostLevels} levels`)
  let length = 0
  for (const level of levels) length += level.length
  if (length > longestLookup) throw new CatalogError('BadRequestException', 'Invalid name: too long')
  for (const level of levels)
    if (level === '' || hasControlCharacters(level) || !level.isWellFormed())
      throw new CatalogError('BadRequestException', 'Invalid name: empty, or with control characters')
}

export const checkLookupOf = ({ namespace, name }: Identifier): void => {
  if (namespace.length === 0)
    throw new CatalogError('BadRequestException', 'Invalid identifier: a namespace is required')
  checkLookup(namespace)
  checkLookup([name])
}

export const findPlace = async <Input extends InWarehouse>(
  deps: IcebergDeps,
  input: Input,
): Promise<Place<Input>> => ({
  warehouse: findWarehouse(deps.warehouses, input.warehouse),
  input,
})

export const findNamespacePlace = async <Input extends AtNamespace>(
  deps: IcebergDeps,
  input: Input,
): Promise<RoutedPlace<Input>> => {
  checkLookup(input.namespace)
  const warehouse = findWarehouse(deps.warehouses, input.warehouse)
  const route = warehouse.mounts.route(input.namespace)
  return { warehouse, input, route, relayed: !route.source.local }
}

/** The entries that a local catalog has under the names; undefined where asking would mean reaching out. */
export const findEntries = async (
  route: Route,
  ids: readonly Identifier[],
): Promise<readonly Entry[] | undefined> => {
  const { tables } = route.catalog
  if (!tables.find) return undefined
  const found = await tables.find(ids)
  return found.filter((entry) => entry !== undefined)
}

export const findRelationPlace = async <Input extends AtRelation>(
  deps: IcebergDeps,
  input: Input,
): Promise<RoutedPlace<Input>> => {
  checkLookupOf(input.id)
  const warehouse = findWarehouse(deps.warehouses, input.warehouse)
  const route = warehouse.mounts.route(input.id.namespace)
  const place = { warehouse, input, route, relayed: !route.source.local }
  const entries = await findEntries(route, [input.id])
  return entries ? { ...place, entries } : place
}

export const namespaceResource = ({ warehouse }: Place<unknown>, namespace: Namespace): Resource => {
  if (namespace.length === 0)
    return { kind: 'warehouse', project: warehouse.projectId, warehouse: warehouse.id }
  const { source } = warehouse.mounts.route(namespace)
  const resource = { kind: 'namespace', warehouse: warehouse.id, namespace } as const
  return source.local ? resource : { ...resource, mount: source.name }
}

const contentIdIn = (
  { entries }: Target,
  kind: RelationKind,
  { namespace, name }: Identifier,
): string | undefined =>
  entries?.find(
    ({ kind: found, identifier }) =>
      found === kind && identifier.name === name && sameNamespace(identifier.namespace, namespace),
  )?.contentId

/** What a name stands for on the place's route; without a content id where our own records have nothing under it. */
export const relationResource = (
  kind: RelationKind,
  place: RoutedPlace<unknown>,
  id: Listed,
): RelationResource => {
  const { namespace, name } = id
  const resource = { kind, warehouse: place.warehouse.id, namespace, name } as const
  const { source } = place.route
  if (!source.local) return { ...resource, mount: source.name }
  const contentId = id.contentId ?? contentIdIn(place, kind, id)
  return contentId === undefined ? resource : { ...resource, contentId }
}

export const need = (action: Need['action'], resource: Resource): Need => ({ action, resource })

/** Each distinct thing that the commit does to the object. */
export const needsOfCommit = (
  resource: RelationResource,
  commit: Parameters<typeof commitNeeds>[1],
): readonly Need[] => commitNeeds(resource.kind, commit).map((one) => ({ ...one, resource }))

const nothingAllowed: Loaded['config'] = Object.freeze({})

/** Nothing of a catalog's `config` passes but the allow-list; nothing at all to whom no data is allowed. */
export const withAllowedConfig = (loaded: Loaded, { data }: Pick<Task<Target>, 'data'>): Loaded => ({
  ...loaded,
  config: data === 'none' ? nothingAllowed : allowClientConfig(loaded.config),
})

export const readIdentifier = (value: JsonObject[string] | undefined, path: string): Identifier => {
  const object = asObject(value, path)
  return {
    namespace: asArrayOf(asString)(object['namespace'], `${path}.namespace`),
    name: asString(object['name'], `${path}.name`),
  }
}

/** Refuses (400) a body whose `identifier`, where it has one, is not that of the path. */
export const checkBodyIdentifier = (body: Body, id: Identifier): void => {
  const named = optional(readIdentifier, body.json['identifier'], 'identifier')
  if (named && (named.name !== id.name || !sameNamespace(named.namespace, id.namespace)))
    throw new CatalogError('BadRequestException', 'Invalid identifier: it differs from the one in the path')
}
