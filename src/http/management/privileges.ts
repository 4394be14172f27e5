/** The lines about grants in the shape that Lakekeeper has besides assignments: privileges of principals. */
import { type Static, type TSchema, Type } from 'typebox'
import type { PageAsked, Paged } from '#gateway/operations/management/paging.ts'
import type { About } from '#gateway/operations/permissions/actions.ts'
import type { OperationsOn, PermissionOperations } from '#gateway/operations/permissions/permissions.ts'
import type { Grantable, ShownGrant, ShownResource } from '#gateway/operations/permissions/privileges.ts'
import type { Assignment } from '#gateway/operations/permissions/wire-relations.ts'
import { CatalogError } from '#model/errors.ts'
import type { JsonObject } from '#model/json.ts'
import { type Answer, jsonAnswer, noContent } from '../answer.ts'
import { type Endpoint, endpoint, type HttpRequest } from '../endpoint.ts'
import { type HeldWire, heldResource } from './permission-forms.ts'
import { readNothing } from './read.ts'
import { form, nextPage, orNull, pageQuery, text } from './schemas.ts'

const closed = { additionalProperties: false } as const
const principal = Type.Object(
  {
    user: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000 })),
    role: Type.Optional(Type.String({ maxLength: 64 })),
  },
  closed,
)
const entry = Type.Object({ privilege: Type.String({ minLength: 1, maxLength: 256 }), principal }, closed)
const entries = Type.Optional(Type.Array(entry, { maxItems: 100 }))
const applySchema = Type.Object({ writes: entries, deletes: entries }, closed)

type Apply = Static<typeof applySchema>

const grantForm = Type.Object(
  {
    privilege: text,
    principal: Type.Object({ user: Type.Optional(text), role: Type.Optional(text) }),
    resource: Type.Object({ type: text }),
    recognized: Type.Boolean(),
  },
  { title: 'GrantShown' },
)
const grantsForm = form('GrantList', { grants: Type.Array(grantForm), ...nextPage })

const privilegeMembers = {
  name: text,
  'display-name': text,
  'resource-type': text,
  description: Type.Optional(orNull(text)),
  category: Type.Optional(orNull(text)),
}
const privilegeForm = form('Privilege', privilegeMembers)
const grantableForm = form('GrantablePrivileges', {
  privileges: Type.Array(form('GrantablePrivilege', { privilege: privilegeForm, allowed: Type.Boolean() })),
})
const vocabularyForm = Type.Object(
  { privileges: Type.Record(Type.String(), Type.Array(privilegeForm)) },
  { title: 'PrivilegeVocabulary' },
) as TSchema

const aboutQuery = { principalUser: Type.Optional(text), principalRole: Type.Optional(text) }

/** `change_schema` for people. */
const displayed = (name: string): string => name.replaceAll('_', ' ')

/** Of the tag that is defined, not of one that an object has. */
const resourceType = (type: string): string => (type === 'tag' ? 'tag-definition' : type)

const privilegeWire = ({ type, privilege }: Omit<Grantable, 'allowed'>): JsonObject => ({
  ...{ name: privilege, 'display-name': displayed(privilege), 'resource-type': resourceType(type) },
})

const resourceWire = ({ type, id, warehouse }: ShownResource): JsonObject => ({
  type: resourceType(type),
  ...(type === 'server' ? {} : { [`${resourceType(type)}-id`]: id }),
  ...(warehouse === undefined || type === 'warehouse' ? {} : { 'warehouse-id': warehouse }),
})

const principalWire = ({ user, role }: Pick<ShownGrant, 'user' | 'role'>): JsonObject => ({
  ...(user === undefined ? {} : { user }),
  ...(role === undefined ? {} : { role }),
})

const grantWire = (grant: ShownGrant): JsonObject => ({
  ...{ privilege: grant.privilege, principal: principalWire(grant), recognized: true },
  resource: resourceWire(grant.resource),
})

