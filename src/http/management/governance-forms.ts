/** What the lines about rules, tags and read restrictions answer. */
import { Type } from 'typebox'
import { tagOf } from '#gateway/if-match.ts'
import type { Explained } from '#gateway/operations/governance/explain.ts'
import type { GovernanceOperations } from '#gateway/operations/governance/governance.ts'
import type { Paged } from '#gateway/operations/management/paging.ts'
import { type JsonObject, parseJsonObject } from '#model/json.ts'
import { objectId } from '#model/object-key.ts'
import { type Answer, type Header, jsonAnswer } from '../answer.ts'
import { form, nextPage, orNull, text, time, uuid } from './schemas.ts'

type Output<K extends keyof GovernanceOperations> = GovernanceOperations[K] extends {
  run(task: never): Promise<infer T>
}
  ? T
  : never

const ruleSetHead = { number: Type.Integer(), digest: text, 'applied-by': text, 'applied-at': time }
export const ruleSetForm = form('RuleSet', { ...ruleSetHead, sources: Type.Record(text, text) })
export const ruleSetsForm = form('RuleSets', {
  'rule-sets': Type.Array(form('RuleSetHead', ruleSetHead)),
  ...nextPage,
})
export const trialForm = form('RulesTrial', {
  valid: Type.Boolean(),
  rules: Type.Array(text),
  decisions: Type.Integer({ description: 'Combinations of the tables that hold' }),
  errors: Type.Array(text),
})

const longestNumber = /^[1-9]\d{0,14}$/

/** What is no number is no set's. */
export const readNumber = (said: string): number => (longestNumber.test(said) ? Number(said) : 0)

const headWire = ({
  id,
  digest,
  appliedBy,
  createdAt,
}: Output<'listRuleSets'>['items'][number]): JsonObject => ({
  ...{ number: id, digest, 'applied-by': appliedBy },
  'applied-at': createdAt.toISOString(),
})

export const answerRuleSet = (set: Output<'getRules'>): Answer =>
  jsonAnswer({ ...headWire(set), sources: { ...set.sources } })
export const answerRuleSets = ({ items, nextPageToken }: Output<'listRuleSets'>): Answer =>
  jsonAnswer({ 'rule-sets': items.map(headWire), 'next-page-token': nextPageToken })
export const answerTrial = ({ rules, decisions, errors }: Output<'testRules'>): Answer =>
  jsonAnswer({ valid: errors.length === 0, rules: [...rules], decisions, errors: [...errors] })

const valueKind = Type.Enum(['marker', 'free-text', 'enumerated'])
export const definitionForm = form('TagDefinition', {
  ...{ id: uuid, name: text, description: orNull(text), scope: Type.Array(text), 'value-kind': valueKind },
  ...{ 'allowed-values': orNull(Type.Array(text)), restricted: Type.Boolean() },
  ...{ 'created-at': time, 'updated-at': orNull(time) },
})
export const definitionsForm = form('TagDefinitions', {
  'tag-definitions': Type.Array(definitionForm),
  ...nextPage,
})

type Definition = Output<'getTagDefinition'>

const definitionWire = (tag: Definition): JsonObject => ({
  ...{ id: tag.id, name: tag.name, description: tag.description, scope: [...tag.scope] },
  'value-kind': tag.valueKind,
  'allowed-values': tag.valueKind === 'enumerated' ? [...tag.allowedValues] : null,
  restricted: tag.restricted,
  'created-at': tag.createdAt.toISOString(),
  'updated-at': tag.version === 1 ? null : tag.updatedAt.toISOString(),
})

const versionOf = ({ version }: Definition): readonly Header[] => [['ETag', tagOf(version)]]

export const answerDefinition = (tag: Definition): Answer => jsonAnswer(definitionWire(tag), versionOf(tag))
export const answerCreatedDefinition = (tag: Definition): Answer => ({
  ...answerDefinition(tag),
  status: 201,
})
export const answerDefinitions = ({ items, nextPageToken }: Paged<Definition>): Answer =>
  jsonAnswer({ 'tag-definitions': items.map(definitionWire), 'next-page-token': nextPageToken })

const inherited = form('TagInheritance', {
  type: text,
  'warehouse-id': Type.Optional(uuid),
  'namespace-id': Type.Optional(uuid),
})
const tagForm = form('TargetTag', {
  ...{ 'tag-definition-id': uuid, name: text, value: orNull(text), source: text },
  ...{ 'created-at': time, 'updated-at': orNull(time), 'inherited-from': Type.Optional(inherited) },
})
export const tagsForm = form('TargetTags', { tags: Type.Array(tagForm) })
export const appliedForm = form('AppliedTag', {
  ...{ 'tag-definition-id': uuid, name: text, value: orNull(text), 'applied-at': time },
})

type Shown = Output<'listTagAttachments'>['items'][number]
type Tag = Omit<Shown, 'warehouseId' | 'contentId'>

const shownValue = ({ value, valueKind: kind }: Pick<Tag, 'value' | 'valueKind'>): string | null =>
  kind === 'marker' ? null : value

const changedAt = ({ createdAt, updatedAt }: Pick<Tag, 'createdAt' | 'updatedAt'>): string | null =>
  updatedAt.getTime() === createdAt.getTime() ? null : updatedAt.toISOString()

const uuidIn = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/

/** Of `warehouse:id` and of `namespace:warehouse/…`. */
const inheritanceWire = (object: Tag['object']): JsonObject => {
  const [kind = ''] = object.split(':')
  const warehouse = uuidIn.exec(object)?.[0] ?? ''
  return kind === 'namespace'
    ? { type: kind, 'warehouse-id': warehouse, 'namespace-id': objectId(object) }
    : { type: kind, 'warehouse-id': warehouse }
}

