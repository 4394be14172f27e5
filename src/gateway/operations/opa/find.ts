/** The objects that Trino names, found in our own records. An upstream is asked for nothing but what grants stand for. */
import type { TrustedEngine } from '#authn/engines.ts'
import type { CallContext, Entry } from '#catalog/catalog.ts'
import type { Route } from '#catalog/mounts.ts'
import { UnexpectedUuid } from '#catalog/mounts-expected.ts'
import type { Action, Need } from '#model/access.ts'
import { isCatalogError } from '#model/errors.ts'
import type { Identifier, Namespace } from '#model/identifier.ts'
import type { OpenWarehouse, WarehouseDirectory } from '../../warehouses.ts'
import { checkLookup, namespaceResource, relationResource } from '../place.ts'
import type { Wanted } from './wanted.ts'

/** One of the alternatives has to be allowed: what an upstream has under a name is a table or a view. */
export interface Found {
  readonly alternatives: readonly Need[]
  readonly policyEpoch?: number | undefined
  /**
   * Of what is mounted: whether its upstream has what the context expects under the name. Throws the answer for a missing
   * object where it has another one.
   */
  look?(kind: Need['resource']['kind'], context: CallContext): Promise<boolean>
}

/** Why nothing is asked: it is denied, or allowed to everybody. */
export interface Known {
  readonly allow: boolean
  readonly why: string
}

const missing: Known = { allow: false, why: 'no such object' }
const nothingThere: Known = { allow: true, why: 'nothing is there yet' }
const notAsked: Known = { allow: true, why: 'a part of what was asked for' }

/** Actions that the model has for views. */
const ofViews: ReadonlySet<Action> = new Set([
  'describe',
  'read',
  'write',
  'drop',
  'rename',
  'set-properties',
])

type InWarehouse = Exclude<Wanted, { at: 'nowhere' }>
type OnTable = Extract<Wanted, { at: 'table' }>

const warehouseOf = (
  warehouses: WarehouseDirectory,
  { catalogs }: Finding['engine'],
  catalog: string,
): OpenWarehouse | undefined => {
  const name = Object.hasOwn(catalogs, catalog) ? (catalogs[catalog] ?? catalog) : catalog
  return warehouses.byName(name) ?? warehouses.byPrefix(name.toLowerCase())
}

/** Trino writes the levels of a namespace with dots between. */
const levelsOf = (schema: string): Namespace => schema.split('.')

interface Placed {
  readonly warehouse: OpenWarehouse
  readonly wanted: InWarehouse
}

interface PlacedTable extends Placed {
  readonly wanted: OnTable
  readonly id: Identifier
  readonly route: Route
}

const onPlace = ({ warehouse, wanted }: Placed): Found => {
  const levels = wanted.at === 'catalog' ? [] : levelsOf(wanted.schema)
  checkLookup(levels)
  const namespace = wanted.at === 'parent' ? levels.slice(0, -1) : levels
  const resource = namespaceResource({ warehouse, input: undefined }, namespace)
  return { alternatives: [{ action: wanted.action, resource }] }
}

const placeTable = (warehouse: OpenWarehouse, wanted: OnTable): PlacedTable => {
  const id = { namespace: levelsOf(wanted.schema), name: wanted.table }
  checkLookup([...id.namespace, id.name])
  return { warehouse, wanted, id, route: warehouse.mounts.route(id.namespace) }
}

const place = ({ warehouses, engine }: Finding, wanted: Wanted): Found | Known | PlacedTable => {
  if (wanted.at === 'nowhere') return wanted
  const warehouse = warehouseOf(warehouses, engine, wanted.catalog)
  if (warehouse === undefined) return missing
  try {
    return wanted.at === 'table' ? placeTable(warehouse, wanted) : onPlace({ warehouse, wanted })
  } catch (error) {
    if (isCatalogError(error) && error.status < 500) return missing
    throw error
  }
}

/** Another object under the name is more than that: grants on the name are suspended by it. */
const isMissing = (error: unknown): boolean =>
  isCatalogError(error) && error.status === 404 && !(error.cause instanceof UnexpectedUuid)

const mounted = ({ warehouse, wanted: { action, ifThere }, route, id }: PlacedTable): Found | Known => {
  if (ifThere === 'ours') return notAsked
  const at = { warehouse, route, input: undefined }
  const kinds = ofViews.has(action) ? (['table', 'view'] as const) : (['table'] as const)
  return {
    alternatives: kinds.map((kind) => ({ action, resource: relationResource(kind, at, id) })),
    look: async (kind, context) => {
      const { tables, views } = route.catalog
      try {
        await (kind === 'view' ? views : tables)?.exists(context, id)
        return true
      } catch (error) {
        if (isMissing(error)) return false
        throw error
      }
    },
  }
}

const local = ({ warehouse, wanted, route, id }: PlacedTable, entry: Entry | undefined): Found | Known => {
  const { action, ifThere } = wanted
  // A name that Trino spells in another way than we do must not be judged by what it lies in alone.
  if (entry === undefined) return ifThere ? nothingThere : missing
  const { kind, policyEpoch } = entry
  if (kind === 'view' && !ofViews.has(action)) return { allow: false, why: 'a view has none of that' }
  const at = { warehouse, route, input: undefined, entries: [entry] }
  return { alternatives: [{ action, resource: relationResource(kind, at, id) }], policyEpoch }
}

const isTable = (one: Found | Known | PlacedTable): one is PlacedTable => 'route' in one

/** In one look a warehouse. */
const entriesOf = async (
  tables: readonly PlacedTable[],
): Promise<ReadonlyMap<PlacedTable, Entry | undefined>> => {
  const entries = new Map<PlacedTable, Entry | undefined>()
  for (const group of Map.groupBy(tables, ({ warehouse }) => warehouse.id).values()) {
    const found = await group[0]?.route.catalog.tables.find?.(group.map(({ id }) => id))
    for (const [i, table] of group.entries()) entries.set(table, found?.[i])
  }
  return entries
}

export interface Finding {
  readonly warehouses: WarehouseDirectory
  readonly engine: Pick<TrustedEngine, 'catalogs'>
}

/** One answer each, in order. What can name nothing, and what lies in no warehouse of ours, is not there. */
export const findWanted = async (
  finding: Finding,
  wanted: readonly Wanted[],
): Promise<readonly (Found | Known)[]> => {
  const placed = wanted.map((one) => place(finding, one))
  const ours = placed.filter(isTable).filter(({ route }) => route.source.local)
  const entries = ours.length === 0 ? new Map() : await entriesOf(ours)
  return placed.map((one) => {
    if (!isTable(one)) return one
    return one.route.source.local ? local(one, entries.get(one)) : mounted(one)
  })
}