const answerGrants = ({ items, nextPageToken }: Paged<ShownGrant>): Answer =>
  jsonAnswer({ grants: items.map(grantWire), 'next-page-token': nextPageToken })

const answerGrantable = (all: readonly Grantable[]): Answer =>
  jsonAnswer({ privileges: all.map((one) => ({ privilege: privilegeWire(one), allowed: one.allowed })) })

const answerVocabulary = (all: readonly Omit<Grantable, 'allowed'>[]): Answer => {
  const byType = Map.groupBy(all, ({ type }) => resourceType(type))
  const privileges = [...byType].map(([type, some]) => [type, some.map(privilegeWire)] as const)
  return jsonAnswer({ privileges: Object.fromEntries(privileges) })
}

const assignmentOf = ({ privilege, principal: to }: Static<typeof entry>): Assignment => ({
  type: privilege,
  ...to,
})

/** Lakekeeper bounds both lists together, and wants one of them to say something. */
const readApply = ({ writes = [], deletes = [] }: Apply) => {
  const count = writes.length + deletes.length
  if (count === 0 || count > 100)
    throw new CatalogError(
      'BadRequestException',
      'Invalid grants: 1 to 100 of them, written and deleted together',
    )
  return { writes: writes.map(assignmentOf), deletes: deletes.map(assignmentOf) }
}

/** Where one kind of object is named by a path. */
export interface AtPath<Input> {
  readonly operations: Pick<OperationsOn<Input>, 'grants' | 'apply' | 'grantable'>
  readonly path: string
  readonly read: (request: HttpRequest) => Input
  readonly what: string
}

interface Said<Query> {
  readonly query: Query
}

export const privilegeEndpoints = <Input>({
  operations,
  path,
  read,
  what,
}: AtPath<Input>): readonly Endpoint[] => [
  endpoint(`GET /v1/${path}/grants`, operations.grants, {
    declares: {
      summary: `The grants on ${what}, as privileges`,
      query: { ...pageQuery, ...aboutQuery },
      answers: { 200: grantsForm },
    },
    read: (request, { query }: Said<About & PageAsked>) => ({ ...read(request), ...query }),
    answer: answerGrants,
  }),
  endpoint(`POST /v1/${path}/grants`, operations.apply, {
    declares: {
      summary: `Gives privileges on ${what}, and takes some, all or none`,
      body: applySchema,
      answers: { 204: null },
    },
    read: (request, { body }) => ({ ...read(request), body: readApply(body) }),
    answer: () => noContent,
  }),
  endpoint(`GET /v1/${path}/grants/grantable-privileges`, operations.grantable, {
    declares: {
      summary: `What can be granted on ${what}, and what somebody may grant of it`,
      query: aboutQuery,
      answers: { 200: grantableForm },
    },
    read: (request, { query }: Said<About>) => ({ ...read(request), ...query }),
    answer: answerGrantable,
  }),
]

const heldWire = (held: HeldWire): JsonObject => ({
  privilege: held.privilege,
  principal: principalWire(held.subject),
  resource: resourceWire(held.resource),
  recognized: true,
})

export const vocabularyEndpoints = (operations: PermissionOperations): readonly Endpoint[] => [
  endpoint('GET /v1/grants', operations.listGrants, {
    declares: {
      summary: 'What one principal holds in the project, without what its roles hold',
      query: { ...pageQuery, ...aboutQuery },
      answers: { 200: grantsForm },
    },
    read: (_request, { query }: Said<About & PageAsked>) => query,
    answer: ({ items, nextPageToken }) =>
      jsonAnswer({ grants: items.map(heldResource).map(heldWire), 'next-page-token': nextPageToken }),
  }),
  endpoint('GET /v1/grants/grantable-privileges', operations.getGrantablePrivileges, {
    declares: { summary: 'All that can be granted, by kind of object', answers: { 200: vocabularyForm } },
    read: readNothing,
    answer: answerVocabulary,
  }),
]
