/** What a principal holds on an object, relation by relation: for who decides about grants, not for requests to data. */
import type { Principal, Resource } from '#model/access.ts'
import { countingChain, governedAmong } from './asking.ts'
import type { GovernedObjects } from './governed.ts'
import type { Foresight, GrantEngine, Question, Subject } from './grants.ts'
import { chainOf, type Tree } from './objects.ts'
import { isRecorded, type Standings } from './standing.ts'
import { createSubjects } from './subjects.ts'
import type { TupleSource } from './tuples.ts'

export interface RightsQuestion {
  /** A relation of the model, e.g. `manage_grants`. Of one of `can_…` this is what grants say; rules are not asked. */
  readonly relation: string
  readonly resource: Resource
}

export interface Rights {
  /** One answer a question, in order. Nothing that was remembered before an epoch of policy counts. */
  holds(
    principal: Principal,
    questions: readonly RightsQuestion[],
    notBefore: number | undefined,
  ): Promise<readonly boolean[]>
  /** As it will be at a moment, if nothing is given or taken until then; infinite: what is held for good. */
  holdsAt(principal: Principal, questions: readonly RightsQuestion[], at: number): Promise<readonly boolean[]>
  /** When grants end that the principal has on the resources or above them: milliseconds since 1970, the last first. */
  endsOf(principal: Principal, resources: readonly Resource[]): Promise<readonly number[]>
}

export interface RightsDeps {
  readonly standings: Standings
  readonly engine: GrantEngine & Foresight
  readonly source: TupleSource
  readonly tree: Tree
  readonly governed: GovernedObjects
}

const latestFirst = (moments: readonly (number | null)[]): readonly number[] =>
  [...new Set(moments.filter((moment) => moment !== null))].sort((a, b) => b - a)

export const createRights = (deps: RightsDeps): Rights => {
  const { standings, engine, source, tree } = deps
  const subjectOf = createSubjects()
  const subjectFor = async (principal: Principal): Promise<Subject> =>
    subjectOf(principal, await standings.of(principal))
  const asking = async (questions: readonly RightsQuestion[]): Promise<readonly Question[]> => {
    const resources = questions.map(({ resource }) => resource)
    const known = await governedAmong(resources, deps)
    return questions.map(({ relation, resource }) => ({
      ...{ relation, type: resource.kind },
      chain: countingChain(resource, tree, known),
    }))
  }
  return {
    holds: async (principal, questions, notBefore) => {
      if (!isRecorded(principal)) return questions.map(() => true)
      return engine.check(await subjectFor(principal), await asking(questions), notBefore)
    },
    holdsAt: async (principal, questions, at) => {
      if (!isRecorded(principal)) return questions.map(() => true)
      return engine.checkAt(await subjectFor(principal), await asking(questions), at)
    },
    endsOf: async (principal, resources) => {
      const { principal: id, roles } = await subjectFor(principal)
      const holders = { roles: [...roles], ...(id === undefined ? {} : { principal: id }) }
      const objects = new Set(resources.flatMap((resource) => chainOf(resource, tree)))
      const { tuples } = await source.held(holders, [...objects])
      return latestFirst(tuples.map(({ expiresAt }) => expiresAt))
    },
  }
}

/** Where everything is allowed, everything may be granted. */
export const createEveryRight = (): Rights => ({
  holds: async (_principal, questions) => questions.map(() => true),
  holdsAt: async (_principal, questions) => questions.map(() => true),
  endsOf: async () => [],
})
