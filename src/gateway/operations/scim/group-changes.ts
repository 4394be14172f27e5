/** What a provisioning system says of a group: its name, its id over there, and who is in it. */
import { checkText } from '#model/identifier.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '#model/json.ts'
import type { RoleMember } from '#store/role-members.ts'
import { checkWhole, type PatchStep } from './patch.ts'
import { ScimRefusal } from './refusal.ts'

export interface MemberChange {
  readonly kind: 'add' | 'remove' | 'assign'
  readonly members: readonly RoleMember[]
}

export interface GroupChanges {
  readonly displayName?: string
  readonly externalId?: string
  /** One after the other. */
  readonly members: readonly MemberChange[]
}

const longestText = 256
const mostMembers = 50_000

const invalid = (what: string): ScimRefusal => new ScimRefusal('invalidValue', `Invalid ${what}`)

const visible = /^[^\p{C}]+$/u

const readText = (value: JsonValue | undefined, what: string): string => {
  if (typeof value !== 'string' || value.length > longestText || !visible.test(value)) throw invalid(what)
  checkText(value, what)
  return value
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** A group's id is a uuid, and no user's is. */
const memberOf = (value: JsonValue | undefined): RoleMember => {
  if (typeof value !== 'string' || value === '') throw invalid('members: value is missing')
  return uuid.test(value) ? { kind: 'role', id: value.toLowerCase() } : { kind: 'principal', id: value }
}

const itemOf = (item: JsonValue): RoleMember => memberOf(isJsonObject(item) ? item['value'] : item)

const readMembers = (value: JsonValue): readonly RoleMember[] => {
  const items: readonly JsonValue[] = Array.isArray(value) ? value : [value]
  if (items.length > mostMembers) throw invalid(`members: more than ${mostMembers} at once`)
  return items.map(itemOf)
}

const member = (body: JsonObject, name: string): JsonValue | undefined =>
  Object.entries(body).find(([key]) => key.toLowerCase() === name)?.[1]

/** A whole group, as of POST and PUT. */
export const readGroup = (body: JsonObject): GroupChanges & { readonly displayName: string } => {
  const externalId = member(body, 'externalid') ?? undefined
  return {
    displayName: readText(member(body, 'displayname'), 'displayName'),
    ...(externalId === undefined ? {} : { externalId: readText(externalId, 'externalId') }),
    members: [{ kind: 'assign', members: readMembers(member(body, 'members') ?? []) }],
  }
}

const removedBy = ({ path, value }: PatchStep): MemberChange => {
  const { filter } = path
  if (filter === undefined)
    return value === null ? { kind: 'assign', members: [] } : { kind: 'remove', members: readMembers(value) }
  if (filter.op !== 'eq' || filter.attrPath.toLowerCase() !== 'value')
    throw new ScimRefusal('invalidFilter', 'Members are told by value eq alone')
  return { kind: 'remove', members: [memberOf(filter.compValue)] }
}

/** `members.value` is no other way to say `members`: whoever removes it means a part of a member, and no member has any to lose. */
const memberChange = (step: PatchStep): MemberChange => {
  if (step.path.part !== undefined) throw new ScimRefusal('mutability', 'A member has no parts that change')
  if (step.op === 'remove') return removedBy(step)
  if (step.path.filter !== undefined) throw new ScimRefusal('mutability', 'A member cannot be changed')
  return { kind: step.op === 'add' ? 'add' : 'assign', members: readMembers(step.value ?? []) }
}

const applyStep = (changes: GroupChanges, step: PatchStep): GroupChanges => {
  const { op, path, value } = step
  if (path.attribute === 'members') return { ...changes, members: [...changes.members, memberChange(step)] }
  if (path.attribute !== 'displayname' && path.attribute !== 'externalid') return changes
  checkWhole(path)
  if (op === 'remove') throw new ScimRefusal('mutability', `${path.attribute} cannot be removed`)
  return path.attribute === 'displayname'
    ? { ...changes, displayName: readText(value, 'displayName') }
    : { ...changes, externalId: readText(value, 'externalId') }
}

export const readGroupPatch = (steps: readonly PatchStep[]): GroupChanges =>
  steps.reduce(applyStep, { members: [] })
