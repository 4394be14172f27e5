/**
 * A question in Cedar's words, holding no more than the rules look at: questions that come out alike have one answer,
 * and what a rule looked at unforeseen would be missing, which denies.
 */
import type { CedarValueJson, EntityJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs'
import type { Need, Principal, Resource } from '#model/access.ts'
import type { Namespace } from '#model/identifier.ts'
import type { Circumstances } from '../authorizer.ts'
import type { Tree } from '../objects.ts'
import { foldSpelling } from '../spellings.ts'
import type { Standing } from '../standing.ts'
import { entityKey, type Reads } from './reads.ts'
import { groupsOf, resourceTypes } from './schema.ts'

type Attributes = Record<string, CedarValueJson>
type TagValues = Readonly<Record<string, string>>

export interface RuleFacts {
  readonly principal: Principal
  readonly standing: Standing
  readonly need: Need
  readonly circumstances: Circumstances
  readonly tree: Tree
  /** All tags that the resource has, by name: its own, and what it inherits. */
  readonly tags: () => TagValues
  /** What our own records say besides, looked up where rules ask for it. */
  readonly stored: StoredFacts
}

/** Of a local object; whatever is mounted has none of them: a decision is made before an upstream is reached. */
export interface StoredFacts {
  /** Of the namespace that the object is, or lies in. */
  readonly properties?: TagValues
  readonly formatVersion?: number
}

export interface RuleRequest {
  readonly principal: TypeAndId
  readonly action: TypeAndId
  readonly resource: TypeAndId
  readonly context: Attributes
  readonly entities: EntityJson[]
}

/** A name as rules write it: `sales/eu/orders`. */
const pathOf = (levels: readonly string[]): string =>
  levels.map((level) => level.replaceAll('%', '%25').replaceAll('/', '%2F')).join('/')

const principalTypes: Partial<Record<Principal['kind'], string>> = {
  user: 'User',
  'service-account': 'ServiceAccount',
}

/** What stands in no record of people is a token. */
export const principalType = ({ kind }: Principal): string => principalTypes[kind] ?? 'Token'

const nameOf = (resource: Extract<Resource, { warehouse: string; namespace: Namespace }>): string[] =>
  'name' in resource ? [...resource.namespace, resource.name] : [...resource.namespace]

const inWarehouse = (warehouse: string, levels: readonly string[]): string =>
  levels.length === 0 ? warehouse : `${warehouse}/${pathOf(levels)}`

const idOf = (resource: Resource, tree: Tree): string => {
  if ('namespace' in resource) return inWarehouse(resource.warehouse, nameOf(resource))
  if ('warehouse' in resource) return resource.warehouse
  if ('connection' in resource) return resource.connection
  if ('user' in resource) return resource.user
  if ('serviceAccount' in resource) return resource.serviceAccount
  if ('role' in resource) return resource.role
  if ('tag' in resource) return resource.tag
  return 'project' in resource ? resource.project : tree.server
}

const projectOf = (resource: Resource, tree: Tree): string | undefined => {
  if ('project' in resource) return resource.project
  return 'warehouse' in resource ? tree.projectOf(resource.warehouse) : undefined
}

/** What the resource lies in, nearest first. */
const placesOf = (resource: Resource, tree: Tree): TypeAndId[] => {
  const places: TypeAndId[] = []
  if ('namespace' in resource) {
    const { warehouse, namespace } = resource
    for (let depth = namespace.length - (('name' in resource) ? 0 : 1); depth > 0; depth -= 1)
      places.push({ type: 'Namespace', id: inWarehouse(warehouse, namespace.slice(0, depth)) })
    places.push({ type: 'Warehouse', id: warehouse })
  }
  const project = resource.kind === 'project' ? undefined : projectOf(resource, tree)
  if (project !== undefined) places.push({ type: 'Project', id: project })
  if (resource.kind !== 'server') places.push({ type: 'Server', id: tree.server })
  return places
}

const defined = (entries: Record<string, CedarValueJson | undefined>): Attributes =>
  Object.fromEntries(
    Object.entries(entries).filter((entry): entry is [string, CedarValueJson] => entry[1] !== undefined),
  )

const principalAttributes = ({ principal, standing }: RuleFacts): Attributes =>
  defined({
    id: principal.id,
    groups: [...(principal.groups ?? [])],
    serverAdmin: standing.serverAdmin,
    assumedRole: principal.assumedRole,
    engine: principal.engine?.name,
  })

const propertiesEntity: TypeAndId = { type: 'Properties', id: '-' }

/** The same for every spelling that an upstream may take for the name. Worked out where rules look at it. */
const spellingOf = (levels: readonly string[], { whole, attributes }: Reads['resource']) =>
  whole || attributes.has('spelling') ? foldSpelling(levels.join('\u001f')) : undefined

const resourceAttributes = ({ need, tree, stored }: RuleFacts, reads: Reads['resource']): Attributes => {
  const { resource } = need
  if (resource.kind === 'warehouse') return { project: resource.project }
  if (resource.kind === 'tag') return { name: resource.name }
  if (!('namespace' in resource)) return {}
  const levels = nameOf(resource)
  return defined({
    name: levels.at(-1) ?? '',
    path: pathOf(levels),
    spelling: spellingOf(levels, reads),
    warehouse: resource.warehouse,
    project: tree.projectOf(resource.warehouse),
    mount: resource.mount,
    formatVersion: stored.formatVersion,
    properties: stored.properties && { __entity: propertiesEntity },
  })
}

/** As Cedar reads one: no zone, and no IPv4 in IPv6's clothes. */
const addressOf = (address: string | undefined): CedarValueJson | undefined => {
  if (address === undefined) return undefined
  const [plain = ''] = address.replace(/^::ffff:(?=\d+\.)/i, '').split('%')
  return { __extn: { fn: 'ip', arg: plain } }
}

const contextOf = ({ need, circumstances: { operation, caller, lent = false } }: RuleFacts): Attributes =>
  defined({
    operation,
    time: { __extn: { fn: 'datetime', arg: caller.startedAt.toISOString() } },
    agent: caller.sender.agent,
    address: addressOf(caller.sender.address),
    delegation: [...caller.delegation],
    refs: [...(need.refs ?? [])],
    lent,
  })

const only = (attributes: Attributes, names: ReadonlySet<string>): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => names.has(name)))

