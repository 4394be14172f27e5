/** The register of grants on our store. */
import type { CallContext } from '#catalog/catalog.ts'
import { CatalogError } from '#model/errors.ts'
import type { EventDraft } from '#model/event.ts'
import type { Database, Transaction } from '#store/database.ts'
import { bindUuid, confirmUuid, findObjects, rememberObjects } from '#store/governed-objects.ts'
import { listHoldings, listReach } from '#store/grant-listings.ts'
import { checkSubjects, holdPlace } from '#store/grant-places.ts'
import * as grants from '#store/grants.ts'
import { addRoleMembers, type RoleMember, removeRoleMembers } from '#store/role-members.ts'
import { takeTurn } from '#store/server.ts'
import { changeServerAdmins } from '#store/server-admins.ts'
import { type Change, createChange, type StoreChangeDeps, type Told } from '../management/store-change.ts'
import type { GrantRegistry, GrantsChange } from './grant-registry.ts'

const isListed = ({ relation }: grants.GrantKey): boolean => relation === 'admin' || relation === 'assignee'

const toldAll = (events: readonly EventDraft[]): Told<void> => {
  const [event, ...more] = events
  return { result: undefined, ...(event && { event }), more }
}

/** Grants of others are no business of whoever may only hand on what he holds. */
const checkOwn = ({ anyones }: GrantsChange, by: string, removed: readonly { grantedBy: string }[]): void => {
  if (!anyones && removed.some(({ grantedBy }) => grantedBy !== by))
    throw new CatalogError('ForbiddenException', 'Not allowed: grants that somebody else has made')
}

const adminEvents = async (
  tx: Transaction,
  writes: readonly grants.GrantKey[],
  deletes: readonly grants.GrantKey[],
): Promise<readonly EventDraft[]> => {
  if (writes.length + deletes.length === 0) return []
  const idsOf = (keys: readonly grants.GrantKey[]) => keys.map(({ subject }) => subject.id)
  const [added, removed] = [idsOf(writes), idsOf(deletes)]
  await changeServerAdmins(tx, { writes: added, deletes: removed })
  const data = { added, removed }
  return [{ type: 'server.admins-changed', object: 'server', warehouse: '', data }]
}

const memberOf = ({ subject }: grants.GrantKey): RoleMember => ({
  kind: subject.kind === 'role' ? 'role' : 'principal',
  id: subject.id,
})

const assigneeEvents = async (
  tx: Transaction,
  { object, projectId }: grants.GrantPlace,
  [writes, deletes]: readonly [readonly grants.GrantKey[], readonly grants.GrantKey[]],
): Promise<readonly EventDraft[]> => {
  const id = object.slice('role:'.length)
  const target = { id, projectId: projectId ?? '' }
  const events: EventDraft[] = []
  const tell = (type: string, members: readonly RoleMember[]): void => {
    const data = { project: target.projectId, members: members.map((one) => `${one.kind} ${one.id}`) }
    events.push({ type, object: id, warehouse: '', data })
  }
  if (deletes.length > 0) {
    await removeRoleMembers(tx, target, deletes.map(memberOf))
    tell('role.members-removed', deletes.map(memberOf))
  }
  if (writes.length > 0) {
    await addRoleMembers(tx, target, writes.map(memberOf))
    tell('role.members-added', writes.map(memberOf))
  }
  return events
}

/** Administrators and members of roles stand in lists of their own: `admin`, `assignee`. */
const listedEvents = (
  tx: Transaction,
  { place, writes, deletes }: GrantsChange,
): Promise<readonly EventDraft[]> => {
  const listed = [writes.filter(isListed), deletes.filter(isListed)] as const
  return place.object.startsWith('role:') ? assigneeEvents(tx, place, listed) : adminEvents(tx, ...listed)
}

const bind = (tx: Transaction, place: grants.GrantPlace, uuid: string | undefined): Promise<void> =>
  uuid === undefined ? rememberObjects(tx, [place]) : bindUuid(tx, place, uuid)

const prepare = async (tx: Transaction, change: GrantsChange): Promise<void> => {
  const { place, mounted, uuid, writes } = change
  // What has gone keeps no grants: there is nothing to be taken from it.
  if (writes.length === 0) return takeTurn(tx)
  await holdPlace(tx, place, mounted)
  await bind(tx, place, uuid)
}

