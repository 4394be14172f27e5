/**
 * What Trino asks its access control, in our words: each operation of its OPA plugin, and what it needs of which object.
 * An operation that is not listed is denied.
 */
import type { Action } from '#model/access.ts'
import type { OpaAction, OpaResource } from './forms.ts'

/** All of what an operation needs has to be allowed. */
export type Wanted =
  | { readonly at: 'nowhere'; readonly allow: boolean; readonly why: string }
  | { readonly at: 'catalog'; readonly catalog: string; readonly action: Action }
  /** `parent`: what the schema lies in. */
  | {
      readonly at: 'schema' | 'parent'
      readonly catalog: string
      readonly schema: string
      readonly action: Action
    }
  /** `ifThere`: allowed where nothing is; `ours`: and of what lies behind a mount that is not asked. */
  | {
      readonly at: 'table'
      readonly catalog: string
      readonly schema: string
      readonly table: string
      readonly action: Action
      readonly ifThere?: true | 'ours'
    }

type Find = (asked: {
  readonly user: string
  readonly resource: OpaResource
  readonly target: OpaResource
}) => readonly Wanted[]

const denied = (why: string): readonly Wanted[] => [{ at: 'nowhere', allow: false, why }]
const allowed = (why: string): readonly Wanted[] => [{ at: 'nowhere', allow: true, why }]

const incomplete = denied('the request names no object')

/** Trino's own catalog: what tells of catalogs, tables and columns is filtered by access control in its turn. */
const systemCatalog = 'system'
const systemSchemas: ReadonlySet<string> = new Set(['jdbc', 'metadata', 'information_schema'])

const inSystem = (schema: string, action: Action): readonly Wanted[] =>
  systemSchemas.has(schema) && (action === 'describe' || action === 'read')
    ? allowed('what Trino tells of itself')
    : denied('not of the system catalog')

const onCatalog = (action: Action): Find => {
  return ({ resource: { catalog } }) => {
    if (catalog === undefined) return incomplete
    if (catalog.name === systemCatalog)
      return action === 'describe' ? allowed('the system catalog') : denied('the system catalog')
    return [{ at: 'catalog', catalog: catalog.name, action }]
  }
}

const schemaWanted = (
  at: 'schema' | 'parent',
  { catalogName: catalog, schemaName: schema }: { readonly catalogName: string; readonly schemaName: string },
  action: Action,
): readonly Wanted[] => {
  if (catalog === systemCatalog) return inSystem(schema, action)
  if (schema !== 'information_schema') return [{ at, catalog, schema, action }]
  return action === 'describe' ? [{ at: 'catalog', catalog, action }] : denied('the information schema')
}

const onSchema = (action: Action, at: 'schema' | 'parent' = 'schema'): Find => {
  return ({ resource: { schema } }) => (schema === undefined ? incomplete : schemaWanted(at, schema, action))
}

const tableWanted = (
  table: NonNullable<OpaResource['table']>,
  action: Action,
  more: { readonly ifThere?: true | 'ours' } = {},
): readonly Wanted[] => {
  const { catalogName: catalog, schemaName: schema, tableName } = table
  if (catalog === systemCatalog) return inSystem(schema, action)
  if (schema !== 'information_schema')
    return [{ at: 'table', catalog, schema, table: tableName, action, ...more }]
  const looks = action === 'describe' || action === 'read'
  return looks ? [{ at: 'catalog', catalog, action: 'describe' }] : denied('the information schema')
}

/** What the connector reads as a part of a table, whoever has its name besides. */
const partOfTable =
  /\$(data|history|metadata_log_entries|snapshots|(all_)?(manifests|entries)|partitions|files|properties|refs|materialized_view_storage)$/i

/** `orders$files` is read with the right to `orders`. A view may be called so too, and is Trino's first choice. */
const namedTable = (table: NonNullable<OpaResource['table']>, action: Action): readonly Wanted[] => {
  const { tableName } = table
  const cut = tableName.indexOf('$', 1)
  if (cut < 0) return tableWanted(table, action)
  const ifThere = partOfTable.test(tableName) ? 'ours' : true
  return [
    ...tableWanted({ ...table, tableName: tableName.slice(0, cut) }, action),
    ...tableWanted(table, action, { ifThere }),
  ]
}

const onTable = (...actions: readonly Action[]): Find => {
  return ({ resource: { table } }) =>
    table === undefined ? incomplete : actions.flatMap((action) => namedTable(table, action))
}

/** Of a list, which has names as the catalog has them. */
const onListed: Find = ({ resource: { table } }) =>
  table === undefined ? incomplete : tableWanted(table, 'describe')

/** `CREATE OR REPLACE` asks for no more than `CREATE`: what is there already must be one's own to change. */
const created: Find = ({ resource: { table } }) =>
  table === undefined
    ? incomplete
    : [...schemaWanted('schema', table, 'create'), ...tableWanted(table, 'write', { ifThere: true })]

