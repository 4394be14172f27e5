/** The operations that tables and views have alike, written once for both. */
import type { Loaded, LoadOptions, Relations } from '#catalog/catalog.ts'
import type { Route } from '#catalog/mounts.ts'
import { assertsCreate } from '#iceberg/requirements.ts'
import type { Action, Need } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import type { Outcome } from '#model/event.ts'
import { checkIdentifier, type Identifier } from '#model/identifier.ts'
import { asBoolean, asString, optional } from '#model/json-read.ts'
import { missing } from '../denial.ts'
import type { Operation, Target, Task } from '../operation.ts'
import { findWarehouse } from '../warehouses.ts'
import { listRelations } from './list-relations.ts'
import {
  type AtNamespace,
  type AtRelation,
  checkBodyIdentifier,
  checkLookupOf,
  findEntries,
  findNamespacePlace,
  findRelationPlace,
  type IcebergDeps,
  type InWarehouse,
  namespaceResource,
  need,
  needsOfCommit,
  type RelationKind,
  type RoutedPlace,
  relationResource,
  type WithBody,
  withAllowedConfig,
} from './place.ts'
import { madeEvents, relationEvents, renameEvents } from './relayed-events.ts'
import { replayDone, replayLoad } from './replays.ts'
import { findPlaceThrough, type ThroughViews } from './view-way.ts'

/** What a load shows; faces take the type from here. */
export type { Loaded } from '#catalog/catalog.ts'

export interface LoadRelation extends ThroughViews {
  readonly options: LoadOptions
  /** True where the client holds this version already; absent where it holds none. */
  readonly holds?: (version: string) => boolean
}

/** Instead of a load: the client holds this version already. */
export interface NotModified {
  readonly notModified: string
}

export interface DropRelation extends AtRelation {
  readonly purge: boolean
}

export interface RenameRelation extends InWarehouse {
  readonly source: Identifier
  readonly destination: Identifier
}

export type CreateRelation = AtNamespace & WithBody
export type CommitRelation = AtRelation & WithBody

/** The specification's operation ids of one kind of relation. */
export interface RelationNames {
  readonly list: string
  readonly create: string
  readonly register: string
  readonly load: string
  readonly exists: string
  readonly commit: string
  readonly drop: string
  readonly rename: string
}

/** Routes always have both kinds (mount law); the port allows a catalog without views. */
const relationsOf = (kind: RelationKind, route: Route): Relations => {
  const relations = kind === 'table' ? route.catalog.tables : route.catalog.views
  if (!relations)
    throw new CatalogError('UnsupportedOperationException', `The catalog mounted here has no ${kind}s`)
  return relations
}

const everything: LoadOptions = { snapshots: 'all' }

const loadCurrent = async (
  kind: RelationKind,
  { target, context, ...task }: Task<RoutedPlace<unknown>>,
  id: Identifier,
): Promise<Loaded> => {
  // The entries were found before the change that is told again: what they say is no longer true.
  const { entries: _, ...now } = context
  const loaded = await relationsOf(kind, target.route).load(now, id, everything)
  if (loaded === 'not-modified') throw new Error('not-modified was not asked for')
  return withAllowedConfig(loaded, task)
}

/** By now the name may have another object, which who made the first one may not be allowed to see. */
const loadMade = async (
  kind: RelationKind,
  task: Task<RoutedPlace<CreateRelation>>,
  outcome: Outcome,
): Promise<Loaded> => {
  const { target } = task
  const id = bodyName(target.input)
  const loaded = await loadCurrent(kind, task, id)
  if (outcome.kind === 'metadata' && outcome.metadataLocation === loaded.metadataLocation) return loaded
  const entries = await findEntries(target.route, [id])
  const resource = relationResource(kind, entries ? { ...target, entries } : target, id)
  const seen = await task.visible('describe', [resource], (one) => one)
  if (seen.length === 0) throw missing(resource)
  return loaded
}

const bodyName = ({ body, namespace }: CreateRelation): Identifier => ({
  namespace,
  name: asString(body.json['name'], 'name'),
})

const create = (
  deps: IcebergDeps,
  kind: RelationKind,
  name: string,
): Operation<CreateRelation, RoutedPlace<CreateRelation>, Loaded> => ({
  name,
  kind: 'change',
  success: 200,
  resolve: async (input) => {
    checkIdentifier(bodyName(input))
    const repeatable = optional(asBoolean, input.body.json['stage-create'], 'stage-create') === true
    return { ...(await findNamespacePlace(deps, input)), repeatable }
  },
  needs: (target) => [need('create', namespaceResource(target, target.input.namespace))],
  run: async ({ context, target: { route, input }, ...task }) =>
    withAllowedConfig(await relationsOf(kind, route).create(context, input.namespace, input.body), task),
  changes: madeEvents(kind, 'created', bodyName),
  replay: replayLoad((task, outcome) => loadMade(kind, task, outcome)),
})

