/** A question as OpenFGA is asked it: with the chain of its object, and what the asker is, as tuples of the check. */
import type { Question, Subject } from '../grants.ts'
import type { ObjectKey, ObjectType } from '../objects.ts'
import type { ContextTuple, FgaCheck } from './fga.ts'
import { absentName, objectName, principalName, roleBearer, roleName } from './names.ts'

/** A check of OpenFGA brings at most a hundred tuples along. */
const mostTuples = 100

/** How the model says what an object of the type lies in. */
const parentRelations: Readonly<Partial<Record<ObjectType, string>>> = {
  namespace: 'parent',
  table: 'parent',
  view: 'parent',
  project: 'server',
  user: 'server',
}

const typeOf = (key: string): ObjectType => key.slice(0, key.indexOf(':')) as ObjectType

/** Names, the object's own first: of what is not there, one on which nobody holds anything. */
const namesOf = ({ type, chain }: Question): readonly string[] => {
  const names = chain.map(objectName)
  return chain[0] !== undefined && typeOf(chain[0]) === type ? names : [absentName(type), ...names]
}

const edgesOf = (names: readonly string[]): readonly ContextTuple[] =>
  names.slice(0, -1).map((object, i) => ({
    user: names[i + 1] ?? '',
    relation: parentRelations[typeOf(object)] ?? 'project',
    object,
  }))

/** What no grant says, as far as it can matter on the chain. */
const standingTuples = ({ projects, serverAdmin }: Subject, chain: readonly ObjectKey[], user: string) =>
  chain.flatMap((object): readonly ContextTuple[] => {
    const type = typeOf(object)
    const id = object.slice(type.length + 1)
    if (type === 'project' && projects.has(id))
      return [{ user, relation: 'member', object: objectName(object) }]
    if (type === 'server' && serverAdmin) return [{ user, relation: 'admin', object: objectName(object) }]
    return []
  })

const holderTuple = (user: string, role: string): ContextTuple => ({
  user,
  relation: 'assignee',
  object: roleName(role),
})

/** The role that is asked about matters, if it is one of the asker's own. */
const rolesOn = ({ roles }: Subject, chain: readonly ObjectKey[], relevant: readonly string[]) =>
  [
    ...new Set([
      ...relevant,
      ...chain.filter((key) => typeOf(key) === 'role').map((key) => key.slice('role:'.length)),
    ]),
  ].filter((role) => roles.has(role))

const portions = <T>(items: readonly T[], size: number): readonly (readonly T[])[] => {
  if (items.length <= size) return [items]
  return [items.slice(0, size), ...portions(items.slice(size), size)]
}

/**
 * Mostly one. Where the asker has more roles that matter than fit, several, of which one has to be true: what roles give
 * only ever adds up.
 */
export const checksOf = (
  subject: Subject,
  question: Question,
  relevant: readonly string[],
): readonly FgaCheck[] => {
  const names = namesOf(question)
  const user = subject.principal === undefined ? roleBearer : principalName(subject.principal)
  const standing = standingTuples(subject, question.chain, user)
  const fixed = [...edgesOf(names), ...standing]
  const roles = rolesOn(subject, question.chain, relevant)
  return portions(roles, mostTuples - fixed.length).map((some) => ({
    user,
    relation: question.relation,
    object: names[0] ?? '',
    context: [...fixed, ...some.map((role) => holderTuple(user, role))],
  }))
}
