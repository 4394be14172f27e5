/** Commands on grants: objects and grantees are given by name. */
import { needed } from './call.ts'
import type { Argument, Call, CallCommand, Option, Outcome, OwnCommand, View } from './command.ts'
import { usageError } from './exit.ts'
import { findGrantee, findObject, type GrantObject, objectWords } from './grant-objects.ts'
import { readAllPages } from './naming.ts'

const relation: Argument = { name: 'relation', about: 'what is granted, e.g. select, modify, ownership' }
const object: Argument = { name: 'object', about: objectWords }
const grantee: Argument = { name: 'grantee', about: 'user:ID, role:NAME or service-account:NAME' }
const until: Option = { name: 'until', about: 'end of the grant, e.g. 2027-01-31T18:00:00Z' }
const whose: Option = {
  name: 'of',
  about: 'whose rights: user:ID, role:NAME or service-account:NAME; else one’s own',
}

const objectOf = (call: Call): Promise<GrantObject> => findObject(call.session, needed(call, 'object'))

const change =
  (what: 'writes' | 'deletes') =>
  async (call: Call): Promise<Outcome> => {
    const { session, values } = call
    const to = await findGrantee(session, needed(call, 'grantee'))
    const { path } = await objectOf(call)
    const end = values.text('until')
    const assignment = {
      type: needed(call, 'relation'),
      ...to,
      ...(end === undefined ? {} : { 'expires-at': end }),
    }
    const body = { [what]: [assignment] }
    await session.send({ method: 'POST', path: `/management/v1/permissions/${path}/assignments`, body })
    return { answer: undefined }
  }

const read = async (call: Call, path: string, view: View): Promise<Outcome> => {
  const query = new URLSearchParams()
  const about = call.values.text('of')
  if (about !== undefined) {
    const { user, role } = await findGrantee(call.session, about)
    if (user !== undefined) query.set('principalUser', String(user))
    if (role !== undefined) query.set('principalRole', String(role))
  }
  const { text: answer } = await call.session.send({ method: 'GET', path: `/management/v1/${path}`, query })
  return { answer: JSON.parse(answer), view }
}

const assignmentView: View = { list: 'assignments', columns: ['type', 'user', 'role', 'expires-at'] }
const wordsView: View = { list: 'allowed-actions', columns: ['action'] }

const runGrants = async (call: Call): Promise<Outcome> => {
  const { path } = await objectOf(call)
  return read(call, `permissions/${path}/assignments`, assignmentView)
}

/** Lists of words are shown as rows of one column. */
const asRows = ({ answer, ...rest }: Outcome): Outcome => {
  const { 'allowed-actions': words } = answer as { readonly 'allowed-actions': readonly unknown[] }
  const rows = words.map((word) => (typeof word === 'string' ? { action: word } : word))
  return { ...rest, answer: { 'allowed-actions': rows } }
}

const runAccess = async (call: Call): Promise<Outcome> => {
  const only = call.values.text('only')
  const { path, actionsPath } = await objectOf(call)
  if (only === 'operations') return asRows(await read(call, `${actionsPath}/actions`, wordsView))
  if (only !== undefined && only !== 'grants') throw usageError('--only must be operations or grants')
  const what = only === undefined ? 'access' : 'authorizer-actions'
  return asRows(await read(call, `permissions/${path}/${what}`, wordsView))
}

const runReach = async (call: Call): Promise<Outcome> => {
  const { path } = await objectOf(call)
  const action = call.values.text('action')
  const query = new URLSearchParams(action === undefined ? {} : { action })
  const answer = await readAllPages(call.session.send, `/management/v1/permissions/${path}/reach`, {
    ...{ query, list: 'reach' },
  })
  return { answer, view: { list: 'reach', columns: ['user', 'type', 'by', 'role', 'expires-at'] } }
}

const runManagedAccess = async (call: Call): Promise<Outcome> => {
  const { path } = await objectOf(call)
  const at = `/management/v1/permissions/${path}`
  const set = call.values.text('set')
  if (set === undefined) return read(call, `permissions/${path}`, { columns: managedColumns })
  if (set !== 'true' && set !== 'false') throw usageError('--set must be true or false')
  const body = { 'managed-access': set === 'true' }
  await call.session.send({ method: 'POST', path: `${at}/managed-access`, body })
  return { answer: undefined }
}

const managedColumns = ['managed-access', 'managed-access-inherited']

const kinds = ['role', 'connection', 'warehouse'].map((type) => `${type}/{id}`)
const tags = ['tag/{id}']
const contents = ['table', 'view'].map((type) => `warehouse/{id}/${type}/{object}`)
const governed = ['project', 'project/{id}', ...kinds, ...tags, 'namespace/{id}', ...contents]
const granted = ['server', ...governed]
const linesOf = (method: string, paths: readonly string[], suffix: string): readonly string[] =>
  paths.map((path) => `${method} /v1/permissions/${path}${suffix}`)
const managed = ['warehouse/{id}', 'namespace/{id}']
const acting = [
  ...['server', 'project', ...kinds, 'tag-definition/{id}'],
  ...['warehouse/{id}/namespace/{object}', ...contents],
]

