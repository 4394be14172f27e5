/** One call of every operation that is served, in an order in which each finds what it needs. */
import { governanceSteps } from './every-governance.ts'
import { scimSteps } from './every-provisioning.ts'
import { at, type Found, type Json, keepId, type Step, saying, step, text } from './step.ts'
import { newTable, newView } from './wire.ts'

const process: readonly Step[] = ['getLiveness', 'getReadiness', 'getMetrics', 'getServerInfo'].map((name) =>
  step(name),
)

const tokens: readonly Step[] = [
  ...['getSigningKeys', 'getSigningKeysAtWellKnownJwksJson', 'getDiscovery'].map((name) => step(name)),
  step('getDiscoveryAtCatalogWellKnownOauthAuthorizationServer'),
  step('getDiscoveryAtWellKnownOpenidConfiguration'),
  step('getDiscoveryAtWellKnownOauthAuthorizationServer'),
]

const project = at('project')
const projects: readonly Step[] = [
  step('bootstrap', { body: saying({ 'accept-terms-of-use': true }) }),
  step('listSigningKeys'),
  step('rotateSigningKeys'),
  step('createProject', { body: saying({ 'project-name': 'p' }), keep: keepId('project', 'project-id') }),
  step('getProject'),
  step('listProjects'),
  step('renameProject', { body: saying({ 'new-name': 'first' }) }),
  step('getProjectSettings'),
  step('updateProjectSettings', { body: saying({ 'api-keys-allowed': true }) }),
  step('getProjectById', { args: project }),
  step('renameProjectById', { args: project, body: saying({ 'new-name': 'q' }) }),
]

const user = at('user')
const users: readonly Step[] = [
  step('whoami'),
  step('createUser', {
    body: saying({ id: 'oidc~bob', name: 'Bob', 'user-type': 'human' }),
    keep: keepId('user'),
  }),
  step('getUser', { args: user }),
  step('updateUser', { args: user, body: saying({ name: 'Robert', 'user-type': 'human' }) }),
  step('listUsers', { args: saying({ name: 'Rob' }) as () => Json }),
  step('searchUser', { body: saying({ search: 'rob' }) }),
  step('deactivateUser', { args: user }),
  step('activateUser', { args: user }),
  step('createUser', { body: saying({ id: 'oidc~eve', name: 'Eve', 'user-type': 'human' }) }),
  step('changeServerAssignments', { body: saying({ writes: [{ type: 'admin', user: 'oidc~eve' }] }) }),
  step('addProjectMembers', {
    args: project,
    body: ({ user: id }) => ({ members: [{ type: 'user', id }] }),
  }),
  step('listProjectMembers', { args: project }),
  step('removeProjectMember', {
    args: ({ project: id, user: member }) => ({ id, type: 'user', member }),
  }),
]

const account = at('account')
const accounts: readonly Step[] = [
  step('createServiceAccount', { body: saying({ name: 'loader' }), keep: keepId('account') }),
  step('getServiceAccount', { args: account }),
  step('listServiceAccounts'),
  step('renameServiceAccount', { args: account, body: saying({ name: 'writer' }) }),
  step('deactivateServiceAccount', { args: account }),
  step('activateServiceAccount', { args: account }),
  step('createServiceAccountKey', {
    args: account,
    body: saying({ name: 'k', kind: 'client-secret' }),
    keep: (key) => ({
      key: text(key['id']),
      client: text(key['client-id']),
      secret: text(key['key']),
    }),
  }),
  step('getToken', {
    body: ({ client, secret }) => ({
      grant_type: 'client_credentials',
      client_id: client,
      client_secret: secret,
    }),
  }),
  step('listServiceAccountKeys', { args: account }),
  step('deleteServiceAccountKey', { args: ({ account: id, key }) => ({ id, key }) }),
  step('deleteServiceAccount', { args: account }),
]

