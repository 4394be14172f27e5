/** What the operations of the management face share: what they are made from, and where they act. */
import type { TSchema } from 'typebox'
import type { CallContext } from '#catalog/catalog.ts'
import { beforeChange } from '#catalog/certainty.ts'
import type { Need, Resource } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import type { Namespace } from '#model/identifier.ts'
import type { Sealing } from '#store/sealing.ts'
import type { Target, Task } from '../../operation.ts'
import type { StorageSecrets } from './literals.ts'
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
}

export interface ManagementDeps {
  readonly registry: Registry
  readonly server: ServerFacts
  /** The only one until projects are administered. */
  readonly projectId: string
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

/** Acts on the project as a whole. */
export interface ProjectTarget<Input> extends Target {
  readonly warehouse: null
  readonly input: Input
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
const isId = (text: string): boolean => uuid.test(text)

export const missingWarehouse = (id: string): CatalogError =>
  new CatalogError('NoSuchWarehouseException', `Warehouse does not exist: ${id}`)

export const missingConnection = (id: string): CatalogError =>
  new CatalogError('NoSuchConnectionException', `Connection does not exist: ${id}`)

export const findWarehouseTarget = async <Input extends ById>(
  { registry, projectId }: ManagementDeps,
  input: Input,
): Promise<WarehouseTarget<Input>> => {
  const record = isId(input.id) ? await registry.findWarehouse(projectId, input.id) : undefined
  if (record === undefined) throw missingWarehouse(input.id)
  return { warehouse: null, input, record }
}

/** A change of our own records that fails has not happened, unless it says that it may have: it may be tried again. */
export const certainly =
  <T extends Target, Output>(run: (task: Task<T>) => Promise<Output>) =>
  (task: Task<T>): Promise<Output> =>
    beforeChange(() => run(task))

/** Acts on an object that a repeated request may no longer find: run looks for it. */
export const aimAt =
  (missing: (id: string) => CatalogError) =>
  async <Input extends ById>(input: Input): Promise<ProjectTarget<Input>> => {
    if (!isId(input.id)) throw missing(input.id)
    return { warehouse: null, input }
  }

export const findConnection = async (
  { registry, projectId }: ManagementDeps,
  id: string,
): Promise<ConnectionRecord | undefined> => (isId(id) ? registry.findConnection(projectId, id) : undefined)

export const findConnectionTarget = async <Input extends ById>(
  deps: ManagementDeps,
  input: Input,
): Promise<ConnectionTarget<Input>> => {
  const record = await findConnection(deps, input.id)
  if (record === undefined) throw missingConnection(input.id)
  return { warehouse: null, input, record }
}

const projectResource = ({ projectId }: ManagementDeps): Resource => ({
  kind: 'project',
  project: projectId,
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

export const onProject = (deps: ManagementDeps, action: Need['action']) => (): readonly Need[] => [
  { action, resource: projectResource(deps) },
]
