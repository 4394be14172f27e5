/**
 * The answer that the declared needs and the model lead to, worked out by definition: without the evaluator, without a
 * memory, and without the authorizer.
 */
import type { Subject } from '#authz/grants.ts'
import { authorizationModel } from '#authz/model.ts'
import { chainOf } from '#authz/objects.ts'
import type { Need, Resource } from '#model/access.ts'
import type { ObjectKey } from '#model/object-key.ts'
import { createNaive, type StoredGrant } from '../policy/naive.ts'
import { type Content, projectId, serverId } from './content.ts'
import { type Person, subjectOf } from './people.ts'

/** What is to come: turned away unknown, as if nothing were there, forbidden, or done. */
export type Expected = 'unknown' | 'missing' | 'forbidden' | 'allowed'

export const grantsOf = (person: Person, content: Content): readonly StoredGrant[] =>
  (person.grants?.(content) ?? []).map((one) => ({
    ...{ ...one, kind: 'principal', id: subjectOf(person), expiresAt: null },
  }))

const looks: ReadonlySet<string> = new Set(['describe', 'list', 'get-config'])

export const isForbidden = (
  { forbidden }: Pick<Person, 'forbidden'>,
  { action }: Pick<Need, 'action'>,
): boolean => forbidden === 'everything' || (forbidden === 'changes' && !looks.has(action))

const tree = { server: serverId, projectOf: () => projectId }

const isPlace = ({ kind }: Resource): boolean =>
  kind === 'namespace' || kind === 'warehouse' || kind === 'project'

export const expectedOf = (person: Person, content: Content, needs: readonly Need[]): Expected => {
  if (person.token) return 'unknown'
  const grants = grantsOf(person, content)
  const subject: Subject = {
    ...{ principal: subjectOf(person), roles: new Set<string>() },
    projects: new Set(person.member ? [projectId] : []),
    serverAdmin: person.serverAdmin === true,
  }
  const holds = (resource: Resource, relation: string): boolean => {
    const chain = chainOf(resource, tree)
    const parents = new Map<ObjectKey, ObjectKey>()
    for (const [i, object] of chain.entries()) {
      const next = chain[i + 1]
      if (next) parents.set(object, next)
    }
    const [object] = chain
    const world = { model: authorizationModel, grants, above: parents, now: 0 }
    return object !== undefined && createNaive(world, subject)({ object, relation })
  }
  const leads = (resource: Resource): boolean => {
    const [object] = chainOf(resource, tree)
    return object !== undefined && grants.some((one) => content.chains.get(one.object)?.includes(object))
  }
  if (grants.length === 0 && !person.member && !person.serverAdmin) return 'missing'
  const mayLook = (resource: Resource): boolean =>
    !isForbidden(person, { action: 'describe' }) &&
    (person.serverAdmin === true || holds(resource, 'can_describe') || (isPlace(resource) && leads(resource)))
  const refused =
    needs.find(
      ({ action, resource }) =>
        !holds(resource, `can_${action.replaceAll('-', '_')}`) &&
        !(isPlace(resource) && looks.has(action) && leads(resource)),
    ) ?? needs.find((need) => isForbidden(person, need))
  if (refused === undefined) return 'allowed'
  return mayLook(refused.resource) ? 'forbidden' : 'missing'
}
