/** Commands on the server, projects, people, roles and keys. */
import type { Argument, CallCommand, Option, View } from './command.ts'

export const serverCommands: readonly CallCommand[] = [
  {
    name: 'info',
    about: 'tell who the server is',
    line: 'GET /v1/info',
    view: { columns: ['server-id', 'version', 'bootstrapped', 'default-project-id', 'authz-backend'] },
  },
  {
    name: 'whoami',
    about: 'tell who is asking',
    line: 'GET /v1/whoami',
    view: { columns: ['id', 'name', 'email', 'user-type', 'server-admin', 'projects', 'roles'] },
  },
]

const projectView: View = { columns: ['project-id', 'project-name'] }

/** Without it, the project in use. */
const thisProject: Argument = {
  name: 'project-name',
  about: 'the project; the one in use where left out',
  kind: 'project',
  to: 'header.x-project-id',
  optional: true,
}

const memberWords = 'user:ID, role:NAME or service-account:NAME'

const members: Argument = {
  name: 'member',
  about: memberWords,
  kind: 'member',
  to: 'body.members',
  many: true,
}

const oneMember: Argument = { name: 'member', about: memberWords, kind: 'member', to: 'path.member' }

export const projectCommands: readonly CallCommand[] = [
  {
    name: 'project list',
    about: 'list the projects that you may see',
    line: 'GET /v1/project-list',
    view: { list: 'projects', columns: projectView.columns },
  },
  {
    name: 'project get',
    about: 'show a project',
    line: 'GET /v1/project',
    also: ['GET /v1/project/{id}'],
    arguments: [thisProject],
    view: projectView,
  },
  {
    name: 'project create',
    about: 'make a project',
    line: 'POST /v1/project',
    arguments: [{ name: 'name', about: 'its name', to: 'body.project-name' }],
    options: [{ name: 'id', about: 'its id; chosen by the server where left out', to: 'body.project-id' }],
    view: projectView,
  },
  {
    name: 'project rename',
    about: 'give a project another name',
    line: 'POST /v1/project/rename',
    also: ['POST /v1/project/{id}/rename'],
    arguments: [
      { ...thisProject, about: 'the project', optional: false },
      { name: 'new-name', about: 'its new name', to: 'body.new-name' },
    ],
  },
  {
    name: 'project delete',
    about: 'delete an empty project',
    line: 'DELETE /v1/project',
    also: ['DELETE /v1/project/{id}'],
    arguments: [{ ...thisProject, about: 'the project', optional: false }],
  },
]

const userView: View = { columns: ['id', 'name', 'email', 'user-type', 'active', 'last-updated-with'] }
const user: Argument = { name: 'user', about: 'the user', kind: 'user', to: 'path.id' }
const userType: Option = { name: 'user-type', about: 'human or application', to: 'body.user-type' }
const email: Option = { name: 'email', about: 'mail address', to: 'body.email' }
const rolesView: View = { list: 'roles', columns: ['role-id|id', 'name', 'ident', 'project-id'] }

export const userCommands: readonly CallCommand[] = [
  {
    name: 'user list',
    about: 'list the users',
    line: 'GET /v1/user',
    options: [{ name: 'name', about: 'only those with this name', to: 'query.name' }],
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
    about: 'register a user before its first sign-in',
    line: 'POST /v1/user',
    arguments: [{ name: 'id', about: 'provider~subject, e.g. oidc~alice', to: 'body.id' }],
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

const roleView: View = { columns: ['id', 'name', 'ident', 'description', 'project-id'] }
const role: Argument = { name: 'role', about: 'the role', kind: 'role', to: 'path.id' }
const memberView: View = { list: 'members', columns: ['type', 'id', 'name', 'ident'] }
const description: Option = { name: 'description', about: 'what it is for', to: 'body.description' }
const memberType: Option = { name: 'type', about: 'user or role: only these', to: 'query.type' }

export const roleCommands: readonly CallCommand[] = [
  {
    name: 'role list',
    about: 'list the roles of the project',
    line: 'GET /v1/role',
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
