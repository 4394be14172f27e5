/** What a principal holds on an object, relation by relation: for who decides about grants, not for requests to data. */
import type { Principal, Resource } from '#model/access.ts'
import type { GrantEngine, Subject } from './grants.ts'
import { chainOf, type Tree } from './objects.ts'
import type { Standing, Standings } from './standing.ts'

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

export const subjectOf = ({ id, assumedRole }: Principal, standing: Standing): Subject => ({
  ...(assumedRole === undefined ? { principal: id } : {}),
  ...standing,
})

export interface RightsDeps {
  readonly standings: Standings
  readonly engine: GrantEngine
  readonly tree: Tree
}

/** Stands in no record: anybody in development mode, and the configured token, unless it acts with a role. */
const holdsEverything = ({ kind, assumedRole }: Principal): boolean =>
  assumedRole === undefined && (kind === 'token' || kind === 'anonymous' || kind === 'system')

export const createRights = ({ standings, engine, tree }: RightsDeps): Rights => ({
  holds: async (principal, questions, notBefore) => {
    if (holdsEverything(principal)) return questions.map(() => true)
    const subject = subjectOf(principal, await standings.of(principal))
    const asked = questions.map(({ relation, resource }) => ({
      ...{ relation, type: resource.kind },
      chain: chainOf(resource, tree),
    }))
    return engine.check(subject, asked, notBefore)
  },
})

/** Where everything is allowed, everything may be granted. */
export const createEveryRight = (): Rights => ({
  holds: async (_principal, questions) => questions.map(() => true),
})
