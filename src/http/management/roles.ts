/** The lines of the management face about roles, in Lakekeeper's wire forms. */
import { Type } from 'typebox'
import { tagOf } from '#gateway/if-match.ts'
import type { PageAsked, Paged } from '#gateway/operations/management/paging.ts'
import { addMembersSchema, memberRefSchema } from '#gateway/operations/management/project-members.ts'
import {
  type ListMembers,
  type MemberRef,
  memberTypeSchema,
  type RemoveMember,
  type RoleMemberOperations,
} from '#gateway/operations/management/role-members.ts'
import {
  createRoleSchema,
  type ListRoles,
  type RoleRecordOperations,
  searchRoleSchema,
  sourceSystemSchema,
  updateRoleSchema,
} from '#gateway/operations/management/roles.ts'
import type { JsonObject } from '#model/json.ts'
import { type Answer, jsonAnswer, noContent } from '../answer.ts'
import { type Endpoint, endpoint, type HttpRequest } from '../endpoint.ts'
import { decodePart } from '../raw-url.ts'
import { identOf, memberForm, roleMemberWire, userMemberWire } from './members.ts'
import { readId, readIdAndBody } from './read.ts'
import { form, manyQuery, nextPage, orNull, text, time, uuid } from './schemas.ts'

const origin = { ident: text, 'provider-id': text, 'source-id': text }

const roleForm = form('Role', {
  id: uuid,
  ...origin,
  name: text,
  description: orNull(text),
  'project-id': text,
  'created-at': time,
  'updated-at': orNull(time),
})
const roleMetadataForm = form('RoleMetadata', { id: uuid, ...origin, name: text, 'project-id': text })
const rolesForm = form('Roles', { roles: Type.Array(roleForm), ...nextPage })
const foundRolesForm = form('FoundRoles', { roles: Type.Array(roleForm) })
const membershipForm = form('RoleMembership', { id: uuid, ident: text, name: text })
const membershipsForm = form('RoleMemberships', { roles: Type.Array(membershipForm), ...nextPage })
const membersForm = form('RoleMembers', {
  members: Type.Array(memberForm({ user: 'UserMember', role: 'RoleMember' })),
  ...nextPage,
})
const addedForm = form('AddedMembers', { members: Type.Array(memberRefSchema) })

type Roles = Paged<Parameters<typeof roleWire>[0]>
type Held = Paged<Parameters<typeof membershipWire>[0]>
type Members = Paged<Parameters<typeof memberWire>[0]>

interface Named {
  readonly id: string
  readonly providerId: string
  readonly sourceId: string
  readonly name: string
}

