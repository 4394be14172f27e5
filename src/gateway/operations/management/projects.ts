/** The operations on projects: tenants, each invisible to the others. */
import { type Static, Type } from 'typebox'
import { checkText } from '#model/identifier.ts'
import type { Operation } from '../../operation.ts'
import { replayDone } from '../replays.ts'
import {
  certainly,
  inProject,
  type ManagementDeps,
  missingProject,
  onProject,
  openProject,
  type Place,
  type ProjectTarget,
  type ServerTarget,
  withinProject,
} from './place.ts'
import type { ProjectRecord } from './project-registry.ts'
import { replayMade } from './replays.ts'
import { onServer } from './server.ts'

const strict = { additionalProperties: false } as const
/** Stands before the `/` in what `GET /v1/config` is asked for. */
const name = Type.String({ minLength: 1, maxLength: 128, pattern: '^[^/@]+$' })

export const createProjectSchema = Type.Object(
  {
    'project-name': name,
    'project-id': Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9_-]+$' }), Type.Null()]),
    ),
  },
  strict,
)
export const renameProjectSchema = Type.Object({ 'new-name': name }, strict)
export const projectSettingsSchema = Type.Object(
  { 'api-keys-allowed': Type.Optional(Type.Boolean()) },
  strict,
)

export type CreateProject = Static<typeof createProjectSchema>
type ProjectSettings = Static<typeof projectSettingsSchema>

/** `project`: as the path names it; it goes before the header. */
export interface AtProject {
  readonly project?: string
}

export const atProject = <Input extends AtProject>(
  deps: ManagementDeps,
): Place<Input, ProjectTarget<Input>> => ({
  within: (input, named) => withinProject(input.project ?? named ?? deps.projectId),
  resolve: (input, asker, named) => inProject<Input>(deps).resolve(input, asker, input.project ?? named),
})

const projectResource = ({ id }: ProjectRecord) => ({ kind: 'project', project: id }) as const

const findProject = async (deps: ManagementDeps, id: string): Promise<ProjectRecord> => {
  const record = await deps.projects.findProject(id)
  if (record === undefined) throw missingProject(id)
  return record
}

const listProjects = (
  deps: ManagementDeps,
): Operation<object, ServerTarget<object>, readonly ProjectRecord[]> => ({
  name: 'listProjects',
  kind: 'read',
  success: 200,
  resolve: onServer,
  needs: () => [{ action: 'list', resource: { kind: 'server' } }],
  run: async ({ visible }) => visible('describe', await deps.projects.listProjects(), projectResource),
})

const createProject = (
  deps: ManagementDeps,
): Operation<CreateProject, ServerTarget<CreateProject>, ProjectRecord> => ({
  name: 'createProject',
  kind: 'change',
  success: 201,
  resolve: (input) => {
    checkText(input['project-name'], 'project-name')
    return onServer(input)
  },
  needs: () => [{ action: 'create', resource: { kind: 'server' } }],
  run: certainly(({ context, target: { input } }) => {
    const id = input['project-id']
    return deps.projects.createProject(context, { name: input['project-name'], ...(id ? { id } : {}) })
  }),
  replay: replayMade(
    (_target: ServerTarget<CreateProject>, id) => deps.projects.findProject(id),
    ({ input }) => missingProject(input['project-name']),
  ),
})

const getProject = (deps: ManagementDeps): Operation<AtProject, ProjectTarget<AtProject>, ProjectRecord> => ({
  name: 'getProject',
  kind: 'read',
  success: 200,
  ...atProject(deps),
  needs: onProject('describe'),
  run: ({ target }) => findProject(deps, target.project),
})

const deleteProject = (deps: ManagementDeps): Operation<AtProject, ProjectTarget<AtProject>, void> => ({
  name: 'deleteProject',
  kind: 'change',
  success: 204,
  ...atProject(deps),
  // A repeated request may no longer find it: run looks for it.
  resolve: async (input, _asker, named) => ({
    warehouse: null,
    project: input.project ?? named ?? deps.projectId,
    input,
  }),
  needs: onProject('drop'),
  run: certainly(async ({ context, target }) => {
    await deps.projects.removeProject(context, await openProject(deps, target.project))
  }),
  replay: replayDone,
})

type Change<Input> = Operation<Input, ProjectTarget<Input>, ProjectRecord>

export type RenameProject = AtProject & { readonly newName: string }

const renameProject = (deps: ManagementDeps): Change<RenameProject> => ({
  name: 'renameProject',
  kind: 'change',
  success: 200,
  ...atProject(deps),
  resolve: (input, ...where) => {
    checkText(input.newName, 'new-name')
    return atProject<RenameProject>(deps).resolve(input, ...where)
  },
  needs: onProject('manage'),
  run: certainly(({ context, target: { project, input } }) =>
    deps.projects.changeProject(context, project, { name: input.newName }),
  ),
  replay: replayProject(deps),
})

const replayProject = (deps: ManagementDeps): Change<AtProject>['replay'] & {} => ({
  remember: () => ({ kind: 'done' }),
  recall: (_outcome, { target }) => findProject(deps, target.project),
})

/** What stands beside a project's name, in an answer of its own: clients of Lakekeeper know a project's two members only. */
const getProjectSettings = (
  deps: ManagementDeps,
): Operation<AtProject, ProjectTarget<AtProject>, ProjectRecord> => ({
  ...getProject(deps),
  name: 'getProjectSettings',
})

export type ChangeSettings = AtProject & { readonly body: ProjectSettings }

const updateProjectSettings = (deps: ManagementDeps): Change<ChangeSettings> => ({
  name: 'updateProjectSettings',
  kind: 'change',
  success: 200,
  ...atProject(deps),
  needs: onProject('manage'),
  run: certainly(({ context, target: { project, input } }) => {
    const allowed = input.body['api-keys-allowed']
    return deps.projects.changeProject(context, project, {
      ...(allowed === undefined ? {} : { apiKeysAllowed: allowed }),
    })
  }),
  replay: replayProject(deps),
})

/** As older clients ask: by the path, under names of their own. */
const createByIdOperations = (deps: ManagementDeps) => ({
  getProjectById: { ...getProject(deps), name: 'getProjectById' },
  deleteProjectById: { ...deleteProject(deps), name: 'deleteProjectById' },
  renameProjectById: { ...renameProject(deps), name: 'renameProjectById' },
})

export const createProjectOperations = (deps: ManagementDeps) => ({
  ...createByIdOperations(deps),
  listProjects: listProjects(deps),
  createProject: createProject(deps),
  getProject: getProject(deps),
  deleteProject: deleteProject(deps),
  renameProject: renameProject(deps),
  getProjectSettings: getProjectSettings(deps),
  updateProjectSettings: updateProjectSettings(deps),
})
