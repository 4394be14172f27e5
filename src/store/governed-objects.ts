/** Namespaces and mounted objects as policy knows them: by name, with the id that stands for it, and the uuid seen there. */
import { CatalogError } from '#model/errors.ts'
import { type Namespace, namespaceKey, namespaceOfKey } from '#model/identifier.ts'
import { type ObjectKey, objectId } from '#model/object-key.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import type { GrantPlace } from './grants.ts'

/** Where something is found that the management API names by its id alone. */
export interface FoundObject {
  readonly kind: 'namespace' | 'table' | 'view'
  readonly warehouseId: string
  readonly namespace: Namespace
  /** Of a table or view. */
  readonly name?: string
  /** Of a local one. */
  readonly contentId?: string
}

interface FoundRow {
  readonly kind: FoundObject['kind']
  readonly warehouseId: string
  readonly ns: string
  readonly name: string | null
}

const foundOf = ({ kind, warehouseId, ns, name }: FoundRow): FoundObject => ({
  ...{ kind, warehouseId, namespace: namespaceOfKey(ns) },
  ...(name === null ? {} : { name }),
})

const insertObjects = statement(`
  insert into governed_object (object, id, kind, warehouse_id, ns, name)
  select * from unnest($1::text[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[])
  on conflict do nothing`)

const kindOf = (object: ObjectKey): string => object.slice(0, object.indexOf(':'))

/** So that their ids are found again. Passes over what has an id of its own: all but namespaces and mounted objects. */
export const rememberObjects = async (sql: Sql, places: readonly GrantPlace[]): Promise<void> => {
  const named = places.filter(({ namespace }) => namespace !== undefined)
  if (named.length === 0) return
  await sql.execute(insertObjects, [
    named.map(({ object }) => object),
    named.map(({ object }) => objectId(object)),
    named.map(({ object }) => kindOf(object)),
    named.map(({ warehouseId }) => warehouseId),
    named.map(({ namespace }) => namespaceKey(namespace ?? [])),
    named.map(({ name }) => name ?? null),
  ])
}

/** By the id that stands for a name, or by the content id of what the `main` of its warehouse shows. */
const selectByIds = statement(`
  select g.id, g.kind, g.warehouse_id as "warehouseId", g.ns, g.name, false as content
  from governed_object g where g.id = any($1::uuid[])
  union all
  select h.content_id, h.kind, l.warehouse_id, h.ns, h.name, true
  from entry_head h
  join line l on l.id = h.line_id and l.state = 'live'
  join ref r on r.line_id = l.id and r.name = 'main' and r.deleted_at is null
  where h.content_id = any($1::uuid[]) and h.pointer is not null and h.kind in ('table', 'view')`)

/** Those that are there: not those that nobody has been told, or whose object is gone. */
export const findObjects = async (
  sql: Sql,
  ids: readonly string[],
): Promise<ReadonlyMap<string, FoundObject>> => {
  const rows = await sql.query<FoundRow & { readonly id: string; readonly content: boolean }>(selectByIds, [
    ids,
  ])
  return new Map(
    rows.map((row) => [row.id, { ...foundOf(row), ...(row.content ? { contentId: row.id } : {}) }]),
  )
}

const bindObject = statement(`
  update governed_object g
  set table_uuid = $2, suspended_at = null, suspended_for = null, updated_at = now()
  where g.object = $1
    and (g.table_uuid is null or g.table_uuid = $2 or not exists (select 1 from relation_tuple t where t.object = $1))
    and (g.suspended_at is null or not exists (select 1 from relation_tuple t where t.object = $1))`)

/**
 * Grants on a mounted table or view stand for the uuid that it has now. Conflict where there are grants for another one:
 * they would pass on to what has taken its name.
 */
export const bindUuid = async (tx: Transaction, place: GrantPlace, uuid: string): Promise<void> => {
  await rememberObjects(tx, [place])
  if ((await tx.execute(bindObject, [place.object, uuid])) === 0)
    throw new CatalogError(
      'ConflictException',
      'The grants stand for another object that had this name before: take them back first, or confirm them',
    )
}

const confirmObject = statement(`
  update governed_object set table_uuid = $2, suspended_at = null, suspended_for = null, updated_at = now()
  where object = $1`)

/** Grants that stood for what had the name before stand for what has it now. */
export const confirmUuid = async (tx: Transaction, place: GrantPlace, uuid: string): Promise<void> => {
  await rememberObjects(tx, [place])
  await tx.execute(confirmObject, [place.object, uuid])
}
