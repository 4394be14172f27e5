/** The wire forms of grants: Lakekeeper's where it has one. */
import { type TSchema, Type } from 'typebox'
import type { Emergency } from '#gateway/operations/permissions/break-glass.ts'
import type { BatchAnswer } from '#gateway/operations/permissions/check.ts'
import type { HeldGrantShown, ReachedShown } from '#gateway/operations/permissions/holdings.ts'
import type { ShownObject } from '#gateway/operations/permissions/objects.ts'
import type { ShownResource } from '#gateway/operations/permissions/privileges.ts'
import {
  type GrantedType,
  type ShownAssignment,
  wireRelation,
  wireRelations,
} from '#gateway/operations/permissions/wire-relations.ts'
import { namespaceOfKey } from '#model/identifier.ts'
import type { JsonObject } from '#model/json.ts'
import { type ObjectKey, type ObjectType, objectId } from '#model/object-key.ts'
import { form, nextPage, orNull, text, time, uuid } from './schemas.ts'

const titled = (type: string): string => type.charAt(0).toUpperCase() + type.slice(1)
const oneOf = (words: readonly string[]): TSchema => Type.Union(words.map((word) => Type.Literal(word)))

const subject = { user: Type.Optional(text), role: Type.Optional(uuid) }

/** Clients of Lakekeeper read the members that they know. */
export const assignmentsForm = (type: GrantedType) =>
  form(`${titled(type)}Assignments`, {
    assignments: Type.Array(
      form(`${titled(type)}AssignmentShown`, {
        type: oneOf(wireRelations(type)),
        ...subject,
        'expires-at': Type.Optional(time),
      }),
    ),
    ...(type === 'project' ? { 'project-id': text } : {}),
  })

export const assignmentWire = ({ type, user, role, expiresAt }: ShownAssignment): JsonObject => ({
  type,
  ...(user === undefined ? {} : { user }),
  ...(role === undefined ? {} : { role }),
  ...(expiresAt === null ? {} : { 'expires-at': expiresAt.toISOString() }),
})

export const wordsForm = form('AllowedActions', { 'allowed-actions': Type.Array(text) })
export const actionsForm = form('AllowedOperations', {
  'allowed-actions': Type.Array(form('AllowedOperation', { action: text })),
})

export const checkedForm = form('CheckAnswer', { allowed: Type.Boolean() })
export const batchCheckedForm = form('BatchCheckAnswer', {
  results: Type.Array(form('BatchCheckResult', { id: text, allowed: Type.Boolean() })),
})
export const batchWire = (results: readonly BatchAnswer[]): JsonObject => ({
  results: results.map(({ id, allowed }) => ({ id, allowed })),
})

export const warehouseAccessForm = form('WarehouseManagedAccess', { 'managed-access': Type.Boolean() })
export const namespaceAccessForm = form('NamespaceManagedAccess', {
  'managed-access': Type.Boolean(),
  'managed-access-inherited': Type.Boolean(),
})

export const objectForm = form('ObjectShown', {
  id: uuid,
  kind: text,
  'warehouse-id': uuid,
  namespace: Type.Array(text),
  name: Type.Optional(text),
  connection: Type.Optional(text),
})

export const objectWire = ({
  id,
  kind,
  warehouse,
  namespace,
  name,
  connection,
}: ShownObject): JsonObject => ({
  ...{ id, kind, 'warehouse-id': warehouse, namespace },
  ...(name === undefined ? {} : { name }),
  ...(connection === undefined ? {} : { connection }),
})

const governedForm = form('GovernedObject', {
  type: text,
  id: text,
  'warehouse-id': Type.Optional(uuid),
  namespace: Type.Optional(Type.Array(text)),
  name: Type.Optional(text),
})

const typeOf = (object: ObjectKey): ObjectType => object.slice(0, object.indexOf(':')) as ObjectType

/** What is known by name has a derived id. */
const idOf = (object: ObjectKey): string =>
  object.includes('/') ? objectId(object) : object.slice(object.indexOf(':') + 1)

interface Placed {
  readonly object: ObjectKey
  readonly warehouseId?: string | null
  readonly ns?: string | null
  readonly name?: string | null
}

const governedWire = ({ object, warehouseId, ns, name }: Placed): JsonObject => ({
  type: typeOf(object),
  id: idOf(object),
  ...(warehouseId == null ? {} : { 'warehouse-id': warehouseId }),
  ...(ns == null ? {} : { namespace: namespaceOfKey(ns) }),
  ...(name == null ? {} : { name }),
})

/** A grant of somebody's, as privilege of an object. */
export interface HeldWire {
  readonly privilege: string
  readonly subject: { readonly user?: string | undefined; readonly role?: string | undefined }
  readonly resource: ShownResource
}

export const heldResource = (held: HeldGrantShown & Pick<HeldWire, 'subject'>): HeldWire => ({
  privilege: wireRelation(typeOf(held.object), held.relation),
  subject: held.subject,
  resource: {
    type: typeOf(held.object) as GrantedType,
    id: idOf(held.object),
    ...(held.warehouseId === null ? {} : { warehouse: held.warehouseId }),
  },
})

const ending = { 'expires-at': Type.Optional(time) }

export const holdingsForm = form('Holdings', {
  holdings: Type.Array(
    form('Holding', {
      type: text,
      object: governedForm,
      role: Type.Optional(uuid),
      reason: Type.Optional(text),
      ...ending,
    }),
  ),
  ...nextPage,
})

const endWire = (end: Date | null): JsonObject => (end === null ? {} : { 'expires-at': end.toISOString() })

export const holdingWire = (held: HeldGrantShown): JsonObject => ({
  type: wireRelation(typeOf(held.object), held.relation),
  object: governedWire(held),
  ...(held.role === null ? {} : { role: held.role }),
  ...(held.reason === null ? {} : { reason: held.reason }),
  ...endWire(held.expiresAt),
})

export const reachForm = form('Reach', {
  reach: Type.Array(
    form('Reached', {
      user: text,
      type: text,
      by: oneOf(['direct', 'role', 'parent']),
      object: governedForm,
      role: Type.Optional(uuid),
      ...ending,
    }),
  ),
  ...nextPage,
})

export const reachedWire = (reached: ReachedShown): JsonObject => ({
  ...{ user: reached.principal, type: wireRelation(typeOf(reached.object), reached.relation) },
  ...{ by: reached.by, object: governedWire(reached) },
  ...(reached.role === null ? {} : { role: reached.role }),
  ...endWire(reached.expiresAt),
})

const emergencyMembers = {
  id: uuid,
  user: text,
  relation: text,
  object: governedForm,
  reason: text,
  'created-at': time,
  'expires-at': orNull(time),
}
export const emergencyForm = form('BreakGlass', emergencyMembers)
export const emergenciesForm = form('BreakGlassList', { 'break-glass': Type.Array(emergencyForm) })

export const emergencyWire = (open: Emergency): JsonObject => ({
  ...{ id: open.id, user: open.subject.id, object: governedWire(open), reason: open.reason ?? '' },
  relation: wireRelation(typeOf(open.object), open.relation),
  'created-at': open.createdAt.toISOString(),
  'expires-at': open.expiresAt?.toISOString() ?? null,
})
