/** The operations on who is in a role, and on the roles that somebody is in. */

import type { Static } from 'typebox'
import type { Principal } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import { storable } from '#store/outbox.ts'
import {
  groupsOf,
  type Holder,
  isFilledByHand,
  type KnownMember,
  type KnownRole,
  type Reach,
} from '#store/role-listings.ts'
import type { RoleMember } from '#store/role-members.ts'
import type { RoleRecord } from '#store/roles.ts'
import { listingScope } from '../../listing.ts'
import type { Operation } from '../../operation.ts'
import { replayDone } from '../replays.ts'
import { checkMayFill } from './filled-roles.ts'
import { type PageAsked, type Paged, pageByKey } from './paging.ts'
import { type ById, certainly, isId, onProject } from './place.ts'
import { type addMembersSchema, memberRefSchema } from './project-members.ts'
import { atRole, type InProject, type OnRole, onRole, type RoleDeps } from './role-place.ts'

/** How a kind of member is spelled outside. */
export const memberTypeSchema = memberRefSchema.properties.type
export type MemberRef = Static<typeof memberRefSchema>

const memberOf = ({ type, id }: MemberRef): RoleMember => {
  if (type === 'user') return { kind: 'principal', id: storable(id) }
  const uuid = id.toLowerCase()
  if (!isId(uuid)) throw new CatalogError('BadRequestException', `Invalid role id: ${id}`)
  return { kind: 'role', id: uuid }
}

const refOf = ({ kind, id }: RoleMember): MemberRef => ({ type: kind === 'role' ? 'role' : 'user', id })

/** Each member once, in the order in which they were named. */
const membersOf = (refs: readonly MemberRef[]): readonly RoleMember[] => [
  ...new Map(refs.map(memberOf).map((member) => [`${member.kind} ${member.id}`, member])).values(),
]

/** What a token's groups or provisioning fill cannot be filled by hand: the next token would say otherwise. */
const checkByHand = ({ id, providerId }: RoleRecord): void => {
  if (!isFilledByHand(providerId))
    throw new CatalogError(
      'ManagedRoleImmutable',
      `The members of role ${id} come from provider ${providerId}`,
    )
}

export interface ListMembers extends ById, PageAsked {
  /** Absent: users and roles. */
  readonly type?: MemberRef['type'] | undefined
}

const keyOfMember = ({ kind, id }: RoleMember): string => JSON.stringify({ kind, id })

const listMembers = (
  deps: RoleDeps,
  operation: string,
  reach: Reach['reach'],
): Operation<ListMembers, OnRole<ListMembers>, Paged<KnownMember>> => ({
  name: operation,
  kind: 'read',
  success: 200,
  ...atRole(deps),
  needs: onRole('describe'),
  run: async ({ target: { input, record, asker } }) => {
    const kind = input.type === 'user' ? 'principal' : input.type
    return pageByKey(deps.pageTokens, input, {
      scope: listingScope(operation, [record.id, kind ?? ''], asker),
      read: (limit, after) =>
        deps.roles.listMembers(record.id, {
          ...{ reach, limit },
          ...(kind !== undefined && { kind }),
          ...(after !== undefined && { after: JSON.parse(after) as RoleMember }),
        }),
      keyOf: keyOfMember,
    })
  },
})

export type AddMembers = ById & { readonly body: Static<typeof addMembersSchema> }

const addRoleMembers = (deps: RoleDeps): Operation<AddMembers, OnRole<AddMembers>, readonly MemberRef[]> => ({
  name: 'addRoleMembers',
  kind: 'change',
  success: 200,
  ...atRole(deps),
  needs: onRole('manage'),
  run: certainly(async ({ context, target: { input, record, asker } }) => {
    checkByHand(record)
    await checkMayFill(deps, asker, record)
    const members = membersOf(input.body.members)
    await deps.roles.addMembers(context, record, members)
    return members.map(refOf)
  }),
  replay: {
    remember: () => ({ kind: 'done' }),
    recall: async (_outcome, { target }) => membersOf(target.input.body.members).map(refOf),
  },
})

export type RemoveMember = ById & { readonly type: string; readonly memberId: string }

