/** What the operations of the management face share: what they are made from, and where they act. */
import type { TSchema } from 'typebox'
import type { CallContext } from '#catalog/catalog.ts'
import { beforeChange } from '#catalog/certainty.ts'
import type { Need, Principal, Resource } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import type { Namespace } from '#model/identifier.ts'
import type { Sealing } from '#store/sealing.ts'
import type { Target, Task, Within } from '../../operation.ts'
import type { PageTokens } from '../../page-token.ts'
import type { StorageSecrets } from './literals.ts'
import type { ProjectRegistry } from './project-registry.ts'
import type {
  ConnectionRecord,
  Registry,
  StorageRecord,
  WarehouseDraft,
  WarehouseRecord,
} from './registry.ts'

export interface ServerFacts {
  readonly id: string
  readonly version: string
  /** By whom it is decided what is allowed. */
  readonly authorizer?: string
  /** Nobody is asked who they are. */
  readonly development?: boolean
}

export interface ManagementDeps {
  readonly registry: Registry
  readonly server: ServerFacts
  /** The project of requests that name none. */
  readonly projectId: string
  readonly projects: ProjectRegistry
  readonly pageTokens: PageTokens
  /** By kind. */
  readonly connectors: ReadonlyMap<string, { readonly schema: TSchema }>
  /** Writes, reads, lists and deletes a probe object; BadRequest naming what failed. */
  checkStorage(
    storage: StorageRecord,
    allowedLocations: WarehouseDraft['allowedLocations'],
    secrets: StorageSecrets,
  ): Promise<void>
  /** Literal secrets are sealed as they arrive. */
  readonly sealing: Pick<Sealing, 'seal'>
  /** The mount law: BadRequest for a loop, AlreadyExists for a duplicate, Conflict over local content. */
  checkMount(context: CallContext, mount: NewMountPlace): Promise<void>
}

interface NewMountPlace {
  readonly warehouse: WarehouseRecord
  readonly namespace: Namespace
  readonly connection: ConnectionRecord
}

/** Acts on the server as a whole. */
export interface ServerTarget<Input> extends Target {
  readonly warehouse: null
  readonly input: Input
}

/** Acts on the project as a whole, or on something inside. */
export interface ProjectTarget<Input> extends ServerTarget<Input> {
  readonly project: string
}

export interface WarehouseTarget<Input> extends ProjectTarget<Input> {
  readonly record: WarehouseRecord
}

export interface ConnectionTarget<Input> extends ProjectTarget<Input> {
  readonly record: ConnectionRecord
}

export interface ById {
  readonly id: string
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** True for what may be an id; anything else is simply not there. */
export const isId = (text: string): boolean => uuid.test(text)

export const missingWarehouse = (id: string): CatalogError =>
  new CatalogError('NoSuchWarehouseException', `Warehouse does not exist: ${id}`)

export const missingConnection = (id: string): CatalogError =>
  new CatalogError('NoSuchConnectionException', `Connection does not exist: ${id}`)

export const missingProject = (id: string): CatalogError =>
  new CatalogError('NotFoundException', `Project does not exist: ${id}`)

/** As `x-project-id` names it. */
type Named = string | undefined

/** Where an operation acts: the two members of an operation that depend on it. */
export interface Place<Input, T> {
  within(input: Input, named: Named): Within
  resolve(input: Input, asker: Principal, named: Named): Promise<T>
}

export const withinProject = (project: string): Within => ({
  project,
  missing: () => missingProject(project),
})

/** NotFound for a project that is not there: who may enter every project is told so. */
export const openProject = async ({ projects, projectId }: ManagementDeps, named: Named): Promise<string> => {
  const project = named ?? projectId
  if (!(await projects.knows(project))) throw missingProject(project)
  return project
}

/** The project that the request names, as a whole. */
export const inProject = <Input>(deps: ManagementDeps): Place<Input, ProjectTarget<Input>> => ({
  within: (_input, named) => withinProject(named ?? deps.projectId),
  resolve: async (input, _asker, named) => ({
    warehouse: null,
    project: await openProject(deps, named),
    input,
  }),
})

/** A warehouse of another project is as missing as one that never was. */
export const findWarehouse = async (
  { registry }: ManagementDeps,
  { project, input }: ProjectTarget<ById>,
): Promise<WarehouseRecord> => {
  const record = isId(input.id) ? await registry.findWarehouse(project, input.id) : undefined
  if (record === undefined) throw missingWarehouse(input.id)
  return record
}

export const atWarehouse = <Input extends ById>(
  deps: ManagementDeps,
): Place<Input, WarehouseTarget<Input>> => ({
  ...inProject<Input>(deps),
  resolve: async (input, asker, named) => {
    const target = await inProject<Input>(deps).resolve(input, asker, named)
    return { ...target, record: await findWarehouse(deps, target) }
  },
})

/** A change of our own records that fails has not happened, unless it says that it may have: it may be tried again. */
export const certainly =
  <T extends Target, Output>(run: (task: Task<T>) => Promise<Output>) =>
  (task: Task<T>): Promise<Output> =>
    beforeChange(() => run(task))

/** Acts on an object that a repeated request may no longer find: run looks for it. */
export const toward = <Input extends ById>(
  deps: ManagementDeps,
  missing: (id: string) => CatalogError,
): Place<Input, ProjectTarget<Input>> => ({
  ...inProject<Input>(deps),
  resolve: async (input, asker, named) => {
    if (!isId(input.id)) throw missing(input.id)
    return inProject<Input>(deps).resolve(input, asker, named)
  },
})

/** Undefined where the project has none of the id. */
export const lookForConnection = async (
  { registry }: ManagementDeps,
  project: string,
  id: string,
): Promise<ConnectionRecord | undefined> => (isId(id) ? registry.findConnection(project, id) : undefined)

export const findConnection = async (
  deps: ManagementDeps,
  { project, input }: ProjectTarget<ById>,
): Promise<ConnectionRecord> => {
  const record = await lookForConnection(deps, project, input.id)
  if (record === undefined) throw missingConnection(input.id)
  return record
}

export const atConnection = <Input extends ById>(
  deps: ManagementDeps,
): Place<Input, ConnectionTarget<Input>> => ({
  ...inProject<Input>(deps),
  resolve: async (input, asker, named) => {
    const target = await inProject<Input>(deps).resolve(input, asker, named)
    return { ...target, record: await findConnection(deps, target) }
  },
})

interface InProject {
  readonly projectId: string
  readonly id: string
}

export const warehouseResource = ({ projectId, id }: InProject): Resource => ({
  kind: 'warehouse',
  project: projectId,
  warehouse: id,
})

export const connectionResource = ({ projectId, id }: InProject): Resource => ({
  kind: 'connection',
  project: projectId,
  connection: id,
})

export const onWarehouse =
  (action: Need['action']) =>
  ({ record }: WarehouseTarget<unknown>): readonly Need[] => [{ action, resource: warehouseResource(record) }]

export const onConnection =
  (action: Need['action']) =>
  ({ record }: ConnectionTarget<unknown>): readonly Need[] => [
    { action, resource: connectionResource(record) },
  ]

export const onProject =
  (action: Need['action']) =>
  ({ project }: ProjectTarget<unknown>): readonly Need[] => [
    { action, resource: { kind: 'project', project } },
  ]
