/**
 * The operations on permissions that Lakekeeper publishes (its OpenAPI document of August 2026, between 0.13.3 and
 * 0.14), and what is promised of each here.
 */

/** What a call names: ids that the run has made. */
export interface Ids {
  readonly warehouse: string
  readonly namespace: string
  readonly table: string
  readonly view: string
  readonly role: string
  readonly project: string
  readonly user: string
  readonly tag_definition: string
}

export interface ServedPermission {
  readonly line: string
  readonly status: number
  /** What its clients rely on: the required members of the answer, and of the items of the list in it. */
  readonly members?: readonly string[]
  readonly items?: readonly string[]
  readonly body?: (ids: Ids) => object
}

const assignment = (type: string, { user }: Ids) => ({ type, user })

/** Gives, shows and takes each relation that Lakekeeper has on the object. */
const assignmentsOf = (path: string, relations: readonly string[], more: readonly string[] = []) => {
  const line = `/v1/permissions/${path}/assignments`
  const all = (ids: Ids) => relations.map((type) => assignment(type, ids))
  return [
    { line: `POST ${line}`, status: 204, body: (ids: Ids) => ({ writes: all(ids) }) },
    {
      line: `GET ${line}`,
      status: 200,
      members: ['assignments', ...more],
      items: ['type'],
    },
  ]
}

const words = ['allowed-actions']

const rightsOf = (path: string): readonly ServedPermission[] =>
  ['access', 'authorizer-actions'].map((what) => ({
    line: `GET /v1/permissions/${path}/${what}`,
    status: 200,
    members: words,
  }))

const actionsOf = (path: string): ServedPermission => ({
  line: `GET /v1/${path}/actions`,
  status: 200,
  members: words,
  items: ['action'],
})

const tag = 'tag-definition/{tag_definition_id}'
const table = 'warehouse/{warehouse_id}/table/{table_id}'
const view = 'warehouse/{warehouse_id}/view/{view_id}'
const content = ['pass_grants', 'manage_grants', 'describe', 'select', 'modify', 'manage_tags', 'ownership']
const container = [...content, 'create']
const projectRelations = [
  ...['project_admin', 'security_admin', 'data_admin', 'role_creator', 'tag_creator'],
  ...['describe', 'select', 'create', 'modify'],
]

export const servedPermissions: readonly ServedPermission[] = [
  ...assignmentsOf('server', ['admin', 'operator']),
  ...rightsOf('server'),
  ...assignmentsOf('project', projectRelations, ['project-id']),
  ...rightsOf('project'),
  ...assignmentsOf('project/{project_id}', projectRelations, ['project-id']),
  { line: 'GET /v1/permissions/project/{project_id}/access', status: 200, members: words },
  ...assignmentsOf('role/{role_id}', ['assignee', 'ownership']),
  ...rightsOf('role/{role_id}'),
  ...assignmentsOf('warehouse/{warehouse_id}', container),
  ...rightsOf('warehouse/{warehouse_id}'),
  ...assignmentsOf('namespace/{namespace_id}', container),
  ...rightsOf('namespace/{namespace_id}'),
  ...assignmentsOf(table, content),
  ...rightsOf(table),
  ...assignmentsOf(view, content),
  ...assignmentsOf('tag/{tag_definition_id}', ['apply', 'ownership']),
  ...rightsOf(view),
  {
    line: 'POST /v1/permissions/warehouse/{warehouse_id}/managed-access',
    status: 200,
    body: () => ({ 'managed-access': true }),
  },
  { line: 'GET /v1/permissions/warehouse/{warehouse_id}', status: 200, members: ['managed-access'] },
  {
    line: 'POST /v1/permissions/namespace/{namespace_id}/managed-access',
    status: 200,
    body: () => ({ 'managed-access': false }),
  },
  {
    line: 'GET /v1/permissions/namespace/{namespace_id}',
    status: 200,
    members: ['managed-access', 'managed-access-inherited'],
  },
  {
    line: 'POST /v1/permissions/check',
    status: 200,
    members: ['allowed'],
    body: ({ user, table: id, warehouse }) => ({
      identity: { user },
      operation: { table: { action: 'read_data', 'table-id': id, 'warehouse-id': warehouse } },
    }),
  },
  {
    line: 'POST /v1/action/batch-check',
    status: 200,
    members: ['results'],
    items: ['allowed', 'id'],
    body: ({ warehouse }) => ({
      checks: [
        {
          id: 'first',
          operation: {
            table: {
              action: { action: 'commit', update_kinds: ['add-schema'], target_refs: ['main'] },
              'warehouse-id': warehouse,
              namespace: ['sales'],
              table: 'orders',
            },
          },
        },
      ],
    }),
  },
  ...['server', 'project', 'role/{role_id}', 'user/{user_id}', 'warehouse/{warehouse_id}'].map(actionsOf),
  ...['warehouse/{warehouse_id}/namespace/{namespace_id}', table, view, tag].map(actionsOf),
]

const placesOfGrants = [
  ...['server', 'project', 'warehouse/{warehouse_id}', 'warehouse/{warehouse_id}/namespace/{namespace_id}'],
  ...[table, view, tag],
]

const privilegeOn: Readonly<Record<string, string>> = { server: 'operator', [tag]: 'apply' }

/** The same grants as privileges of principals, a preview there. */
export const servedPrivileges: readonly ServedPermission[] = [
  ...placesOfGrants.flatMap((path): readonly ServedPermission[] => [
    {
      line: `POST /v1/${path}/grants`,
      status: 204,
      body: ({ user }) => ({
        writes: [{ privilege: privilegeOn[path] ?? 'select', principal: { user } }],
      }),
    },
    {
      line: `GET /v1/${path}/grants`,
      status: 200,
      members: ['grants'],
      items: ['principal', 'resource', 'privilege', 'recognized'],
    },
    {
      line: `GET /v1/${path}/grants/grantable-privileges`,
      status: 200,
      members: ['privileges'],
      items: ['privilege', 'allowed'],
    },
  ]),
  {
    line: 'GET /v1/grants?principalUser={user_id}',
    status: 200,
    members: ['grants'],
    items: ['principal', 'resource', 'privilege', 'recognized'],
  },
  { line: 'GET /v1/grants/grantable-privileges', status: 200, members: ['privileges'] },
]

const generic = 'there are no generic tables'

const genericTable = 'warehouse/{warehouse_id}/generic-table/{generic_table_id}'

const grantsOf = (path: string, why: string) => [
  [`GET /v1/${path}/grants`, why],
  [`POST /v1/${path}/grants`, why],
  [`GET /v1/${path}/grants/grantable-privileges`, why],
]

export const leftOutPermissions: Readonly<Record<string, string>> = {
  [`GET /v1/permissions/${genericTable}/assignments`]: generic,
  [`POST /v1/permissions/${genericTable}/assignments`]: generic,
  [`GET /v1/permissions/${genericTable}/authorizer-actions`]: generic,
  [`GET /v1/${genericTable}/actions`]: generic,
  ...Object.fromEntries(grantsOf(genericTable, generic)),
}
