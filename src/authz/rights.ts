/** What a principal holds on an object, relation by relation: for who decides about grants, not for requests to data. */
import type { Principal, Resource } from '#model/access.ts'
import type { GovernedObjects } from './governed.ts'
import type { GrantEngine } from './grants.ts'
import { chainOf, type ObjectKey, type Tree } from './objects.ts'
import type { Standings } from './standing.ts'
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

/** Stands in no record: anybody in development mode, and the configured token, unless it acts with a role. */
const holdsEverything = ({ kind, assumedRole }: Principal): boolean =>
  assumedRole === undefined && (kind === 'token' || kind === 'anonymous' || kind === 'system')

const isMounted = (resource: Resource): boolean => 'mount' in resource && resource.mount !== undefined

/** Without the object itself where no grant on it counts. */
const chainsOf = async (
  { tree, governed }: RightsDeps,
  resources: readonly Resource[],
): Promise<readonly (readonly ObjectKey[])[]> => {
  const chains = resources.map((resource) => chainOf(resource, tree))
  const known = await governed.of(
    resources.flatMap((resource, i) => (isMounted(resource) ? (chains[i]?.slice(0, 1) ?? []) : [])),
  )
  return chains.map((chain) => (chain[0] && known.get(chain[0])?.suspended ? chain.slice(1) : chain))
}

export const createRights = (deps: RightsDeps): Rights => {
  const { standings, engine } = deps
  const subjectOf = createSubjects()
  return {
    holds: async (principal, questions, notBefore) => {
      if (holdsEverything(principal)) return questions.map(() => true)
      const subject = subjectOf(principal, await standings.of(principal))
      const chains = await chainsOf(
        deps,
        questions.map(({ resource }) => resource),
      )
      const asked = questions.map(({ relation, resource }, i) => ({
        ...{ relation, type: resource.kind },
        chain: chains[i] ?? [],
      }))
      return engine.check(subject, asked, notBefore)
    },
  }
}

/** Where everything is allowed, everything may be granted. */
export const createEveryRight = (): Rights => ({
  holds: async (_principal, questions) => questions.map(() => true),
})
