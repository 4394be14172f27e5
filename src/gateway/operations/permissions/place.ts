/** Where the operations on grants act: one object of whatever kind, found in our own records. */

import type { Authorizer, Circumstances } from '#authz/authorizer.ts'
import type { Rights } from '#authz/rights.ts'
import type { Standings } from '#authz/standing.ts'
import type { CallContext } from '#catalog/catalog.ts'
import type { Route } from '#catalog/mounts.ts'
import type { Action, Need, Principal, Resource } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import { contentObject, mountedObject, namespaceObject } from '#model/object-key.ts'
import type { FoundObject } from '#store/governed-objects.ts'
import type { GrantPlace } from '#store/grants.ts'
import { type TagDefinition, tagPlace } from '#store/tag-definitions.ts'
import { circumstancesIn } from '../../circumstances.ts'
import type { Target, Within } from '../../operation.ts'
import type { OpenWarehouse, WarehouseDirectory } from '../../warehouses.ts'
import type { TagRegistry } from '../governance/registry.ts'
import {
  type ById,
  findConnection,
  findWarehouse,
  isId,
  type ManagementDeps,
  missingConnection,
  missingProject,
  missingWarehouse,
  openProject,
  withinProject,
} from '../management/place.ts'
import { missingRole, type RoleDeps, roleResource } from '../management/role-place.ts'
import type { GrantRegistry } from './grant-registry.ts'

export interface PermissionDeps extends ManagementDeps, RoleDeps {
  readonly grants: GrantRegistry
  readonly tags: Pick<TagRegistry, 'findDefinition'>
  readonly rights: Rights
  readonly authorizer: Authorizer
  readonly warehouses: WarehouseDirectory
  readonly standings: Standings
  /** As it stands: what is decided about grants is decided on nothing older. */
  readonly policyEpoch: () => Promise<number>
  /** Of what must not pass unnoticed. */
  readonly warn: (event: string, detail: Readonly<Record<string, unknown>>) => void
}

/** An object that can be granted on. */
export interface Governed {
  readonly resource: Resource
  readonly place: GrantPlace
  /** Of what lies in a warehouse. */
  readonly route?: Route
}

export interface GovernedTarget<Input> extends Target {
  readonly input: Input
  readonly governed: Governed
  readonly asker: Principal
}

/** The members of an operation that depend on where it acts. */
export interface GovernedPlace<Input> {
  within?(input: Input, named: string | undefined): Within
  resolve(input: Input, asker: Principal, named: string | undefined): Promise<GovernedTarget<Input>>
  missing?(target: GovernedTarget<Input>): CatalogError
}

/** A table or view as a path names it: by the id of its warehouse, and its own. */
export interface AtContent extends ById {
  readonly objectId: string
}

export interface AtProjectPath {
  /** As the path names it; it goes before the header. */
  readonly project?: string
}

export const isMounted = ({ route }: Governed): boolean => route !== undefined && !route.source.local

const target = <Input>(
  at: { readonly project?: string; readonly warehouse?: OpenWarehouse },
  governed: Governed,
  { input, asker }: { readonly input: Input; readonly asker: Principal },
): GovernedTarget<Input> => ({
  warehouse: at.warehouse ?? null,
  ...(at.project === undefined ? {} : { project: at.project }),
  ...{ governed, input, asker },
})

export const onServer = <Input>({ server }: PermissionDeps): GovernedPlace<Input> => ({
  resolve: async (input, asker) =>
    target(
      {},
      { resource: { kind: 'server' }, place: { object: `server:${server.id}`, projectId: null } },
      { input, asker },
    ),
})

export const governedProject = (project: string): Governed => ({
  resource: { kind: 'project', project },
  place: { object: `project:${project}`, projectId: project },
})

export const onProjectPath = <Input extends AtProjectPath>(deps: PermissionDeps): GovernedPlace<Input> => ({
  within: (input, named) => withinProject(input.project ?? named ?? deps.projectId),
  resolve: async (input, asker, named) => {
    const project = await openProject(deps, input.project ?? named)
    return target({ project }, governedProject(project), { input, asker })
  },
  missing: ({ project = '' }) => missingProject(project),
})

/** Within the project that the request names; `missing` speaks of the id that the caller gave. */
const byId =
  <Input extends ById>(
    deps: PermissionDeps,
    missing: (id: string) => CatalogError,
    find: (project: string, input: Input) => Promise<readonly [Governed, OpenWarehouse?]>,
  ) =>
  (nameOf: (input: Input) => string = ({ id }) => id): GovernedPlace<Input> => ({
    within: (input, named) => ({
      project: named ?? deps.projectId,
      missing: () => missing(nameOf(input)),
    }),
    resolve: async (input, asker, named) => {
      const project = named ?? deps.projectId
      const [governed, warehouse] = await find(project, input)
      return target({ project, ...(warehouse && { warehouse }) }, governed, { input, asker })
    },
    missing: ({ input }) => missing(nameOf(input)),
  })

export const governedRole = (projectId: string, id: string): Governed => ({
  resource: roleResource({ projectId, id }),
  place: { object: `role:${id}`, projectId },
})

export const onRole = <Input extends ById>(deps: PermissionDeps): GovernedPlace<Input> =>
  byId<Input>(deps, missingRole, async (project, { id }) => {
    const record = isId(id) ? await deps.roles.findRole(id) : undefined
    if (record?.projectId !== project) throw missingRole(id)
    return [governedRole(project, id)]
  })()