const role = at('role')
const roles: readonly Step[] = [
  step('createRole', { body: saying({ name: 'r' }), keep: keepId('role') }),
  step('getRole', { args: role }),
  step('getRoleMetadata', { args: role }),
  step('updateRole', { args: role, body: saying({ name: 's' }) }),
  step('listRoles'),
  step('searchRoles', { body: saying({ search: 's' }) }),
  step('addRoleMembers', { args: role, body: ({ user: id }) => ({ members: [{ type: 'user', id }] }) }),
  step('listRoleMembers', { args: role }),
  step('listRoleTransitiveMembers', { args: role }),
  step('listRoleMemberOf', { args: role }),
  step('listRoleTransitiveMemberOf', { args: role }),
  step('listUserRoles', { args: user }),
  step('listUserTransitiveRoles', { args: user }),
  step('removeRoleMember', { args: ({ role: id, user: member }) => ({ id, type: 'user', member }) }),
  step('updateRoleSourceSystem', {
    args: role,
    body: saying({ 'provider-id': 'oidc', 'source-id': 'group' }),
  }),
  step('deleteRole', { args: role }),
]

const warehouse = at('warehouse')
const storage = ({ lake }: Found): Json => ({
  'storage-profile': { type: 'file', location: `file://${lake}` },
})
const warehouses: readonly Step[] = [
  step('validateWarehouse', { body: (found) => ({ 'warehouse-name': 'w', ...storage(found) }) }),
  step('createWarehouse', {
    body: (found) => ({ 'warehouse-name': 'w', ...storage(found) }),
    keep: keepId('warehouse', 'warehouse-id'),
  }),
  step('getWarehouse', { args: warehouse }),
  step('listWarehouses', { args: saying({ warehouseStatus: 'any' }) as () => Json }),
  step('renameWarehouse', { args: warehouse, body: saying({ 'new-name': 'x' }) }),
  step('updateWarehouseStorage', { args: warehouse, body: storage }),
  step('updateWarehouseSettings', { args: warehouse, body: saying({ 'verify-metadata-file': true }) }),
  step('setWarehouseProtection', { args: warehouse, body: saying({ protected: false }) }),
  step('deactivateWarehouse', { args: warehouse }),
  step('activateWarehouse', { args: warehouse }),
  step('updateWarehouseCredential', { args: warehouse, body: saying({ 'new-storage-credential': null }) }),
  step('updateWarehouseDeleteProfile', {
    args: warehouse,
    body: saying({ 'delete-profile': { type: 'hard' } }),
  }),
  step('updateWarehouseFormatVersionPolicy', {
    args: warehouse,
    body: saying({ 'allowed-format-versions': [1, 2, 3] }),
  }),
  step('validateWarehouseStorage', { args: warehouse, body: storage }),
  step('validateWarehouseCredential', { args: warehouse, body: saying({ 'new-storage-credential': null }) }),
  step('validateWarehouseAccess', { args: warehouse }),
]

const config = { uri: 'http://127.0.0.1:9/x' }
const connection = at('connection')
const mount = ({ warehouse: id, mount: one }: Found): Json => ({ id, mount: one })
const mounts: readonly Step[] = [
  step('createConnection', {
    body: saying({ 'connection-name': 'c', kind: 'iceberg-rest', config }),
    keep: keepId('connection', 'connection-id'),
  }),
  step('getConnection', { args: connection }),
  step('listConnections'),
  step('renameConnection', { args: connection, body: saying({ 'new-name': 'd' }) }),
  step('updateConnectionConfig', { args: connection, body: saying({ config }) }),
  step('createMount', {
    args: warehouse,
    body: ({ connection: id }) => ({ namespace: ['far'], 'connection-id': id }),
    keep: keepId('mount', 'mount-id'),
  }),
  step('getMount', { args: mount }),
  step('listMounts', { args: warehouse }),
  step('deleteMount', { args: mount }),
  step('deleteConnection', { args: connection }),
]

const inside =
  (more: Json = {}) =>
  ({ warehouse: prefix }: Found): Json => ({ prefix, ...more })
const a = inside({ namespace: 'a' })
const table = inside({ namespace: 'a', table: 't' })
const view = inside({ namespace: 'a', view: 'v' })
const commit = { requirements: [], updates: [{ action: 'set-properties', updates: { k: '1' } }] }
const moving = (from: string, to: string) => ({
  source: { namespace: ['a'], name: from },
  destination: { namespace: ['a'], name: to },
})
const report = {
  ...{ 'report-type': 'scan-report', 'table-name': 't', 'snapshot-id': 1, filter: true, 'schema-id': 0 },
  ...{ 'projected-field-ids': [1], 'projected-field-names': ['id'], metrics: {} },
}

