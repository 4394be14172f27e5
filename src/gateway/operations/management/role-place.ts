/** What the operations on roles share: what they are made from, and where they act. */
import type { Need, Principal, Resource } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import type { RoleRecord } from '#store/roles.ts'
import type { LastingDeps } from './lasting.ts'
import {
  type ById,
  isId,
  type ManagementDeps,
  missingProject,
  type Place,
  type ProjectTarget,
  withinProject,
} from './place.ts'
import type { RoleRegistry } from './role-registry.ts'

export interface RoleDeps extends Pick<ManagementDeps, 'projects' | 'projectId' | 'pageTokens'>, LastingDeps {
  readonly roles: RoleRegistry
}

/** Who asks is known too: its page tokens are its own. */
export interface InProject<Input> extends ProjectTarget<Input> {
  readonly asker: Principal
}

export interface OnRole<Input> extends InProject<Input> {
  readonly record: RoleRecord
}

/** Requests may name their project in a body or a query too, as older clients do. */
export interface PerhapsProject {
  readonly project?: string | undefined
}

export const missingRole = (id: string): CatalogError =>
  new CatalogError('NoSuchRoleException', `Role does not exist: ${id}`)

/** For what acts on the project as a whole. */
export const inProjectOf = <Input extends PerhapsProject>({
  projects,
  projectId,
}: RoleDeps): Place<Input, InProject<Input>> => ({
  within: (input, named) => withinProject(input.project ?? named ?? projectId),
  resolve: async (input, asker, named) => {
    const project = input.project ?? named ?? projectId
    if (!(await projects.knows(project))) throw missingProject(project)
    return { warehouse: null, project, input, asker }
  },
})

interface Missing {
  missing(target: ProjectTarget<ById>): CatalogError
}

/** A role that a repeated request may no longer find: the deed itself looks. */
export const towardRole = <Input extends ById>({
  projectId,
}: RoleDeps): Place<Input, InProject<Input>> & Missing => ({
  within: ({ id }, named) => ({ project: named ?? projectId, missing: () => missingRole(id) }),
  resolve: async (input, asker, named) => {
    if (!isId(input.id)) throw missingRole(input.id)
    return { warehouse: null, project: named ?? projectId, input, asker }
  },
  missing: ({ input }) => missingRole(input.id),
})

/** A role of another project is as missing as one that never was. */
export const atRole = <Input extends ById>(deps: RoleDeps): Place<Input, OnRole<Input>> & Missing => {
  const place = towardRole<Input>(deps)
  return {
    ...place,
    resolve: async (input, asker, named) => {
      const target = await place.resolve(input, asker, named)
      const record = await deps.roles.findRole(input.id)
      if (record?.projectId !== target.project) throw missingRole(input.id)
      return { ...target, record }
    },
  }
}

export const roleResource = ({ projectId, id }: Pick<RoleRecord, 'projectId' | 'id'>): Resource => ({
  kind: 'role',
  project: projectId,
  role: id,
})

export const onRole =
  (action: Need['action']) =>
  ({ project, input }: ProjectTarget<ById>): readonly Need[] => [
    { action, resource: roleResource({ projectId: project, id: input.id }) },
  ]