const renamed: Find = ({ resource: { table }, target }) =>
  table === undefined || target.table === undefined
    ? incomplete
    : [...tableWanted(table, 'rename'), ...schemaWanted('schema', target.table, 'create')]

/** Trino keeps more in properties than Iceberg does. */
const propertyActions: ReadonlyMap<string, Action> = new Map([
  ['partitioning', 'change-layout'],
  ['sorted_by', 'change-layout'],
  ['format_version', 'upgrade-format'],
  ['location', 'set-location'],
])

const properties: Find = (asked) => {
  const names = Object.keys(asked.resource.table?.properties ?? {})
  const actions = new Set(names.map((name) => propertyActions.get(name) ?? 'set-properties'))
  return onTable(...(actions.size === 0 ? (['write'] as const) : actions))(asked)
}

const procedures: ReadonlyMap<string, Action> = new Map([
  ['optimize', 'overwrite'],
  ['expire_snapshots', 'expire-snapshots'],
  ['rollback_to_snapshot', 'change-refs'],
])

/** One that is not listed may do anything to its table. Trino writes their names in capitals. */
const tableProcedure: Find = (asked) =>
  onTable(procedures.get((asked.resource.function?.functionName ?? '').toLowerCase()) ?? 'write')(asked)

const onOneself: Find = ({ user, resource }) =>
  resource.user?.user === user ? allowed('oneself') : denied('somebody else')

/** Those that come with Trino; of ours there are none. */
const builtIn: Find = ({ resource }) => {
  const { catalogName, schemaName } = resource.function ?? resource.schema ?? {}
  return catalogName === systemCatalog && schemaName === 'builtin'
    ? allowed('comes with Trino')
    : denied('no function of ours')
}

const catalogSession: Find = ({ resource: { catalogSessionProperty: property }, ...asked }) =>
  property === undefined
    ? incomplete
    : onCatalog('describe')({ ...asked, resource: { catalog: { name: property.catalogName } } })

const functionsIn: Find = (asked) =>
  asked.resource.schema?.schemaName === 'builtin' ? builtIn(asked) : onSchema('describe')(asked)

const operations: ReadonlyMap<string, Find> = new Map<string, Find>([
  ['ExecuteQuery', () => allowed('every user may ask')],
  ['SetSystemSessionProperty', () => allowed('of one’s own session')],
  ['SetCatalogSessionProperty', catalogSession],
  ...['ImpersonateUser', 'ViewQueryOwnedBy', 'FilterViewQueryOwnedBy', 'KillQueryOwnedBy'].map(
    (name) => [name, onOneself] as const,
  ),
  ...['AccessCatalog', 'FilterCatalogs', 'ShowSchemas'].map((name) => [name, onCatalog('describe')] as const),
  ...['FilterSchemas', 'ShowTables', 'ShowCreateSchema'].map((name) => [name, onSchema('describe')] as const),
  ['CreateSchema', onSchema('create', 'parent')],
  ['DropSchema', onSchema('drop')],
  ['FilterTables', onListed],
  ...['ShowColumns', 'FilterColumns', 'ShowCreateTable'].map((name) => [name, onTable('describe')] as const),
  ...['SelectFromColumns', 'CreateViewWithSelectFromColumns'].map((name) => [name, onTable('read')] as const),
  ['InsertIntoTable', onTable('append')],
  ...['DeleteFromTable', 'TruncateTable', 'UpdateTableColumns'].map(
    (name) => [name, onTable('overwrite')] as const,
  ),
  ...['CreateTable', 'CreateView'].map((name) => [name, created] as const),
  ...['DropTable', 'DropView'].map((name) => [name, onTable('drop')] as const),
  ...['RenameTable', 'RenameView'].map((name) => [name, renamed] as const),
  ['SetTableProperties', properties],
  ['SetTableComment', onTable('set-properties')],
  ['SetViewComment', onTable('write')],
  ...['AddColumn', 'DropColumn', 'AlterColumn', 'RenameColumn', 'SetColumnComment'].map(
    (name) => [name, onTable('change-schema')] as const,
  ),
  ['ExecuteTableProcedure', tableProcedure],
  ['ShowFunctions', functionsIn],
  ...['FilterFunctions', 'ExecuteFunction', 'CreateViewWithExecuteFunction'].map(
    (name) => [name, builtIn] as const,
  ),
])

const nothingNamed: OpaResource = {}

/** `resource`: the one that is asked about, where the request lists several. */
export const wantedOf = (
  user: string,
  action: OpaAction,
  resource: OpaResource = action.resource ?? nothingNamed,
): readonly Wanted[] => {
  const find = operations.get(action.operation)
  if (find === undefined) return denied('an operation that nobody is allowed')
  return find({ user, resource, target: action.targetResource ?? nothingNamed })
}
