/** The operations on mounts of a warehouse. */
import { type Static, Type } from 'typebox'
import type { Resource } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import type { Operation, Task } from '../../operation.ts'
import { replayDone } from '../replays.ts'
import {
  atWarehouse,
  type ById,
  certainly,
  connectionResource,
  lookForConnection,
  type ManagementDeps,
  missingConnection,
  onWarehouse,
  type WarehouseTarget,
  warehouseResource,
} from './place.ts'
import type { ConnectionRecord, MountRecord, WarehouseRecord } from './registry.ts'
import { replayMade } from './replays.ts'

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

/** A missing connection is told to those who may change the warehouse: to others it would show that the warehouse is there. */
interface NewMountTarget extends WarehouseTarget<CreateMount> {
  readonly connection: ConnectionRecord | undefined
}

/** What is mounted is seen as far as its place may be. */
const placeResource = (
  { id, projectId }: WarehouseRecord,
  { namespace, connectionName }: MountRecord,
): Resource =>
  namespace.length === 0
    ? { kind: 'warehouse', project: projectId, warehouse: id }
    : { kind: 'namespace', warehouse: id, namespace, mount: connectionName }

/** Whoever manages the warehouse sees all of its mounts, also those whose content is none of his business. */
const listSeen = async (
  { registry }: ManagementDeps,
  { target: { record }, visible }: Task<WarehouseTarget<ById>>,
): Promise<readonly MountRecord[]> => {
  const mounts = await registry.listMounts(record.id)
  const managed = await visible('manage', [record], warehouseResource)
  return managed.length > 0 ? mounts : visible('describe', mounts, (mount) => placeResource(record, mount))
}

const listMounts = (
  deps: ManagementDeps,
): Operation<ById, WarehouseTarget<ById>, readonly MountRecord[]> => ({
  name: 'listMounts',
  kind: 'read',
  success: 200,
  ...atWarehouse(deps),
  needs: onWarehouse('describe'),
  run: (task) => listSeen(deps, task),
})

const createMount = (deps: ManagementDeps): Operation<CreateMount, NewMountTarget, MountRecord> => ({
  name: 'createMount',
  kind: 'change',
  success: 201,
  ...atWarehouse(deps),
  resolve: async (input, ...where) => {
    const target = await atWarehouse<CreateMount>(deps).resolve(input, ...where)
    const connection = await lookForConnection(deps, target.project, input.body['connection-id'])
    return { ...target, connection }
  },
  needs: (target) => [
    ...onWarehouse('manage')(target),
    ...(target.connection === undefined
      ? []
      : [{ action: 'use', resource: connectionResource(target.connection) } as const]),
  ],
  run: certainly(async ({ context, target: { record, connection, input } }) => {
    const { namespace } = input.body
    if (connection === undefined) throw missingConnection(input.body['connection-id'])
    await deps.checkMount(context, { warehouse: record, namespace, connection })
    return deps.registry.createMount(context, {
      warehouseId: record.id,
      namespace,
      connectionId: connection.id,
    })
  }),
  replay: replayMade(
    async ({ record }, id) => (await deps.registry.listMounts(record.id)).find((mount) => mount.id === id),
    ({ input }) => missingMount(input.body.namespace.join('.')),
  ),
})

const missingMount = (mount: string): CatalogError =>
  new CatalogError('NotFoundException', `Mount does not exist: ${mount}`)

const theOne = (mounts: readonly MountRecord[], { mountId }: AtMount): MountRecord => {
  const mount = mounts.find(({ id }) => id === mountId)
  if (mount === undefined) throw missingMount(mountId)
  return mount
}

const getMount = (deps: ManagementDeps): Operation<AtMount, WarehouseTarget<AtMount>, MountRecord> => ({
  name: 'getMount',
  kind: 'read',
  success: 200,
  ...atWarehouse(deps),
  needs: onWarehouse('describe'),
  run: async (task) => theOne(await listSeen(deps, task), task.target.input),
})

const deleteMount = (deps: ManagementDeps): Operation<AtMount, WarehouseTarget<AtMount>, void> => ({
  name: 'deleteMount',
  kind: 'change',
  success: 204,
  ...atWarehouse(deps),
  needs: onWarehouse('manage'),
  run: certainly(async ({ context, target }) =>
    deps.registry.removeMount(
      context,
      theOne(await deps.registry.listMounts(target.record.id), target.input),
    ),
  ),
  replay: replayDone,
})

export const createMountOperations = (deps: ManagementDeps) => ({
  listMounts: listMounts(deps),
  createMount: createMount(deps),
  getMount: getMount(deps),
  deleteMount: deleteMount(deps),
})