const overwrites = ({ body }: CreateRelation): boolean =>
  optional(asBoolean, body.json['overwrite'], 'overwrite') === true

/** What is overwritten is decided on as the object that it is, as by every other change of it. */
const findRegisterPlace = async (
  deps: IcebergDeps,
  input: CreateRelation,
): Promise<RoutedPlace<CreateRelation>> => {
  const place = await findNamespacePlace(deps, input)
  const entries = overwrites(input) ? await findEntries(place.route, [bodyName(input)]) : undefined
  return entries ? { ...place, entries } : place
}

/** What every table has, and what is registered over one moves, whatever else it moves. */
const movedByRegister = ['main']

/** Registering over an existing object may be a drop and a create: both rights are needed. */
const registerNeeds = (kind: RelationKind, target: RoutedPlace<CreateRelation>): readonly Need[] => {
  const { input } = target
  const register = need('register', namespaceResource(target, input.namespace))
  if (!overwrites(input)) return [register]
  const resource = relationResource(kind, target, bodyName(input))
  const write = need('write', resource)
  return [register, kind === 'table' ? { ...write, refs: movedByRegister } : write, need('drop', resource)]
}

const register = (
  deps: IcebergDeps,
  kind: RelationKind,
  name: string,
): Operation<CreateRelation, RoutedPlace<CreateRelation>, Loaded> => ({
  name,
  kind: 'change',
  success: 200,
  resolve: (input) => {
    checkIdentifier(bodyName(input))
    asString(input.body.json['metadata-location'], 'metadata-location')
    return findRegisterPlace(deps, input)
  },
  needs: (target) => registerNeeds(kind, target),
  run: async ({ context, target: { route, input }, ...task }) => {
    const relations = relationsOf(kind, route)
    if (!relations.register)
      throw new CatalogError('UnsupportedOperationException', `The catalog mounted here cannot register`)
    return withAllowedConfig(await relations.register(context, input.namespace, input.body), task)
  },
  changes: madeEvents(kind, 'registered', bodyName),
  replay: replayLoad((task, outcome) => loadMade(kind, task, outcome)),
})

const needOn =
  (action: Action, kind: RelationKind) =>
  (target: RoutedPlace<AtRelation>): readonly Need[] => [
    need(action, relationResource(kind, target, target.input.id)),
  ]

/**
 * Sets apart what is shown with less than all of the asker's own rights, without data or by rights that are lent: who
 * holds one does not hold the other.
 */
const markOf = ({ data, lent }: Pick<Task<Target>, 'data' | 'lent'>): string =>
  `${data === 'none' ? ';metadata-only' : ''}${lent ? ';lent' : ''}`

/** Where no data is allowed, nothing is told of where and how it is reached. */
const loadMarked = async (
  kind: RelationKind,
  { context, target: { route, input }, data }: Task<RoutedPlace<LoadRelation>>,
  mark: string,
): Promise<Loaded | NotModified> => {
  const { unlessVersion, ...options } = input.options
  const held = unlessVersion?.endsWith(mark) ? { unlessVersion: unlessVersion.slice(0, -mark.length) } : {}
  const loaded = await relationsOf(kind, route).load(context, input.id, { ...options, ...held })
  if (loaded === 'not-modified') return { notModified: unlessVersion ?? '' }
  const version = loaded.version + mark
  return input.holds?.(version)
    ? { notModified: version }
    : { ...withAllowedConfig(loaded, { data }), version }
}

const load = (
  deps: IcebergDeps,
  kind: RelationKind,
  name: string,
): Operation<LoadRelation, RoutedPlace<LoadRelation>, Loaded | NotModified> => ({
  name,
  kind: 'read',
  success: 200,
  resolve: (input, asker) =>
    input.referencedBy ? findPlaceThrough(deps, kind, { input, asker }) : findRelationPlace(deps, input),
  needs: needOn('describe', kind),
  statusOf: (output) => ('notModified' in output ? 304 : 200),
  run: async (task) => {
    const { context, target, data, lent } = task
    if (data === 'none' || lent) return loadMarked(kind, task, markOf(task))
    const { id, options, holds } = target.input
    const loaded = await relationsOf(kind, target.route).load(context, id, options)
    if (loaded === 'not-modified') return { notModified: options.unlessVersion ?? '' }
    return holds?.(loaded.version) ? { notModified: loaded.version } : withAllowedConfig(loaded, task)
  },
})

