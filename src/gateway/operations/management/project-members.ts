/** The operations on who may act inside a project, in the forms of a role's members. */

import { type Static, Type } from 'typebox'
import { CatalogError } from '#model/errors.ts'
import { listingScope } from '../../listing.ts'
import type { Operation, Task } from '../../operation.ts'
import { replayDone } from '../replays.ts'
import { checkForGood, type LastingDeps } from './lasting.ts'
import { type PageAsked, type Paged, pageByKey } from './paging.ts'
import { certainly, isId, type ManagementDeps, onProject, type Place, type ProjectTarget } from './place.ts'
import type { Member, MemberName } from './project-registry.ts'
import { type AtProject, atProject } from './projects.ts'
import { missingRole, roleResource } from './role-place.ts'
import type { RoleRegistry } from './role-registry.ts'

export const memberRefSchema = Type.Object(
  {
    type: Type.Union([Type.Literal('user'), Type.Literal('role')]),
    id: Type.String({ minLength: 1, maxLength: 1_000 }),
  },
  { additionalProperties: false },
)

const mostAtOnce = 1_000

export const addMembersSchema = Type.Object(
  { members: Type.Array(memberRefSchema, { maxItems: mostAtOnce }) },
  { additionalProperties: false },
)

export type ListProjectMembers = Required<AtProject> & PageAsked

/** A role's id is a uuid, in any letter case; a user is named letter by letter. */
const nameOf = ({ type, id }: MemberName): MemberName => {
  if (type === 'user') return { type, id }
  const uuid = id.toLowerCase()
  if (!isId(uuid)) throw new CatalogError('NoSuchRoleException', `Role does not exist: ${id}`)
  return { type, id: uuid }
}

const keyOf = ({ type, id }: MemberName): string => JSON.stringify({ type, id })

const listProjectMembers = (
  deps: ManagementDeps,
): Operation<ListProjectMembers, ProjectTarget<ListProjectMembers>, Paged<Member>> => ({
  name: 'listProjectMembers',
  kind: 'read',
  success: 200,
  ...atProject<ListProjectMembers>(deps),
  needs: onProject('read-grants'),
  run: ({ context, target: { project, input } }) =>
    pageByKey<Member>(deps.pageTokens, input, {
      scope: listingScope('listProjectMembers', [project], context.principal),
      read: (limit, after) =>
        deps.projects.listMembers(project, {
          limit,
          ...(after === undefined ? {} : { after: JSON.parse(after) as MemberName }),
        }),
      keyOf: ({ type, id }) => keyOf({ type, id }),
    }),
})

export type AddProjectMembers = Required<AtProject> & { readonly body: Static<typeof addMembersSchema> }

/** What the operations on members need besides: whose a role is. */
export interface ProjectMemberDeps extends ManagementDeps, LastingDeps {
  readonly roles: Pick<RoleRegistry, 'findRoles'>
}

/** A role of another project may come in where the asker may see it there; to others it is as missing as none. */
const checkRoles = async (
  { roles }: ProjectMemberDeps,
  { target: { project }, visible }: Task<ProjectTarget<AddProjectMembers>>,
  members: readonly MemberName[],
): Promise<void> => {
  const named = members.filter(({ type }) => type === 'role').map(({ id }) => id)
  if (named.length === 0) return
  const found = await roles.findRoles(named)
  const foreign = found.filter(({ projectId }) => projectId !== project)
  const seen = await visible('describe', foreign, roleResource)
  const known = new Set(
    [...found.filter(({ projectId }) => projectId === project), ...seen].map(({ id }) => id),
  )
  const unknown = named.find((id) => !known.has(id))
  if (unknown !== undefined) throw missingRole(unknown)
}

const addProjectMembers = (
  deps: ProjectMemberDeps,
): Operation<AddProjectMembers, ProjectTarget<AddProjectMembers>, readonly MemberName[]> => ({
  name: 'addProjectMembers',
  kind: 'change',
  success: 200,
  ...atProject<AddProjectMembers>(deps),
  needs: onProject('manage'),
  run: certainly(async (task) => {
    const { project, input } = task.target
    const right = { relation: 'can_manage', resource: { kind: 'project', project } } as const
    await checkForGood(deps, { principal: task.context.principal, what: 'membership', right })
    const members = input.body.members.map(nameOf)
    await checkRoles(deps, task, members)
    await deps.projects.addMembers(task.context, project, members)
    return members
  }),
  replay: {
    remember: () => ({ kind: 'done' }),
    recall: async (_outcome, { target }) => target.input.body.members.map(nameOf),
  },
})

export interface RemoveProjectMember extends Required<AtProject> {
  readonly type: string
  readonly memberId: string
}

const memberAsked = ({ type, memberId }: RemoveProjectMember): MemberName => {
  if (type !== 'user' && type !== 'role')
    throw new CatalogError('BadRequestException', 'Invalid member type: user or role')
  return nameOf({ type, id: memberId })
}

const removeProjectMember = (
  deps: ManagementDeps,
): Operation<RemoveProjectMember, ProjectTarget<RemoveProjectMember>, void> => {
  const place: Place<RemoveProjectMember, ProjectTarget<RemoveProjectMember>> = atProject(deps)
  return {
    name: 'removeProjectMember',
    kind: 'change',
    success: 204,
    ...place,
    needs: onProject('manage'),
    run: certainly(({ context, target: { project, input } }) =>
      deps.projects.removeMember(context, project, memberAsked(input)),
    ),
    replay: replayDone,
  }
}

export type ProjectMemberOperations = ReturnType<typeof createProjectMemberOperations>

export const createProjectMemberOperations = (deps: ProjectMemberDeps) => ({
  listProjectMembers: listProjectMembers(deps),
  addProjectMembers: addProjectMembers(deps),
  removeProjectMember: removeProjectMember(deps),
})