const memberAsked = ({ type, memberId }: RemoveMember): RoleMember => {
  if (type !== 'user' && type !== 'role')
    throw new CatalogError('BadRequestException', 'Invalid member type: user or role')
  return memberOf({ type, id: memberId })
}

const removeRoleMember = (deps: RoleDeps): Operation<RemoveMember, OnRole<RemoveMember>, void> => ({
  name: 'removeRoleMember',
  kind: 'change',
  success: 204,
  ...atRole(deps),
  needs: onRole('manage'),
  run: certainly(async ({ context, target: { input, record } }) => {
    checkByHand(record)
    await deps.roles.removeMember(context, record, memberAsked(input))
  }),
  replay: replayDone,
})

export type ListHeld = ById & PageAsked

interface Held {
  readonly operation: string
  readonly reach: Reach['reach']
}

const pageOfHeld = (
  deps: RoleDeps,
  { operation, reach }: Held,
  { target, holder }: { readonly target: InProject<ListHeld>; readonly holder: Holder },
): Promise<Paged<KnownRole>> =>
  pageByKey(deps.pageTokens, target.input, {
    scope: listingScope(operation, [target.project, holder.id], target.asker),
    read: (limit, after) =>
      deps.roles.listHeld(holder, {
        ...{ reach, limit, projectId: target.project },
        ...(after !== undefined && { after }),
      }),
    keyOf: ({ id }) => id,
  })

const listMemberOf = (
  deps: RoleDeps,
  held: Held,
): Operation<ListHeld, OnRole<ListHeld>, Paged<KnownRole>> => ({
  name: held.operation,
  kind: 'read',
  success: 200,
  ...atRole(deps),
  needs: onRole('describe'),
  run: ({ target }) =>
    pageOfHeld(deps, held, { target, holder: { kind: 'role', id: target.record.id, groups: groupsOf() } }),
})

const missingUser = (id: string): CatalogError =>
  new CatalogError('NotFoundException', `User does not exist: ${id}`)

/** What a token claims is known of its own bearer alone. */
const holderOf = (id: string, asker: Principal): Holder => ({
  kind: 'principal',
  id: storable(id),
  groups: groupsOf(asker.id === id ? asker.groups : []),
})

const listUserRoles = (
  deps: RoleDeps,
  held: Held,
): Operation<ListHeld, InProject<ListHeld>, Paged<KnownRole>> => ({
  name: held.operation,
  kind: 'read',
  success: 200,
  within: ({ id }, named) => ({ project: named ?? deps.projectId, missing: () => missingUser(id) }),
  resolve: async (input, asker, named) => ({
    warehouse: null,
    project: named ?? deps.projectId,
    ...{ input, asker },
  }),
  // One's own roles are told to whoever may be in the project, those of others are among its grants.
  needs: (target) => onProject(target.input.id === target.asker.id ? 'list' : 'read-grants')(target),
  missing: ({ input }) => missingUser(input.id),
  run: async ({ target }) => {
    const { project, input, asker } = target
    if (!(await deps.roles.hasPrincipal(project, storable(input.id)))) throw missingUser(input.id)
    return pageOfHeld(deps, held, { target, holder: holderOf(input.id, asker) })
  },
})

export type RoleMemberOperations = ReturnType<typeof createRoleMemberOperations>

export const createRoleMemberOperations = (deps: RoleDeps) => ({
  listRoleMembers: listMembers(deps, 'listRoleMembers', 'direct'),
  listRoleTransitiveMembers: listMembers(deps, 'listRoleTransitiveMembers', 'transitive'),
  addRoleMembers: addRoleMembers(deps),
  removeRoleMember: removeRoleMember(deps),
  listRoleMemberOf: listMemberOf(deps, { operation: 'listRoleMemberOf', reach: 'direct' }),
  listRoleTransitiveMemberOf: listMemberOf(deps, {
    operation: 'listRoleTransitiveMemberOf',
    reach: 'transitive',
  }),
  listUserRoles: listUserRoles(deps, { operation: 'listUserRoles', reach: 'direct' }),
  listUserTransitiveRoles: listUserRoles(deps, { operation: 'listUserTransitiveRoles', reach: 'transitive' }),
})
