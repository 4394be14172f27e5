/** One consistent reading of the records from which warehouses are opened. */
import type { MountRecord, Registry } from '#gateway/operations/management/registry.ts'
import type { Database } from '#store/database.ts'
import { findProject, insertProject, listProjects } from '#store/projects.ts'
import { loadEpoch } from '#store/server.ts'
import { ensureRules } from './governance.ts'
import type { Records } from './warehouse-directory.ts'

/** The project of requests that name none. */
export const defaultProject = 'default'

/** Racing first starts both find it there. */
const ensureProject = async (database: Database): Promise<void> => {
  if ((await findProject(database, defaultProject)) !== undefined) return
  await database
    .transaction((tx) => insertProject(tx, { id: defaultProject, name: defaultProject }))
    .catch(async (error: unknown) => {
      if ((await findProject(database, defaultProject)) === undefined) throw error
    })
}

/** What every store has from its first start. */
export const ensureRecords = async (database: Database): Promise<void> => {
  await ensureProject(database)
  await ensureRules(database)
}

/** Of every project: there are few enough to be read together. */
const allProjects = { limit: 100_000 }

/** The epoch is read first: a change that comes in between is found by the next refresh. */
export const createRecordLoader = (database: Database, registry: Registry) => async (): Promise<Records> => {
  const epoch = await loadEpoch(database)
  const [projects, warehouses, connections] = await Promise.all([
    listProjects(database, allProjects),
    registry.listAllWarehouses(),
    registry.listAllConnections(),
  ])
  const mounts = new Map<string, readonly MountRecord[]>()
  for (const { id } of warehouses) mounts.set(id, await registry.listMounts(id))
  return { epoch, projects, warehouses, connections, mounts, projectId: defaultProject }
}
