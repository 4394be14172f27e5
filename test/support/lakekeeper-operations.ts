/**
 * The management operations that Lakekeeper publishes (its OpenAPI document of August 2026, between 0.13.3 and 0.14) on
 * servers, users, roles, projects and warehouses, and what is promised of each here. Those on permissions stand in
 * `lakekeeper-permissions.ts`.
 */

/** What a call names: ids that earlier calls of the run have made. */
export interface World {
  readonly warehouse: string
  readonly role: string
  readonly otherRole: string
  readonly user: string
  readonly project: string
  /** A storage profile with its credential, as Lakekeeper's clients send them. */
  readonly storage: Readonly<Record<string, object>>
}

export interface Served {
  /** Method and path below `/management`. */
  readonly line: string
  readonly status: number
  /** What its clients rely on: the required members of the answer, and of the items of a list in it. */
  readonly members?: readonly string[]
  readonly items?: readonly [list: string, ...members: string[]]
  readonly body?: (world: World) => object
}

const warehouse = [
  ...['id', 'warehouse-id', 'name', 'project-id', 'storage-profile', 'delete-profile', 'status'],
  ...['protected', 'allowed-format-versions'],
]
const role = ['id', 'ident', 'provider-id', 'source-id', 'name', 'project-id', 'created-at']
const person = ['name', 'id', 'user-type', 'last-updated-with', 'created-at']
const project = ['project-id', 'project-name']
const roles = ['roles', 'id', 'ident', 'name'] as const
const findings = { members: ['valid', 'checks'], items: ['checks', 'name', 'status'] } as const
const info = [
  ...['version', 'lakekeeper-version', 'bootstrapped', 'server-id', 'authz-backend', 'queues'],
  ...['aws-system-identities-enabled', 'azure-system-identities-enabled', 'gcp-system-identities-enabled'],
  'license-status',
]
const search = (text: string) => () => ({ search: text })
const credential = ({ storage }: World) => ({ 'new-storage-credential': storage['storage-credential'] })

const onServer: readonly Served[] = [
  { line: 'GET /v1/info', status: 200, members: info },
  {
    line: 'POST /v1/bootstrap',
    status: 204,
    body: () => ({ 'accept-terms-of-use': true, 'is-operator': true }),
  },
  { line: 'GET /v1/whoami', status: 200, members: [...person, 'is-instance-admin'] },
]

const onProjects: readonly Served[] = [
  {
    line: 'POST /v1/project',
    status: 201,
    members: ['project-id'],
    body: () => ({ 'project-name': 'third' }),
  },
  { line: 'GET /v1/project', status: 200, members: project },
  { line: 'GET /v1/project-list', status: 200, items: ['projects', ...project] },
  { line: 'POST /v1/project/rename', status: 200, body: () => ({ 'new-name': 'renamed' }) },
  { line: 'GET /v1/project/{project_id}', status: 200, members: project },
  { line: 'POST /v1/project/{project_id}/rename', status: 200, body: () => ({ 'new-name': 'again' }) },
]

const onUsers: readonly Served[] = [
  {
    line: 'POST /v1/user',
    status: 201,
    members: person,
    body: () => ({ id: 'oidc~eve', name: 'Eve', 'user-type': 'human' }),
  },
  { line: 'GET /v1/user', status: 200, items: ['users', ...person] },
  { line: 'GET /v1/user/{user_id}', status: 200, members: person },
  { line: 'PUT /v1/user/{user_id}', status: 200, body: () => ({ name: 'Robert', 'user-type': 'human' }) },
  {
    line: 'POST /v1/search/user',
    status: 200,
    items: ['users', 'name', 'id', 'user-type'],
    body: search('ro'),
  },
  { line: 'GET /v1/user/{user_id}/roles', status: 200, items: roles },
  { line: 'GET /v1/user/{user_id}/roles/transitive', status: 200, items: roles },
]

const onRoles: readonly Served[] = [
  { line: 'POST /v1/role', status: 201, members: role, body: () => ({ name: 'fresh', description: 'new' }) },
  { line: 'GET /v1/role', status: 200, items: ['roles', ...role] },
  { line: 'GET /v1/role/{role_id}', status: 200, members: role },
  { line: 'GET /v1/role/{role_id}/metadata', status: 200, members: role.slice(0, -1) },
  { line: 'POST /v1/role/{role_id}', status: 200, members: role, body: () => ({ name: 'analysts' }) },
  {
    line: 'POST /v1/role/{role_id}/members',
    status: 200,
    items: ['members'],
    body: ({ user, otherRole }) => ({
      members: [
        { type: 'user', id: user },
        { type: 'role', id: otherRole },
      ],
    }),
  },
  { line: 'GET /v1/role/{role_id}/members', status: 200, items: ['members'] },
  { line: 'GET /v1/role/{role_id}/members/transitive', status: 200, items: ['members'] },
  { line: 'GET /v1/role/{role_id}/member-of', status: 200, items: roles },
  { line: 'GET /v1/role/{role_id}/member-of/transitive', status: 200, items: roles },
  { line: 'POST /v1/search/role', status: 200, items: ['roles', ...role], body: search('ana') },
  { line: 'DELETE /v1/role/{role_id}/members/user/{user_id}', status: 204 },
  {
    line: 'PUT /v1/role/{role_id}/source-system',
    status: 200,
    members: role,
    body: () => ({ 'provider-id': 'oidc', 'source-id': 'analysts' }),
  },
]

