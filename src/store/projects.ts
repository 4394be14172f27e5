/** Projects: tenants, each with its warehouses and connections. */

import { CatalogError } from '#model/errors.ts'
import { type NamePage, refusing } from './administration.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import { and, asc, eq, sql as fragment, gt } from './drizzle.ts'
import { removeGrantsIn } from './grant-removal.ts'
import { project } from './schema.ts'
import { raiseEpoch, raiseIdentityEpoch } from './server.ts'

export interface ProjectRecord {
  readonly id: string
  readonly name: string
  /** What requests that name no warehouse mean. */
  readonly defaultWarehouse: string | null
  /** Where false, its service accounts sign in with the tokens of other providers only. */
  readonly apiKeysAllowed: boolean
  readonly createdAt: Date
  readonly updatedAt: Date
}

const taken = (what: string): CatalogError =>
  new CatalogError('AlreadyExistsException', `Project already exists: ${what}`)

/**
 * Clients name a project by its id or its name, so that neither may be the other of another project. Asked once the epoch
 * is raised, which puts such changes in one order.
 */
const selectNamed = statement(
  'select id from project where (id = any($1::text[]) or name = any($1::text[])) and id <> $2 limit 1',
)

const checkFree = async (tx: Transaction, words: readonly string[], own: string): Promise<void> => {
  const rows = await tx.query(selectNamed, [words, own])
  if (rows.length > 0) throw taken(words.join(', '))
}

/** AlreadyExists where another project has the id or the name, as its id or as its name. */
export const insertProject = async (
  tx: Transaction,
  draft: Pick<ProjectRecord, 'id' | 'name'>,
): Promise<ProjectRecord> => {
  await raiseEpoch(tx)
  await checkFree(tx, [draft.id, draft.name], '')
  const insert = tx.orm((orm) => orm.insert(project).values(draft).returning())
  const [row] = await refusing({ taken: `Project already exists: ${draft.name}` }, insert)
  if (row === undefined) throw new Error('no row came back from an insert')
  return row
}

export interface ProjectChange {
  readonly name?: string
  readonly apiKeysAllowed?: boolean
}

const missing = (id: string): CatalogError =>
  new CatalogError('NotFoundException', `Project does not exist: ${id}`)

/** NotFound when absent; AlreadyExists where the name is another project's name or id. */
export const updateProject = async (
  tx: Transaction,
  id: string,
  change: ProjectChange,
): Promise<ProjectRecord> => {
  await raiseEpoch(tx)
  await raiseIdentityEpoch(tx)
  if (change.name !== undefined) await checkFree(tx, [change.name], id)
  const update = tx.orm((orm) =>
    orm
      .update(project)
      .set({ ...change, updatedAt: fragment`now()` })
      .where(eq(project.id, id))
      .returning(),
  )
  const [row] = await refusing({ taken: `Project already exists: ${change.name}` }, update)
  if (row === undefined) throw missing(id)
  return row
}

/** Who was deleted stays for the audit log, in no project. */
const releaseDeleted = statement(
  'update principal set project_id = null where project_id = $1 and deleted_at is not null',
)

/** NotFound when absent; Conflict while it has a warehouse, connection, role or service account. */
export const deleteProject = async (tx: Transaction, id: string): Promise<ProjectRecord> => {
  await raiseEpoch(tx)
  await raiseIdentityEpoch(tx)
  await tx.execute(releaseDeleted, [id])
  await removeGrantsIn(tx, id)
  const bound = { type: 'ConflictException', message: `Project is not empty: ${id}` } as const
  const remove = tx.orm((orm) => orm.delete(project).where(eq(project.id, id)).returning())
  const [row] = await refusing({ bound }, remove)
  if (row === undefined) throw missing(id)
  return row
}

export const findProject = async (sql: Sql, id: string): Promise<ProjectRecord | undefined> => {
  const [row] = await sql.orm((orm) => orm.select().from(project).where(eq(project.id, id)))
  return row
}

export const listProjects = (sql: Sql, page: NamePage): Promise<readonly ProjectRecord[]> =>
  sql.orm((orm) =>
    orm
      .select()
      .from(project)
      .where(and(gt(project.name, page.after ?? '')))
      .orderBy(asc(project.name))
      .limit(page.limit),
  )

export const assignDefaultWarehouse = async (
  tx: Transaction,
  projectId: string,
  warehouseId: string | null,
): Promise<void> => {
  await raiseEpoch(tx)
  const rows = await tx.orm((orm) =>
    orm
      .update(project)
      .set({ defaultWarehouse: warehouseId, updatedAt: fragment`now()` })
      .where(eq(project.id, projectId))
      .returning({ id: project.id }),
  )
  if (rows.length === 0) throw missing(projectId)
}
