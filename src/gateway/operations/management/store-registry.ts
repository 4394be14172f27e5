/** The registry on our store: each change in one transaction with its receipt. */
import type { CallContext } from '#catalog/catalog.ts'
import type { EventDraft } from '#model/event.ts'
import { type JsonObject, stringifyJson } from '#model/json.ts'
import * as connections from '#store/connections.ts'
import type { Database } from '#store/database.ts'
import * as mounts from '#store/mounts.ts'
import { giveOwnership } from '#store/ownership.ts'
import { assignDefaultWarehouse, findProject } from '#store/projects.ts'
import { insertSecrets } from '#store/secrets.ts'
import * as warehouses from '#store/warehouses.ts'
import type { ConnectionRecord, MountRecord, Registry, StorageRecord, WarehouseRecord } from './registry.ts'
import { type Change, createChange, type StoreChangeDeps } from './store-change.ts'

/** Lists are whole: a project has few of these. */
const everything = { limit: 100_000 }

const warehouseOf = ({ settings, ...row }: warehouses.WarehouseRecord): WarehouseRecord => ({
  ...row,
  policies: settings as JsonObject,
  storage: {
    kind: row.storage.kind === 's3' ? 's3' : 'file',
    location: row.storage.location,
    settings: row.storage.settings as JsonObject,
  },
})

const connectionOf = (row: connections.ConnectionRecord): ConnectionRecord => ({
  ...row,
  config: row.config as JsonObject,
})

/** The query builder asks every value for its prototype, which decoded JSON does not have. */
const withPrototype = (config: JsonObject): JsonObject => JSON.parse(stringifyJson(config)) as JsonObject

const asColumns = <T extends { readonly config?: JsonObject }>(draft: T): T =>
  draft.config === undefined ? draft : { ...draft, config: withPrototype(draft.config) }

/** The object as the caller has seen it. */
const seen = ({ version }: CallContext, id: string) => (version === undefined ? { id } : { id, version })

/** Of the storage's settings too: members of a profile are decoded JSON. */
const withPolicies = <T extends { readonly policies?: JsonObject; readonly storage?: StorageRecord }>({
  policies,
  ...rest
}: T) => ({
  ...rest,
  ...(rest.storage === undefined
    ? {}
    : { storage: { ...rest.storage, settings: withPrototype(rest.storage.settings) } }),
  ...(policies === undefined ? {} : { settings: withPrototype(policies) }),
})

const mountOf = ({ connection, ...row }: mounts.MountRecord): MountRecord => ({
  ...row,
  connectionName: connection,
})

/** Names the object in the event, so that its consumers need not ask for it. */
const eventOf = (type: string, object: { readonly id: string; readonly name?: string }): EventDraft => ({
  type,
  object: object.id,
  warehouse: type.startsWith('warehouse.') ? object.id : '',
  data: object.name === undefined ? {} : { name: object.name },
})

const mountEvent = (type: string, mount: MountRecord): EventDraft => ({
  type,
  object: mount.id,
  warehouse: mount.warehouseId,
  data: { namespace: mount.namespace, connection: mount.connectionName },
})

type WarehouseMembers = Pick<
  Registry,
  | 'listWarehouses'
  | 'listAllWarehouses'
  | 'findWarehouse'
  | 'createWarehouse'
  | 'changeWarehouse'
  | 'removeWarehouse'
>

const warehouseMembers = (database: Database, change: Change): WarehouseMembers => ({
  listWarehouses: async (projectId) =>
    (await warehouses.listWarehouses(database, projectId, everything)).map(warehouseOf),
  listAllWarehouses: async () => (await warehouses.listAllWarehouses(database)).map(warehouseOf),
  findWarehouse: async (projectId, id) => {
    const row = await warehouses.findWarehouseById(database, id)
    return row?.projectId === projectId ? warehouseOf(row) : undefined
  },
  createWarehouse: (context, projectId, { secrets = [], ...draft }) =>
    change(context, async (tx) => {
      const createdBy = context.principal.id
      const result = warehouseOf(
        await warehouses.insertWarehouse(tx, { ...withPolicies(draft), projectId, createdBy }),
      )
      await insertSecrets(tx, secrets)
      const project = await findProject(tx, projectId)
      if (project?.defaultWarehouse === null) await assignDefaultWarehouse(tx, projectId, result.id)
      const place = { object: `warehouse:${result.id}`, projectId, warehouseId: result.id } as const
      const more = await giveOwnership(tx, context.principal, place)
      return { result, event: eventOf('warehouse.created', result), more }
    }),
  changeWarehouse: (context, id, { secrets = [], ...asked }) =>
    change(context, async (tx) => {
      await insertSecrets(tx, secrets)
      const result = warehouseOf(await warehouses.updateWarehouse(tx, seen(context, id), withPolicies(asked)))
      return { result, event: eventOf('warehouse.changed', result) }
    }),
  removeWarehouse: (context, id) =>
    change(context, async (tx) => {
      const row = await warehouses.deleteWarehouse(tx, seen(context, id))
      return { result: undefined, event: eventOf('warehouse.deleted', row) }
    }),
})

type ConnectionMembers = Pick<
  Registry,
  | 'listConnections'
  | 'listAllConnections'
  | 'findConnection'
  | 'createConnection'
  | 'changeConnection'
  | 'removeConnection'
>

const connectionMembers = (database: Database, change: Change): ConnectionMembers => ({
  listConnections: async (projectId) =>
    (await connections.listConnections(database, projectId, everything)).map(connectionOf),
  listAllConnections: async () => (await connections.listAllConnections(database)).map(connectionOf),
  findConnection: async (projectId, id) => {
    const row = await connections.findConnection(database, id)
    return row?.projectId === projectId ? connectionOf(row) : undefined
  },
  createConnection: (context, projectId, { secrets = [], ...draft }) =>
    change(context, async (tx) => {
      const result = connectionOf(await connections.insertConnection(tx, { ...asColumns(draft), projectId }))
      await insertSecrets(tx, secrets)
      const place = { object: `connection:${result.id}`, projectId } as const
      const more = await giveOwnership(tx, context.principal, place)
      return { result, event: eventOf('connection.created', result), more }
    }),
  changeConnection: (context, id, { secrets = [], ...asked }) =>
    change(context, async (tx) => {
      await insertSecrets(tx, secrets)
      const result = connectionOf(await connections.updateConnection(tx, seen(context, id), asColumns(asked)))
      return { result, event: eventOf('connection.changed', result) }
    }),
  removeConnection: (context, id) =>
    change(context, async (tx) => {
      const row = await connections.deleteConnection(tx, seen(context, id))
      return { result: undefined, event: eventOf('connection.deleted', row) }
    }),
})

type MountMembers = Pick<Registry, 'listMounts' | 'createMount' | 'removeMount'>

const mountMembers = (database: Database, change: Change): MountMembers => ({
  listMounts: async (warehouseId) => (await mounts.listMounts(database, warehouseId)).map(mountOf),
  createMount: (context, draft) =>
    change(context, async (tx) => {
      const result = mountOf(await mounts.insertMount(tx, draft))
      return { result, event: mountEvent('mount.created', result) }
    }),
  removeMount: (context, mount) =>
    change(context, async (tx) => {
      await mounts.deleteMount(tx, mount)
      return { result: undefined, event: mountEvent('mount.deleted', mount) }
    }),
})

export const createStoreRegistry = (deps: StoreChangeDeps): Registry => {
  const { database } = deps
  const change = createChange(deps)
  return {
    ...warehouseMembers(database, change),
    ...connectionMembers(database, change),
    ...mountMembers(database, change),
  }
}
