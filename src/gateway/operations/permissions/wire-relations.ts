/** Relations as clients of Lakekeeper spell them, and the forms of assignments. */
import { Type } from 'typebox'
import { grantable } from '#authz/granting.ts'
import { CatalogError } from '#model/errors.ts'
import type { ObjectType } from '#model/object-key.ts'
import type { GrantDraft, GrantRecord, GrantSubject } from '#store/grants.ts'
import { storable } from '#store/outbox.ts'
import { isId } from '../management/place.ts'

/** The types that a client can grant on. */
export type GrantedType = Exclude<ObjectType, 'user' | 'service-account'>

/** To set governed tags; on a project, to define them too. */
const tagOn = (type: ObjectType): string => (type === 'project' ? 'tag_creator' : 'manage_tags')

export const wireRelation = (type: ObjectType, relation: string): string =>
  relation === 'tag' ? tagOn(type) : relation

export const relationOf = (type: ObjectType, wire: string): string => (wire === tagOn(type) ? 'tag' : wire)

export const wireRelations = (type: ObjectType): readonly string[] =>
  grantable[type].map((relation) => wireRelation(type, relation))

const subject = {
  user: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000 })),
  role: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
}

const expiresAt = Type.Optional(
  Type.Union([Type.String({ format: 'date-time', maxLength: 40 }), Type.Null()]),
)

/** Exactly one of user and role: said by the deed, as Lakekeeper does, since generators cannot read it in a schema. */
const assignmentSchema = (type: GrantedType) =>
  Type.Object(
    {
      type: Type.Union(wireRelations(type).map((relation) => Type.Literal(relation))),
      ...subject,
      'expires-at': expiresAt,
    },
    { additionalProperties: false },
  )

/** As its schema reads it: the type is one of the object's. */
export interface Assignment extends UserOrRole {
  readonly type: string
  readonly 'expires-at'?: string | null | undefined
}

export const changeAssignmentsSchema = (type: GrantedType) => {
  const some = Type.Optional(Type.Array(assignmentSchema(type), { maxItems: 1_000 }))
  return Type.Object({ writes: some, deletes: some }, { additionalProperties: false })
}

export interface UserOrRole {
  readonly user?: string | undefined
  readonly role?: string | undefined
}

const badRequest = (message: string): CatalogError => new CatalogError('BadRequestException', message)

export const subjectIn = ({ user, role }: UserOrRole): GrantSubject => {
  if ((user === undefined) === (role === undefined))
    throw badRequest('Exactly one of user and role must be named')
  if (user !== undefined) return { kind: 'principal', id: storable(user) }
  const id = (role ?? '').toLowerCase()
  if (!isId(id)) throw badRequest(`Invalid role id: ${role}`)
  return { kind: 'role', id }
}

export const subjectWire = ({ kind, id }: GrantSubject): UserOrRole =>
  kind === 'role' ? { role: id } : { user: id }

/** Which the model keeps no end for: administration of the server, and membership of a role. */
const unending: ReadonlySet<string> = new Set(['admin', 'assignee'])

const endOf = (text: string | null | undefined): Date | undefined => {
  if (text == null) return undefined
  const end = new Date(text)
  if (Number.isNaN(end.getTime()) || end.getFullYear() > 9999) throw badRequest(`Invalid expires-at: ${text}`)
  return end
}

export const draftOf = (type: GrantedType, assignment: Assignment): GrantDraft => {
  const relation = relationOf(type, assignment.type)
  if (!grantable[type].includes(relation))
    throw badRequest(`Invalid relation on a ${type}: ${assignment.type}`)
  const end = endOf(assignment['expires-at'])
  const to = subjectIn(assignment)
  if (end !== undefined && unending.has(relation))
    throw badRequest(`Invalid expires-at: ${relation} is held until it is taken`)
  if (relation === 'admin' && to.kind === 'role') throw badRequest('Only users administer the server')
  return { relation, subject: to, ...(end && { expiresAt: end }) }
}

export interface ShownAssignment extends UserOrRole {
  readonly type: string
  readonly expiresAt: Date | null
}

export const shownOf = (
  type: GrantedType,
  { relation, subject: to, expiresAt: end }: Pick<GrantRecord, 'relation' | 'subject' | 'expiresAt'>,
): ShownAssignment => ({ type: wireRelation(type, relation), ...subjectWire(to), expiresAt: end })