const tables: readonly Step[] = [
  step('getConfig', { args: saying({ warehouse: 'x' }) as () => Json }),
  step('createNamespace', { args: inside(), body: saying({ namespace: ['a'], properties: {} }) }),
  step('listNamespaces', { args: inside() }),
  step('loadNamespaceMetadata', { args: a }),
  step('namespaceExists', { args: a }),
  step('updateProperties', { args: a, body: saying({ updates: { k: '1' } }) }),
  step('createTable', { args: a, body: saying(newTable('t')) }),
  step('listTables', { args: a }),
  step('loadTable', { args: table }),
  step('tableExists', { args: table }),
  step('updateTable', { args: table, body: saying(commit) }),
  step('commitTransaction', {
    args: inside(),
    body: saying({ 'table-changes': [{ identifier: { namespace: ['a'], name: 't' }, ...commit }] }),
  }),
  step('reportMetrics', { args: table, body: saying(report) }),
  step('renameTable', { args: inside(), body: saying(moving('t', 'u')) }),
  step('unregisterTable', {
    args: inside({ namespace: 'a', table: 'u' }),
    keep: keepId('tableFile', 'metadata-location'),
  }),
  step('registerTable', {
    args: a,
    body: ({ tableFile }) => ({ name: 't', 'metadata-location': tableFile }),
  }),
  step('dropTable', { args: table }),
]

const views: readonly Step[] = [
  step('createView', { args: a, body: saying(newView('v')), keep: keepId('viewFile', 'metadata-location') }),
  step('listViews', { args: a }),
  step('loadView', { args: view }),
  step('viewExists', { args: view }),
  step('replaceView', { args: view, body: saying(commit) }),
  step('renameView', { args: inside(), body: saying(moving('v', 'w')) }),
  step('dropView', { args: inside({ namespace: 'a', view: 'w' }) }),
  step('registerView', { args: a, body: ({ viewFile }) => ({ name: 'v', 'metadata-location': viewFile }) }),
]

const about = { principalUser: 'oidc~bob' }
const entry = (type: string) => ({ type, user: 'oidc~bob' })

/** Of one kind of object, all that is asked about grants on it. */
const grantsOn = (word: string, relation: string, args: Args): readonly Step[] => [
  step(`change${word}Assignments`, { args: args(), body: saying({ writes: [entry(relation)] }) }),
  step(`list${word}Assignments`, { args: args({ relations: [relation] }) }),
  step(`get${word}Access`, { args: args(about) }),
  step(`get${word}AuthorizerActions`, { args: args(about) }),
  ...(word === 'Server' ? [] : [step(`list${word}Reach`, { args: args({ action: 'describe' }) })]),
]

const granted = (privilege: string) => ({ privilege, principal: { user: 'oidc~bob' } })

/** The same in the form of privileges. */
const privilegesOn = (word: string, privilege: string, args: Args): readonly Step[] => [
  step(`apply${word}Grants`, { args: args(), body: saying({ writes: [granted(privilege)] }) }),
  step(`list${word}Grants`, { args: args(about) }),
  step(`get${word}GrantablePrivileges`, { args: args(about) }),
]

type Args = (more?: Json) => (found: Found) => Json

const none: Args =
  (more = {}) =>
  () =>
    more
const named =
  (kind: string): Args =>
  (more = {}) =>
    at(kind, more)
const held =
  (kind: string): Args =>
  (more = {}) =>
  ({ warehouse: id, [kind]: object }) => ({ id, object, ...more })

const objectNamed = (kind: string, name?: string): Step =>
  step('resolveObject', {
    args: warehouse,
    body: saying({ kind, namespace: ['a'], ...(name === undefined ? {} : { name }) }),
    keep: keepId(kind),
  })

