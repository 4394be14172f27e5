/**
 * The answer that the declared needs and the model lead to, worked out by definition: without the evaluator, without a
 * memory, and without the authorizer.
 */
import { authorizationModel } from '#authz/model.ts'
import { chainOf, type Tree } from '#authz/objects.ts'
import type { Need, Resource } from '#model/access.ts'
import type { ObjectKey } from '#model/object-key.ts'
import { createNaive, type StoredGrant } from '../policy/naive.ts'
import { type Content, projectId, serverId } from './content.ts'
import { type Person, subjectOf } from './people.ts'

/** What is to come: turned away unknown, as if nothing were there, forbidden, or done. */
export type Expected = 'unknown' | 'missing' | 'forbidden' | 'allowed'

export interface Asker {
  readonly id: string
  readonly projects: ReadonlySet<string>
  readonly serverAdmin: boolean
  readonly grants: readonly StoredGrant[]
  readonly tree: Tree
  /** True where something that it has been granted lies in the object. */
  leadsTo(object: ObjectKey): boolean
  forbids(need: Pick<Need, 'action'>): boolean
}

const looks: ReadonlySet<string> = new Set(['describe', 'list', 'get-config'])

const isPlace = ({ kind }: Resource): boolean =>
  kind === 'namespace' || kind === 'warehouse' || kind === 'project'

/** The server, the people on it, and the tags of the project that one has entered are no secret. */
const isKnown = ({ kind }: Resource): boolean => kind === 'server' || kind === 'user' || kind === 'tag'

const isOpen = ({ id }: Asker, { action, resource }: Need): boolean => {
  if (resource.kind === 'server') return action === 'describe' || action === 'list'
  return resource.kind === 'user' && (action === 'describe' || resource.user === id)
}

const holds = ({ id, projects, serverAdmin, grants, tree }: Asker, resource: Resource, relation: string) => {
  const chain = chainOf(resource, tree)
  const pairs = chain.slice(1).map((object, i) => [chain[i] as ObjectKey, object] as const)
  const world = { model: authorizationModel, grants, above: new Map(pairs), now: 0 }
  const subject = { principal: id, roles: new Set<string>(), projects, serverAdmin }
  const [object] = chain
  return object?.startsWith(`${resource.kind}:`) === true && createNaive(world, subject)({ object, relation })
}

const leads = (asker: Asker, resource: Resource): boolean => {
  const [object] = chainOf(resource, asker.tree)
  return isPlace(resource) && object !== undefined && asker.leadsTo(object)
}

const isGranted = (asker: Asker, need: Need): boolean =>
  isOpen(asker, need) ||
  holds(asker, need.resource, `can_${need.action.replaceAll('-', '_')}`) ||
  (looks.has(need.action) && leads(asker, need.resource))

const maySee = (asker: Asker, resource: Resource): boolean =>
  !asker.forbids({ action: 'describe' }) &&
  (isKnown(resource) || asker.serverAdmin || holds(asker, resource, 'can_describe') || leads(asker, resource))

/** Of one who may be in the project of the needs. */
export const answerTo = (asker: Asker, needs: readonly Need[]): Expected => {
  const refused = needs.find((need) => !isGranted(asker, need)) ?? needs.find((need) => asker.forbids(need))
  if (refused === undefined) return 'allowed'
  return maySee(asker, refused.resource) ? 'forbidden' : 'missing'
}

export const grantsOf = (person: Person, content: Content): readonly StoredGrant[] =>
  (person.grants?.(content) ?? []).map((one) => ({
    ...{ ...one, kind: 'principal', id: subjectOf(person), expiresAt: null },
  }))

export const isForbidden = (
  { forbidden }: Pick<Person, 'forbidden'>,
  { action }: Pick<Need, 'action'>,
): boolean => forbidden === 'everything' || (forbidden === 'changes' && !looks.has(action))

export const expectedOf = (person: Person, content: Content, needs: readonly Need[]): Expected => {
  if (person.token) return 'unknown'
  const grants = grantsOf(person, content)
  if (grants.length === 0 && !person.member && !person.serverAdmin) return 'missing'
  const asker: Asker = {
    ...{ id: subjectOf(person), grants, serverAdmin: person.serverAdmin === true },
    projects: new Set(person.member ? [projectId] : []),
    tree: { server: serverId, projectOf: () => projectId },
    leadsTo: (object) => grants.some((one) => content.chains.get(one.object)?.includes(object)),
    forbids: (need) => isForbidden(person, need),
  }
  return answerTo(asker, needs)
}