export const onConnection = <Input extends ById>(deps: PermissionDeps): GovernedPlace<Input> =>
  byId<Input>(deps, missingConnection, async (project, input) => {
    const { id } = await findConnection(deps, { warehouse: null, project, input })
    return [
      {
        resource: { kind: 'connection', project, connection: id },
        place: { object: `connection:${id}`, projectId: project },
      },
    ]
  })()

export const tagResource = ({ id, projectId, name }: TagDefinition): Resource => ({
  ...{ kind: 'tag', project: projectId, tag: id, name },
})

export const governedTag = (record: TagDefinition): Governed => ({
  resource: tagResource(record),
  place: tagPlace(record),
})

export const missingTag = (said: string): CatalogError =>
  new CatalogError('NotFoundException', `Tag definition does not exist: ${said}`)

/** A tag of another project is as missing as one that never was. */
export const findTagOf = async (
  tags: PermissionDeps['tags'],
  project: string,
  id: string,
): Promise<TagDefinition | undefined> => {
  const found = isId(id) ? await tags.findDefinition(id) : undefined
  return found?.projectId === project ? found : undefined
}

export const onTag = <Input extends ById>(deps: PermissionDeps): GovernedPlace<Input> =>
  byId<Input>(deps, missingTag, async (project, { id }) => {
    const record = await findTagOf(deps.tags, project, id)
    if (record === undefined) throw missingTag(id)
    return [governedTag(record)]
  })()

export const governedWarehouse = (project: string, id: string): Governed => ({
  resource: { kind: 'warehouse', project, warehouse: id },
  place: { object: `warehouse:${id}`, projectId: project, warehouseId: id },
})

export const onWarehouse = <Input extends ById>(deps: PermissionDeps): GovernedPlace<Input> =>
  byId<Input>(deps, missingWarehouse, async (project, input) => {
    const { id } = await findWarehouse(deps, { warehouse: null, project, input })
    return [governedWarehouse(project, id)]
  })()

const missingObject = (kind: FoundObject['kind'], id: string): CatalogError => {
  switch (kind) {
    case 'namespace':
      return new CatalogError('NoSuchNamespaceException', `Namespace does not exist: ${id}`)
    case 'view':
      return new CatalogError('NoSuchViewException', `View does not exist: ${id}`)
    default:
      return new CatalogError('NoSuchTableException', `Table does not exist: ${id}`)
  }
}

/** Undefined where nothing answers for it any more, or what does is not what it was when its id was given. */
export const govern = (
  { mounts, id: warehouse, projectId }: OpenWarehouse,
  { kind, namespace, name, contentId }: Omit<FoundObject, 'warehouseId'>,
): Governed | undefined => {
  const route = mounts.route(namespace)
  const { local, name: source } = route.source
  const mount = local ? {} : { mount: source }
  const at = { projectId, warehouseId: warehouse }
  if (name === undefined || kind === 'namespace')
    return {
      resource: { kind: 'namespace', warehouse, namespace, ...mount },
      place: { object: namespaceObject(warehouse, namespace), ...at, namespace },
      route,
    }
  const resource = { kind, warehouse, namespace, name, ...mount }
  if (contentId !== undefined)
    return local
      ? {
          resource: { ...resource, contentId },
          place: { object: contentObject(kind, contentId), ...at, contentId },
          route,
        }
      : undefined
  if (local) return undefined
  return {
    resource,
    place: { object: mountedObject(kind, warehouse, { namespace, name }), ...at, namespace, name },
    route,
  }
}

/** By the ids that clients were told. An object of another project is as missing as one that never was. */
export const findGoverned = async (
  deps: Pick<PermissionDeps, 'grants' | 'warehouses'>,
  project: string,
  wanted: { readonly kind: FoundObject['kind']; readonly id: string; readonly warehouse?: string },
): Promise<readonly [Governed, OpenWarehouse] | undefined> => {
  const found = isId(wanted.id) ? (await deps.grants.findObjects([wanted.id])).get(wanted.id) : undefined
  if (found?.kind !== wanted.kind) return undefined
  if (wanted.warehouse !== undefined && wanted.warehouse !== found.warehouseId) return undefined
  const warehouse = deps.warehouses.byPrefix(found.warehouseId)
  if (warehouse?.projectId !== project) return undefined
  const governed = govern(warehouse, found)
  return governed && [governed, warehouse]
}

export const onNamespace = <Input extends ById>(deps: PermissionDeps): GovernedPlace<Input> => {
  const missing = (id: string) => missingObject('namespace', id)
  return byId<Input>(deps, missing, async (project, { id }) => {
    const found = await findGoverned(deps, project, { kind: 'namespace', id })
    if (found === undefined) throw missing(id)
    return found
  })()
}

export const onContent = <Input extends AtContent>(
  deps: PermissionDeps,
  kind: FoundObject['kind'],
): GovernedPlace<Input> => {
  const missing = (id: string) => missingObject(kind, id)
  return byId<Input>(deps, missing, async (project, { id, objectId }) => {
    const found = await findGoverned(deps, project, { kind, id: objectId, warehouse: id })
    if (found === undefined) throw missing(objectId)
    return found
  })(({ objectId }) => objectId)
}

export const needing =
  (action: Action) =>
  ({ governed }: GovernedTarget<unknown>): readonly Need[] => [{ action, resource: governed.resource }]

/** On nothing older than the moment. */
export const circumstancesOf = async (
  { policyEpoch }: PermissionDeps,
  context: CallContext,
): Promise<Circumstances> => circumstancesIn(context, await policyEpoch())
