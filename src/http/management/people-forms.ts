/** The wire forms of users, service accounts and their keys; those of users are Lakekeeper's. */
import { Type } from 'typebox'
import type { Myself } from '#gateway/operations/management/users.ts'
import type { Principal } from '#model/access.ts'
import type { JsonObject } from '#model/json.ts'
import { form, nextPage, orNull, text, time, uuid } from './schemas.ts'

const userType = Type.Union([Type.Literal('human'), Type.Literal('application')])
const updatedWith = Type.Union(
  ['create-endpoint', 'config-call-creation', 'update-endpoint', 'role-provider'].map((one) =>
    Type.Literal(one),
  ),
)

const userMembers = {
  id: text,
  name: text,
  email: orNull(text),
  'user-type': userType,
  'last-updated-with': updatedWith,
  'created-at': time,
  'updated-at': orNull(time),
  active: Type.Boolean(),
  'server-admin': Type.Boolean(),
  'last-seen-at': orNull(time),
}

export const userForm = form('User', userMembers)
export const usersForm = form('Users', { users: Type.Array(userForm), ...nextPage })
export const foundUsersForm = form('FoundUsers', {
  users: Type.Array(form('FoundUser', { id: text, name: text, email: orNull(text), 'user-type': userType })),
})
export const myselfForm = form('Myself', {
  ...userMembers,
  kind: text,
  'project-id': orNull(text),
  'assumed-role': orNull(text),
  'is-instance-admin': Type.Boolean(),
})

export const serviceAccountForm = form('ServiceAccount', {
  id: text,
  'client-id': text,
  name: text,
  'project-id': orNull(text),
  active: Type.Boolean(),
  'last-seen-at': orNull(time),
  'created-at': time,
  'updated-at': time,
})
export const serviceAccountsForm = form('ServiceAccounts', {
  'service-accounts': Type.Array(serviceAccountForm),
  ...nextPage,
})

const keyMembers = {
  id: uuid,
  name: text,
  kind: Type.Union([Type.Literal('api-key'), Type.Literal('client-secret')]),
  'client-id': text,
  hint: text,
  'expires-at': orNull(time),
  'last-used-at': orNull(time),
  'created-at': time,
}

export const keysForm = form('Keys', { keys: Type.Array(form('Key', keyMembers)) })
export const newKeyForm = form('NewKey', {
  ...keyMembers,
  key: orNull(Type.String({ description: 'Shown once: null where the request is told again' })),
})

interface Recorded {
  readonly id: string
  readonly name: string
  readonly email: string | null
  readonly userType: string
  readonly lastUpdatedWith: string
  readonly projectId: string | null
  readonly active: boolean
  readonly serverAdmin: boolean
  readonly lastSeenAt: Date | null
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

const told = (at: Date | null): string | null => at?.toISOString() ?? null

/** `updated-at` is null until the first change. */
export const userWire = (user: Recorded): JsonObject => ({
  id: user.id,
  name: user.name,
  email: user.email,
  'user-type': user.userType,
  'last-updated-with': user.lastUpdatedWith,
  'created-at': user.createdAt.toISOString(),
  'updated-at': user.version === 1 ? null : user.updatedAt.toISOString(),
  active: user.active,
  'server-admin': user.serverAdmin,
  'last-seen-at': told(user.lastSeenAt),
})

export const foundUserWire = (user: Pick<Recorded, 'id' | 'name' | 'email' | 'userType'>): JsonObject => ({
  id: user.id,
  name: user.name,
  email: user.email,
  'user-type': user.userType,
})

/** Whoever stands outside of all records was there from the beginning. */
const unrecorded = ({ id }: Principal): Recorded => ({
  ...{ id, name: id, email: null, userType: 'application', lastUpdatedWith: 'create-endpoint' },
  ...{ projectId: null, active: true, serverAdmin: true, lastSeenAt: null, version: 1 },
  ...{ createdAt: new Date(0), updatedAt: new Date(0) },
})

/** A role that is acted with takes nothing along of who acts. */
export const myselfWire = ({ principal, record }: Myself): JsonObject => {
  const known: Recorded = record ?? unrecorded(principal)
  return {
    ...userWire(known),
    kind: principal.kind,
    'project-id': known.projectId,
    'assumed-role': principal.assumedRole ?? null,
    'is-instance-admin': known.serverAdmin && principal.assumedRole === undefined,
  }
}

export const serviceAccountWire = (account: Recorded): JsonObject => ({
  id: account.id,
  'client-id': account.id,
  name: account.name,
  'project-id': account.projectId,
  active: account.active,
  'last-seen-at': told(account.lastSeenAt),
  'created-at': account.createdAt.toISOString(),
  'updated-at': account.updatedAt.toISOString(),
})

interface Key {
  readonly id: string
  readonly principalId: string
  readonly name: string
  readonly kind: string
  readonly hint: string
  readonly expiresAt: Date | null
  readonly lastUsedAt: Date | null
  readonly createdAt: Date
}

export const keyWire = (key: Key): JsonObject => ({
  id: key.id,
  name: key.name,
  kind: key.kind,
  'client-id': key.principalId,
  hint: key.hint,
  'expires-at': told(key.expiresAt),
  'last-used-at': told(key.lastUsedAt),
  'created-at': key.createdAt.toISOString(),
})
