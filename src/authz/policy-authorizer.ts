/**
 * The authorizer of a gateway with identity: what is open to all, what has been granted (`grants.ts`), what leads to
 * something that has been (`navigation.ts`), and what the rules leave of it. All needs of a request are one question.
 */
import type { Decision, Principal } from '#model/access.ts'
import type { Authorizer, Circumstances } from './authorizer.ts'
import { type Ask, type Awaitable, after, type PolicyAuthorizerDeps } from './policy-ask.ts'
import { createCheck } from './policy-check.ts'
import { createSight, createVisible, createWhoMay } from './policy-listing.ts'
import { createRuleCheck } from './rule-check.ts'
import { createSubjects } from './subjects.ts'

export type { PolicyAuthorizerDeps } from './policy-ask.ts'

const byToken: Decision = { allow: true, visible: true, reason: 'the token of the configuration' }

/** The principal of the configured token stands outside of all records, unless it acts with a role. */
const isConfigured = ({ kind, assumedRole }: Principal): boolean =>
  kind === 'token' && assumedRole === undefined

type Asker = Pick<Ask, 'standing' | 'subject'>

/** Whoever has been granted anything on the project, above it or inside it may know of it. */
const createEnters = ({ navigation, engine, tree }: PolicyAuthorizerDeps) => {
  return ({ standing, subject }: Asker, project: string): Awaitable<boolean> => {
    if (standing.serverAdmin || standing.projects.has(project)) return true
    const object = `project:${project}` as const
    const chain = [object, `server:${tree.server}`] as const
    const question = { relation: 'can_describe', type: 'project', chain } as const
    return after(
      navigation.leadsTo(subject, [object], undefined),
      ([inside]) =>
        inside === true || after(engine.check(subject, [question], undefined), ([seen]) => seen === true),
    )
  }
}

export const createPolicyAuthorizer = (deps: PolicyAuthorizerDeps): Authorizer => {
  const { standings } = deps
  const subjectOf = createSubjects()
  const rules = createRuleCheck(deps.rules)
  const check = createCheck(deps, rules)
  const enters = createEnters(deps)
  const visible = createVisible(deps, rules)
  const sight = createSight(deps, rules)
  const whoMay = createWhoMay(deps, rules)
  const asked = <T>(
    principal: Principal,
    circumstances: Circumstances,
    use: (ask: Ask) => Awaitable<T>,
  ): Awaitable<T> =>
    after(standings.of(principal), (standing) =>
      use({ principal, standing, circumstances, subject: subjectOf(principal, standing) }),
    )
  return {
    check: (principal, needs, circumstances) =>
      isConfigured(principal) ? byToken : asked(principal, circumstances, (ask) => check(ask, needs)),
    leaves: (principal, needs, circumstances) =>
      isConfigured(principal)
        ? needs.map(() => true)
        : asked(principal, circumstances, (ask) => rules.each(ask, needs)),
    enters: (principal, project) =>
      isConfigured(principal) ||
      after(standings.of(principal), (standing) =>
        enters({ standing, subject: subjectOf(principal, standing) }, project),
      ),
    visible: (principal, action, ...[candidates, circumstances]) =>
      isConfigured(principal)
        ? candidates.map(() => true)
        : asked(principal, circumstances, (ask) => visible(ask, action, candidates)),
    whoMay: async (principals, need, circumstances) => {
      const askOf = (principal: Principal): Awaitable<Ask> => asked(principal, circumstances, (ask) => ask)
      const recorded = principals.filter((principal) => !isConfigured(principal))
      const answers = (await whoMay(await Promise.all(recorded.map(askOf)), need)).values()
      return principals.map((principal) => isConfigured(principal) || answers.next().value === true)
    },
    sight: (principal, parent, circumstances) =>
      isConfigured(principal) ? 'everything' : asked(principal, circumstances, (ask) => sight(ask, parent)),
  }
}
