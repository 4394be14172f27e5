/** Connections: configured upstreams. Their configuration holds references to secrets, never secrets. */

import { CatalogError } from '#model/errors.ts'
import { checkVersion, type NamePage, refusing } from './administration.ts'
import type { Sql, Transaction } from './database.ts'
import { and, asc, eq, sql as fragment, gt } from './drizzle.ts'
import { endObject } from './grant-removal.ts'
import { connection } from './schema.ts'
import { releaseSecrets } from './secrets.ts'
import { raiseEpoch } from './server.ts'

export interface ConnectionRecord {
  readonly id: string
  readonly projectId: string
  readonly name: string
  readonly kind: string
  /** Decoded by the connector of its kind. */
  readonly config: unknown
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

export type ConnectionDraft = Pick<ConnectionRecord, 'projectId' | 'name' | 'kind' | 'config'>
export type ConnectionChange = Partial<Pick<ConnectionRecord, 'name' | 'kind' | 'config'>>

const missing = (what: string): CatalogError =>
  new CatalogError('NoSuchConnectionException', `Connection does not exist: ${what}`)

const taken = (name: string): string => `Connection already exists: ${name}`

/** NotFound for a missing project; AlreadyExists where the project has a connection of the name. */
export const insertConnection = async (
  tx: Transaction,
  draft: ConnectionDraft,
): Promise<ConnectionRecord> => {
  await raiseEpoch(tx)
  const bound = { type: 'NotFoundException', message: `Project does not exist: ${draft.projectId}` } as const
  const insert = tx.orm((orm) => orm.insert(connection).values(draft).returning())
  const [row] = await refusing({ taken: taken(draft.name), bound }, insert)
  if (row === undefined) throw new Error('no row came back from an insert')
  return row
}

export const findConnection = async (sql: Sql, id: string): Promise<ConnectionRecord | undefined> => {
  const [row] = await sql.orm((orm) => orm.select().from(connection).where(eq(connection.id, id)))
  return row
}

/** Every connection of the server, to open them. */
export const listAllConnections = (sql: Sql): Promise<readonly ConnectionRecord[]> =>
  sql.orm((orm) => orm.select().from(connection).orderBy(asc(connection.projectId), asc(connection.name)))

/** In byte order of their names. */
export const listConnections = (
  sql: Sql,
  projectId: string,
  page: NamePage,
): Promise<readonly ConnectionRecord[]> =>
  sql.orm((orm) =>
    orm
      .select()
      .from(connection)
      .where(and(eq(connection.projectId, projectId), gt(connection.name, page.after ?? '')))
      .orderBy(asc(connection.name))
      .limit(page.limit),
  )

const lockConnection = async (tx: Transaction, id: string): Promise<ConnectionRecord> => {
  const [row] = await tx.orm((orm) =>
    orm.select().from(connection).where(eq(connection.id, id)).for('update'),
  )
  if (row === undefined) throw missing(id)
  return row
}

/** NoSuchConnection when absent; PreconditionFailed when `version` is given and it has moved on. */
export const updateConnection = async (
  tx: Transaction,
  target: { readonly id: string; readonly version?: number },
  change: ConnectionChange,
): Promise<ConnectionRecord> => {
  await raiseEpoch(tx)
  const found = await lockConnection(tx, target.id)
  checkVersion(found, target.version)
  const update = tx.orm((orm) =>
    orm
      .update(connection)
      .set({ ...change, version: found.version + 1, updatedAt: fragment`now()` })
      .where(eq(connection.id, target.id))
      .returning(),
  )
  const [row] = await refusing({ taken: taken(change.name ?? found.name) }, update)
  if (row === undefined) throw missing(target.id)
  if (change.config !== undefined) await releaseSecrets(tx, found.config, change.config)
  return row
}

/** NoSuchConnection when absent; Conflict while a mount uses it. */
export const deleteConnection = async (
  tx: Transaction,
  target: { readonly id: string; readonly version?: number },
): Promise<ConnectionRecord> => {
  await raiseEpoch(tx)
  const found = await lockConnection(tx, target.id)
  checkVersion(found, target.version)
  const bound = {
    type: 'ConflictException',
    message: `Connection is used by a mount: ${found.name}`,
  } as const
  await refusing(
    { bound },
    tx.orm((orm) => orm.delete(connection).where(eq(connection.id, target.id))),
  )
  await releaseSecrets(tx, found.config)
  await endObject(tx, `connection:${target.id}`)
  return found
}
