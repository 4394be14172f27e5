/** One consistent reading of the records from which warehouses are opened. */
import type { MountRecord, Registry } from '#gateway/operations/management/registry.ts'
import type { Database } from '#store/database.ts'
import { findProject, insertProject } from '#store/projects.ts'
import { loadEpoch } from '#store/server.ts'
import type { Records } from './warehouse-directory.ts'

/** The only project until projects are administered. */
export const defaultProject = 'default'

/** Racing first starts both find it there. */
export const ensureProject = async (database: Database): Promise<void> => {
  if ((await findProject(database, defaultProject)) !== undefined) return
  await database
    .transaction((tx) => insertProject(tx, { id: defaultProject, name: defaultProject }))
    .catch(async (error: unknown) => {
      if ((await findProject(database, defaultProject)) === undefined) throw error
    })
}

/** The epoch is read first: a change that comes in between is found by the next refresh. */
export const createRecordLoader = (database: Database, registry: Registry) => async (): Promise<Records> => {
  const epoch = await loadEpoch(database)
  const [project, warehouses, connections] = await Promise.all([
    findProject(database, defaultProject),
    registry.listWarehouses(defaultProject),
    registry.listConnections(defaultProject),
  ])
  const mounts = new Map<string, readonly MountRecord[]>()
  for (const { id } of warehouses) mounts.set(id, await registry.listMounts(id))
  const defaultWarehouse = project?.defaultWarehouse ?? null
  return { epoch, warehouses, connections, mounts, projectId: defaultProject, defaultWarehouse }
}
