/** The meaning of a model, by definition and recursion, without any of the evaluator's short cuts: for comparison. */
import type { Subject } from '#authz/grants.ts'
import type { AuthorizationModel, Userset } from '#authz/model-form.ts'
import type { ObjectKey } from '#authz/objects.ts'

export interface StoredGrant {
  readonly object: ObjectKey
  readonly relation: string
  readonly kind: 'principal' | 'role' | 'anyone'
  readonly id: string
  /** Milliseconds since 1970; null: for good. */
  readonly expiresAt: number | null
}

export interface NaiveWorld {
  readonly model: AuthorizationModel
  readonly grants: readonly StoredGrant[]
  /** What each object lies in. */
  readonly above: ReadonlyMap<ObjectKey, ObjectKey>
  readonly now: number
}

const typeOf = (object: ObjectKey): string => object.split(':')[0] ?? ''
const idOf = (object: ObjectKey): string => object.slice(object.indexOf(':') + 1)

const definitionOf = ({ model }: NaiveWorld, object: ObjectKey) =>
  model.type_definitions.find(({ type }) => type === typeOf(object))

const referencesOf = (world: NaiveWorld, object: ObjectKey, relation: string) =>
  definitionOf(world, object)?.metadata?.relations?.[relation]?.directly_related_user_types ?? []

const byStanding = (subject: Subject, object: ObjectKey, relation: string): boolean => {
  const id = idOf(object)
  switch (`${typeOf(object)}#${relation}`) {
    case 'project#member':
      return subject.projects.has(id)
    case 'server#admin':
      return subject.serverAdmin
    case 'role#assignee':
      return subject.roles.has(id)
    default:
      return false
  }
}

const isHolder = (subject: Subject, { kind, id }: StoredGrant): boolean => {
  if (kind === 'anyone') return true
  return kind === 'principal' ? subject.principal === id : subject.roles.has(id)
}

const mayStand = (
  world: NaiveWorld,
  { object, relation, kind }: Pick<StoredGrant, 'object' | 'relation' | 'kind'>,
) =>
  referencesOf(world, object, relation).some(({ type, wildcard }) =>
    kind === 'anyone' ? wildcard !== undefined : type === kind && wildcard === undefined,
  )

interface Asked {
  readonly object: ObjectKey
  readonly relation: string
}

const isGranted = (world: NaiveWorld, subject: Subject, { object, relation }: Asked): boolean =>
  world.grants.some(
    (grant) =>
      grant.object === object &&
      grant.relation === relation &&
      mayStand(world, grant) &&
      isHolder(subject, grant) &&
      (grant.expiresAt === null || world.now < grant.expiresAt),
  ) ||
  (mayStand(world, { object, relation, kind: 'principal' }) && byStanding(subject, object, relation))

const isAbove = (
  world: NaiveWorld,
  object: ObjectKey,
  tupleset: string,
): { readonly object: ObjectKey } | undefined => {
  const above = world.above.get(object)
  if (above === undefined) return undefined
  const fits = referencesOf(world, object, tupleset).some(({ type }) => type === typeOf(above))
  return fits ? { object: above } : undefined
}

/** Each answer is worked out once for a subject: the definition repeats itself a great deal. */
export const createNaive = (world: NaiveWorld, subject: Subject): ((asked: Asked) => boolean) => {
  const known = new Map<string, boolean>()
  const evaluate = (userset: Userset, asked: Asked): boolean => {
    const { computedUserset, tupleToUserset, union, intersection, difference } = userset
    if (computedUserset) return check({ ...asked, ...computedUserset })
    if (union) return union.child.some((child) => evaluate(child, asked))
    if (intersection) return intersection.child.every((child) => evaluate(child, asked))
    if (difference) return evaluate(difference.base, asked) && !evaluate(difference.subtract, asked)
    if (!tupleToUserset) return isGranted(world, subject, asked)
    const above = isAbove(world, asked.object, tupleToUserset.tupleset.relation)
    return above !== undefined && check({ ...above, ...tupleToUserset.computedUserset })
  }
  const check = (asked: Asked): boolean => {
    const key = `${asked.object}#${asked.relation}`
    const userset = definitionOf(world, asked.object)?.relations?.[asked.relation]
    const answer = known.get(key) ?? (userset !== undefined && evaluate(userset, asked))
    known.set(key, answer)
    return answer
  }
  return check
}
