/** What must not be read of a table. Setting, changing and lifting a restriction raises the epoch of policy. */
import type { ReadRestriction } from '#model/access.ts'
import { type Identifier, namespaceKey } from '#model/identifier.ts'
import type { ObjectKey } from '#model/object-key.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import type { GrantPlace } from './grants.ts'
import { storable } from './outbox.ts'
import { raiseGovernanceEpoch } from './server.ts'

export interface RestrictionRecord extends ReadRestriction {
  readonly object: ObjectKey
  readonly setBy: string
  readonly createdAt: Date
  readonly updatedAt: Date
}

interface Row {
  readonly object: ObjectKey
  readonly rowFilter: string | null
  readonly columns: NonNullable<ReadRestriction['columns']>
  readonly setBy: string
  readonly createdAt: Date
  readonly updatedAt: Date
}

const columns = `object, row_filter as "rowFilter", columns, set_by as "setBy",
  created_at as "createdAt", updated_at as "updatedAt"`

const recordOf = ({ rowFilter, columns: hidden, ...row }: Row): RestrictionRecord => ({
  ...row,
  ...(rowFilter === null ? {} : { rowFilter }),
  ...(hidden.length === 0 ? {} : { columns: hidden }),
})

const upsert = statement(`
  insert into read_restriction (object, project_id, warehouse_id, content_id, ns, name, row_filter, columns, set_by)
  values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9)
  on conflict (object) do update set row_filter = excluded.row_filter, columns = excluded.columns,
    set_by = excluded.set_by, updated_at = now()
  returning ${columns}`)

/** In a transaction that holds the table. Instead of the one that was there. */
export const setRestriction = async (
  tx: Transaction,
  place: GrantPlace,
  { rowFilter, columns: hidden = [], by }: ReadRestriction & { readonly by: string },
): Promise<RestrictionRecord> => {
  await raiseGovernanceEpoch(tx)
  const { object, projectId, warehouseId, contentId = null, namespace, name = null } = place
  const ns = namespace === undefined ? null : namespaceKey(namespace)
  const [row] = await tx.query<Row>(upsert, [
    ...[object, projectId, warehouseId, contentId, ns, name],
    ...[rowFilter === undefined ? null : storable(rowFilter), JSON.stringify(hidden), storable(by)],
  ])
  if (row === undefined) throw new Error('no row came back from an insert')
  return recordOf(row)
}

const deleteOne = statement('delete from read_restriction where object = $1')

/** False where there is none. */
export const removeRestriction = async (tx: Transaction, object: ObjectKey): Promise<boolean> => {
  await raiseGovernanceEpoch(tx)
  return (await tx.execute(deleteOne, [object])) > 0
}

const selectOne = statement(`select ${columns} from read_restriction where object = $1`)

export const findRestriction = async (
  sql: Sql,
  object: ObjectKey,
): Promise<RestrictionRecord | undefined> => {
  const [row] = await sql.query<Row>(selectOne, [object])
  return row && recordOf(row)
}

const selectOfWarehouse = statement(`select ${columns} from read_restriction where warehouse_id = $1`)

/** Every restriction in the warehouse: what decisions are made with. */
export const loadWarehouseRestrictions = async (
  sql: Sql,
  warehouseId: string,
): Promise<readonly RestrictionRecord[]> =>
  (await sql.query<Row>(selectOfWarehouse, [warehouseId])).map(recordOf)

const moveTags = statement('update tag_assignment set object = $2, ns = $3, name = $4 where object = $1')
const moveRestrictions = statement(
  'update read_restriction set object = $2, ns = $3, name = $4 where object = $1',
)

/** A mounted object was renamed through us: what governs it goes with it. */
export const moveGovernance = async (
  tx: Transaction,
  before: ObjectKey,
  after: { readonly object: ObjectKey } & Identifier,
): Promise<void> => {
  const to = [after.object, namespaceKey(after.namespace), after.name]
  const moved =
    (await tx.execute(moveTags, [before, ...to])) + (await tx.execute(moveRestrictions, [before, ...to]))
  if (moved > 0) await raiseGovernanceEpoch(tx)
}
