/** The lines of the management face about users, service accounts and their keys. */
import { Type } from 'typebox'
import { tagOf } from '#gateway/if-match.ts'
import {
  type ServiceAccountOperations,
  serviceAccountSchema,
} from '#gateway/operations/management/accounts.ts'
import { type AtKey, createKeySchema, type KeyOperations } from '#gateway/operations/management/keys.ts'
import type { PageAsked } from '#gateway/operations/management/paging.ts'
import type { ById } from '#gateway/operations/management/place.ts'
import {
  createUserSchema,
  type ListUsers,
  searchUserSchema,
  type UserOperations,
  updateUserSchema,
} from '#gateway/operations/management/users.ts'
import { type Answer, type Header, jsonAnswer, noContent } from '../answer.ts'
import { type Endpoint, endpoint, type HttpRequest } from '../endpoint.ts'
import { decodePart } from '../raw-url.ts'
import * as forms from './people-forms.ts'
import { readBody, readNothing } from './read.ts'
import { manyQuery } from './schemas.ts'

type PeopleOperations = UserOperations & ServiceAccountOperations & KeyOperations

/** Ids hold what a form would take for a space (`oidc~a+b@example.org`), and letters of both cases. */
const readPrincipal = ({ params }: HttpRequest): ById => ({
  id: decodePart((params['id'] ?? '').replaceAll('+', '%2B')),
})

const readPrincipalAndBody = <Body>(request: HttpRequest, { body }: { readonly body: Body }) => ({
  ...readPrincipal(request),
  body,
})

const readKey = (request: HttpRequest): AtKey => ({
  ...readPrincipal(request),
  keyId: decodePart(request.params['key'] ?? '').toLowerCase(),
})

const usersQuery = { name: Type.Optional(Type.String({ description: 'A part of the name' })), ...manyQuery }

const readPage = (_request: HttpRequest, { query }: { readonly query: PageAsked }): PageAsked => query
const readListUsers = (_request: HttpRequest, { query }: { readonly query: ListUsers }): ListUsers => query

const answerNothing = (): Answer => noContent
/** As Lakekeeper answers: 200 without a body. */
const answerEmpty = (): Answer => ({ ...noContent, status: 200 })
const tagged = ({ version }: { readonly version: number }): readonly Header[] => [['ETag', tagOf(version)]]
const answerUser = (user: Parameters<typeof forms.userWire>[0]): Answer =>
  jsonAnswer(forms.userWire(user), tagged(user))
const answerAccount = (account: Parameters<typeof forms.serviceAccountWire>[0]): Answer =>
  jsonAnswer(forms.serviceAccountWire(account), tagged(account))

const user = '/v1/user/{id}'

const ownEndpoints = ({ whoami, searchUser }: PeopleOperations): readonly Endpoint[] => [
  endpoint('GET /v1/whoami', whoami, {
    declares: { summary: 'Who is asking', answers: { 200: forms.myselfForm } },
    read: readNothing,
    answer: (myself) => jsonAnswer(forms.myselfWire(myself)),
  }),
  endpoint('POST /v1/search/user', searchUser, {
    declares: {
      summary: 'The ten users whose name, address or id fits best',
      body: searchUserSchema,
      answers: { 200: forms.foundUsersForm },
    },
    read: readBody,
    answer: (users) => jsonAnswer({ users: users.map(forms.foundUserWire) }),
  }),
]

const userEndpoints = (operations: PeopleOperations): readonly Endpoint[] => [
  endpoint('GET /v1/user', operations.listUsers, {
    declares: { summary: 'The users of the server', query: usersQuery, answers: { 200: forms.usersForm } },
    read: readListUsers,
    answer: ({ items, nextPageToken }) =>
      jsonAnswer({ users: items.map(forms.userWire), 'next-page-token': nextPageToken }),
  }),
  endpoint('POST /v1/user', operations.createUser, {
    declares: {
      summary: 'Makes a user, or oneself where no id is given; changes one that is there where asked to',
      body: createUserSchema,
      versioned: true,
      answers: { 200: forms.userForm, 201: forms.userForm },
    },
    read: readBody,
    answer: ({ record, created }) => ({ ...answerUser(record), status: created ? 201 : 200 }),
  }),
  endpoint(`GET ${user}`, operations.getUser, {
    declares: { summary: 'One user', versioned: true, answers: { 200: forms.userForm } },
    read: readPrincipal,
    answer: answerUser,
  }),
  endpoint(`PUT ${user}`, operations.updateUser, {
    declares: {
      summary: 'Sets a user anew',
      body: updateUserSchema,
      versioned: true,
      answers: { 200: null },
    },
    read: readPrincipalAndBody,
    answer: answerEmpty,
  }),
  endpoint(`DELETE ${user}`, operations.deleteUser, {
    declares: {
      summary: 'Deletes a user; signing in again does not revive it',
      versioned: true,
      answers: { 204: null },
    },
    read: readPrincipal,
    answer: answerNothing,
  }),
  endpoint(`POST ${user}/activate`, operations.activateUser, {
    declares: { summary: 'Lets a user in again', versioned: true, answers: { 200: forms.userForm } },
    read: readPrincipal,
    answer: answerUser,
  }),
  endpoint(`POST ${user}/deactivate`, operations.deactivateUser, {
    declares: { summary: 'Turns a user away from now on', versioned: true, answers: { 200: forms.userForm } },
    read: readPrincipal,
    answer: answerUser,
  }),
]

