/** What grants on mounted tables and views stand for: the uuid, and whether another one was found under the name. */
import type { EventDraft } from '#model/event.ts'
import type { ObjectKey } from '#model/object-key.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import { appendEvents } from './outbox.ts'
import { raisePolicyEpoch } from './server.ts'

interface GovernedState {
  readonly object: ObjectKey
  /** Null: none has been seen yet. */
  readonly uuid: string | null
  readonly suspended: boolean
}

interface StateRow {
  readonly epoch: number
  readonly objects: readonly GovernedState[]
}

const selectStates = statement(`
  select (select policy_epoch from server) as epoch,
    coalesce(json_agg(json_build_object('object', g.object, 'uuid', g.table_uuid,
      'suspended', g.suspended_at is not null)), '[]') as objects
  from governed_object g where g.object = any($1)`)

/** Those that are known, and the epoch of policy of the same moment. */
export const loadGovernedStates = async (sql: Sql, objects: readonly ObjectKey[]): Promise<StateRow> => {
  const [row] = await sql.query<StateRow>(selectStates, [objects])
  if (row === undefined) throw new Error('an aggregate gave no row')
  return row
}

const suspend = statement(`
  update governed_object set suspended_at = now(), suspended_for = $3, updated_at = now()
  where object = $1 and suspended_at is null and lower(table_uuid) = lower($2)
  returning warehouse_id as "warehouseId"`)

interface Unexpected {
  readonly object: ObjectKey
  /** What the grants stand for. */
  readonly expected: string
  /** Undefined where what is there has none. */
  readonly found: string | undefined
}

/**
 * No grant on the name counts from here on. Nothing is done where that is so already, or where the grants stand for
 * another uuid by now; then there are no events.
 */
export const suspendGrants = async (
  tx: Transaction,
  { object, expected, found = 'none' }: Unexpected,
): Promise<readonly EventDraft[]> => {
  const [row] = await tx.query<{ warehouseId: string }>(suspend, [object, expected, found])
  if (row === undefined) return []
  await raisePolicyEpoch(tx)
  const event: EventDraft = {
    type: 'grant.suspended',
    object,
    warehouse: row.warehouseId,
    data: { object, expected, found },
  }
  await appendEvents(tx, [event])
  return [event]
}
