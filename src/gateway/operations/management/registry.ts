/**
 * The port: where warehouses, connections and mounts are recorded. Every change writes its receipt in its own
 * transaction and raises the server's epoch, so that every replica takes it up.
 */
import type { CallContext } from '#catalog/catalog.ts'
import type { Namespace } from '#model/identifier.ts'
import type { JsonObject } from '#model/json.ts'
import type { SealedSecret } from '#store/sealing.ts'

export interface WarehouseRecord {
  readonly id: string
  readonly projectId: string
  readonly name: string
  readonly status: 'active' | 'inactive'
  readonly protected: boolean
  readonly storage: StorageRecord
  readonly allowedLocations: readonly string[]
  /** Null: decided by the kind of store. */
  readonly verifyMetadataFile: boolean | null
  /** What was declared and has no effect yet (`warehouse-policies.ts`). */
  readonly policies?: JsonObject
  /** Raised by every change. */
  readonly version: number
  readonly updatedAt: Date
}

/** Where a warehouse's data lies. `settings` is what the kind of store needs; secrets stand in it as references. */
export interface StorageRecord {
  readonly kind: 'file' | 's3'
  /** The client's own spelling, without a trailing slash. */
  readonly location: string
  readonly settings: JsonObject
}

/** What its settings refer to and was not recorded before: written with it, and deleted with it. */
interface WithSecrets {
  readonly secrets?: readonly SealedSecret[]
}

export interface WarehouseDraft extends WithSecrets {
  readonly name: string
  readonly storage: StorageRecord
  readonly allowedLocations: readonly string[]
  readonly verifyMetadataFile: boolean | null
  readonly policies?: JsonObject
}

export interface WarehouseChange extends WithSecrets {
  readonly name?: string
  readonly status?: WarehouseRecord['status']
  readonly protected?: boolean
  readonly storage?: StorageRecord
  readonly allowedLocations?: readonly string[]
  readonly verifyMetadataFile?: boolean | null
  readonly policies?: JsonObject
}

export interface ConnectionRecord {
  readonly id: string
  readonly projectId: string
  readonly name: string
  readonly kind: string
  /** As declared: secrets are references. */
  readonly config: JsonObject
  /** Raised by every change. */
  readonly version: number
  readonly updatedAt: Date
}

interface ConnectionDraft extends WithSecrets {
  readonly name: string
  readonly kind: string
  readonly config: JsonObject
}

export interface MountRecord {
  readonly id: string
  readonly warehouseId: string
  readonly namespace: Namespace
  readonly connectionId: string
  readonly connectionName: string
}

interface MountDraft {
  readonly warehouseId: string
  readonly namespace: Namespace
  readonly connectionId: string
}

/** Absent objects are undefined to a finder; a change of one throws NoSuchWarehouse, NoSuchConnection or NotFound. */
export interface Registry {
  listWarehouses(projectId: string): Promise<readonly WarehouseRecord[]>
  /** Of every project, to open them: nobody is shown this list. */
  listAllWarehouses(): Promise<readonly WarehouseRecord[]>
  findWarehouse(projectId: string, id: string): Promise<WarehouseRecord | undefined>
  /**
   * With its `main` line. AlreadyExists when the project has one of the name, BadRequest when another warehouse lies at,
   * above or below its location. The first of a project becomes its default.
   */
  createWarehouse(context: CallContext, projectId: string, draft: WarehouseDraft): Promise<WarehouseRecord>
  /** BadRequest when its new storage is another warehouse's, in whole or in part. */
  changeWarehouse(context: CallContext, id: string, change: WarehouseChange): Promise<WarehouseRecord>
  /** Conflict while it is protected or holds a namespace, table, view or mount. */
  removeWarehouse(context: CallContext, id: string): Promise<void>
  listConnections(projectId: string): Promise<readonly ConnectionRecord[]>
  /** Of every project, to open them: nobody is shown this list. */
  listAllConnections(): Promise<readonly ConnectionRecord[]>
  findConnection(projectId: string, id: string): Promise<ConnectionRecord | undefined>
  createConnection(context: CallContext, projectId: string, draft: ConnectionDraft): Promise<ConnectionRecord>
  changeConnection(
    context: CallContext,
    id: string,
    change: Partial<ConnectionDraft>,
  ): Promise<ConnectionRecord>
  /** Conflict while a mount uses it. */
  removeConnection(context: CallContext, id: string): Promise<void>
  /** In configured order, which is the order of listings. */
  listMounts(warehouseId: string): Promise<readonly MountRecord[]>
  /** AlreadyExists when something is mounted there. Comes last in the order. */
  createMount(context: CallContext, draft: MountDraft): Promise<MountRecord>
  removeMount(context: CallContext, mount: MountRecord): Promise<void>
}
