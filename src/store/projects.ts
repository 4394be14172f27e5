/** Projects: tenants, each with its warehouses and connections. */

import { CatalogError } from '#model/errors.ts'
import { type NamePage, refusing } from './administration.ts'
import type { Sql, Transaction } from './database.ts'
import { and, asc, eq, sql as fragment, gt } from './drizzle.ts'
import { project } from './schema.ts'
import { raiseEpoch } from './server.ts'

export interface ProjectRecord {
  readonly id: string
  readonly name: string
  /** What requests that name no warehouse mean. */
  readonly defaultWarehouse: string | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

export const insertProject = async (
  tx: Transaction,
  draft: Pick<ProjectRecord, 'id' | 'name'>,
): Promise<ProjectRecord> => {
  const insert = tx.orm((orm) => orm.insert(project).values(draft).returning())
  const [row] = await refusing({ taken: `Project already exists: ${draft.name}` }, insert)
  if (row === undefined) throw new Error('no row came back from an insert')
  await raiseEpoch(tx)
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
  const rows = await tx.orm((orm) =>
    orm
      .update(project)
      .set({ defaultWarehouse: warehouseId, updatedAt: fragment`now()` })
      .where(eq(project.id, projectId))
      .returning({ id: project.id }),
  )
  if (rows.length === 0) throw new CatalogError('NotFoundException', `Project does not exist: ${projectId}`)
  await raiseEpoch(tx)
}
