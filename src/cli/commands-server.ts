/** Commands on the server, its administrators and its projects. */
import type { Argument, CallCommand, View } from './command.ts'
import { members, memberView, oneMember } from './members.ts'

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
    view: {
      columns: ['id', 'kind', 'name', 'email', 'user-type', 'server-admin', 'project-id', 'assumed-role'],
    },
  },
]

interface Admin {
  readonly type: 'admin'
  readonly user: string
}

const adminsOf = (users: unknown): readonly Admin[] =>
  Array.isArray(users) ? users.map((user) => ({ type: 'admin', user: String(user) })) : []

const assignments = '/v1/permissions/server/assignments'

/** Who administers the server. */
export const adminCommands: readonly CallCommand[] = [
  {
    name: 'admin list',
    about: 'list who administers the server',
    line: `GET ${assignments}`,
    view: { list: 'assignments', columns: ['user', 'type'] },
  },
  {
    name: 'admin add',
    about: 'let users administer the server',
    line: `POST ${assignments}`,
    arguments: [{ name: 'user', about: 'the user', kind: 'user', to: 'body.users', many: true }],
    shape: ({ users }) => ({ writes: adminsOf(users) }),
  },
  {
    name: 'admin remove',
    about: 'let users administer the server no longer',
    line: `POST ${assignments}`,
    arguments: [{ name: 'user', about: 'the user', kind: 'user', to: 'body.users', many: true }],
    shape: ({ users }) => ({ deletes: adminsOf(users) }),
  },
]

const keyView: View = { list: 'keys', columns: ['id', 'algorithm', 'active-from', 'active-until'] }

/** What our own tokens are signed with. */
export const signingKeyCommands: readonly CallCommand[] = [
  {
    name: 'signing-key list',
    about: 'list the keys that tokens of the gateway are signed with',
    line: 'GET /v1/signing-key',
    view: keyView,
  },
  {
    name: 'signing-key rotate',
    about: 'have a new key sign; what the others have signed stays good',
    line: 'POST /v1/signing-key/rotate',
    view: keyView,
  },
]

const projectView: View = { columns: ['project-id', 'project-name'] }

const settingsView: View = { columns: ['api-keys-allowed'] }

/** Without it, the project in use. */
const thisProject: Argument = {
  name: 'project-name',
  about: 'the project; the one in use where left out',
  kind: 'project',
  to: 'header.x-project-id',
  optional: true,
}

const project: Argument = { name: 'project-name', about: 'the project', kind: 'project', to: 'path.id' }

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
  {
    name: 'project settings get',
    about: 'show the settings of a project',
    line: 'GET /v1/project/settings',
    arguments: [thisProject],
    view: settingsView,
  },
  {
    name: 'project settings set',
    about: 'change settings of a project; what is left out stays',
    line: 'POST /v1/project/settings',
    arguments: [thisProject],
    options: [
      {
        name: 'api-keys-allowed',
        about: 'true or false: whether service accounts may have keys',
        to: 'body.api-keys-allowed',
        form: 'boolean',
      },
    ],
    view: settingsView,
  },
  {
    name: 'project members list',
    about: 'list who may act in a project',
    line: 'GET /v1/project/{id}/members',
    arguments: [project],
    view: memberView,
  },
  {
    name: 'project members add',
    about: 'let users, service accounts and roles act in a project',
    line: 'POST /v1/project/{id}/members',
    arguments: [project, members],
    view: memberView,
  },
  {
    name: 'project members remove',
    about: 'take a member out of a project',
    line: 'DELETE /v1/project/{id}/members/{member_type}/{member_id}',
    arguments: [project, oneMember],
  },
]