const exists = (
  deps: IcebergDeps,
  kind: RelationKind,
  name: string,
): Operation<AtRelation, RoutedPlace<AtRelation>, void> => ({
  name,
  kind: 'read',
  success: 204,
  resolve: (input) => findRelationPlace(deps, input),
  needs: needOn('describe', kind),
  run: ({ context, target: { route, input } }) => relationsOf(kind, route).exists(context, input.id),
})

/** A commit that asserts absence is the second half of a staged create; of views there is none. */
const createsAnew = (kind: RelationKind, { body }: WithBody): boolean =>
  kind === 'table' && assertsCreate(body.json['requirements'])

const commitsAt = (kind: RelationKind, target: RoutedPlace<CommitRelation>): readonly Need[] => {
  const { id, body } = target.input
  if (createsAnew(kind, target.input)) return [need('create', namespaceResource(target, id.namespace))]
  const { requirements = null, updates = null } = body.json
  return needsOfCommit(relationResource(kind, target, id), { requirements, updates })
}

const commit = (
  deps: IcebergDeps,
  kind: RelationKind,
  name: string,
): Operation<CommitRelation, RoutedPlace<CommitRelation>, Loaded> => ({
  name,
  kind: 'change',
  success: 200,
  resolve: (input) => {
    checkBodyIdentifier(input.body, input.id)
    if (createsAnew(kind, input)) checkIdentifier(input.id)
    return findRelationPlace(deps, input)
  },
  needs: (target) => commitsAt(kind, target),
  run: async ({ context, target: { route, input }, ...task }) =>
    withAllowedConfig(await relationsOf(kind, route).commit(context, input.id, input.body), task),
  changes: (target, made) =>
    relationEvents(kind, createsAnew(kind, target.input) ? 'created' : 'committed')(target, made),
  replay: replayLoad((task) => loadCurrent(kind, task, task.target.input.id)),
})

const drop = (
  deps: IcebergDeps,
  kind: RelationKind,
  name: string,
): Operation<DropRelation, RoutedPlace<DropRelation>, void> => ({
  name,
  kind: 'change',
  success: 204,
  resolve: (input) => findRelationPlace(deps, input),
  // Whoever has the files deleted does away with all that was ever written.
  needs: (target) => [
    ...needOn('drop', kind)(target),
    ...(target.input.purge ? needOn('write', kind)(target) : []),
  ],
  run: ({ context, target: { route, input } }) =>
    relationsOf(kind, route).drop(context, input.id, { purge: input.purge }),
  changes: (target) => relationEvents(kind, 'dropped')(target),
  replay: replayDone,
})

const findRenamePlace = async (
  deps: IcebergDeps,
  kind: RelationKind,
  input: RenameRelation,
): Promise<RoutedPlace<RenameRelation>> => {
  checkLookupOf(input.source)
  checkIdentifier(input.destination)
  const warehouse = findWarehouse(deps.warehouses, input.warehouse)
  const route = warehouse.mounts.routeTogether(
    [input.source.namespace, input.destination.namespace],
    `rename a ${kind}`,
  )
  const entries = await findEntries(route, [input.source])
  return { warehouse, input, route, relayed: !route.source.local, ...(entries ? { entries } : {}) }
}

const rename = (
  deps: IcebergDeps,
  kind: RelationKind,
  name: string,
): Operation<RenameRelation, RoutedPlace<RenameRelation>, void> => ({
  name,
  kind: 'change',
  success: 204,
  resolve: (input) => findRenamePlace(deps, kind, input),
  needs: (target) => [
    need('rename', relationResource(kind, target, target.input.source)),
    need('create', namespaceResource(target, target.input.destination.namespace)),
  ],
  run: ({ context, target: { route, input } }) =>
    relationsOf(kind, route).rename(context, { source: input.source, destination: input.destination }),
  changes: renameEvents(kind),
  replay: replayDone,
})

export const createRelationOperations = (deps: IcebergDeps, kind: RelationKind, names: RelationNames) => ({
  list: listRelations(deps, kind, names.list),
  create: create(deps, kind, names.create),
  register: register(deps, kind, names.register),
  load: load(deps, kind, names.load),
  exists: exists(deps, kind, names.exists),
  commit: commit(deps, kind, names.commit),
  drop: drop(deps, kind, names.drop),
  rename: rename(deps, kind, names.rename),
})
