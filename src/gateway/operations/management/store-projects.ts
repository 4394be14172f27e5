/** The registry of projects on our store: each change in one transaction with its receipt. */
import { v7 as uuidv7 } from 'uuid'
import type { CallContext } from '#catalog/catalog.ts'
import { CatalogError } from '#model/errors.ts'
import type { EventDraft } from '#model/event.ts'
import { bootstrapStore, type FirstAdmin, isBootstrapped } from '#store/bootstrap.ts'
import type { Database } from '#store/database.ts'
import * as members from '#store/project-members.ts'
import * as projects from '#store/projects.ts'
import { listServerAdmins } from '#store/server-admins.ts'
import type {
  BootstrapDraft,
  Member,
  MemberName,
  ProjectRecord,
  ProjectRegistry,
} from './project-registry.ts'
import { type Change, createChange, type StoreChangeDeps } from './store-change.ts'

/** Lists are whole: a server has few of these. */
const everything = { limit: 100_000 }

export interface StoreProjectsDeps extends StoreChangeDeps {
  /** The project of requests that name none: it stays. */
  readonly defaultProject: string
  readonly knows: ProjectRegistry['knows']
}

const recordOf = ({ id, name, apiKeysAllowed }: projects.ProjectRecord): ProjectRecord => ({
  id,
  name,
  apiKeysAllowed,
})

const projectEvent = (type: string, { id, name }: ProjectRecord): EventDraft => ({
  type,
  object: id,
  warehouse: '',
  data: { name },
})

const keyOf = ({ type, id }: MemberName): members.ProjectMemberKey => ({
  kind: type === 'user' ? 'principal' : 'role',
  id,
})

const memberOf = (record: members.ProjectMemberRecord): Member => {
  const { id, name } = record
  if (record.kind === 'principal')
    return { type: 'user', id, name, email: record.email, userType: record.userType }
  const { providerId, sourceId, projectId } = record
  return { type: 'role', id, name, providerId, sourceId, projectId }
}

const memberEvent = (type: string, projectId: string, names: readonly MemberName[]): EventDraft => ({
  type,
  object: projectId,
  warehouse: '',
  data: { members: names.map(({ type: kind, id }) => `${kind} ${id}`) },
})

type ProjectMembers = Pick<
  ProjectRegistry,
  'listProjects' | 'findProject' | 'createProject' | 'changeProject' | 'removeProject'
>

const projectMembers = ({ database, defaultProject }: StoreProjectsDeps, change: Change): ProjectMembers => ({
  listProjects: async () => (await projects.listProjects(database, everything)).map(recordOf),
  findProject: async (id) => {
    const row = await projects.findProject(database, id)
    return row && recordOf(row)
  },
  createProject: (context, { id = uuidv7(), name }) =>
    change(context, async (tx) => {
      const result = recordOf(await projects.insertProject(tx, { id, name }))
      return { result, event: projectEvent('project.created', result) }
    }),
  changeProject: (context, id, asked) =>
    change(context, async (tx) => {
      const result = recordOf(await projects.updateProject(tx, id, asked))
      return { result, event: projectEvent('project.changed', result) }
    }),
  removeProject: (context, id) =>
    change(context, async (tx) => {
      if (id === defaultProject)
        throw new CatalogError('ConflictException', `The default project cannot be deleted: ${id}`)
      const row = recordOf(await projects.deleteProject(tx, id))
      return { result: undefined, event: projectEvent('project.deleted', row) }
    }),
})

type MemberMembers = Pick<ProjectRegistry, 'listMembers' | 'addMembers' | 'removeMember'>

const memberMembers = (database: Database, change: Change): MemberMembers => ({
  listMembers: async (projectId, { after, limit }) => {
    const page = { limit, ...(after === undefined ? {} : { after: keyOf(after) }) }
    return (await members.listProjectMembers(database, projectId, page)).map(memberOf)
  },
  addMembers: (context, projectId, names) =>
    change(context, async (tx) => {
      await members.addProjectMembers(tx, projectId, names.map(keyOf))
      return { result: undefined, event: memberEvent('project-member.added', projectId, names) }
    }),
  removeMember: (context, projectId, name) =>
    change(context, async (tx) => {
      await members.removeProjectMember(tx, projectId, keyOf(name))
      return { result: undefined, event: memberEvent('project-member.removed', projectId, [name]) }
    }),
})

/** The token of the configuration administers without a record. */
const adminOf = (
  { principal: { id, kind } }: CallContext,
  draft: BootstrapDraft,
): { readonly admin?: FirstAdmin } => {
  if (kind !== 'user' && kind !== 'service-account') return {}
  const { name, email, userType } = draft
  return {
    admin: {
      ...{ id, kind },
      ...(name === undefined ? {} : { name }),
      ...(email === undefined ? {} : { email }),
      ...(userType === undefined ? {} : { userType }),
    },
  }
}

type ServerMembers = Pick<ProjectRegistry, 'isBootstrapped' | 'bootstrap' | 'listAdmins'>

const serverMembers = ({ database, defaultProject }: StoreProjectsDeps, change: Change): ServerMembers => ({
  isBootstrapped: () => isBootstrapped(database),
  bootstrap: async (context, draft) => {
    // Nobody is named in development mode: whoever comes first once people sign in is still to be the first.
    if (context.principal.kind === 'anonymous') return
    const memberOf = draft.operator ? { memberOf: defaultProject } : {}
    await change(context, async (tx) => {
      const event = await bootstrapStore(tx, { ...adminOf(context, draft), ...memberOf })
      return { result: undefined, event }
    })
  },
  listAdmins: () => listServerAdmins(database, everything.limit),
})

export const createStoreProjects = (deps: StoreProjectsDeps): ProjectRegistry => {
  const change = createChange(deps)
  return {
    knows: deps.knows,
    ...projectMembers(deps, change),
    ...memberMembers(deps.database, change),
    ...serverMembers(deps, change),
  }
}
