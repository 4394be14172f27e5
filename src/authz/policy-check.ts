/** Decides on the needs of a request: what is open, granted, or a way to what is granted, and what the rules leave of it. */
import type { Decision, Need } from '#model/access.ts'
import { type Answered, dataOf, isSeen, refusedIn, withObligations } from './answered.ts'
import { createAsking, governedAmong } from './asking.ts'
import type { Circumstances } from './authorizer.ts'
import type { Subject } from './grants.ts'
import type { ObjectKey } from './objects.ts'
import { isKnownToAll, isOpen } from './open-needs.ts'
import {
  type Ask,
  type Awaitable,
  after,
  leadsSomewhere,
  notBeforeOf,
  type PolicyAuthorizerDeps,
} from './policy-ask.ts'
import type { RuleCheck } from './rule-check.ts'

const byMembership: Decision = { allow: true, visible: true, reason: 'member of the project' }
const byAdministration: Decision = { allow: true, visible: true, reason: 'server administrator' }
const byGrant: Decision = { allow: true, visible: true, reason: 'granted' }
const byNavigation: Decision = { allow: true, visible: true, reason: 'leads to what is granted' }
const byAuthentication: Decision = { allow: true, visible: true, reason: 'open to whoever is authenticated' }
const nothingAsked: Decision = { allow: false, visible: true, reason: 'no need was named' }

/** What one may do with that in which something lies that one may see. */
const isNavigation = ({ action, resource }: Need): boolean =>
  leadsSomewhere(resource) && (action === 'describe' || action === 'list' || action === 'get-config')

/** So many roles are named in an entry of the audit log; whoever has more is found by `roles` of the management API. */
const mostRoles = 50

/** With the roles that were held: made once for as long as they are. */
const grantsOf = new WeakMap<ReadonlySet<string>, Decision>()

const byGrantOf = ({ subject: { roles } }: Ask): Decision => {
  if (roles.size === 0) return byGrant
  const known = grantsOf.get(roles)
  if (known) return known
  const decision = { ...byGrant, roles: [...roles].slice(0, mostRoles) }
  grantsOf.set(roles, decision)
  return decision
}

const grantedBy = (ask: Ask, needs: readonly Need[], { tree }: PolicyAuthorizerDeps): Decision => {
  const { projects, serverAdmin } = ask.standing
  const resource = needs[0]?.resource ?? { kind: 'server' }
  const warehouse = 'warehouse' in resource ? tree.projectOf(resource.warehouse) : undefined
  const project = 'project' in resource ? resource.project : warehouse
  if (project !== undefined && projects.has(project)) return byMembership
  return serverAdmin ? byAdministration : byGrantOf(ask)
}

/** An administrator knows of everything, and has no right to data. */
const reasonOf = ({ standing }: Ask, seen: boolean): string => {
  if (standing.serverAdmin) return 'not granted, to a server administrator'
  return seen ? 'not granted' : 'nothing is granted that would show it'
}

const denialOf = (ask: Ask, need: Need, seen: boolean): Decision => {
  const reason = reasonOf(ask, seen)
  const visible = seen || ask.standing.serverAdmin || isKnownToAll(need)
  return { allow: false, visible, reason, denied: need }
}

/** Of those that have not been granted, some may be ways to something that has. */
const createNavigated = (deps: PolicyAuthorizerDeps, rules: RuleCheck) => {
  const denied = (ask: Ask, answered: Answered, led: ReadonlySet<number>): Awaitable<Decision> => {
    const place = refusedIn(answered).find((at) => {
      const need = answered.needs[at]
      return need === undefined || !(led.has(at) && isNavigation(need))
    })
    const need = answered.needs[place ?? -1]
    if (place === undefined || need === undefined) return rules.of(ask, answered.needs, byNavigation)
    return rules.hide(ask, denialOf(ask, need, led.has(place) || isSeen(answered, place)))
  }
  return (ask: Ask, answered: Answered, refused: readonly number[]): Awaitable<Decision> => {
    const { asked } = answered.asking
    const ways = refused.filter((at) => {
      const resource = answered.needs[at]?.resource
      return resource !== undefined && leadsSomewhere(resource)
    })
    if (ways.length === 0) return denied(ask, answered, new Set())
    const objects = ways.flatMap((at) => asked[at]?.chain.slice(0, 1) ?? [])
    const led = deps.navigation.leadsTo(ask.subject, objects, notBeforeOf(answered.needs, ask.circumstances))
    return after(led, (open) => denied(ask, answered, new Set(ways.filter((_, i) => open[i] === true))))
  }
}

const wantsData = ({ caller }: Circumstances): boolean => caller.delegation.length > 0

export const createCheck = (deps: PolicyAuthorizerDeps, rules: RuleCheck) => {
  const { engine, levels } = deps
  const navigated = createNavigated(deps, rules)
  const levelOf = (subject: Subject) => (chain: readonly ObjectKey[]) => levels.known(subject, chain)
  const keepLevel = ({ subject }: Ask, answered: Answered, generation: number): void => {
    const { data } = answered.asking
    const level = dataOf(answered)
    if (data === undefined || data.write < 0 || level === undefined || level === 'write') return
    levels.keep(subject, data.chain, { level, generation })
  }
  const conclude = (ask: Ask, answered: Answered): Awaitable<Decision> => {
    const refused = refusedIn(answered)
    if (refused.length > 0) return navigated(ask, answered, refused)
    const decision = withObligations(grantedBy(ask, answered.needs, deps), answered)
    return rules.of(ask, answered.needs, decision)
  }
  return (ask: Ask, all: readonly Need[]): Awaitable<Decision> => {
    if (all.length === 0) return nothingAsked
    const needs = all.filter((need) => !isOpen(ask.principal, need))
    if (needs.length === 0) return rules.of(ask, all, byAuthentication)
    const { circumstances, subject } = ask
    const resources = needs.map(({ resource }) => resource)
    return after(governedAmong(resources, deps), (known) => {
      const generation = levels.generation()
      const asking = createAsking(deps, known).of(
        needs,
        wantsData(circumstances) ? levelOf(subject) : undefined,
      )
      const answers = engine.check(subject, asking.questions, notBeforeOf(needs, circumstances))
      return after(answers, (given) => {
        const answered = { needs, asking, answers: given }
        keepLevel(ask, answered, generation)
        return conclude(ask, answered)
      })
    })
  }
}
