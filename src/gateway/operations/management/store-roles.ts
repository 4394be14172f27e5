/** The register of roles on our store. */
import type { EventDraft } from '#model/event.ts'
import type { Database } from '#store/database.ts'
import { giveOwnership } from '#store/ownership.ts'
import { listHeldRoles, listMembers } from '#store/role-listings.ts'
import {
  addRoleMembers,
  administersProject,
  bindRole,
  isPrincipalOf,
  type RoleMember,
  reachesServer,
  removeRoleMembers,
} from '#store/role-members.ts'
import * as roles from '#store/roles.ts'
import type { RoleRegistry } from './role-registry.ts'
import { type Change, createChange, type StoreChangeDeps } from './store-change.ts'

const eventOf = (type: string, { id, name, projectId }: roles.RoleRecord): EventDraft => ({
  type,
  object: id,
  warehouse: '',
  data: { name, project: projectId },
})

const membersEvent = (
  type: string,
  { id, projectId }: roles.RoleTarget,
  members: readonly RoleMember[],
): EventDraft => ({
  type,
  object: id,
  warehouse: '',
  data: { project: projectId, members: members.map((member) => `${member.kind} ${member.id}`) },
})

type Changes = Pick<
  RoleRegistry,
  'createRole' | 'changeRole' | 'bindRole' | 'removeRole' | 'addMembers' | 'removeMember'
>

const changesOf = (change: Change): Changes => ({
  createRole: (context, draft) =>
    change(context, async (tx) => {
      const result = await roles.insertRole(tx, draft)
      const place = { object: `role:${result.id}`, projectId: result.projectId } as const
      const more = await giveOwnership(tx, context.principal, place)
      return { result, event: eventOf('role.created', result), more }
    }),
  changeRole: (context, target, asked) =>
    change(context, async (tx) => {
      const result = await roles.updateRole(tx, target, asked)
      return { result, event: eventOf('role.changed', result) }
    }),
  bindRole: (context, target, origin) =>
    change(context, async (tx) => {
      const result = await bindRole(tx, target, origin)
      return { result, event: eventOf('role.changed', result) }
    }),
  removeRole: (context, target) =>
    change(context, async (tx) => {
      const row = await roles.deleteRole(tx, target)
      return { result: undefined, event: eventOf('role.deleted', row) }
    }),
  addMembers: (context, target, members) =>
    change(context, async (tx) => {
      await addRoleMembers(tx, target, members)
      return { result: undefined, event: membersEvent('role.members-added', target, members) }
    }),
  removeMember: (context, target, member) =>
    change(context, async (tx) => {
      await removeRoleMembers(tx, target, [member])
      return { result: undefined, event: membersEvent('role.members-removed', target, [member]) }
    }),
})

const readsOf = (database: Database): Omit<RoleRegistry, keyof Changes> => ({
  listRoles: (projectId, page) => roles.listRoles(database, projectId, page),
  searchRoles: (projectId, text) => roles.searchRoles(database, projectId, text),
  findRole: (id) => roles.findRole(database, id),
  findRoles: (ids) => roles.findRoles(database, ids),
  isUsed: (projectId, id) => roles.isRoleUsed(database, projectId, id),
  reachesServer: (id) => reachesServer(database, id),
  administersProject: (role) => administersProject(database, role),
  listMembers: (id, page) => listMembers(database, id, page),
  listHeld: (holder, page) => listHeldRoles(database, holder, page),
  hasPrincipal: (projectId, id) => isPrincipalOf(database, projectId, id),
})

export const createStoreRoles = (deps: StoreChangeDeps): RoleRegistry => ({
  ...readsOf(deps.database),
  ...changesOf(createChange(deps)),
})
