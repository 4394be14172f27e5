/** What of a listing the asker may see: all that lies in something where that is granted above it, else each by itself. */
import type { Action, Resource } from '#model/access.ts'
import { countingChain, type GovernedByKey, governedAmong, permissionOf } from './asking.ts'
import type { SharedNeed, Sight } from './authorizer.ts'
import type { Question } from './grants.ts'
import { chainOf, type ObjectKey, type Tree } from './objects.ts'
import { isOpen } from './open-needs.ts'
import {
  type Ask,
  type Awaitable,
  after,
  leadsSomewhere,
  notBeforeOf,
  type PolicyAuthorizerDeps,
} from './policy-ask.ts'
import type { RuleCheck } from './rule-check.ts'

interface Candidate {
  readonly need: SharedNeed
  readonly question: Question
}

/** What the candidate lies in; of what is not there the chain begins with that. */
const aboveOf = ({ type, chain }: Question): readonly ObjectKey[] =>
  chain[0]?.startsWith(`${type}:`) ? chain.slice(1) : chain

/**
 * The question whether all of them may be seen, as whatever lies in the same: undefined where they lie in different
 * things. What shows an object is granted on it or above it, and nothing on the object itself takes that away.
 */
const sharedQuestion = (candidates: readonly Candidate[]): Question | undefined => {
  const [first] = candidates
  if (first === undefined || candidates.length < 2) return undefined
  const { type } = first.question
  const above = aboveOf(first.question)
  const [parent] = above
  const shared = candidates.every(({ question }) => question.type === type && aboveOf(question)[0] === parent)
  return shared ? { ...first.question, chain: above } : undefined
}

type Seen = readonly boolean[]

const notBeforeFor = (candidates: readonly Candidate[], { circumstances }: Ask): number | undefined =>
  notBeforeOf(
    candidates.map(({ need }) => need),
    circumstances,
  )

const createGranted = ({ engine }: PolicyAuthorizerDeps) => {
  return (ask: Ask, candidates: readonly Candidate[]): Awaitable<Seen> => {
    const notBefore = notBeforeFor(candidates, ask)
    const questions = candidates.map(({ question }) => question)
    const all = sharedQuestion(candidates)
    const everything = all === undefined ? [] : engine.check(ask.subject, [all], notBefore)
    return after(everything, ([sees]) =>
      sees === true ? candidates.map(() => true) : engine.check(ask.subject, questions, notBefore),
    )
  }
}

/** Those that lead to something that has been granted are seen with it. */
const createLeading = ({ navigation }: PolicyAuthorizerDeps) => {
  return (ask: Ask, candidates: readonly Candidate[], seen: Seen): Awaitable<Seen> => {
    const hidden = candidates.filter(({ need }, i) => seen[i] !== true && leadsSomewhere(need.resource))
    if (hidden.length === 0) return seen
    const objects = hidden.flatMap(({ question }) => question.chain.slice(0, 1))
    return after(navigation.leadsTo(ask.subject, objects, notBeforeFor(hidden, ask)), (led) => {
      const leading = new Set(hidden.filter((_, i) => led[i] === true))
      return candidates.map((candidate, i) => seen[i] === true || leading.has(candidate))
    })
  }
}

const createAllowed = (rules: RuleCheck) => {
  return (ask: Ask, candidates: readonly Candidate[], seen: Seen): Awaitable<Seen> => {
    if (rules.idle) return seen
    const shown = candidates.filter((_, i) => seen[i] === true)
    const judged = rules.each(
      ask,
      shown.map(({ need }) => need),
    )
    return after(judged, (verdicts) => {
      const left = new Set(shown.filter((_, i) => verdicts[i] === true))
      return candidates.map((candidate) => left.has(candidate))
    })
  }
}

const candidateOf = (need: SharedNeed, known: GovernedByKey, tree: Tree): Candidate => {
  const { action, resource } = need
  const chain = countingChain(resource, tree, known)
  return { need, question: { relation: permissionOf(action), type: resource.kind, chain } }
}

export const createVisible = (deps: PolicyAuthorizerDeps, rules: RuleCheck) => {
  const { tree } = deps
  const granted = createGranted(deps)
  const orLeading = createLeading(deps)
  const allowed = createAllowed(rules)
  return (ask: Ask, action: Action, resources: readonly Resource[]): Awaitable<Seen> => {
    const needs = resources.map((resource) => ({ action, resource }))
    if (needs.every((need) => isOpen(ask.principal, need))) return rules.each(ask, needs)
    return after(governedAmong(resources, deps), (known) => {
      const candidates = resources.map((resource) => candidateOf({ action, resource }, known, tree))
      return after(granted(ask, candidates), (seen) =>
        after(orLeading(ask, candidates, seen), (shown) => allowed(ask, candidates, shown)),
      )
    })
  }
}

/** Asked of the engine together, so that a server of grants is not asked once a principal. */
export const createWhoMay = (deps: PolicyAuthorizerDeps, rules: RuleCheck) => {
  const { engine, tree } = deps
  const orLeading = createLeading(deps)
  const allowed = createAllowed(rules)
  const grantedTo = (asks: readonly Ask[], { question }: Candidate): Promise<readonly Seen[]> => {
    const asked = asks.map(({ subject }) => ({ subject, questions: [question] }))
    if (engine.checkEach) return engine.checkEach(asked)
    const fresh = Number.POSITIVE_INFINITY
    return Promise.all(asked.map(({ subject, questions }) => engine.check(subject, questions, fresh)))
  }
  return async (asks: readonly Ask[], need: SharedNeed): Promise<readonly boolean[]> => {
    const candidate = candidateOf(need, await governedAmong([need.resource], deps), tree)
    const granted = await grantedTo(asks, candidate)
    const may = async (ask: Ask, seen: Seen): Promise<boolean> => {
      const shown = isOpen(ask.principal, need) ? [true] : await orLeading(ask, [candidate], seen)
      const [left] = await allowed(ask, [candidate], shown)
      return left === true
    }
    return Promise.all(asks.map((ask, i) => may(ask, granted[i] ?? [])))
  }
}

/** Whoever may describe a namespace in it may describe all that lies in it; of a warehouse itself more may know. */
export const createSight = ({ engine, tree }: PolicyAuthorizerDeps, rules: RuleCheck) => {
  return (ask: Ask, parent: Resource): Awaitable<Sight> => {
    if (parent.kind !== 'warehouse' && parent.kind !== 'namespace') return 'some'
    const { principal, roles } = ask.subject
    const question = { relation: 'can_describe', type: 'namespace', chain: chainOf(parent, tree) } as const
    return after(engine.check(ask.subject, [question], ask.circumstances.policyEpoch), ([everything]) => {
      if (everything === true) return rules.idle ? 'everything' : 'some'
      return { roles, ...(principal === undefined ? {} : { principal }) }
    })
  }
}
