/** Commands on users, service accounts and keys. */
import type { Argument, CallCommand, Option, View } from './command.ts'
import { rolesView } from './members.ts'

const userView: View = {
  columns: ['id', 'name', 'email', 'user-type', 'active', 'server-admin', 'last-seen-at'],
}
const user: Argument = { name: 'user', about: 'the user', kind: 'user', to: 'path.id' }
const userType: Option = { name: 'user-type', about: 'human or application', to: 'body.user-type' }
const email: Option = { name: 'email', about: 'mail address', to: 'body.email' }

export const userCommands: readonly CallCommand[] = [
  {
    name: 'user list',
    about: 'list the users',
    line: 'GET /v1/user',
    options: [{ name: 'name', about: 'only those with this in their name', to: 'query.name' }],
    view: { list: 'users', columns: userView.columns },
  },
  {
    name: 'user search',
    about: 'find users by name or mail address',
    line: 'POST /v1/search/user',
    arguments: [{ name: 'text', about: 'a part of the name', to: 'body.search' }],
    view: { list: 'users', columns: ['id', 'name', 'email', 'user-type'] },
  },
  { name: 'user get', about: 'show a user', line: 'GET /v1/user/{id}', arguments: [user], view: userView },
  {
    name: 'user create',
    about: 'register a user before its first sign-in, or oneself',
    line: 'POST /v1/user',
    arguments: [
      {
        name: 'id',
        about: 'provider~subject, e.g. oidc~alice; oneself where left out',
        to: 'body.id',
        optional: true,
      },
    ],
    // Who is named by others is a person where they do not say more; of oneself the token tells.
    shape: (body) => (body['id'] === undefined ? body : { 'user-type': 'human', ...body }),
    options: [
      { name: 'name', about: 'name', to: 'body.name' },
      email,
      userType,
      {
        name: 'update-if-exists',
        about: 'change the one that is there',
        to: 'body.update-if-exists',
        form: 'switch',
      },
    ],
    view: userView,
  },
  {
    name: 'user update',
    about: 'change a user',
    line: 'PUT /v1/user/{id}',
    arguments: [user],
    options: [
      { name: 'name', about: 'name', to: 'body.name', required: true },
      { ...userType, required: true },
      email,
    ],
  },
  {
    name: 'user activate',
    about: 'let a user in again',
    line: 'POST /v1/user/{id}/activate',
    arguments: [user],
    view: userView,
  },
  {
    name: 'user deactivate',
    about: 'turn a user away from now on',
    line: 'POST /v1/user/{id}/deactivate',
    arguments: [user],
    view: userView,
  },
  { name: 'user delete', about: 'delete a user', line: 'DELETE /v1/user/{id}', arguments: [user] },
  {
    name: 'user roles',
    about: 'list the roles that a user has been given',
    line: 'GET /v1/user/{id}/roles',
    arguments: [user],
    view: rolesView,
  },
  {
    name: 'user all-roles',
    about: 'list the roles of a user, those by other roles too',
    line: 'GET /v1/user/{id}/roles/transitive',
    arguments: [user],
    view: rolesView,
  },
]

const accountView: View = { columns: ['id', 'name', 'project-id', 'active', 'last-seen-at', 'created-at'] }
const account: Argument = {
  name: 'service-account',
  about: 'the service account',
  kind: 'service-account',
  to: 'path.id',
}
const accountPath = '/v1/service-account/{id}'

export const serviceAccountCommands: readonly CallCommand[] = [
  {
    name: 'service-account list',
    about: 'list the service accounts of the project',
    line: 'GET /v1/service-account',
    view: { list: 'service-accounts', columns: ['id', 'name', 'active', 'last-seen-at'] },
  },
  {
    name: 'service-account get',
    about: 'show a service account',
    line: `GET ${accountPath}`,
    arguments: [account],
    view: accountView,
  },
  {
    name: 'service-account create',
    about: 'make a service account; `key create` gives it a way to sign in',
    line: 'POST /v1/service-account',
    arguments: [{ name: 'name', about: 'its name', to: 'body.name' }],
    view: accountView,
  },
  {
    name: 'service-account rename',
    about: 'give a service account another name',
    line: `PUT ${accountPath}`,
    arguments: [account, { name: 'new-name', about: 'its new name', to: 'body.name' }],
    view: accountView,
  },
  {
    name: 'service-account activate',
    about: 'let a service account in again',
    line: `POST ${accountPath}/activate`,
    arguments: [account],
    view: accountView,
  },
  {
    name: 'service-account deactivate',
    about: 'turn a service account away from now on',
    line: `POST ${accountPath}/deactivate`,
    arguments: [account],
    view: accountView,
  },
  {
    name: 'service-account delete',
    about: 'delete a service account and its keys',
    line: `DELETE ${accountPath}`,
    arguments: [account],
  },
]

const keyColumns = ['id', 'name', 'kind', 'hint', 'expires-at', 'last-used-at']

export const keyCommands: readonly CallCommand[] = [
  {
    name: 'key list',
    about: 'list the keys of a service account',
    line: `GET ${accountPath}/key`,
    arguments: [account],
    view: { list: 'keys', columns: keyColumns },
  },
  {
    name: 'key create',
    about: 'give a service account a key; it is shown this once',
    line: `POST ${accountPath}/key`,
    arguments: [account, { name: 'name', about: 'by which people tell keys apart', to: 'body.name' }],
    options: [
      {
        name: 'kind',
        about: 'api-key (a token by itself) or client-secret (for the token endpoint)',
        to: 'body.kind',
      },
      { name: 'expires-at', about: 'time after which it is worth nothing', to: 'body.expires-at' },
    ],
    view: { columns: ['id', 'name', 'kind', 'client-id', 'expires-at', 'key'] },
    note: 'The key is shown this once: keep it now.',
  },
  {
    name: 'key delete',
    about: 'revoke a key',
    line: `DELETE ${accountPath}/key/{key}`,
    arguments: [account, { name: 'key', about: 'the key', kind: 'key', to: 'path.key' }],
  },
]