const tagWire = (tag: Tag & { readonly inheritedFrom?: Tag['object'] }): JsonObject => ({
  ...{ 'tag-definition-id': tag.tagId, name: tag.name, value: shownValue(tag), source: 'manual' },
  ...{ 'created-at': tag.createdAt.toISOString(), 'updated-at': changedAt(tag) },
  ...(tag.inheritedFrom === undefined ? {} : { 'inherited-from': inheritanceWire(tag.inheritedFrom) }),
})

export const answerTags = (tags: readonly Parameters<typeof tagWire>[0][]): Answer =>
  jsonAnswer({ tags: tags.map(tagWire) })
export const answerApplied = (tag: Tag): Answer =>
  jsonAnswer({
    ...{ 'tag-definition-id': tag.tagId, name: tag.name, value: shownValue(tag) },
    'applied-at': tag.updatedAt.toISOString(),
  })

const target = form('TagTarget', {
  ...{ type: text, 'warehouse-id': uuid, 'namespace-id': Type.Optional(uuid) },
  ...{ 'table-id': Type.Optional(uuid), 'view-id': Type.Optional(uuid) },
})
const attachmentForm = form('TagAttachment', {
  ...{ target, value: orNull(text), source: text, 'created-at': time, 'updated-at': orNull(time) },
})
export const attachmentsForm = form('TagAttachments', {
  attachments: Type.Array(attachmentForm),
  ...nextPage,
})

const targetWire = ({ object, warehouseId, contentId }: Shown): JsonObject => {
  const [type = ''] = object.split(':')
  const place = { type, 'warehouse-id': warehouseId }
  return type === 'warehouse' ? place : { ...place, [`${type}-id`]: contentId ?? objectId(object) }
}

const attachmentWire = (one: Shown): JsonObject => ({
  ...{ target: targetWire(one), value: shownValue(one), source: 'manual' },
  ...{ 'created-at': one.createdAt.toISOString(), 'updated-at': changedAt(one) },
})

export const answerAttachments = ({ items, nextPageToken }: Paged<Shown>): Answer =>
  jsonAnswer({ attachments: items.map(attachmentWire), 'next-page-token': nextPageToken })

export const restrictionForm = form('ReadRestriction', {
  'row-filter': Type.Optional(Type.Object({}, { additionalProperties: true })),
  columns: Type.Array(form('RestrictedColumn', { 'field-id': Type.Integer(), mask: Type.Optional(text) })),
  ...{ 'set-by': text, 'created-at': time, 'updated-at': time },
})

const columnsWire = (columns: Output<'getReadRestriction'>['columns'] = []): JsonObject[] =>
  columns.map(({ fieldId, mask }) => ({ 'field-id': fieldId, ...(mask === undefined ? {} : { mask }) }))

export const answerRestriction = (restriction: Output<'getReadRestriction'>): Answer =>
  jsonAnswer({
    ...(restriction.rowFilter === undefined ? {} : { 'row-filter': parseJsonObject(restriction.rowFilter) }),
    columns: columnsWire(restriction.columns),
    ...{ 'set-by': restriction.setBy, 'created-at': restriction.createdAt.toISOString() },
    'updated-at': restriction.updatedAt.toISOString(),
  })

const grantForm = form('ExplainedGrant', {
  ...{ object: text, relation: text, decides: Type.Boolean(), suspended: Type.Boolean() },
  ...{ user: Type.Optional(text), role: Type.Optional(text), everyone: Type.Optional(Type.Boolean()) },
  'expires-at': Type.Optional(time),
})
export const explainedForm = form('ExplainedDecision', {
  ...{ allowed: Type.Boolean(), visible: Type.Boolean(), reason: text },
  'by-standing': Type.Boolean({
    description: 'Membership of the project, or administration of the server, is enough',
  }),
  grants: Type.Array(grantForm),
  rules: form('ExplainedRules', { allowed: Type.Boolean(), by: Type.Array(text) }),
  missing: Type.Array(text, { description: 'Relations of which each, on the object, would be enough' }),
  data: Type.Optional(Type.Enum(['none', 'read', 'write'])),
  restricted: Type.Boolean(),
})

const subjectWire = ({ kind, id }: Explained['grants'][number]['subject']): JsonObject => {
  if (kind === 'anyone') return { everyone: true }
  return kind === 'role' ? { role: id } : { user: id }
}

/** Names of namespaces and mounted objects are kept apart by characters that no name has: shown as people write them. */
const shown = (object: string): string => object.replaceAll('\u001e', '/').replaceAll('\u001f', '/')

const grantWire = (grant: Explained['grants'][number]): JsonObject => ({
  ...{ object: shown(grant.object), relation: grant.relation, ...subjectWire(grant.subject) },
  ...{ decides: grant.decides, suspended: grant.suspended },
  ...(grant.expiresAt === undefined ? {} : { 'expires-at': grant.expiresAt.toISOString() }),
})

export const answerExplained = (explained: Explained): Answer => {
  const { decision, grants, byStanding, rules, missing } = explained
  const { data, restriction } = decision.obligations ?? {}
  return jsonAnswer({
    ...{ allowed: decision.allow, visible: decision.visible, reason: decision.reason },
    ...{ 'by-standing': byStanding, grants: grants.map(grantWire) },
    rules: { allowed: rules.allowed, by: [...rules.by] },
    missing: [...missing],
    ...(data === undefined ? {} : { data }),
    restricted: restriction !== undefined,
  })
}
