/** The wire forms of who is in a role or a project: users, service accounts among them, and roles. */
import { Type } from 'typebox'
import type { JsonObject } from '#model/json.ts'
import { form, orNull, text, uuid } from './schemas.ts'

/** The titles are the names of the two forms in the document of the API. */
export const memberForm = (titles: { readonly user: string; readonly role: string }) =>
  Type.Union([
    form(titles.user, {
      type: Type.Literal('user'),
      id: text,
      name: orNull(text),
      email: orNull(text),
      'user-type': orNull(Type.Union([Type.Literal('human'), Type.Literal('application')])),
    }),
    form(titles.role, { type: Type.Literal('role'), id: uuid, ident: text, name: text }),
  ])

interface KnownUser {
  readonly id: string
  readonly name: string
  readonly email: string | null
  readonly userType: string
}

interface KnownRole {
  readonly id: string
  readonly providerId: string
  readonly sourceId: string
  readonly name: string
}

export const identOf = ({ providerId, sourceId }: KnownRole): string => `${providerId}~${sourceId}`

export const userMemberWire = ({ id, name, email, userType }: KnownUser): JsonObject => ({
  ...{ type: 'user', id, name, email },
  'user-type': userType,
})

export const roleMemberWire = (role: KnownRole): JsonObject => ({
  ...{ type: 'role', id: role.id, name: role.name },
  ident: identOf(role),
})
