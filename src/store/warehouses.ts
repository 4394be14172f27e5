/** Warehouses with their storage profile. Creating one also creates its `main` line. */

import { CatalogError } from '#model/errors.ts'
import { checkVersion, type NamePage, refusing } from './administration.ts'
import { moveClaims } from './claims.ts'
import type { Sql, Transaction } from './database.ts'
import { and, asc, eq, sql as fragment, gt } from './drizzle.ts'
import { createMainLine, hasContent } from './entries-lines.ts'
import { holdLines } from './entries-write.ts'
import { endObject } from './grant-removal.ts'
import { line, project, ref, storageProfile, warehouse } from './schema.ts'
import { releaseSecrets } from './secrets.ts'
import { raiseEpoch } from './server.ts'
import { checkApart, lockPlaces } from './warehouse-places.ts'

interface StorageRecord {
  /** `file`, `s3`. */
  readonly kind: string
  /** Under which new tables get their locations. */
  readonly location: string
  /** Endpoint, region, path style, and references to secrets (`env:NAME`, `file:/path`). */
  readonly settings: Readonly<Record<string, unknown>>
}

export interface WarehouseRecord {
  /** A uuid in lower case: also the prefix of its routes. */
  readonly id: string
  readonly projectId: string
  readonly name: string
  readonly status: 'active' | 'inactive'
  /** Refuses to be deleted. */
  readonly protected: boolean
  readonly storage: StorageRecord
  readonly allowedLocations: readonly string[]
  /** Null: decided by the kind of store. */
  readonly verifyMetadataFile: boolean | null
  /** What `purgeRequested` means where a client does not send it. */
  readonly purgeByDefault: boolean
  /** Null: the server's. */
  readonly historyRetentionSeconds: number | null
  /** What was declared and is only told back. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

interface WarehouseSettings {
  readonly name: string
  readonly status: 'active' | 'inactive'
  readonly protected: boolean
  readonly allowedLocations: readonly string[]
  readonly verifyMetadataFile: boolean | null
  readonly purgeByDefault: boolean
  readonly historyRetentionSeconds: number | null
  readonly settings: Readonly<Record<string, unknown>>
}

export interface WarehouseDraft extends Partial<WarehouseSettings> {
  readonly projectId: string
  readonly name: string
  readonly storage: StorageRecord
  /** The principal's id. */
  readonly createdBy: string
}

export interface WarehouseChange extends Partial<WarehouseSettings> {
  readonly storage?: StorageRecord
}

const columns = {
  id: warehouse.id,
  projectId: warehouse.projectId,
  name: warehouse.name,
  status: warehouse.status,
  protected: warehouse.protected,
  allowedLocations: warehouse.allowedLocations,
  verifyMetadataFile: warehouse.verifyMetadataFile,
  purgeByDefault: warehouse.purgeByDefault,
  historyRetentionSeconds: warehouse.historyRetentionSeconds,
  settings: warehouse.settings,
  version: warehouse.version,
  createdAt: warehouse.createdAt,
  updatedAt: warehouse.updatedAt,
  storage: {
    kind: storageProfile.kind,
    location: storageProfile.location,
    settings: storageProfile.settings,
  },
}

interface Row extends Omit<WarehouseRecord, 'status' | 'storage' | 'settings'> {
  readonly status: string
  readonly settings: unknown
  readonly storage: Omit<StorageRecord, 'settings'> & { readonly settings: unknown }
}

const recordOf = (row: Row): WarehouseRecord => ({
  ...row,
  status: row.status === 'inactive' ? 'inactive' : 'active',
  settings: row.settings as WarehouseRecord['settings'],
  storage: { ...row.storage, settings: row.storage.settings as StorageRecord['settings'] },
})

const firstProfile = and(eq(storageProfile.warehouseId, warehouse.id), eq(storageProfile.position, 0))

const missing = (what: string): CatalogError =>
  new CatalogError('NoSuchWarehouseException', `Warehouse does not exist: ${what}`)
const taken = (name: string): string => `Warehouse already exists: ${name}`

export const findWarehouseById = async (sql: Sql, id: string): Promise<WarehouseRecord | undefined> => {
  const rows = await sql.orm((orm) =>
    orm.select(columns).from(warehouse).innerJoin(storageProfile, firstProfile).where(eq(warehouse.id, id)),
  )
  return rows.map(recordOf)[0]
}

/** Every warehouse of the server, to open them. */
export const listAllWarehouses = async (sql: Sql): Promise<readonly WarehouseRecord[]> => {
  const rows = await sql.orm((orm) =>
    orm
      .select(columns)
      .from(warehouse)
      .innerJoin(storageProfile, firstProfile)
      .orderBy(asc(warehouse.projectId), asc(warehouse.name)),
  )
  return rows.map(recordOf)
}

/** In byte order of their names. */
export const listWarehouses = async (
  sql: Sql,
  projectId: string,
  page: NamePage,
): Promise<readonly WarehouseRecord[]> => {
  const rows = await sql.orm((orm) =>
    orm
      .select(columns)
      .from(warehouse)
      .innerJoin(storageProfile, firstProfile)
      .where(and(eq(warehouse.projectId, projectId), gt(warehouse.name, page.after ?? '')))
      .orderBy(asc(warehouse.name))
      .limit(page.limit),
  )
  return rows.map(recordOf)
}

const columnsOf = ({ allowedLocations, ...rest }: Partial<WarehouseSettings>) => ({
  ...rest,
  ...(allowedLocations && { allowedLocations: [...allowedLocations] }),
})

