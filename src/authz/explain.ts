/**
 * Why something was decided: the decision of the authorizer that requests are decided by, and beside it what each grant,
 * membership and rule has to do with it.
 */
import type { Decision, Need, Principal } from '#model/access.ts'
import { countingChain, governedAmong, permissionOf } from './asking.ts'
import type { Authorizer, Circumstances } from './authorizer.ts'
import type { CompiledModel } from './compiled-model.ts'
import { createEmbeddedEngine } from './embedded-engine.ts'
import type { GovernedObjects } from './governed.ts'
import { grantable } from './granting.ts'
import type { Grant, Question, Subject } from './grants.ts'
import { chainOf, type ObjectKey, type Tree } from './objects.ts'
import type { Rules, RuleVerdict } from './rules.ts'
import { isRecorded, type Standings } from './standing.ts'
import { createSubjects } from './subjects.ts'
import type { Tuple } from './tuples.ts'

interface ExplainedGrant extends Grant {
  /** It alone, with what the standing gives left aside, would be enough. */
  readonly decides: boolean
  /** It counts for nothing: what it was given on is not what has the name now. */
  readonly suspended: boolean
}

export interface Explanation {
  readonly decision: Decision
  /** All that is held on the object and what it lies in. */
  readonly grants: readonly ExplainedGrant[]
  /** Membership of the project, or administration of the server, is enough. */
  readonly byStanding: boolean
  readonly rules: RuleVerdict
  /** Where no grant decides: relations of which each, granted on the object, would be enough. */
  readonly missing: readonly string[]
}

export interface ExplainerDeps {
  readonly authorizer: Authorizer
  readonly rules: Rules
  readonly standings: Standings
  readonly governed: GovernedObjects
  readonly model: CompiledModel
  readonly tree: Tree
  /** In force: all that the principal, or one of the roles, or everybody holds on one of the objects. */
  readonly loadGrants: (
    holders: { readonly principal?: string; readonly roles: readonly string[] },
    objects: readonly ObjectKey[],
  ) => Promise<readonly Grant[]>
}

export interface Explainer {
  /** Rejects when it cannot be told. */
  explain(principal: Principal, need: Need, circumstances: Circumstances): Promise<Explanation>
}

const tupleOf = ({ object, relation, subject, expiresAt }: Grant): Tuple => ({
  ...{ object, relation, subjectKind: subject.kind },
  expiresAt: expiresAt?.getTime() ?? null,
})

/** The evaluator of requests, over these tuples and no others. */
const createTrial =
  (model: CompiledModel) => async (subject: Subject, question: Question, tuples: readonly Tuple[]) => {
    const engine = createEmbeddedEngine({
      model,
      source: { held: async () => ({ tuples, epoch: 0 }) },
      loadEpoch: async () => 0,
      now: () => 0,
      clock: Date.now,
      report: () => undefined,
    })
    const [holds] = await engine.check(subject, [question], Number.POSITIVE_INFINITY)
    return holds === true
  }

const withoutStanding = (subject: Subject): Subject => ({
  ...subject,
  projects: new Set(),
  serverAdmin: false,
})

const allowedByRules: RuleVerdict = { allowed: true, by: [] }

/** In order: the object itself, then what it lies in. */
const byDistance =
  (chain: readonly ObjectKey[]) =>
  (a: Grant, b: Grant): number =>
    chain.indexOf(a.object) - chain.indexOf(b.object)

export const createExplainer = (deps: ExplainerDeps): Explainer => {
  const { standings, tree, model } = deps
  const subjectOf = createSubjects()
  const trial = createTrial(model)
  const missingFor = async (subject: Subject, question: Question, base: readonly Tuple[]) => {
    const [object = 'server:'] = question.chain
    const found: string[] = []
    for (const relation of grantable[question.type]) {
      const tuple: Tuple = { object, relation, subjectKind: 'principal', expiresAt: null }
      if (await trial(subject, question, [...base, tuple])) found.push(relation)
    }
    return found
  }
  return {
    explain: async (principal, need, circumstances) => {
      const decision = await deps.authorizer.check(principal, [need], circumstances)
      if (!isRecorded(principal))
        return { decision, grants: [], byStanding: true, rules: allowedByRules, missing: [] }
      const standing = await standings.of(principal)
      const subject = subjectOf(principal, standing)
      const bare = withoutStanding(subject)
      const chain = chainOf(need.resource, tree)
      const known = await governedAmong([need.resource], deps)
      const counting = countingChain(need.resource, tree, known)
      const question: Question = {
        relation: permissionOf(need.action),
        ...{ type: need.resource.kind, chain: counting },
      }
      const holders = {
        roles: [...subject.roles],
        ...(subject.principal && { principal: subject.principal }),
      }
      const all = await deps.loadGrants(holders, chain)
      const base = all.filter(({ subject: { kind } }) => kind === 'anyone').map(tupleOf)
      const grants: ExplainedGrant[] = []
      for (const grant of all.toSorted(byDistance(chain)))
        grants.push({
          ...grant,
          suspended: !counting.includes(grant.object),
          decides:
            grant.subject.kind !== 'anyone' && (await trial(bare, question, [...base, tupleOf(grant)])),
        })
      const [rules = allowedByRules] = await deps.rules.judge({
        ...{ principal, standing, circumstances },
        needs: [need],
      })
      const byStanding = await trial(subject, question, base)
      const held = byStanding || grants.some(({ decides }) => decides)
      const missing = held ? [] : await missingFor(bare, question, base)
      return { decision, grants, byStanding, rules, missing }
    },
  }
}