const grants: readonly Step[] = [
  step('createTable', { args: a, body: saying(newTable('g')) }),
  step('createRole', { body: saying({ name: 'granted' }), keep: keepId('role') }),
  step('createConnection', {
    body: saying({ 'connection-name': 'granted', kind: 'iceberg-rest', config }),
    keep: keepId('connection', 'connection-id'),
  }),
  ...[objectNamed('namespace'), objectNamed('table', 'g'), objectNamed('view', 'v')],
  step('confirmObject', { args: warehouse, body: saying({ kind: 'table', namespace: ['a'], name: 'g' }) }),
  ...grantsOn('Server', 'operator', none),
  ...grantsOn('Project', 'describe', none),
  ...grantsOn('ProjectById', 'select', named('project')),
  ...grantsOn('Role', 'assignee', named('role')),
  ...grantsOn('Connection', 'use', named('connection')),
  ...grantsOn('Warehouse', 'modify', named('warehouse')),
  ...grantsOn('Namespace', 'create', named('namespace')),
  ...grantsOn('Table', 'append', held('table')),
  ...grantsOn('View', 'select', held('view')),
  ...privilegesOn('Server', 'operator', none),
  ...privilegesOn('Project', 'describe', none),
  ...privilegesOn('Role', 'assignee', named('role')),
  ...privilegesOn('Connection', 'use', named('connection')),
  ...privilegesOn('Warehouse', 'modify', named('warehouse')),
  ...privilegesOn('Namespace', 'create', held('namespace')),
  ...privilegesOn('Table', 'append', held('table')),
  ...privilegesOn('View', 'select', held('view')),
  step('listGrants', { args: saying(about) as () => Json }),
  step('getGrantablePrivileges'),
  ...['Server', 'Project'].map((word) => step(`get${word}Actions`, { args: none(about) })),
  step('getRoleActions', { args: at('role', about) }),
  step('getUserActions', { args: at('user', about) }),
  step('getConnectionActions', { args: at('connection', about) }),
  step('getWarehouseActions', { args: at('warehouse', about) }),
  ...['namespace', 'table', 'view'].map((kind) =>
    step(`get${kind.charAt(0).toUpperCase()}${kind.slice(1)}Actions`, { args: held(kind)(about) }),
  ),
  ...['warehouse', 'namespace'].flatMap((kind) => {
    const word = kind.charAt(0).toUpperCase() + kind.slice(1)
    return [
      step(`set${word}ManagedAccess`, { args: at(kind), body: saying({ 'managed-access': true }) }),
      step(`get${word}ManagedAccess`, { args: at(kind) }),
    ]
  }),
  step('checkPermission', { body: saying({ operation: { server: { action: 'create_project' } } }) }),
  step('batchCheckActions', {
    body: ({ warehouse: id }) => ({
      checks: [{ operation: { warehouse: { action: { action: 'get_metadata' }, 'warehouse-id': id } } }],
    }),
  }),
  step('listHoldings', { args: saying(about) as () => Json }),
  step('openBreakGlass', {
    body: saying({
      ...{ 'object-type': 'project', relation: 'select', 'duration-seconds': 60 },
      reason: 'the pager went off at night',
    }),
    keep: keepId('emergency'),
  }),
  step('listBreakGlass'),
  step('endBreakGlass', { args: at('emergency') }),
  ...governanceSteps,
  step('deleteConnection', { args: connection }),
  step('dropTable', { args: inside({ namespace: 'a', table: 'g' }) }),
]

const auditing: readonly Step[] = [
  ...['searchAudit', 'exportAudit', 'verifyAudit', 'getAuditAnchor', 'searchServerAudit'].map((name) =>
    step(name),
  ),
  step('exportServerAudit'),
]

const opaQuery = (action: object) => saying({ input: { context: { identity: { user: 'alice' } }, action } })

/** As an engine asks. */
const engines: readonly Step[] = [
  step('decideForEngine', { body: opaQuery({ operation: 'ExecuteQuery' }) }),
  step('filterForEngine', {
    body: opaQuery({ operation: 'FilterCatalogs', filterResources: [{ catalog: { name: 'system' } }] }),
  }),
]

const farewells: readonly Step[] = [
  step('dropView', { args: view }),
  step('dropNamespace', { args: a }),
  step('deleteWarehouse', { args: warehouse }),
  step('deleteUser', { args: user }),
  step('deleteProjectById', { args: project }),
  step('createProject', { body: saying({ 'project-name': 's' }), keep: keepId('spare', 'project-id') }),
  step('deleteProject', { headers: ({ spare = '' }) => ({ 'x-project-id': spare }) }),
]

export const steps: readonly Step[] = [
  ...[...process, ...tokens, ...projects, ...users, ...accounts, ...roles],
  ...[
    ...warehouses,
    ...mounts,
    ...tables,
    ...views,
    ...grants,
    ...scimSteps,
    ...auditing,
    ...engines,
    ...farewells,
  ],
]