/**
 * NotFound for a missing project; AlreadyExists where the project has a warehouse of the name; BadRequest where its
 * location and that of another warehouse, of whatever project, are not apart.
 */
export const insertWarehouse = async (tx: Transaction, draft: WarehouseDraft): Promise<WarehouseRecord> => {
  const { storage, createdBy, ...settings } = draft
  await lockPlaces(tx)
  await raiseEpoch(tx)
  checkApart(await listAllWarehouses(tx), draft)
  const bound = { type: 'NotFoundException', message: `Project does not exist: ${draft.projectId}` } as const
  const insert = tx.orm((orm) =>
    orm
      .insert(warehouse)
      .values({ ...columnsOf(settings), projectId: draft.projectId, name: draft.name })
      .returning({ id: warehouse.id }),
  )
  const [row] = await refusing({ taken: taken(draft.name), bound }, insert)
  if (row === undefined) throw new Error('no row came back from an insert')
  await tx.orm((orm) => orm.insert(storageProfile).values({ warehouseId: row.id, ...storage }))
  await createMainLine(tx, row.id, createdBy)
  return reload(tx, row.id)
}

const reload = async (tx: Transaction, id: string): Promise<WarehouseRecord> => {
  const record = await findWarehouseById(tx, id)
  if (record === undefined) throw missing(id)
  return record
}

interface Target {
  readonly id: string
  /** The version that the caller has seen. */
  readonly version?: number
}

/** What refers to the warehouse may come meanwhile: its id stays. */
const lockWarehouse = async (tx: Transaction, target: Target) => {
  const [row] = await tx.orm((orm) =>
    orm.select().from(warehouse).where(eq(warehouse.id, target.id)).for('no key update'),
  )
  if (row === undefined) throw missing(target.id)
  checkVersion(row, target.version)
  return row
}

/** The writers of the warehouse are waited for: what they claim must be found under the endpoint of today. */
const replaceStorage = async (tx: Transaction, id: string, storage: StorageRecord): Promise<void> => {
  await tx.orm((orm) =>
    orm
      .update(storageProfile)
      .set({ ...storage, updatedAt: fragment`now()` })
      .where(and(eq(storageProfile.warehouseId, id), eq(storageProfile.position, 0))),
  )
  const { endpoint } = storage.settings
  await holdLines(tx, id)
  const refusals = {
    taken: 'Invalid storage-profile: tables of another warehouse have the same locations there',
  }
  await refusing(refusals, moveClaims(tx, id, typeof endpoint === 'string' ? endpoint : undefined))
}

/**
 * NoSuchWarehouse when absent; PreconditionFailed when `version` is given and it has moved on; BadRequest where its
 * new storage is not apart from another warehouse's.
 */
export const updateWarehouse = async (
  tx: Transaction,
  target: Target,
  change: WarehouseChange,
): Promise<WarehouseRecord> => {
  const moves = change.storage !== undefined || change.allowedLocations !== undefined
  if (moves) await lockPlaces(tx)
  const found = await lockWarehouse(tx, target)
  const { storage, ...settings } = change
  if (moves) {
    const { storage: placed } = await reload(tx, target.id)
    const allowedLocations = change.allowedLocations ?? found.allowedLocations
    checkApart(await listAllWarehouses(tx), { ...found, storage: storage ?? placed, allowedLocations })
  }
  const update = tx.orm((orm) =>
    orm
      .update(warehouse)
      .set({ ...columnsOf(settings), version: found.version + 1, updatedAt: fragment`now()` })
      .where(eq(warehouse.id, target.id)),
  )
  await refusing({ taken: taken(change.name ?? found.name) }, update)
  if (storage !== undefined) {
    const before = await reload(tx, target.id)
    await replaceStorage(tx, target.id, storage)
    await releaseSecrets(tx, before.storage.settings, storage.settings)
  }
  await raiseEpoch(tx)
  return reload(tx, target.id)
}

/** Waits for the writers of every line; dead lines take no commit, so from here on nothing can come in. */
const closeLines = async (tx: Transaction, warehouseId: string): Promise<void> => {
  await holdLines(tx, warehouseId)
  await tx.orm((orm) => orm.update(line).set({ state: 'dead' }).where(eq(line.warehouseId, warehouseId)))
}

/** NoSuchWarehouse when absent; Conflict while it is protected or has content. Its history goes with the sweeper. */
export const deleteWarehouse = async (tx: Transaction, target: Target): Promise<WarehouseRecord> => {
  const found = await lockWarehouse(tx, target)
  if (found.protected) throw new CatalogError('ConflictException', `Warehouse is protected: ${found.name}`)
  await closeLines(tx, target.id)
  if (await hasContent(tx, target.id))
    throw new CatalogError('ConflictException', `Warehouse is not empty: ${found.name}`)
  await raiseEpoch(tx)
  const record = await reload(tx, target.id)
  await tx.orm((orm) =>
    orm.update(ref).set({ deletedAt: fragment`now()` }).where(eq(ref.warehouseId, target.id)),
  )
  await tx.orm((orm) =>
    orm.update(project).set({ defaultWarehouse: null }).where(eq(project.defaultWarehouse, target.id)),
  )
  await endObject(tx, `warehouse:${target.id}`)
  await tx.orm((orm) => orm.delete(warehouse).where(eq(warehouse.id, target.id)))
  await releaseSecrets(tx, record.storage.settings)
  return record
}
