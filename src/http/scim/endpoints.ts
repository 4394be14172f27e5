/** The provisioning face (SCIM 2.0): every line, and the operation behind it. */
import { Type } from 'typebox'
import type { ScimOperations } from '#gateway/operations/scim/scim.ts'
import { noContent } from '../answer.ts'
import { type Endpoint, rawEndpoint } from '../endpoint.ts'
import {
  answerConfig,
  answerResourceType,
  answerResourceTypes,
  answerSchema,
  answerSchemas,
} from './discovery.ts'
import { declareScim, filters, groupForm, listForm, patchForm, shownParts, userForm } from './forms.ts'
import {
  readBody,
  readChange,
  readGroupId,
  readGroupList,
  readId,
  readList,
  readNothing,
  readVersioned,
} from './read.ts'
import {
  answerCreatedGroup,
  answerCreatedUser,
  answerGroup,
  answerGroups,
  answerUser,
  answerUsers,
} from './wire.ts'

const answerNothing = () => noContent
const resource = Type.Object({ schemas: Type.Array(Type.String()) }, { title: 'ScimResource' })

const discoveryEndpoints = (operations: ScimOperations): readonly Endpoint[] => [
  rawEndpoint('GET /v2/ServiceProviderConfig', operations.getConfig, {
    declares: declareScim('Tells what the provisioning face can do', { 200: resource }),
    read: readNothing,
    answer: answerConfig,
  }),
  rawEndpoint('GET /v2/ResourceTypes', operations.listResourceTypes, {
    declares: declareScim('Lists what can be provisioned', { 200: listForm(resource) }),
    read: readNothing,
    answer: answerResourceTypes,
  }),
  rawEndpoint('GET /v2/ResourceTypes/{id}', operations.getResourceType, {
    declares: declareScim('Tells of one kind of resource', { 200: resource }),
    read: readId,
    answer: answerResourceType,
  }),
  rawEndpoint('GET /v2/Schemas', operations.listSchemas, {
    declares: declareScim('Lists the attributes of each kind', { 200: listForm(resource) }),
    read: readNothing,
    answer: answerSchemas,
  }),
  rawEndpoint('GET /v2/Schemas/{id}', operations.getSchema, {
    declares: declareScim('Tells the attributes of one kind', { 200: resource }),
    read: readId,
    answer: answerSchema,
  }),
]

const users = '/v2/Users'
const user = `${users}/{id}` as const

const userEndpoints = (operations: ScimOperations): readonly Endpoint[] => [
  rawEndpoint(`GET ${users}`, operations.listUsers, {
    declares: declareScim('Lists users', { 200: listForm(userForm) }, { query: filters }),
    read: readList,
    answer: answerUsers,
  }),
  rawEndpoint(`POST ${users}`, operations.createUser, {
    declares: declareScim('Makes a user known', { 201: userForm }, { query: shownParts, body: userForm }),
    read: readBody,
    answer: answerCreatedUser,
  }),
  rawEndpoint(`GET ${user}`, operations.getUser, {
    declares: declareScim('Tells of one user', { 200: userForm }, { query: shownParts, versioned: true }),
    read: readId,
    answer: answerUser,
  }),
  rawEndpoint(`PUT ${user}`, operations.replaceUser, {
    declares: declareScim(
      'Says anew what a user is',
      { 200: userForm },
      { query: shownParts, body: userForm, versioned: true },
    ),
    read: readChange,
    answer: answerUser,
  }),
  rawEndpoint(`PATCH ${user}`, operations.patchUser, {
    declares: declareScim(
      'Changes a user in parts; `active: false` ends all access at once',
      { 200: userForm },
      { query: shownParts, body: patchForm, versioned: true },
    ),
    read: readChange,
    answer: answerUser,
  }),
  rawEndpoint(`DELETE ${user}`, operations.deleteUser, {
    declares: declareScim('Deletes a user: all access ends at once', { 204: null }, { versioned: true }),
    read: readVersioned,
    answer: answerNothing,
  }),
]

const groups = '/v2/Groups'
const group = `${groups}/{id}` as const

const groupEndpoints = (operations: ScimOperations): readonly Endpoint[] => [
  rawEndpoint(`GET ${groups}`, operations.listGroups, {
    declares: declareScim('Lists groups', { 200: listForm(groupForm) }, { query: filters }),
    read: readGroupList,
    answer: answerGroups,
  }),
  rawEndpoint(`POST ${groups}`, operations.createGroup, {
    declares: declareScim('Makes a group', { 201: groupForm }, { query: shownParts, body: groupForm }),
    read: readBody,
    answer: answerCreatedGroup,
  }),
  rawEndpoint(`GET ${group}`, operations.getGroup, {
    declares: declareScim('Tells of one group', { 200: groupForm }, { query: shownParts, versioned: true }),
    read: readGroupId,
    answer: answerGroup,
  }),
  rawEndpoint(`PUT ${group}`, operations.replaceGroup, {
    declares: declareScim(
      'Says anew what a group is, and who is in it',
      { 200: groupForm },
      { query: shownParts, body: groupForm, versioned: true },
    ),
    read: readChange,
    answer: answerGroup,
  }),
  rawEndpoint(`PATCH ${group}`, operations.patchGroup, {
    declares: declareScim(
      'Changes a group in parts, its members among them',
      { 200: groupForm },
      { query: shownParts, body: patchForm, versioned: true },
    ),
    read: readChange,
    answer: answerGroup,
  }),
  rawEndpoint(`DELETE ${group}`, operations.deleteGroup, {
    declares: declareScim('Deletes a group', { 204: null }, { versioned: true }),
    read: readVersioned,
    answer: answerNothing,
  }),
]

export const scimEndpoints = (operations: ScimOperations): readonly Endpoint[] => [
  ...discoveryEndpoints(operations),
  ...userEndpoints(operations),
  ...groupEndpoints(operations),
]