const accounts = '/v1/service-account'
const account = `${accounts}/{id}`

const accountEndpoints = (operations: PeopleOperations): readonly Endpoint[] => [
  endpoint(`GET ${accounts}`, operations.listServiceAccounts, {
    declares: {
      summary: 'The service accounts of the project',
      query: manyQuery,
      answers: { 200: forms.serviceAccountsForm },
    },
    read: readPage,
    answer: ({ items, nextPageToken }) =>
      jsonAnswer({
        'service-accounts': items.map(forms.serviceAccountWire),
        'next-page-token': nextPageToken,
      }),
  }),
  endpoint(`POST ${accounts}`, operations.createServiceAccount, {
    declares: {
      summary: 'Makes a service account',
      body: serviceAccountSchema,
      versioned: true,
      answers: { 201: forms.serviceAccountForm },
    },
    read: readBody,
    answer: (made) => ({ ...answerAccount(made), status: 201 }),
  }),
  endpoint(`GET ${account}`, operations.getServiceAccount, {
    declares: { summary: 'One service account', versioned: true, answers: { 200: forms.serviceAccountForm } },
    read: readPrincipal,
    answer: answerAccount,
  }),
  endpoint(`PUT ${account}`, operations.renameServiceAccount, {
    declares: {
      summary: 'Names a service account anew',
      body: serviceAccountSchema,
      versioned: true,
      answers: { 200: forms.serviceAccountForm },
    },
    read: readPrincipalAndBody,
    answer: answerAccount,
  }),
  endpoint(`DELETE ${account}`, operations.deleteServiceAccount, {
    declares: { summary: 'Deletes a service account and its keys', versioned: true, answers: { 204: null } },
    read: readPrincipal,
    answer: answerNothing,
  }),
  endpoint(`POST ${account}/activate`, operations.activateServiceAccount, {
    declares: {
      summary: 'Lets a service account in again',
      versioned: true,
      answers: { 200: forms.serviceAccountForm },
    },
    read: readPrincipal,
    answer: answerAccount,
  }),
  endpoint(`POST ${account}/deactivate`, operations.deactivateServiceAccount, {
    declares: {
      summary: 'Turns a service account away',
      versioned: true,
      answers: { 200: forms.serviceAccountForm },
    },
    read: readPrincipal,
    answer: answerAccount,
  }),
]

const keyEndpoints = (operations: PeopleOperations): readonly Endpoint[] => [
  endpoint(`GET ${account}/key`, operations.listServiceAccountKeys, {
    declares: { summary: 'The keys of a service account', answers: { 200: forms.keysForm } },
    read: readPrincipal,
    answer: (keys) => jsonAnswer({ keys: keys.map(forms.keyWire) }),
  }),
  endpoint(`POST ${account}/key`, operations.createServiceAccountKey, {
    declares: {
      summary: 'Makes an API key or a client secret; it is shown in this answer only',
      body: createKeySchema,
      answers: { 201: forms.newKeyForm },
    },
    read: readPrincipalAndBody,
    answer: ({ record, key }) => ({
      ...jsonAnswer({ ...forms.keyWire(record), key: key ?? null }),
      status: 201,
    }),
  }),
  endpoint(`DELETE ${account}/key/{key}`, operations.deleteServiceAccountKey, {
    declares: { summary: 'Revokes a key', answers: { 204: null } },
    read: readKey,
    answer: answerNothing,
  }),
]

export const peopleEndpoints = (operations: PeopleOperations): readonly Endpoint[] => [
  ...ownEndpoints(operations),
  ...userEndpoints(operations),
  ...accountEndpoints(operations),
  ...keyEndpoints(operations),
]
