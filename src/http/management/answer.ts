/** From the output of an operation to the wire forms of the management face (Lakekeeper's, where it has one). */
import { tagOf } from '#gateway/if-match.ts'
import type { Paged } from '#gateway/operations/management/paging.ts'
import type {
  ConnectionRecord,
  MountRecord,
  WarehouseRecord,
} from '#gateway/operations/management/registry.ts'
import { storageWire } from '#gateway/operations/management/storage-wire.ts'
import { inactiveOf, policiesWire } from '#gateway/operations/management/warehouse-policies.ts'
import type { JsonObject } from '#model/json.ts'
import { type Answer, type Header, jsonAnswer } from '../answer.ts'

const created = (value: JsonObject, headers: readonly Header[] = []): Answer => ({
  ...jsonAnswer(value, headers),
  status: 201,
})

/** A change that says `If-Match` happens to this version or not at all. */
const tagged = ({ version }: { readonly version: number }): readonly Header[] => [['ETag', tagOf(version)]]

const warehouseWire = (record: WarehouseRecord): JsonObject => ({
  id: record.id,
  'warehouse-id': record.id,
  name: record.name,
  'project-id': record.projectId,
  ...storageWire(record.storage),
  ...policiesWire(record.policies ?? {}),
  status: record.status,
  protected: record.protected,
  'allowed-locations': record.allowedLocations,
  'verify-metadata-file': record.verifyMetadataFile,
  'lakegate-inactive': inactiveOf(record.storage, record.policies ?? {}),
  'updated-at': record.updatedAt.toISOString(),
})

export const answerWarehouse = (record: WarehouseRecord): Answer =>
  jsonAnswer(warehouseWire(record), tagged(record))
export const answerCreatedWarehouse = (record: WarehouseRecord): Answer =>
  created(warehouseWire(record), tagged(record))
export const answerWarehouses = ({ items, nextPageToken }: Paged<WarehouseRecord>): Answer =>
  jsonAnswer({ warehouses: items.map(warehouseWire), 'next-page-token': nextPageToken })

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

export const answerConnection = (record: ConnectionRecord): Answer =>
  jsonAnswer(connectionWire(record), tagged(record))
export const answerCreatedConnection = (record: ConnectionRecord): Answer =>
  created(connectionWire(record), tagged(record))
export const answerConnections = ({ items, nextPageToken }: Paged<ConnectionRecord>): Answer =>
  jsonAnswer({ connections: items.map(connectionWire), 'next-page-token': nextPageToken })

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
