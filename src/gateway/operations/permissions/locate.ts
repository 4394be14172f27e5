/** The objects of many checks, found in as few questions to our records as there are catalogs. No upstream is asked. */
import type { Catalog } from '#catalog/catalog.ts'
import type { Resource } from '#model/access.ts'
import { isCatalogError } from '#model/errors.ts'
import type { Identifier } from '#model/identifier.ts'
import type { FoundObject } from '#store/governed-objects.ts'
import type { OpenWarehouse } from '../../warehouses.ts'
import { isId } from '../management/place.ts'
import { checkLookup } from '../place.ts'
import type { Checked } from './check-forms.ts'
import { type Governed, govern, type PermissionDeps } from './place.ts'

/** What our records say; undefined: nothing that could be decided on. */
type Located = Governed | undefined

/**
 * Stands for what is not there: decided on as what is hidden in its place would be, so that no question tells the two
 * apart by the time that it takes.
 */
export const absentIn = (
  { id, projectId }: OpenWarehouse,
  { kind, namespace, name = '' }: Pick<FoundObject, 'kind' | 'namespace' | 'name'>,
): Governed => {
  const at = { warehouse: id, namespace }
  const resource = kind === 'namespace' ? { kind, ...at } : { kind, ...at, name }
  return { resource, place: { object: `${kind}:`, projectId } }
}

/** Names may end with a colon: what is not there has a key that is the type alone. */
export const isThere = ({ resource, place }: Governed): boolean => place.object !== `${resource.kind}:`

interface Named {
  readonly at: number
  readonly kind: 'table' | 'view'
  readonly id: Identifier
  readonly warehouse: OpenWarehouse
}

const above = (deps: PermissionDeps, project: string, checked: Checked): Located => {
  const { server, warehouses } = deps
  switch (checked.type) {
    case 'server':
      return { resource: { kind: 'server' }, place: { object: `server:${server.id}`, projectId: null } }
    case 'project': {
      const id = checked.project ?? project
      return { resource: { kind: 'project', project: id }, place: { object: `project:${id}` } }
    }
    default: {
      const open = warehouses.byPrefix((checked.warehouse ?? '').toLowerCase())
      if (open === undefined) return undefined
      const resource: Resource = { kind: 'warehouse', project: open.projectId, warehouse: open.id }
      return { resource, place: { object: `warehouse:${open.id}`, projectId: open.projectId } }
    }
  }
}

/** Undefined where no catalog answers for the namespace, and for what can name nothing. */
const governQuietly = (
  warehouse: OpenWarehouse,
  found: Omit<FoundObject, 'warehouseId'>,
): Governed | undefined => {
  try {
    checkLookup(found.name === undefined ? found.namespace : [...found.namespace, found.name])
    return govern(warehouse, found)
  } catch (error) {
    if (isCatalogError(error)) return undefined
    throw error
  }
}

const isLocal = ({ warehouse, id }: Named): boolean => warehouse.mounts.route(id.namespace).source.local

const tablesOf = (local: readonly Named[]): Catalog['tables'] | undefined =>
  local[0]?.warehouse.mounts.route(local[0].id.namespace).catalog.tables

/** Of one warehouse, in one look: those that are there. */
const locateLocal = async (local: readonly Named[]): Promise<readonly (readonly [number, Located])[]> => {
  const found = (await tablesOf(local)?.find?.(local.map(({ id }) => id))) ?? []
  return local.map(({ at, kind, id, warehouse }, i) => {
    const entry = found[i]
    const { contentId } = entry?.kind === kind ? entry : {}
    const missing = absentIn(warehouse, { kind, ...id })
    return [at, contentId === undefined ? missing : governQuietly(warehouse, { kind, ...id, contentId })]
  })
}

/** What is mounted stands for itself by its name. */
const locateNamed = async (wanted: readonly Named[]): Promise<ReadonlyMap<number, Located>> => {
  const located = new Map<number, Located>()
  for (const { at, kind, id, warehouse } of wanted) located.set(at, governQuietly(warehouse, { kind, ...id }))
  const byWarehouse = Map.groupBy(wanted.filter(isLocal), ({ warehouse }) => warehouse)
  for (const local of byWarehouse.values())
    for (const [at, governed] of await locateLocal(local)) located.set(at, governed)
  return located
}

type Content = Checked & { readonly type: FoundObject['kind'] }

const namesContent = (checked: Checked): checked is Content =>
  checked.type === 'namespace' || checked.type === 'table' || checked.type === 'view'

interface Looking {
  readonly deps: PermissionDeps
  readonly project: string
  readonly found: ReadonlyMap<string, FoundObject>
}

const locateContent = (
  { deps, found }: Looking,
  at: number,
  { type, id, warehouse: wanted = '', named }: Content,
): Located | Named => {
  const warehouse = deps.warehouses.byPrefix(wanted.toLowerCase())
  if (warehouse === undefined) return undefined
  if (id !== undefined) {
    const object = found.get(id)
    const fits = object?.kind === type && object.warehouseId === warehouse.id
    return fits ? governQuietly(warehouse, object) : absentIn(warehouse, { kind: type, namespace: [id] })
  }
  const { namespace, name } = named ?? { namespace: [] }
  const around =
    namespace.length === 0 ? undefined : governQuietly(warehouse, { kind: 'namespace', namespace })
  if (type === 'namespace' || around === undefined) return around
  return name === undefined || name === ''
    ? undefined
    : { at, kind: type, id: { namespace, name }, warehouse }
}

const locateOne = (looking: Looking, at: number, checked: Checked): Located | Named => {
  if (checked.type === 'generic-table') return undefined
  return namesContent(checked)
    ? locateContent(looking, at, checked)
    : above(looking.deps, looking.project, checked)
}

const isNamed = (one: Located | Named): one is Named => one !== undefined && 'at' in one

/** One answer a check, in order. */
export const locateAll = async (
  deps: PermissionDeps,
  project: string,
  checks: readonly Checked[],
): Promise<readonly Located[]> => {
  const ids = checks.flatMap(({ id }) => (id !== undefined && isId(id) ? [id] : []))
  const found = ids.length === 0 ? new Map<string, FoundObject>() : await deps.grants.findObjects(ids)
  const located = checks.map((checked, at) => locateOne({ deps, project, found }, at, checked))
  const byName = await locateNamed(located.filter(isNamed))
  return located.map((one, at) => (isNamed(one) ? byName.get(at) : one))
}