interface Described {
  readonly uid: TypeAndId
  readonly attrs: Attributes
  readonly parents: readonly TypeAndId[]
  readonly tags: () => TagValues
}

const onlyTags = (tags: TagValues, names: ReadonlySet<string>): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).filter(([name]) => names.has(name)))

/** Which one it is stays untold, unless the rules compare it with that very one. */
const narrowed = (entity: Described, reads: Reads['principal'], placeholder: string): EntityJson => {
  const { uid, attrs, parents, tags } = entity
  if (reads.whole) return { uid, attrs, parents: [...parents], tags: { ...tags() } }
  return {
    uid: reads.entities.has(entityKey(uid)) ? uid : { type: uid.type, id: placeholder },
    attrs: only(attrs, reads.attributes),
    parents: reads.entities.size === 0 ? [] : parents.filter((one) => reads.entities.has(entityKey(one))),
    tags: reads.tags.size === 0 ? {} : onlyTags(tags(), reads.tags),
  }
}

const noTags = (): TagValues => ({})

const principalEntity = (facts: RuleFacts, reads: Reads): EntityJson => {
  const { principal, standing } = facts
  const parents = [
    ...[...standing.roles].map((id) => ({ type: 'Role', id })),
    ...[...standing.projects].map((id) => ({ type: 'Project', id })),
  ]
  const uid = { type: principalType(principal), id: principal.id }
  return narrowed(
    { uid, attrs: principalAttributes(facts), parents, tags: noTags },
    reads.principal,
    '-asker',
  )
}

const resourceEntity = (facts: RuleFacts, reads: Reads): EntityJson => {
  const { need, tree } = facts
  const uid = { type: resourceTypes[need.resource.kind], id: idOf(need.resource, tree) }
  const parents = placesOf(need.resource, tree)
  const attrs = resourceAttributes(facts, reads.resource)
  return narrowed({ uid, attrs, parents, tags: facts.tags }, reads.resource, '-')
}

const actionEntity = ({ action }: Need): EntityJson => ({
  uid: { type: 'Action', id: action },
  attrs: {},
  parents: (groupsOf.get(action) ?? []).map((id) => ({ type: 'Action', id })),
})

const propertiesOf = ({ stored: { properties } }: RuleFacts, { resource }: Reads): EntityJson[] =>
  properties && (resource.whole || resource.attributes.has('properties'))
    ? [{ uid: propertiesEntity, attrs: {}, parents: [], tags: { ...properties } }]
    : []

const bareOf = ({ uid }: EntityJson): TypeAndId => ('__entity' in uid ? uid.__entity : uid)

/** Somebody may administer itself: then there is one entity, as the asker is told of, with the tags of the object. */
const together = (principal: EntityJson, resource: EntityJson): EntityJson[] => {
  if (entityKey(bareOf(principal)) !== entityKey(bareOf(resource))) return [principal, resource]
  const parents = [...principal.parents, ...resource.parents]
  return [{ ...principal, parents, ...(resource.tags && { tags: resource.tags }) }]
}

export const requestOf = (facts: RuleFacts, reads: Reads): RuleRequest => {
  const principal = principalEntity(facts, reads)
  const resource = resourceEntity(facts, reads)
  const action = actionEntity(facts.need)
  const context = contextOf(facts)
  return {
    principal: bareOf(principal),
    action: bareOf(action),
    resource: bareOf(resource),
    context: reads.allContext ? context : only(context, reads.context),
    entities: [...together(principal, resource), action, ...propertiesOf(facts, reads)],
  }
}

/** Questions of one key have one answer; without the time, for rules that do not look at it. */
export const keyOf = ({ action, context, entities }: RuleRequest, timed: boolean): string => {
  if (timed) return JSON.stringify([action.id, context, entities])
  const { time: _, ...rest } = context
  return JSON.stringify([action.id, rest, entities])
}
