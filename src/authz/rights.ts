/** What a principal holds on an object, relation by relation: for who decides about grants, not for requests to data. */
import type { Principal, Resource } from '#model/access.ts'
import { countingChain, governedAmong } from './asking.ts'
import type { GovernedObjects } from './governed.ts'
import type { GrantEngine } from './grants.ts'
import type { Tree } from './objects.ts'
import { isRecorded, type Standings } from './standing.ts'
import { createSubjects } from './subjects.ts'

export interface RightsQuestion {
  /** A relation of the model, e.g. `manage_grants`; not one of `can_…` that rules have a say in. */
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
}

export interface RightsDeps {
  readonly standings: Standings
  readonly engine: GrantEngine
  readonly tree: Tree
  readonly governed: GovernedObjects
}

export const createRights = (deps: RightsDeps): Rights => {
  const { standings, engine, tree } = deps
  const subjectOf = createSubjects()
  return {
    holds: async (principal, questions, notBefore) => {
      if (!isRecorded(principal)) return questions.map(() => true)
      const subject = subjectOf(principal, await standings.of(principal))
      const resources = questions.map(({ resource }) => resource)
      const known = await governedAmong(resources, deps)
      const asked = questions.map(({ relation, resource }) => ({
        ...{ relation, type: resource.kind },
        chain: countingChain(resource, tree, known),
      }))
      return engine.check(subject, asked, notBefore)
    },
  }
}

/** Where everything is allowed, everything may be granted. */
export const createEveryRight = (): Rights => ({
  holds: async (_principal, questions) => questions.map(() => true),
})
