/** The lines of the management face about grants, in Lakekeeper's wire forms and paths where it has them. */
import { Type } from 'typebox'
import type { ById } from '#gateway/operations/management/place.ts'
import type { About } from '#gateway/operations/permissions/actions.ts'
import type { ShownAssignments } from '#gateway/operations/permissions/assignments.ts'
import type { OperationsOn, PermissionOperations } from '#gateway/operations/permissions/permissions.ts'
import type { AtContent, AtProjectPath } from '#gateway/operations/permissions/place.ts'
import { changeAssignmentsSchema, wireRelations } from '#gateway/operations/permissions/wire-relations.ts'
import { type Answer, jsonAnswer, noContent } from '../answer.ts'
import { type Endpoint, endpoint, type HttpRequest } from '../endpoint.ts'
import { decodePart } from '../raw-url.ts'
import { actionsForm, assignmentsForm, assignmentWire, reachForm, wordsForm } from './permission-forms.ts'
import { managedAccessEndpoints, otherPermissionEndpoints } from './permission-others.ts'
import { answerReach, reachQuery, readReach } from './permission-pages.ts'
import { privilegeEndpoints, vocabularyEndpoints } from './privileges.ts'
import { readId } from './read.ts'

const aboutQuery = {
  principalUser: Type.Optional(Type.String({ description: 'Whose rights; absent for one’s own' })),
  principalRole: Type.Optional(Type.String()),
}

/** How one kind of object is named by a path. */
interface At<Input> {
  readonly operations: OperationsOn<Input>
  /** Of its grants, and of what may be done with it. */
  readonly path: string
  readonly actionsPath?: string
  readonly read: (request: HttpRequest) => Input
  /** In sentences. */
  readonly what: string
}

const answerAssignments = ({ assignments }: ShownAssignments): Answer =>
  jsonAnswer({ assignments: assignments.map(assignmentWire) })

const answerOfProject = ({ project = '', assignments }: ShownAssignments): Answer =>
  jsonAnswer({ assignments: assignments.map(assignmentWire), 'project-id': project })

const answerWords = (words: readonly string[]): Answer => jsonAnswer({ 'allowed-actions': [...words] })
const answerActions = (words: readonly string[]): Answer =>
  jsonAnswer({ 'allowed-actions': words.map((action) => ({ action })) })

interface SaidAbout {
  readonly query: About
}

const assignmentEndpoints = <Input>({ operations, path, read, what }: At<Input>): readonly Endpoint[] => {
  const { type } = operations
  const line = `/v1/permissions/${path}/assignments` as const
  const relations = Type.Optional(
    Type.Array(Type.Union(wireRelations(type).map((relation) => Type.Literal(relation)))),
  )
  return [
    endpoint(`GET ${line}`, operations.list, {
      declares: {
        summary: `Who holds what on ${what}`,
        query: { relations },
        answers: { 200: assignmentsForm(type) },
      },
      read: (request, { query }) => ({ ...read(request), ...query }),
      answer: type === 'project' ? answerOfProject : answerAssignments,
    }),
    endpoint(`POST ${line}`, operations.change, {
      declares: {
        summary: `Gives rights to ${what}, and takes some, all or none`,
        body: changeAssignmentsSchema(type),
        answers: { 204: null },
      },
      read: (request, { body }) => ({ ...read(request), body }),
      answer: () => noContent,
    }),
  ]
}

const rightsEndpoints = <Input>({ operations, path, read, what }: At<Input>): readonly Endpoint[] => {
  const declares = { query: aboutQuery, answers: { 200: wordsForm } }
  const readAbout = (request: HttpRequest, { query }: SaidAbout) => ({ ...read(request), ...query })
  return [
    endpoint(`GET /v1/permissions/${path}/access`, operations.access, {
      declares: { summary: `What somebody may do with ${what} and its grants`, ...declares },
      read: readAbout,
      answer: answerWords,
    }),
    endpoint(`GET /v1/permissions/${path}/authorizer-actions`, operations.authorizerActions, {
      declares: { summary: `What somebody may do with the grants on ${what}`, ...declares },
      read: readAbout,
      answer: answerWords,
    }),
  ]
}

const actionsEndpoint = <Input>({ operations, actionsPath, read, what }: At<Input>): readonly Endpoint[] =>
  actionsPath === undefined
    ? []
    : [
        endpoint(`GET /v1/${actionsPath}/actions`, operations.actions, {
          declares: {
            summary: `What somebody may do with ${what}`,
            query: aboutQuery,
            answers: { 200: actionsForm },
          },
          read: (request, { query }) => ({ ...read(request), ...query }),
          answer: answerActions,
        }),
      ]

