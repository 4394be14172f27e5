/**
 * What stands before the data, whatever has been granted: rules may forbid more of it than the request itself asks for,
 * and of a restricted table nobody gets any, since no engine has shown that it would keep to the restriction.
 */
import type { Decision, Need, Obligations, Principal, ReadRestriction } from '#model/access.ts'
import type { Authorizer, Circumstances } from './authorizer.ts'
import type { Governance, GovernanceMemory } from './governance.ts'
import { chainOf, type Tree } from './objects.ts'
import type { Rules, RuleVerdict } from './rules.ts'
import { heldOf, spellingsOf } from './spellings.ts'
import type { Standings } from './standing.ts'

export interface RestrictedDeps {
  readonly memory: GovernanceMemory
  readonly tree: Tree
  readonly rules: Rules
  readonly standings: Standings
}

type Awaitable<T> = T | Promise<T>

const after = <T, U>(value: Awaitable<T>, use: (value: T) => Awaitable<U>): Awaitable<U> =>
  value instanceof Promise ? value.then(use) : use(value)

interface Asked {
  readonly principal: Principal
  readonly needs: readonly Need[]
  readonly circumstances: Circumstances
}

const restrictionOn = (governance: Governance, need: Need, tree: Tree): ReadRestriction | undefined => {
  const { resource } = need
  if (resource.kind !== 'table') return undefined
  const restrictions = governance.of(resource.warehouse)?.restrictions
  if (restrictions === undefined || restrictions.size === 0) return undefined
  const [object = ''] = chainOf(resource, tree)
  return heldOf(restrictions, object, spellingsOf(resource))[0]
}

const warehousesOfTables = (needs: readonly Need[]): readonly string[] => {
  const found: string[] = []
  for (const { resource } of needs)
    if (resource.kind === 'table' && !found.includes(resource.warehouse)) found.push(resource.warehouse)
  return found
}

const withObligations = (decision: Decision, more: Obligations): Decision => ({
  ...decision,
  obligations: { ...decision.obligations, ...more },
})

/** The first table that is restricted speaks for all of the request. */
const restrict = (decision: Decision, { needs }: Asked, under: { governance: Governance; tree: Tree }) => {
  for (const need of needs) {
    const restriction = restrictionOn(under.governance, need, under.tree)
    if (restriction) return withObligations(decision, { data: 'none', restriction })
  }
  return decision
}

const dropping = 'restricted: whoever drops it must be allowed to lift its restriction'

/** Registered anew it would be another table, with no restriction. */
const dropsRestricted = ({ needs }: Asked, under: { governance: Governance; tree: Tree }): Need | undefined =>
  needs.find((need) => need.action === 'drop' && restrictionOn(under.governance, need, under.tree))

const lifting = ({ resource }: Need): readonly Need[] => [
  { action: 'grant', resource },
  { action: 'tag', resource },
]

const dataActions = ['read', 'write'] as const

/** No more data than the rules leave: who must not read does not write either. */
const limited = (decision: Decision, [read, write]: readonly RuleVerdict[]): Decision => {
  if (read?.allowed !== true) return withObligations(decision, { data: 'none' })
  const writes = decision.obligations?.data === 'write'
  return writes && write?.allowed !== true ? withObligations(decision, { data: 'read' }) : decision
}

const hasData = ({ obligations }: Decision): boolean =>
  obligations?.data === 'read' || obligations?.data === 'write'

/** Around whoever decides what has been granted. At once where all of them know. */
export const createRestricted = (inner: Authorizer, deps: RestrictedDeps): Authorizer => {
  const { memory, tree, rules, standings } = deps
  const underRestrictions = (decision: Decision, asked: Asked): Awaitable<Decision> => {
    const warehouses = warehousesOfTables(asked.needs)
    if (warehouses.length === 0) return decision
    return after(memory.at(asked.circumstances.policyEpoch, warehouses), (governance) => {
      const under = { governance, tree }
      const drop = dropsRestricted(asked, under)
      if (drop === undefined) return restrict(decision, asked, under)
      return after(inner.check(asked.principal, lifting(drop), asked.circumstances), ({ allow }) =>
        allow ? restrict(decision, asked, under) : { allow, visible: true, reason: dropping, denied: drop },
      )
    })
  }
  const underRules = (
    decision: Decision,
    { principal, needs, circumstances }: Asked,
  ): Awaitable<Decision> => {
    const [first] = needs
    if (first === undefined || !hasData(decision)) return decision
    const { resource } = first
    return after(standings.of(principal), (standing) => {
      const asked = dataActions.map((action) => ({ action, resource }))
      const verdicts = rules.judge({ principal, standing, needs: asked, circumstances })
      return after(verdicts, (given) => limited(decision, given))
    })
  }
  return {
    ...inner,
    check: (principal, needs, circumstances) => {
      const asked = { principal, needs, circumstances }
      return after(inner.check(principal, needs, circumstances), (decision) =>
        decision.allow
          ? after(underRestrictions(decision, asked), (one) => (one.allow ? underRules(one, asked) : one))
          : decision,
      )
    },
  }
}
