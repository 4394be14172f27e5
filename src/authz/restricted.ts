/**
 * What stands before the data, whatever has been granted: rules may forbid more of it than the request itself asks for,
 * and of a restricted table nobody gets any, since no engine has shown that it would keep to the restriction.
 */
import type { Decision, Need, Obligations, Principal, ReadRestriction } from '#model/access.ts'
import type { Authorizer, Circumstances } from './authorizer.ts'
import type { Governance, GovernanceMemory } from './governance.ts'
import { chainOf, type Tree } from './objects.ts'
import { type Awaitable, after } from './policy-ask.ts'
import type { Rules, RuleVerdict } from './rules.ts'
import { heldOf, spellingsOf } from './spellings.ts'
import type { Standings } from './standing.ts'

export interface RestrictedDeps {
  readonly memory: GovernanceMemory
  readonly tree: Tree
  readonly rules: Rules
  readonly standings: Standings
}

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
  const own = restrictions.get(object)
  return own ?? heldOf(restrictions, object, spellingsOf(resource))[0]
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

interface Under {
  readonly governance: Governance
  readonly tree: Tree
}

/** The first table that is restricted speaks for all of the request. */
const restrict = (decision: Decision, { needs }: Asked, under: Under) => {
  for (const need of needs) {
    const restriction = restrictionOn(under.governance, need, under.tree)
    if (restriction) return withObligations(decision, { data: 'none', restriction })
  }
  return decision
}

const notFreed = 'governed: whoever frees it of what governs it must be allowed to lift that'

/** What governs it would stay behind under the spelling that it is bound to. */
const leavesSpelling = ({ resource }: Need, { governance, tree }: Under): boolean => {
  if (resource.kind !== 'table' || spellingsOf(resource) === 'exact') return false
  const [object = ''] = chainOf(resource, tree)
  const { tags, restrictions } = governance.of(resource.warehouse) ?? {}
  const maps: readonly (ReadonlyMap<string, unknown> | undefined)[] = [tags, restrictions]
  return maps.some((held) => held && heldOf(held, object, 'any').length > (held.has(object) ? 1 : 0))
}

/** Registered anew it would be another table, with no restriction. */
const freesRestricted = ({ needs }: Asked, under: Under): Need | undefined =>
  needs.find((need) => {
    if (need.action === 'rename') return leavesSpelling(need, under)
    return need.action === 'drop' && restrictionOn(under.governance, need, under.tree) !== undefined
  })

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

/** Most tables: nothing that is set on any of the warehouse's objects could change the decision. */
const isFree = (governance: Governance, warehouses: readonly string[]): boolean => {
  for (const one of warehouses) {
    const { tags, restrictions } = governance.of(one) ?? {}
    if (tags?.size !== 0 || restrictions?.size !== 0) return false
  }
  return true
}

/** Around whoever decides what has been granted. At once where all of them know. */
export const createRestricted = (inner: Authorizer, deps: RestrictedDeps): Authorizer => {
  const { memory, tree, rules, standings } = deps
  const governed = (decision: Decision, asked: Asked, under: Under): Awaitable<Decision> => {
    const freeing = freesRestricted(asked, under)
    if (freeing === undefined) return restrict(decision, asked, under)
    return after(inner.check(asked.principal, lifting(freeing), asked.circumstances), ({ allow }) =>
      allow ? restrict(decision, asked, under) : { allow, visible: true, reason: notFreed, denied: freeing },
    )
  }
  const underRestrictions = (decision: Decision, asked: Asked): Awaitable<Decision> => {
    const warehouses = warehousesOfTables(asked.needs)
    if (warehouses.length === 0) return decision
    const governance = memory.at(asked.circumstances.policyEpoch, warehouses)
    if (governance instanceof Promise)
      return governance.then((found) => governed(decision, asked, { governance: found, tree }))
    return isFree(governance, warehouses) ? decision : governed(decision, asked, { governance, tree })
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
  const bounded = (decision: Decision, asked: Asked): Awaitable<Decision> => {
    if (!decision.allow) return decision
    return after(underRestrictions(decision, asked), (one) => (one.allow ? underRules(one, asked) : one))
  }
  return {
    ...inner,
    check: (principal, needs, circumstances) => {
      const asked = { principal, needs, circumstances }
      return after(inner.check(principal, needs, circumstances), (decision) => bounded(decision, asked))
    },
  }
}
