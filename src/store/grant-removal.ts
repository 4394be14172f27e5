/** Grants that go with what they were on, with whom they were given to, or with their time. */
import type { EventDraft } from '#model/event.ts'
import { type Identifier, type Namespace, namespaceKey } from '#model/identifier.ts'
import { mountedObject, namespaceObject, type ObjectKey } from '#model/object-key.ts'
import { type Sql, statement, type Transaction } from './database.ts'
import { rememberObjects } from './governed-objects.ts'
import { type GrantPlace, type GrantSubject, grantEvent } from './grants.ts'
import { appendEvents } from './outbox.ts'
import { moveGovernance } from './read-restrictions.ts'
import { raiseGovernanceEpoch, raisePolicyEpoch } from './server.ts'

const selectAny = statement('select 1 from relation_tuple where object = $1 limit 1')

/** Read before a change writes: what its listeners are told of the grants that it will take away. */
export const removalEvents = async (
  sql: Sql,
  place: Pick<GrantPlace, 'object' | 'warehouseId'>,
): Promise<readonly EventDraft[]> =>
  (await sql.query(selectAny, [place.object])).length > 0 ? [grantEvent('revoked', place)] : []

const deleteOfObject = statement(`
  with grants as (delete from relation_tuple where object = $1 returning 1),
    tags as (delete from tag_assignment where object = $1 returning 1),
    restrictions as (delete from read_restriction where object = $1 returning 1)
  select (select count(*)::int from grants) as grants,
    (select count(*)::int from tags) + (select count(*)::int from restrictions) as governing`)
const forgetObject = statement('delete from governed_object where object = $1')

interface Removed {
  readonly grants: number
  /** Tags and read restrictions. */
  readonly governing: number
}

/**
 * In the transaction that ends an object, with what governs it. How many grants there were. A name may be used again, so
 * that what is remembered of it must not be; a content id never is.
 */
export const removeGrantsOn = async (
  tx: Transaction,
  object: ObjectKey,
  byName: boolean,
): Promise<number> => {
  const [removed] = await tx.query<Removed>(deleteOfObject, [object])
  const { grants, governing } = removed ?? { grants: 0, governing: 0 }
  if (!byName) return grants
  await tx.execute(forgetObject, [object])
  if (governing > 0) await raiseGovernanceEpoch(tx)
  else if (grants > 0) await raisePolicyEpoch(tx)
  return grants
}

/** An administrative object ends: its grants, and the event that tells of it where there were any. */
export const endObject = async (tx: Transaction, object: ObjectKey): Promise<readonly EventDraft[]> => {
  const removed = await removeGrantsOn(tx, object, false)
  if (removed === 0) return []
  await raisePolicyEpoch(tx)
  return [grantEvent('revoked', { object })]
}

const deleteOfProject = statement('delete from relation_tuple where project_id = $1')

/** Ids of projects are chosen: another one of the id must not find them, nor be entered by who is remembered. */
export const removeGrantsIn = async (tx: Transaction, projectId: string): Promise<void> => {
  if ((await tx.execute(deleteOfProject, [projectId])) > 0) await raisePolicyEpoch(tx)
}

const deleteOfSubject = statement('delete from relation_tuple where subject_kind = $1 and subject_id = $2')

/** Who comes back under the id has none of them. */
export const removeGrantsTo = async (tx: Transaction, subject: GrantSubject): Promise<void> => {
  if ((await tx.execute(deleteOfSubject, [subject.kind, subject.id])) > 0) await raisePolicyEpoch(tx)
}

const deleteExpired = statement(`
  delete from relation_tuple where ctid = any(array(
    select ctid from relation_tuple where expires_at < now() limit 1000))
  returning object, relation, subject_kind as kind, subject_id as id, warehouse_id as "warehouseId"`)

interface ExpiredRow extends GrantSubject {
  readonly object: ObjectKey
  readonly relation: string
  readonly warehouseId: string | null
}

/** They have allowed nothing since they ended. */
export const sweepExpiredGrants = async (tx: Transaction): Promise<number> => {
  const rows = await tx.query<ExpiredRow>(deleteExpired)
  const events = rows.map(({ object, relation, kind, id, warehouseId }) =>
    grantEvent(
      'revoked',
      { object, ...(warehouseId === null ? {} : { warehouseId }) },
      { relation, subject: { kind, id } },
    ),
  )
  await appendEvents(tx, events)
  return rows.length
}

const moveGrants = statement(`
  update relation_tuple set object = $2, ns = $3, name = $4 where object = $1`)
const forgetMoved = statement('delete from governed_object where object = $1 returning table_uuid as uuid')

interface Moved {
  readonly warehouseId: string
  readonly kind: 'table' | 'view'
  readonly from: Identifier
  readonly to: Identifier
}

/** A mounted table or view was renamed through us: its grants follow it, and what held on its new name before ends. */
export const moveMountedGrants = async (
  tx: Transaction,
  { warehouseId, kind, from, to }: Moved,
): Promise<void> => {
  const before = mountedObject(kind, warehouseId, from)
  const after = mountedObject(kind, warehouseId, to)
  await removeGrantsOn(tx, after, true)
  const moved = await tx.execute(moveGrants, [before, after, namespaceKey(to.namespace), to.name])
  await moveGovernance(tx, before, { object: after, ...to })
  const [row] = await tx.query<{ uuid: string | null }>(forgetMoved, [before])
  const place = { object: after, warehouseId, ...to }
  if (row !== undefined) await rememberObjects(tx, [place])
  if (row?.uuid != null) await bindMoved(tx, place, row.uuid)
  if (moved > 0) await raisePolicyEpoch(tx)
}

const setUuid = statement('update governed_object set table_uuid = $2 where object = $1')

const bindMoved = async (tx: Transaction, { object }: GrantPlace, uuid: string): Promise<void> => {
  await tx.execute(setUuid, [object, uuid])
}

/** A mounted namespace was dropped through us. */
export const removeMountedNamespace = (
  tx: Transaction,
  warehouseId: string,
  namespace: Namespace,
): Promise<number> => removeGrantsOn(tx, namespaceObject(warehouseId, namespace), true)