interface Role extends Named {
  readonly description: string | null
  readonly projectId: string
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

const metadataWire = (role: Pick<Role, 'projectId' | keyof Named>): JsonObject => ({
  id: role.id,
  ident: identOf(role),
  'provider-id': role.providerId,
  'source-id': role.sourceId,
  name: role.name,
  'project-id': role.projectId,
})

/** `updated-at` is null until the first change. */
const roleWire = (role: Role): JsonObject => ({
  ...metadataWire(role),
  description: role.description,
  'created-at': role.createdAt.toISOString(),
  'updated-at': role.version === 1 ? null : role.updatedAt.toISOString(),
})

const membershipWire = (role: Named): JsonObject => ({ id: role.id, ident: identOf(role), name: role.name })

type Member =
  | ({ readonly kind: 'role' } & Named)
  | {
      readonly kind: 'principal'
      readonly id: string
      readonly name: string
      readonly email: string | null
      readonly userType: string
    }

const memberWire = (member: Member): JsonObject =>
  member.kind === 'role' ? roleMemberWire(member) : userMemberWire(member)

/** A change that says `If-Match` happens to this version or not at all. */
const answerRole = (role: Role): Answer => jsonAnswer(roleWire(role), [['ETag', tagOf(role.version)]])
const answerCreated = (role: Role): Answer => ({ ...answerRole(role), status: 201 })
const answerMetadata = (role: Role): Answer => jsonAnswer(metadataWire(role))
const answerRoles = ({ items, nextPageToken }: Roles): Answer =>
  jsonAnswer({ roles: items.map(roleWire), 'next-page-token': nextPageToken })
const answerFound = (roles: readonly Role[]): Answer => jsonAnswer({ roles: roles.map(roleWire) })
const answerHeld = ({ items, nextPageToken }: Held): Answer =>
  jsonAnswer({ roles: items.map(membershipWire), 'next-page-token': nextPageToken })
const answerMembers = ({ items, nextPageToken }: Members): Answer =>
  jsonAnswer({ members: items.map(memberWire), 'next-page-token': nextPageToken })
const answerAdded = (members: readonly MemberRef[]): Answer =>
  jsonAnswer({ members: members.map(({ type, id }) => ({ type, id })) })
const answerNothing = (): Answer => noContent

const listQuery = {
  ...manyQuery,
  projectId: Type.Optional(text),
  roleIds: Type.Optional(Type.Array(text)),
  sourceIds: Type.Optional(Type.Array(text)),
  providerIds: Type.Optional(Type.Array(text)),
  name: Type.Optional(Type.String({ description: 'Part of the name, in any letter case' })),
}

interface Listed extends PageAsked {
  readonly projectId?: string
  readonly roleIds?: readonly string[]
  readonly sourceIds?: readonly string[]
  readonly providerIds?: readonly string[]
  readonly name?: string
}

const readList = (_request: HttpRequest, { query }: { readonly query: Listed }): ListRoles => {
  const { projectId, roleIds, ...rest } = query
  return {
    ...rest,
    ...(projectId !== undefined && { project: projectId }),
    ...(roleIds !== undefined && { ids: roleIds }),
  }
}

/** Older clients name the project in the body. */
const projectIn = (body: { readonly 'project-id'?: string | null }) => ({
  project: body['project-id'] ?? undefined,
})

const membersQuery = { ...manyQuery, type: Type.Optional(memberTypeSchema) }

const readPage = (
  request: HttpRequest,
  { query }: { readonly query: Omit<ListMembers, 'id'> },
): ListMembers => ({ ...query, ...readId(request) })

const readMember = (request: HttpRequest): RemoveMember => ({
  ...readId(request),
  type: decodePart(request.params['type'] ?? ''),
  memberId: decodePart(request.params['member'] ?? ''),
})

/** Users are named letter by letter. */
const readUserPage = (request: HttpRequest, { query }: { readonly query: PageAsked }) => ({
  ...query,
  id: decodePart(request.params['id'] ?? ''),
})

const roles = '/v1/role'
const role = `${roles}/{id}`

const recordEndpoints = (operations: RoleRecordOperations): readonly Endpoint[] => [
  endpoint(`GET ${roles}`, operations.listRoles, {
    declares: {
      summary: 'The roles of the project, by name',
      query: listQuery,
      answers: { 200: rolesForm },
    },
    read: readList,
    answer: answerRoles,
  }),
  endpoint(`POST ${roles}`, operations.createRole, {
    declares: {
      summary: 'Creates a role',
      body: createRoleSchema,
      answers: { 201: roleForm },
      versioned: true,
    },
    read: (_request, { body }) => ({ body, ...projectIn(body) }),
    answer: answerCreated,
  }),
  endpoint(`GET ${role}`, operations.getRole, {
    declares: { summary: 'One role', answers: { 200: roleForm }, versioned: true },
    read: readId,
    answer: answerRole,
  }),
  endpoint(`POST ${role}`, operations.updateRole, {
    declares: {
      summary: 'Renames and describes a role anew',
      body: updateRoleSchema,
      answers: { 200: roleForm },
      versioned: true,
    },
    read: readIdAndBody,
    answer: answerRole,
  }),
  endpoint(`DELETE ${role}`, operations.deleteRole, {
    declares: {
      summary: 'Deletes a role, and with it what its members had by it',
      answers: { 204: null },
      versioned: true,
    },
    read: readId,
    answer: answerNothing,
  }),
]

const originEndpoints = (operations: RoleRecordOperations): readonly Endpoint[] => [
  endpoint(`PUT ${role}/source-system`, operations.updateRoleSourceSystem, {
    declares: {
      summary: 'Binds a role to another provider and source id',
      body: sourceSystemSchema,
      answers: { 200: roleForm },
      versioned: true,
    },
    read: readIdAndBody,
    answer: answerRole,
  }),
  endpoint(`GET ${role}/metadata`, operations.getRoleMetadata, {
    declares: {
      summary: 'The name and origin of a role, also of one of another project that is a member here',
      answers: { 200: roleMetadataForm },
    },
    read: readId,
    answer: answerMetadata,
  }),
  endpoint('POST /v1/search/role', operations.searchRoles, {
    declares: {
      summary: 'The ten roles of the project that fit a text best',
      body: searchRoleSchema,
      answers: { 200: foundRolesForm },
    },
    read: (_request, { body }) => ({ search: body.search, ...projectIn(body) }),
    answer: answerFound,
  }),
]

const memberEndpoints = (operations: RoleMemberOperations): readonly Endpoint[] => [
  endpoint(`GET ${role}/members`, operations.listRoleMembers, {
    declares: {
      summary: 'Who is in a role directly',
      query: membersQuery,
      answers: { 200: membersForm },
    },
    read: readPage,
    answer: answerMembers,
  }),
  endpoint(`POST ${role}/members`, operations.addRoleMembers, {
    declares: {
      summary: 'Puts users and roles into a role, all or none',
      body: addMembersSchema,
      answers: { 200: addedForm },
    },
    read: readIdAndBody,
    answer: answerAdded,
  }),
  endpoint(`DELETE ${role}/members/{type}/{member}`, operations.removeRoleMember, {
    declares: { summary: 'Takes a user or a role out of a role', answers: { 204: null } },
    read: readMember,
    answer: answerNothing,
  }),
  endpoint(`GET ${role}/members/transitive`, operations.listRoleTransitiveMembers, {
    declares: {
      summary: 'Who is in a role, also through other roles',
      query: membersQuery,
      answers: { 200: membersForm },
    },
    read: readPage,
    answer: answerMembers,
  }),
]

const holdings = (summary: string) => ({ summary, query: manyQuery, answers: { 200: membershipsForm } })

const holderEndpoints = (operations: RoleMemberOperations): readonly Endpoint[] => [
  endpoint(`GET ${role}/member-of`, operations.listRoleMemberOf, {
    declares: holdings('The roles that a role is in directly'),
    read: readPage,
    answer: answerHeld,
  }),
  endpoint(`GET ${role}/member-of/transitive`, operations.listRoleTransitiveMemberOf, {
    declares: holdings('The roles that a role is in, also through other roles'),
    read: readPage,
    answer: answerHeld,
  }),
  endpoint('GET /v1/user/{id}/roles', operations.listUserRoles, {
    declares: holdings('The roles of the project that a user is in directly'),
    read: readUserPage,
    answer: answerHeld,
  }),
  endpoint('GET /v1/user/{id}/roles/transitive', operations.listUserTransitiveRoles, {
    declares: holdings('The roles of the project that a user is in, also through other roles'),
    read: readUserPage,
    answer: answerHeld,
  }),
]

export const roleEndpoints = (
  operations: RoleRecordOperations & RoleMemberOperations,
): readonly Endpoint[] => [
  ...recordEndpoints(operations),
  ...originEndpoints(operations),
  ...memberEndpoints(operations),
  ...holderEndpoints(operations),
]
