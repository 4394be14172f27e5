/** Mounts: namespace prefixes of a warehouse that are bound to connections. */

import { CatalogError } from '#model/errors.ts'
import { formatNamespace, type Namespace, namespaceKey, namespaceOfKey } from '#model/identifier.ts'
import { refusing } from './administration.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import { and, asc, eq, sql as fragment } from './drizzle.ts'
import { holdLines } from './entries-write.ts'
import { removeGrantsUnder } from './mounted-grants.ts'
import { connection, mount, space } from './schema.ts'
import { raiseEpoch } from './server.ts'

export interface MountRecord {
  readonly id: string
  readonly warehouseId: string
  /** `[]` mounts at the root. */
  readonly namespace: Namespace
  readonly connectionId: string
  /** Name of the connection. */
  readonly connection: string
  readonly position: number
  readonly settings: unknown
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface MountDraft {
  readonly warehouseId: string
  readonly namespace: Namespace
  readonly connectionId: string
  /** Absent: after all others of the warehouse. */
  readonly position?: number
  readonly settings?: Readonly<Record<string, unknown>>
}

const columns = {
  id: mount.id,
  warehouseId: mount.warehouseId,
  namespace: mount.namespace,
  connectionId: mount.connectionId,
  connection: connection.name,
  position: mount.position,
  settings: mount.settings,
  version: mount.version,
  createdAt: mount.createdAt,
  updatedAt: mount.updatedAt,
}

const recordOf = (row: Omit<MountRecord, 'namespace'> & { readonly namespace: string }): MountRecord => ({
  ...row,
  namespace: namespaceOfKey(row.namespace),
})

/** In configured order, which is the order of listings. A warehouse has few: there are no pages. */
export const listMounts = async (sql: Sql, warehouseId: string): Promise<readonly MountRecord[]> => {
  const rows = await sql.orm((orm) =>
    orm
      .select(columns)
      .from(mount)
      .innerJoin(connection, eq(connection.id, mount.connectionId))
      .where(eq(mount.warehouseId, warehouseId))
      .orderBy(asc(mount.position), asc(mount.namespace)),
  )
  return rows.map(recordOf)
}

const findMount = async (sql: Sql, id: string): Promise<MountRecord | undefined> => {
  const rows = await sql.orm((orm) =>
    orm
      .select(columns)
      .from(mount)
      .innerJoin(connection, eq(connection.id, mount.connectionId))
      .where(eq(mount.id, id)),
  )
  return rows.map(recordOf)[0]
}

const describeMount = (namespace: Namespace): string =>
  namespace.length === 0 ? 'the root' : formatNamespace(namespace)

const nextPosition = (warehouseId: string) =>
  fragment<number>`(select coalesce(max(m.position), -1) + 1 from mount m where m.warehouse_id = ${warehouseId})`

const findContent = statement(`
  select 1 from entry_head h join line l on l.id = h.line_id
  where l.warehouse_id = $1 and h.pointer is not null
    and ($2 or h.ns = $3 and h.space = ${space.namespace} and h.name = $4)
  limit 1`)

/** Conflict where the point is a local namespace of any line. Without it nothing can lie below the point either. */
const checkFree = async (tx: Transaction, { warehouseId, namespace }: MountDraft): Promise<void> => {
  const parent = namespaceKey(namespace.slice(0, -1))
  const values = [warehouseId, namespace.length === 0, parent, namespace.at(-1) ?? '']
  if ((await tx.query(findContent, values)).length > 0)
    throw new CatalogError(
      'ConflictException',
      `Cannot mount at ${describeMount(namespace)}: the local catalog holds content there`,
    )
}

const findOver = statement(
  'select 1 from mount where warehouse_id = $1 and namespace = any($2::text[]) limit 1',
)

/** Whether a connection is mounted at the namespace or above it. True for good while a line of the warehouse is locked. */
export const isMounted = async (sql: Sql, warehouseId: string, namespace: Namespace): Promise<boolean> => {
  const keys = [[], ...namespace.map((_, depth) => namespace.slice(0, depth + 1))].map(namespaceKey)
  return (await sql.query(findOver, [warehouseId, keys])).length > 0
}

/**
 * AlreadyExists where the prefix is mounted, Conflict over local content; NotFound for a missing warehouse or
 * connection. What else the mount law says is the caller's to check.
 */
export const insertMount = async (tx: Transaction, draft: MountDraft): Promise<MountRecord> => {
  await holdLines(tx, draft.warehouseId)
  await checkFree(tx, draft)
  await raiseEpoch(tx)
  await removeGrantsUnder(tx, draft.warehouseId, draft.namespace)
  // Begun where it is awaited: an error that comes while nobody waits would end the process.
  const insert = tx.orm((orm) =>
    orm
      .insert(mount)
      .values({
        warehouseId: draft.warehouseId,
        namespace: namespaceKey(draft.namespace),
        connectionId: draft.connectionId,
        position: draft.position ?? nextPosition(draft.warehouseId),
        settings: draft.settings ?? {},
      })
      .returning({ id: mount.id }),
  )
  const [row] = await refusing(
    {
      taken: `A connection is already mounted at ${describeMount(draft.namespace)}`,
      bound: { type: 'NotFoundException', message: 'The warehouse or the connection does not exist' },
    },
    insert,
  )
  const record = row === undefined ? undefined : await findMount(tx, row.id)
  if (record === undefined) throw new Error('no row came back from an insert')
  return record
}

export interface MountChange {
  readonly connectionId?: string
  readonly position?: number
  readonly settings?: Readonly<Record<string, unknown>>
}

const missing = (id: string): CatalogError =>
  new CatalogError('NotFoundException', `Mount does not exist: ${id}`)

/** NotFound when absent. A prefix does not move: delete the mount and make another. */
export const updateMount = async (tx: Transaction, id: string, change: MountChange): Promise<MountRecord> => {
  await raiseEpoch(tx)
  const update = tx.orm((orm) =>
    orm
      .update(mount)
      .set({ ...change, version: fragment`${mount.version} + 1`, updatedAt: fragment`now()` })
      .where(eq(mount.id, id))
      .returning({ id: mount.id }),
  )
  await refusing({ bound: { type: 'NotFoundException', message: 'The connection does not exist' } }, update)
  const record = await findMount(tx, id)
  if (record === undefined) throw missing(id)
  return record
}

/** NotFound when absent from the warehouse. */
export const deleteMount = async (
  tx: Transaction,
  target: { readonly id: string; readonly warehouseId: string },
): Promise<void> => {
  await raiseEpoch(tx)
  const rows = await tx.orm((orm) =>
    orm
      .delete(mount)
      .where(and(eq(mount.id, target.id), eq(mount.warehouseId, target.warehouseId)))
      .returning({ namespace: mount.namespace }),
  )
  const [gone] = rows
  if (gone === undefined) throw missing(target.id)
  await removeGrantsUnder(tx, target.warehouseId, namespaceOfKey(gone.namespace))
}
