/** Commands on roles and their members. */
import type { Argument, CallCommand, Option, View } from './command.ts'
import { members, memberView, oneMember, rolesView } from './members.ts'

const roleView: View = { columns: ['id', 'name', 'ident', 'description', 'project-id'] }
const role: Argument = { name: 'role', about: 'the role', kind: 'role', to: 'path.id' }
const description: Option = { name: 'description', about: 'what it is for', to: 'body.description' }
const memberType: Option = { name: 'type', about: 'user or role: only these', to: 'query.type' }

export const roleCommands: readonly CallCommand[] = [
  {
    name: 'role list',
    about: 'list the roles of the project',
    line: 'GET /v1/role',
    options: [
      { name: 'name', about: 'only those with this in their name', to: 'query.name' },
      {
        name: 'providers',
        about: 'only those that these providers fill, with commas between',
        to: 'query.providerIds',
        form: 'list',
      },
    ],
    view: { list: 'roles', columns: ['id', 'name', 'ident', 'description'] },
  },
  {
    name: 'role search',
    about: 'find roles by name',
    line: 'POST /v1/search/role',
    arguments: [{ name: 'text', about: 'a part of the name', to: 'body.search' }],
    view: { list: 'roles', columns: ['id', 'name', 'ident', 'description'] },
  },
  { name: 'role get', about: 'show a role', line: 'GET /v1/role/{id}', arguments: [role], view: roleView },
  {
    name: 'role metadata',
    about: 'show what everyone may know of a role of any project',
    line: 'GET /v1/role/{id}/metadata',
    arguments: [role],
    view: { columns: ['id', 'name', 'ident', 'project-id'] },
  },
  {
    name: 'role create',
    about: 'make a role',
    line: 'POST /v1/role',
    arguments: [{ name: 'name', about: 'its name', to: 'body.name' }],
    options: [
      description,
      { name: 'provider-id', about: 'provider whose groups fill it', to: 'body.provider-id' },
      { name: 'source-id', about: 'the group at that provider', to: 'body.source-id' },
    ],
    view: roleView,
  },
  {
    name: 'role update',
    about: 'change name and description of a role',
    line: 'POST /v1/role/{id}',
    arguments: [role],
    options: [{ name: 'name', about: 'name', to: 'body.name', required: true }, description],
    view: roleView,
  },
  {
    name: 'role source',
    about: 'bind a role to a group of a provider',
    line: 'PUT /v1/role/{id}/source-system',
    arguments: [
      role,
      { name: 'provider-id', about: 'the provider', to: 'body.provider-id' },
      { name: 'source-id', about: 'the group there', to: 'body.source-id' },
    ],
    view: roleView,
  },
  { name: 'role delete', about: 'delete a role', line: 'DELETE /v1/role/{id}', arguments: [role] },
  {
    name: 'role members list',
    about: 'list the members of a role',
    line: 'GET /v1/role/{id}/members',
    arguments: [role],
    options: [memberType],
    view: memberView,
  },
  {
    name: 'role members all',
    about: 'list the members of a role, those by other roles too',
    line: 'GET /v1/role/{id}/members/transitive',
    arguments: [role],
    options: [memberType],
    view: memberView,
  },
  {
    name: 'role members add',
    about: 'add members to a role',
    line: 'POST /v1/role/{id}/members',
    arguments: [role, members],
    view: memberView,
  },
  {
    name: 'role members remove',
    about: 'take a member out of a role',
    line: 'DELETE /v1/role/{id}/members/{member_type}/{member_id}',
    arguments: [role, oneMember],
  },
  {
    name: 'role member-of list',
    about: 'list the roles that a role is a member of',
    line: 'GET /v1/role/{id}/member-of',
    arguments: [role],
    view: rolesView,
  },
  {
    name: 'role member-of all',
    about: 'list the roles that a role is a member of, by other roles too',
    line: 'GET /v1/role/{id}/member-of/transitive',
    arguments: [role],
    view: rolesView,
  },
]