const onWarehouses: readonly Served[] = [
  {
    line: 'POST /v1/warehouse-creation-validation',
    status: 200,
    ...findings,
    body: ({ storage }) => ({ 'warehouse-name': 'other', ...storage }),
  },
  { line: 'GET /v1/warehouse', status: 200, items: ['warehouses', ...warehouse] },
  { line: 'GET /v1/warehouse/{warehouse_id}', status: 200, members: warehouse },
  {
    line: 'POST /v1/warehouse/{warehouse_id}/rename',
    status: 200,
    members: warehouse,
    body: () => ({ 'new-name': 'renamed' }),
  },
  { line: 'POST /v1/warehouse/{warehouse_id}/deactivate', status: 200 },
  { line: 'POST /v1/warehouse/{warehouse_id}/activate', status: 200 },
  {
    line: 'POST /v1/warehouse/{warehouse_id}/protection',
    status: 200,
    members: ['protected'],
    body: () => ({ protected: false }),
  },
  {
    line: 'POST /v1/warehouse/{warehouse_id}/storage',
    status: 200,
    members: warehouse,
    body: ({ storage }) => storage,
  },
  {
    line: 'POST /v1/warehouse/{warehouse_id}/storage-credential',
    status: 200,
    members: warehouse,
    body: credential,
  },
  {
    line: 'POST /v1/warehouse/{warehouse_id}/delete-profile',
    status: 200,
    members: warehouse,
    body: () => ({ 'delete-profile': { type: 'soft', 'expiration-seconds': 604_800 } }),
  },
  {
    line: 'POST /v1/warehouse/{warehouse_id}/format-version-policy',
    status: 200,
    members: warehouse,
    body: () => ({ 'allowed-format-versions': [2, 3], 'default-format-version': 2 }),
  },
  {
    line: 'POST /v1/warehouse/{warehouse_id}/storage/validate-profile',
    status: 200,
    ...findings,
    body: ({ storage }) => storage,
  },
  {
    line: 'POST /v1/warehouse/{warehouse_id}/storage/validate-credential',
    status: 200,
    ...findings,
    body: credential,
  },
  { line: 'POST /v1/warehouse/{warehouse_id}/storage/validate-access', status: 200, ...findings },
]

const farewells: readonly Served[] = [
  { line: 'DELETE /v1/warehouse/{warehouse_id}', status: 204 },
  { line: 'DELETE /v1/role/{role_id}', status: 204 },
  { line: 'DELETE /v1/user/{user_id}', status: 204 },
  { line: 'DELETE /v1/project/{project_id}', status: 204 },
]

/** In the order in which they can be called. `POST /v1/warehouse` makes the warehouse of the run itself. */
export const served: readonly Served[] = [
  ...onServer,
  ...onProjects,
  ...onUsers,
  ...onRoles,
  ...onWarehouses,
  ...farewells,
]

/** Called by the run before and after the others, in its own way. */
export const servedApart: readonly string[] = ['POST /v1/warehouse', 'DELETE /v1/project']

export const createdWarehouse = warehouse

const protection = 'namespaces, tables and views are not protected one by one yet'
const generic = 'there are no generic tables'
const soft = 'what is dropped is gone: soft deletion is stored and not in force'

export const leftOut: Readonly<Record<string, string>> = {
  'GET /v1/warehouse/{warehouse_id}/generic-table/{generic_table_id}/protection': generic,
  'POST /v1/warehouse/{warehouse_id}/generic-table/{generic_table_id}/protection': generic,
  'GET /v1/warehouse/{warehouse_id}/namespace/{namespace_id}/protection': protection,
  'POST /v1/warehouse/{warehouse_id}/namespace/{namespace_id}/protection': protection,
  'GET /v1/warehouse/{warehouse_id}/table/{table_id}/protection': protection,
  'POST /v1/warehouse/{warehouse_id}/table/{table_id}/protection': protection,
  'GET /v1/warehouse/{warehouse_id}/view/{view_id}/protection': protection,
  'POST /v1/warehouse/{warehouse_id}/view/{view_id}/protection': protection,
  'GET /v1/warehouse/{warehouse_id}/deleted-tabulars': soft,
  'POST /v1/warehouse/{warehouse_id}/deleted-tabulars/undrop': soft,
  'POST /v1/warehouse/{warehouse_id}/managed-by': 'a warehouse is always administered by its project',
  'POST /v1/warehouse/{warehouse_id}/namespace/{namespace_id}/move': 'namespaces are not moved',
  'POST /v1/warehouse/{warehouse_id}/search-tabular': 'tables are not searched yet',
  'GET /v1/warehouse/{warehouse_id}/statistics': 'tables are not counted by the hour',
  'POST /v1/endpoint-statistics': 'calls are counted by the metrics of the process, not by warehouse',
}
