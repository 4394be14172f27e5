/** The operations on mounts of a warehouse. */
import { type Static, Type } from 'typebox'
import { CatalogError } from '#model/errors.ts'
import type { Operation } from '../../operation.ts'
import {
  type ById,
  connectionResource,
  findConnectionTarget,
  findWarehouseTarget,
  type ManagementDeps,
  onWarehouse,
  type WarehouseTarget,
} from './place.ts'
import type { ConnectionRecord, MountRecord } from './registry.ts'

export const createMountSchema = Type.Object(
  {
    namespace: Type.Array(Type.String({ minLength: 1 }), { maxItems: 16 }),
    'connection-id': Type.String({ minLength: 1 }),
  },
  { additionalProperties: false },
)

/** `id` is the warehouse's. */
export interface CreateMount extends ById {
  readonly body: Static<typeof createMountSchema>
}

export interface AtMount extends ById {
  readonly mountId: string
}

interface NewMountTarget extends WarehouseTarget<CreateMount> {
  readonly connection: ConnectionRecord
}

interface MountTarget extends WarehouseTarget<AtMount> {
  readonly mount: MountRecord
}

const listMounts = (
  deps: ManagementDeps,
): Operation<ById, WarehouseTarget<ById>, readonly MountRecord[]> => ({
  name: 'listMounts',
  kind: 'read',
  success: 200,
  resolve: (input) => findWarehouseTarget(deps, input),
  needs: onWarehouse('describe'),
  run: ({ target }) => deps.registry.listMounts(target.record.id),
})

const createMount = (deps: ManagementDeps): Operation<CreateMount, NewMountTarget, MountRecord> => ({
  name: 'createMount',
  kind: 'change',
  success: 201,
  resolve: async (input) => {
    const target = await findWarehouseTarget(deps, input)
    const { record } = await findConnectionTarget(deps, { id: input.body['connection-id'] })
    return { ...target, connection: record }
  },
  needs: (target) => [
    ...onWarehouse('manage')(target),
    { action: 'manage', resource: connectionResource(target.connection) },
  ],
  run: async ({ context, target: { record, connection, input } }) => {
    const { namespace } = input.body
    await deps.checkMount(context, { warehouse: record, namespace, connection })
    return deps.registry.createMount(context, {
      warehouseId: record.id,
      namespace,
      connectionId: connection.id,
    })
  },
})

const findMountTarget = async (deps: ManagementDeps, input: AtMount): Promise<MountTarget> => {
  const target = await findWarehouseTarget(deps, input)
  const mounts = await deps.registry.listMounts(target.record.id)
  const mount = mounts.find(({ id }) => id === input.mountId)
  if (mount === undefined)
    throw new CatalogError('NotFoundException', `Mount does not exist: ${input.mountId}`)
  return { ...target, mount }
}

const getMount = (deps: ManagementDeps): Operation<AtMount, MountTarget, MountRecord> => ({
  name: 'getMount',
  kind: 'read',
  success: 200,
  resolve: (input) => findMountTarget(deps, input),
  needs: onWarehouse('describe'),
  run: async ({ target }) => target.mount,
})

const deleteMount = (deps: ManagementDeps): Operation<AtMount, MountTarget, void> => ({
  name: 'deleteMount',
  kind: 'change',
  success: 204,
  resolve: (input) => findMountTarget(deps, input),
  needs: onWarehouse('manage'),
  run: ({ context, target }) => deps.registry.removeMount(context, target.mount),
})

export const createMountOperations = (deps: ManagementDeps) => ({
  listMounts: listMounts(deps),
  createMount: createMount(deps),
  getMount: getMount(deps),
  deleteMount: deleteMount(deps),
})