const changeGrants = async (
  tx: Transaction,
  { principal }: CallContext,
  change: GrantsChange,
): Promise<Told<void>> => {
  const { place, anyones } = change
  const listed = await listedEvents(tx, change)
  await prepare(tx, change)
  const drafts = change.writes.filter((one) => !isListed(one))
  const project = place.object.startsWith('server:') ? null : await projectOf(tx, place)
  await checkSubjects(
    tx,
    project,
    drafts.map(({ subject }) => subject),
  )
  const removed = await grants.deleteGrantRows(
    tx,
    place.object,
    change.deletes.filter((one) => !isListed(one)),
  )
  checkOwn(change, principal.id, removed)
  const written = await grants.insertGrantRows(tx, place, { drafts, by: principal.id, anyones })
  const wrote = new Set(written.map(grants.textOfKey))
  return toldAll([
    ...listed,
    ...removed.map((grant) => grants.grantEvent('revoked', place, grant)),
    ...drafts
      .filter((draft) => wrote.has(grants.textOfKey(draft)))
      .map((draft) => grants.grantEvent('created', place, draft)),
  ])
}

const projectOf = async (tx: Transaction, { projectId, warehouseId }: grants.GrantPlace) => {
  if (projectId != null) return projectId
  const rows = await tx.query<{ project: string }>(
    'select project_id as project from warehouse where id = $1',
    [warehouseId],
  )
  return rows[0]?.project ?? ''
}

const anyone = { kind: 'anyone', id: '*' } as const
const managedAccess = { relation: 'managed_access', subject: anyone }

type Changes = Pick<
  GrantRegistry,
  'changeGrants' | 'confirmObject' | 'setManaged' | 'openEmergency' | 'endEmergency'
>

const managedMembers = (change: Change): Pick<Changes, 'setManaged' | 'confirmObject'> => ({
  setManaged: (context, { place, mounted, managed }) =>
    change(context, async (tx) => {
      await holdPlace(tx, place, mounted)
      await rememberObjects(tx, [place])
      const changed = managed
        ? await grants.setManagedAccess(tx, place, context.principal.id)
        : await grants.deleteGrantRows(tx, place.object, [managedAccess])
      const what = managed ? 'created' : 'revoked'
      return toldAll(changed.map((grant) => grants.grantEvent(what, place, grant)))
    }),
  confirmObject: (context, place, uuid) =>
    change(context, async (tx) => {
      await confirmUuid(tx, place, uuid)
      const data = { object: place.object, uuid }
      const event = {
        type: 'grant.confirmed',
        object: place.object,
        warehouse: place.warehouseId ?? '',
        data,
      }
      return { result: undefined, event }
    }),
})

const emergencyMembers = (change: Change): Pick<Changes, 'openEmergency' | 'endEmergency'> => ({
  openEmergency: (context, { place, mounted, uuid, draft }) =>
    change(context, async (tx) => {
      await holdPlace(tx, place, mounted)
      await bind(tx, place, uuid)
      await grants.insertEmergency(tx, place, draft)
      const granted = grants.grantEvent('created', place, draft)
      return toldAll([{ ...granted, type: 'grant.break-glass' }, granted])
    }),
  endEmergency: (context, grant) =>
    change(context, async (tx) => {
      await grants.deleteGrantRows(tx, grant.object, [grant])
      return toldAll([
        grants.grantEvent('revoked', grant, { relation: grant.relation, subject: grant.subject }),
      ])
    }),
})

const readsOf = (database: Database): Omit<GrantRegistry, keyof Changes> => ({
  findObjects: (ids) => findObjects(database, ids),
  rememberObjects: (places) => rememberObjects(database, places),
  listGrants: (object, relations) => grants.listGrants(database, object, relations),
  findManaged: (objects) => grants.findManaged(database, objects),
  listHoldings: (page) => listHoldings(database, page),
  listReach: (page) => listReach(database, page),
  listReasoned: (projectId) => grants.listReasoned(database, projectId),
})

export const createStoreGrants = (deps: StoreChangeDeps): GrantRegistry => {
  const change = createChange(deps)
  return {
    ...readsOf(deps.database),
    changeGrants: (context, asked) => change(context, (tx) => changeGrants(tx, context, asked)),
    ...managedMembers(change),
    ...emergencyMembers(change),
  }
}
