/** The operations on groups that a provisioning system has: roles of one project that it alone fills. */
import { v7 } from 'uuid'
import { beforeChange } from '#catalog/certainty.ts'
import type { Principal } from '#model/access.ts'
import { isCatalogError } from '#model/errors.ts'
import type { EventDraft } from '#model/event.ts'
import type { JsonObject } from '#model/json.ts'
import type { Sql, Transaction } from '#store/database.ts'
import { assignMembers, type GroupMember, listGroups, membersOf } from '#store/provisioned-groups.ts'
import { addRoleMembers, removeRoleMembers } from '#store/role-members.ts'
import { deleteRole, findRole, insertRole, type RoleRecord, updateRole } from '#store/roles.ts'
import { raiseIdentityEpoch } from '#store/server.ts'
import type { Operation } from '../../operation.ts'
import { checkForGood } from '../management/lasting.ts'
import { replayDone } from '../replays.ts'
import { groupFilters, readFilter } from './filter.ts'
import { type GroupChanges, type MemberChange, readGroup, readGroupPatch } from './group-changes.ts'
import { readPatch } from './patch.ts'
import {
  aim,
  type ById,
  type ListAsked,
  type Listed,
  listed,
  missing,
  onServer,
  pageOf,
  type ScimDeps,
  type ScimTarget,
  tellingUniqueness,
  type Versioned,
} from './place.ts'
import { ScimRefusal } from './refusal.ts'
import type { WithBody } from './users.ts'

export type { GroupMember } from '#store/provisioned-groups.ts'

export interface Group {
  readonly role: RoleRecord
  /** Undefined where nobody asked for them. */
  readonly members: readonly GroupMember[] | undefined
}

/** Members may be many: who does not want them says so. */
interface Shown {
  readonly withMembers: boolean
}

export type GetGroup = ById & Shown
export type ListGroups = ListAsked & Shown

/** Events leave the house: a change of more members is told without the rest. */
const mostTold = 1_000

const toldOf = ({ members }: GroupChanges): readonly string[] =>
  members
    .flatMap((change) => change.members.map((member) => `${change.kind} ${member.kind} ${member.id}`))
    .slice(0, mostTold)

const eventOf = (type: string, { id, name, projectId }: RoleRecord, changes?: GroupChanges): EventDraft => ({
  type: `role.${type}`,
  object: id,
  warehouse: '',
  data: { name, project: projectId, ...(changes ? { members: toldOf(changes) } : {}) },
})

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Roles of other projects and providers, and those filled by hand, are not there. */
const findOwn = async ({ rules }: ScimDeps, sql: Sql, asked: string): Promise<RoleRecord> => {
  const id = asked.toLowerCase()
  const role = uuid.test(id) ? await findRole(sql, id) : undefined
  if (role?.projectId !== rules.project || role.providerId !== rules.provider) throw missing('Group', asked)
  return role
}

const shown = async (sql: Sql, role: RoleRecord, withMembers: boolean): Promise<Group> => ({
  role,
  members: withMembers ? await membersOf(sql, [role.id]) : undefined,
})

const listAll = ({
  rules,
  database,
}: ScimDeps): Operation<ListGroups, ScimTarget<ListGroups>, Listed<Group>> => ({
  name: 'scimListGroups',
  kind: 'read',
  success: 200,
  resolve: aim,
  needs: onServer('manage'),
  run: async ({ target: { input } }) => {
    const condition = readFilter(groupFilters, input.filter)
    const page = pageOf(input)
    const scope = { projectId: rules.project, provider: rules.provider, condition }
    const { total, items } = await listGroups(database, scope, page)
    const members = input.withMembers
      ? await membersOf(
          database,
          items.map(({ id }) => id),
        )
      : undefined
    const byRole = members && Map.groupBy(members, ({ roleId }) => roleId)
    const groups = items.map((role) => ({ role, members: byRole && (byRole.get(role.id) ?? []) }))
    return listed({ total, items: groups }, page)
  },
})

const getGroup = (deps: ScimDeps): Operation<GetGroup, ScimTarget<GetGroup>, Group> => ({
  name: 'scimGetGroup',
  kind: 'read',
  success: 200,
  resolve: aim,
  needs: onServer('manage'),
  run: async ({ target: { input } }) =>
    shown(deps.database, await findOwn(deps, deps.database, input.id), input.withMembers),
})

/** Nobody of another provider, and no service account, comes into a group by its id alone. */
const checkMembers = async (
  deps: ScimDeps,
  tx: Transaction,
  { kind, members }: MemberChange,
): Promise<void> => {
  if (kind === 'remove') return
  for (const member of members) {
    if (member.kind === 'role') await findOwn(deps, tx, member.id)
    else if (!member.id.startsWith(`${deps.rules.provider}~`)) throw missing('User', member.id)
  }
}

const changeMembers = async (tx: Transaction, role: RoleRecord, change: MemberChange): Promise<void> => {
  const { id, projectId } = role
  const apply = { add: addRoleMembers, remove: removeRoleMembers, assign: assignMembers }[change.kind]
  await apply(tx, { id, projectId }, change.members)
}

