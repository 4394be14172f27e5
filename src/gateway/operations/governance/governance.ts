/** The table of operations about rules, tags, read restrictions, and why something was decided. */
import { createExplainOperations, type ExplainDeps } from './explain.ts'
import { createObjectTagOperations, type ObjectTagDeps } from './object-tags.ts'
import { createRestrictionOperations, type RestrictionDeps } from './restrictions.ts'
import { createRuleOperations, type RuleDeps } from './rules.ts'
import { createTagDefinitionOperations, type TagDeps } from './tag-definitions.ts'

export type GovernanceDeps = RuleDeps & TagDeps & ObjectTagDeps & RestrictionDeps & ExplainDeps

export type GovernanceOperations = ReturnType<typeof createGovernanceOperations>

export const createGovernanceOperations = (deps: GovernanceDeps) => ({
  ...createRuleOperations(deps),
  ...createTagDefinitionOperations(deps),
  ...createObjectTagOperations(deps),
  ...createRestrictionOperations(deps),
  ...createExplainOperations(deps),
})