const reachEndpoint = <Input>({ operations, path, read, what }: At<Input>): Endpoint =>
  endpoint(`GET /v1/permissions/${path}/reach`, operations.reach, {
    declares: {
      summary: `Who reaches ${what}, and by which grants`,
      query: reachQuery,
      answers: { 200: reachForm },
    },
    read: (request, { query }) => ({ ...read(request), ...readReach(query) }),
    answer: answerReach,
  })

const allOf = <Input>(at: At<Input>): readonly Endpoint[] => [
  ...assignmentEndpoints(at),
  ...rightsEndpoints(at),
  ...actionsEndpoint(at),
  ...(at.operations.type === 'server' ? [] : [reachEndpoint(at)]),
  ...(at.actionsPath === undefined ? [] : privilegeEndpoints({ ...at, path: at.actionsPath })),
]

const readProjectPath = ({ params }: HttpRequest): AtProjectPath =>
  params['id'] === undefined ? {} : { project: decodePart(params['id']) }

const readContent = (request: HttpRequest): AtContent => ({
  ...readId(request),
  objectId: decodePart(request.params['object'] ?? '').toLowerCase(),
})

/** Its path names the warehouse too, which says nothing new: ids of namespaces are unique. */
const readInWarehouse = ({ params }: HttpRequest): ById => ({
  id: decodePart(params['object'] ?? '').toLowerCase(),
})

const readUser = ({ params }: HttpRequest): ById => ({
  id: decodePart((params['id'] ?? '').replaceAll('+', '%2B')),
})

const contentEndpoints = (operations: PermissionOperations): readonly Endpoint[] =>
  (['table', 'view'] as const).flatMap((type) =>
    allOf({
      ...{ operations: operations[type], read: readContent, what: `a ${type}` },
      ...{ path: `warehouse/{id}/${type}/{object}`, actionsPath: `warehouse/{id}/${type}/{object}` },
    }),
  )

const inWarehouse = (operations: PermissionOperations['namespace']): readonly Endpoint[] => {
  const path = 'warehouse/{id}/namespace/{object}'
  const at = { operations, path, actionsPath: path, read: readInWarehouse, what: 'a namespace' }
  return [...actionsEndpoint(at), ...privilegeEndpoints(at)]
}

const namespaceEndpoints = ({ namespace: operations }: PermissionOperations): readonly Endpoint[] => [
  ...allOf({ operations, path: 'namespace/{id}', read: readId, what: 'a namespace' }),
  ...inWarehouse(operations),
]

const objectEndpoints = (operations: PermissionOperations): readonly Endpoint[] => [
  ...allOf({
    ...{ operations: operations.server, path: 'server', actionsPath: 'server' },
    ...{ read: () => ({}), what: 'the server' },
  }),
  ...allOf({
    ...{ operations: operations.project, path: 'project', actionsPath: 'project' },
    ...{ read: readProjectPath, what: 'the project in use' },
  }),
  ...allOf({
    ...{ operations: operations.projectById, path: 'project/{id}' },
    ...{ read: readProjectPath, what: 'a project' },
  }),
  ...(['role', 'connection', 'warehouse'] as const).flatMap((type) =>
    allOf({
      ...{ operations: operations[type], path: `${type}/{id}`, actionsPath: `${type}/{id}` },
      ...{ read: readId, what: `a ${type}` },
    }),
  ),
  ...allOf({
    ...{ operations: operations.tag, path: 'tag/{id}', actionsPath: 'tag-definition/{id}' },
    ...{ read: readId, what: 'a governed tag' },
  }),
  ...namespaceEndpoints(operations),
  ...contentEndpoints(operations),
]

export const permissionEndpoints = (operations: PermissionOperations): readonly Endpoint[] => [
  ...objectEndpoints(operations),
  endpoint('GET /v1/user/{id}/actions', operations.user.actions, {
    declares: {
      summary: 'What somebody may do with a user',
      query: aboutQuery,
      answers: { 200: actionsForm },
    },
    read: (request, { query }) => ({ ...readUser(request), ...query }),
    answer: answerActions,
  }),
  ...managedAccessEndpoints(operations),
  ...otherPermissionEndpoints(operations),
  ...vocabularyEndpoints(operations),
]