/** A member that is missing is a wrong value, and not a missing group. */
const applyMembers = async (
  deps: ScimDeps,
  tx: Transaction,
  { role, changes }: { readonly role: RoleRecord; readonly changes: GroupChanges },
): Promise<void> => {
  try {
    for (const change of changes.members) {
      await checkMembers(deps, tx, change)
      await changeMembers(tx, role, change)
    }
  } catch (error) {
    if (!isCatalogError(error) || error.status !== 404) throw error
    throw new ScimRefusal('invalidValue', `Invalid members: ${error.message}`, { cause: error })
  }
}

/** Membership has no end: whoever provisions for a while puts nobody in. */
const checkLastsOn = async (
  deps: ScimDeps,
  principal: Principal,
  { members, externalId, displayName }: GroupChanges,
): Promise<void> => {
  const renamed = externalId !== undefined || displayName !== undefined
  if (!renamed && members.every(({ kind }) => kind === 'remove')) return
  const right = { relation: 'can_manage', resource: { kind: 'server' } } as const
  await checkForGood(deps, { principal, what: 'membership', right })
}

const createGroup = (deps: ScimDeps): Operation<WithBody, ScimTarget<WithBody>, Group> => ({
  name: 'scimCreateGroup',
  kind: 'change',
  success: 201,
  resolve: aim,
  needs: onServer('manage'),
  run: ({ context, target: { input } }) =>
    beforeChange(async () => {
      const changes = readGroup(input.body)
      await checkLastsOn(deps, context.principal, changes)
      const { project: projectId, provider: providerId } = deps.rules
      const sourceId = changes.externalId ?? changes.displayName
      return tellingUniqueness(() =>
        deps.change(context, async (tx) => {
          const name = changes.displayName
          const draft = { id: v7(), projectId, providerId, sourceId, name, description: null }
          const role = await insertRole(tx, draft)
          await applyMembers(deps, tx, { role, changes })
          return { result: await shown(tx, role, true), event: eventOf('created', role, changes) }
        }),
      )
    }),
  replay: {
    remember: ({ role }) => ({ kind: 'json', body: JSON.stringify({ id: role.id }) }),
    recall: async (outcome) => {
      const { id } = JSON.parse(outcome.kind === 'json' ? outcome.body : '{}') as { id: string }
      return shown(deps.database, await findOwn(deps, deps.database, id), true)
    },
  },
})

/** A group that has no id over there goes by its name: the tokens of its members do too. */
const recordChange = (role: RoleRecord, { displayName, externalId }: GroupChanges) => {
  const follows = role.sourceId === role.name ? displayName : undefined
  const sourceId = externalId ?? follows
  return {
    ...(displayName === undefined ? {} : { name: displayName }),
    ...(sourceId === undefined ? {} : { sourceId }),
  }
}

const changing = (
  deps: ScimDeps,
  name: string,
  changesOf: (body: JsonObject) => GroupChanges,
): Operation<Versioned & WithBody, ScimTarget<Versioned & WithBody>, Group> => ({
  name,
  kind: 'change',
  success: 200,
  resolve: aim,
  needs: onServer('manage'),
  run: ({ context, target: { input } }) =>
    beforeChange(async () => {
      const changes = changesOf(input.body)
      await checkLastsOn(deps, context.principal, changes)
      return tellingUniqueness(() =>
        deps.change(context, async (tx) => {
          await raiseIdentityEpoch(tx)
          const { id, projectId, ...known } = await findOwn(deps, tx, input.id)
          const target = { id, projectId, ...(input.version === undefined ? {} : { version: input.version }) }
          const role = await updateRole(tx, target, recordChange({ id, projectId, ...known }, changes))
          await applyMembers(deps, tx, { role, changes })
          return { result: await shown(tx, role, true), event: eventOf('changed', role, changes) }
        }),
      )
    }),
  replay: {
    remember: () => ({ kind: 'done' }),
    recall: async (_outcome, { target }) =>
      shown(deps.database, await findOwn(deps, deps.database, target.input.id), true),
  },
})

const deleteGroup = (deps: ScimDeps): Operation<Versioned, ScimTarget<Versioned>, void> => ({
  name: 'scimDeleteGroup',
  kind: 'change',
  success: 204,
  resolve: aim,
  needs: onServer('manage'),
  run: ({ context, target: { input } }) =>
    beforeChange(() =>
      deps.change(context, async (tx) => {
        const { id, projectId } = await findOwn(deps, tx, input.id)
        const { version } = input
        const row = await deleteRole(tx, { id, projectId, ...(version === undefined ? {} : { version }) })
        return { result: undefined, event: eventOf('deleted', row) }
      }),
    ),
  replay: replayDone,
})

export const createScimGroups = (deps: ScimDeps) => ({
  listGroups: listAll(deps),
  getGroup: getGroup(deps),
  createGroup: createGroup(deps),
  replaceGroup: changing(deps, 'scimReplaceGroup', readGroup),
  patchGroup: changing(deps, 'scimPatchGroup', (body) => readGroupPatch(readPatch(body))),
  deleteGroup: deleteGroup(deps),
})
