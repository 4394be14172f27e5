/** The one table of the management face: every operation that it serves. */
import type { Operation } from '../../operation.ts'
import { replayDone } from '../replays.ts'
import { createConnectionOperations } from './connections.ts'
import { createMountOperations } from './mounts.ts'
import { type ManagementDeps, onProject, type ProjectTarget, type ServerFacts } from './place.ts'
import { createWarehouseOperations } from './warehouses.ts'

export interface ServerInfo extends ServerFacts {
  readonly defaultProjectId: string
}

const getServerInfo = (deps: ManagementDeps): Operation<object, ProjectTarget<object>, ServerInfo> => ({
  name: 'getServerInfo',
  kind: 'read',
  success: 200,
  resolve: async (input) => ({ warehouse: null, input }),
  needs: () => [{ action: 'describe', resource: { kind: 'server' } }],
  run: async () => ({ ...deps.server, defaultProjectId: deps.projectId }),
})

/** The server is ready from its first start; tools that bootstrap one first find that done. */
const bootstrap = (): Operation<object, ProjectTarget<object>, void> => ({
  name: 'bootstrap',
  kind: 'change',
  success: 204,
  resolve: async (input) => ({ warehouse: null, input }),
  needs: () => [{ action: 'manage', resource: { kind: 'server' } }],
  run: async () => undefined,
  replay: replayDone,
})

export interface ProjectFacts {
  readonly id: string
}

const listProjects = (
  deps: ManagementDeps,
): Operation<object, ProjectTarget<object>, readonly ProjectFacts[]> => ({
  name: 'listProjects',
  kind: 'read',
  success: 200,
  resolve: async (input) => ({ warehouse: null, input }),
  needs: () => [{ action: 'list', resource: { kind: 'server' } }],
  run: async ({ visible }) =>
    visible('describe', [{ id: deps.projectId }], ({ id }) => ({ kind: 'project', project: id })),
})

const getProject = (deps: ManagementDeps): Operation<object, ProjectTarget<object>, ProjectFacts> => ({
  name: 'getProject',
  kind: 'read',
  success: 200,
  resolve: async (input) => ({ warehouse: null, input }),
  needs: onProject(deps, 'describe'),
  run: async () => ({ id: deps.projectId }),
})

export type ManagementOperations = ReturnType<typeof createManagementOperations>

export const createManagementOperations = (deps: ManagementDeps) => ({
  getServerInfo: getServerInfo(deps),
  bootstrap: bootstrap(),
  listProjects: listProjects(deps),
  getProject: getProject(deps),
  ...createWarehouseOperations(deps),
  ...createConnectionOperations(deps),
  ...createMountOperations(deps),
})
