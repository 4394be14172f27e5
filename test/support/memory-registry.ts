/** A registry in memory that notes every change. */
import { randomUUID } from 'node:crypto'
import type {
  ConnectionRecord,
  MountRecord,
  Registry,
  WarehouseRecord,
} from '#gateway/operations/management/registry.ts'

export interface MemoryRegistry extends Registry {
  /** Names of the members that changed something. */
  readonly changes: string[]
  readonly warehouse: WarehouseRecord
  readonly connection: ConnectionRecord
  readonly mount: MountRecord
}

const stamp = { version: 1, updatedAt: new Date(0) }

/** Holds one warehouse, one connection and one mount; changes are noted, not made. */
export const createMemoryRegistry = (projectId: string): MemoryRegistry => {
  const changes: string[] = []
  const warehouse: WarehouseRecord = {
    ...{ id: randomUUID(), projectId, name: 'lake', status: 'active', protected: false },
    storage: { kind: 'file', location: 'file:///lake', settings: {} },
    ...{ allowedLocations: [], verifyMetadataFile: null, ...stamp },
  }
  const connection: ConnectionRecord = {
    ...{ id: randomUUID(), projectId, name: 'far', kind: 'iceberg-rest', config: {}, ...stamp },
  }
  const mount: MountRecord = {
    ...{ id: randomUUID(), warehouseId: warehouse.id, namespace: ['far'] },
    ...{ connectionId: connection.id, connectionName: 'far' },
  }
  const note =
    <T>(name: string, result: T) =>
    async (): Promise<T> => {
      changes.push(name)
      return result
    }
  return {
    ...{ changes, warehouse, connection, mount },
    listWarehouses: async () => [warehouse],
    listAllWarehouses: async () => [warehouse],
    findWarehouse: async (_project, id) => (id === warehouse.id ? warehouse : undefined),
    createWarehouse: note('createWarehouse', warehouse),
    changeWarehouse: note('changeWarehouse', warehouse),
    removeWarehouse: note('removeWarehouse', undefined),
    listConnections: async () => [connection],
    listAllConnections: async () => [connection],
    findConnection: async (_project, id) => (id === connection.id ? connection : undefined),
    createConnection: note('createConnection', connection),
    changeConnection: note('changeConnection', connection),
    removeConnection: note('removeConnection', undefined),
    listMounts: async () => [mount],
    createMount: note('createMount', mount),
    removeMount: note('removeMount', undefined),
  }
}