export const grantCommands: readonly OwnCommand[] = [
  {
    name: 'grant',
    about: 'give somebody a right on an object',
    arguments: [relation, object, grantee],
    options: [until],
    lines: [...linesOf('POST', granted, '/assignments'), ...acting.map((path) => `POST /v1/${path}/grants`)],
    run: change('writes'),
  },
  {
    name: 'revoke',
    about: 'take a right on an object from somebody',
    arguments: [relation, object, grantee],
    lines: linesOf('POST', granted, '/assignments'),
    run: change('deletes'),
  },
  {
    name: 'grants',
    about: 'list who holds what on an object',
    arguments: [object],
    lines: [...linesOf('GET', granted, '/assignments'), ...acting.map((path) => `GET /v1/${path}/grants`)],
    run: runGrants,
  },
  {
    name: 'access',
    about: 'list what somebody may do with an object and its grants',
    arguments: [object],
    options: [whose, { name: 'only', about: 'operations or grants: only what concerns these' }],
    lines: [
      ...linesOf('GET', granted, '/access'),
      ...linesOf('GET', granted, '/authorizer-actions'),
      ...acting.map((path) => `GET /v1/${path}/actions`),
      ...acting.map((path) => `GET /v1/${path}/grants/grantable-privileges`),
    ],
    run: runAccess,
  },
  {
    name: 'reach',
    about: 'list who reaches an object, and by which grants',
    arguments: [object],
    options: [{ name: 'action', about: 'only who may do this, e.g. read' }],
    lines: linesOf('GET', governed, '/reach'),
    run: runReach,
  },
  {
    name: 'managed-access',
    about: 'show or set managed access: owners of what lies inside no longer grant',
    arguments: [object],
    options: [{ name: 'set', about: 'true or false' }],
    lines: [...linesOf('GET', managed, ''), ...linesOf('POST', managed, '/managed-access')],
    run: runManagedAccess,
  },
]

const objectArguments: readonly Argument[] = [
  { name: 'warehouse', about: 'the warehouse', kind: 'warehouse', to: 'path.id' },
  { name: 'kind', about: 'namespace, table or view', to: 'body.kind' },
  { name: 'namespace', about: 'e.g. a/b', to: 'body.namespace', form: 'levels' },
  { name: 'name', about: 'of a table or view', to: 'body.name', optional: true },
]

const principalOptions: readonly Option[] = [
  { name: 'for-user', about: 'whose: a user or service account', kind: 'user', to: 'query.principalUser' },
  { name: 'for-role', about: 'whose: a role', kind: 'role', to: 'query.principalRole' },
]

const emergencyColumns = ['id', 'user', 'relation', 'object', 'reason', 'expires-at']

export const permissionCommands: readonly CallCommand[] = [
  {
    name: 'holdings',
    about: 'list everything that somebody holds in the project',
    line: 'GET /v1/permissions/holdings',
    also: ['GET /v1/grants'],
    options: principalOptions,
    view: { list: 'holdings', columns: ['type', 'object', 'role', 'expires-at'] },
  },
  {
    name: 'relations',
    about: 'list what can be granted, by kind of object',
    line: 'GET /v1/grants/grantable-privileges',
  },
  {
    name: 'check one',
    about: 'ask whether somebody may do something',
    line: 'POST /v1/permissions/check',
    from: true,
    view: { columns: ['allowed'] },
    failure: 'allowed',
  },
  {
    name: 'check many',
    about: 'ask a thousand such questions at once',
    line: 'POST /v1/action/batch-check',
    from: true,
    view: { list: 'results', columns: ['id', 'allowed'] },
  },
  {
    name: 'user actions',
    about: 'list what one may do with a user',
    line: 'GET /v1/user/{id}/actions',
    arguments: [{ name: 'user', about: 'the user', kind: 'user', to: 'path.id' }],
    options: principalOptions,
    view: { list: 'allowed-actions', columns: ['action'] },
  },
  {
    name: 'object id',
    about: 'show the id of a namespace, table or view',
    line: 'POST /v1/warehouse/{id}/objects',
    arguments: objectArguments,
    view: { columns: ['id', 'kind', 'namespace', 'name', 'connection'] },
  },
  {
    name: 'object confirm',
    about: 'let suspended grants stand for the table that has the name now',
    line: 'POST /v1/warehouse/{id}/objects/confirm',
    arguments: objectArguments,
  },
  {
    name: 'break-glass open',
    about: 'open access for oneself in an emergency, for a while and on record',
    line: 'POST /v1/break-glass',
    arguments: [
      { name: 'relation', about: 'e.g. select', to: 'body.relation' },
      { name: 'type', about: 'project, warehouse, namespace, table or view', to: 'body.object-type' },
      { name: 'id', about: 'of the object; none for the project', to: 'body.object-id', optional: true },
    ],
    options: [
      { name: 'reason', about: 'why', to: 'body.reason', required: true },
      {
        name: 'seconds',
        about: 'for how long, 60 to 28800',
        to: 'body.duration-seconds',
        form: 'number',
        required: true,
      },
    ],
    view: { columns: emergencyColumns },
  },
  {
    name: 'break-glass list',
    about: 'list the access that is open in an emergency',
    line: 'GET /v1/break-glass',
    view: { list: 'break-glass', columns: emergencyColumns },
  },
  {
    name: 'break-glass end',
    about: 'end such access before its time',
    line: 'DELETE /v1/break-glass/{id}',
    arguments: [{ name: 'id', about: 'of the access', to: 'path.id' }],
  },
]
