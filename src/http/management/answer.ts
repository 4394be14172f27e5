/** From the output of an operation to the wire forms of the management face (Lakekeeper's, where it has one). */
import type {
  ConnectionRecord,
  MountRecord,
  WarehouseRecord,
} from '#gateway/operations/management/registry.ts'
import { storageWire } from '#gateway/operations/management/storage-wire.ts'
import type { JsonObject } from '#model/json.ts'
import { type Answer, jsonAnswer } from '../answer.ts'

const created = (value: JsonObject): Answer => ({ ...jsonAnswer(value), status: 201 })

const warehouseWire = (record: WarehouseRecord): JsonObject => ({
  id: record.id,
  'warehouse-id': record.id,
  name: record.name,
  'project-id': record.projectId,
  ...storageWire(record.storage),
  'delete-profile': { type: 'hard' },
  status: record.status,
  protected: record.protected,
  'allowed-format-versions': [1, 2, 3],
  'allowed-locations': record.allowedLocations,
  'verify-metadata-file': record.verifyMetadataFile,
  'updated-at': record.updatedAt.toISOString(),
})

export const answerWarehouse = (record: WarehouseRecord): Answer => jsonAnswer(warehouseWire(record))
export const answerCreatedWarehouse = (record: WarehouseRecord): Answer => created(warehouseWire(record))
export const answerWarehouses = (records: readonly WarehouseRecord[]): Answer =>
  jsonAnswer({ warehouses: records.map(warehouseWire) })

export const answerProtection = (record: WarehouseRecord): Answer =>
  jsonAnswer({ protected: record.protected, updated_at: record.updatedAt.toISOString() })

const connectionWire = (record: ConnectionRecord): JsonObject => ({
  'connection-id': record.id,
  name: record.name,
  'project-id': record.projectId,
  kind: record.kind,
  config: record.config,
  'updated-at': record.updatedAt.toISOString(),
})

export const answerConnection = (record: ConnectionRecord): Answer => jsonAnswer(connectionWire(record))
export const answerCreatedConnection = (record: ConnectionRecord): Answer => created(connectionWire(record))
export const answerConnections = (records: readonly ConnectionRecord[]): Answer =>
  jsonAnswer({ connections: records.map(connectionWire) })

const mountWire = (record: MountRecord): JsonObject => ({
  'mount-id': record.id,
  'warehouse-id': record.warehouseId,
  namespace: record.namespace,
  'connection-id': record.connectionId,
  'connection-name': record.connectionName,
})

export const answerMount = (record: MountRecord): Answer => jsonAnswer(mountWire(record))
export const answerCreatedMount = (record: MountRecord): Answer => created(mountWire(record))
export const answerMounts = (records: readonly MountRecord[]): Answer =>
  jsonAnswer({ mounts: records.map(mountWire) })
