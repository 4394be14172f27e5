/** Rules, tags and read restrictions: from the store into memory, and from there into decisions. */
import { loadCedar } from '#authz/cedar/engine.ts'
import type { ParsedRules } from '#authz/cedar/program.ts'
import type { RuleSources } from '#authz/cedar/rule-set.ts'
import { createRules } from '#authz/cedar/rules.ts'
import { createGovernanceMemory, type GovernanceMemory, type WarehouseGovernance } from '#authz/governance.ts'
import type { Tree } from '#authz/objects.ts'
import type { Rules } from '#authz/rules.ts'
import type { Database } from '#store/database.ts'
import { loadWarehouseRestrictions } from '#store/read-restrictions.ts'
import { loadFormatVersion, loadProperties } from '#store/rule-facts.ts'
import { ensureRuleSet, hasRuleSet, loadPreparedRules } from '#store/rule-sets.ts'
import { loadGovernanceEpochs } from '#store/server.ts'
import { loadWarehouseTags } from '#store/tag-assignments.ts'
import { digestOf, readShipped } from './shipped-rules.ts'
import { tryRuleSources } from './tried-rules.ts'

export interface GovernanceDeps {
  readonly database: Database
  readonly tree: Tree
  readonly report: (event: string, error: unknown) => void
}

export interface OpenGovernance {
  readonly rules: Rules
  readonly memory: GovernanceMemory
}

const tried = async (sources: RuleSources): Promise<ParsedRules> => {
  const { rules, errors } = await tryRuleSources(sources)
  if (errors.length > 0) throw new Error(`The rules in policies/rules are refused: ${errors.join('; ')}`)
  return rules
}

/** A new store begins with the rules that are shipped; what has been applied since is left alone. */
export const ensureRules = async (database: Database): Promise<void> => {
  if (await hasRuleSet(database)) return
  const { sources, rules } = await readShipped()
  const prepared = rules ?? (await tried(sources))
  const draft = { sources, prepared, digest: digestOf(sources), appliedBy: 'system' }
  await database.transaction((tx) => ensureRuleSet(tx, draft))
}

/** The same set is the same object, so that what has been made of it is not made again. */
const createRulesLoader = (database: Database) => {
  let last: { readonly id: number; readonly rules: ParsedRules } | undefined
  return async (): Promise<ParsedRules> => {
    const found = await loadPreparedRules(database)
    if (found === undefined) throw new Error('No rules have been stored')
    if (last?.id !== found.id) last = { id: found.id, rules: found.prepared as ParsedRules }
    return last.rules
  }
}

const createWarehouseLoader =
  (database: Database) =>
  async (warehouse: string): Promise<WarehouseGovernance> => {
    const [tags, restrictions] = await Promise.all([
      loadWarehouseTags(database, warehouse),
      loadWarehouseRestrictions(database, warehouse),
    ])
    const byObject = new Map<string, Map<string, string>>()
    for (const { object, name, value } of tags) {
      const own = byObject.get(object) ?? new Map<string, string>()
      byObject.set(object, own.set(name, value))
    }
    return {
      tags: byObject,
      restrictions: new Map(restrictions.map((one) => [one.object, one])),
    }
  }

export const openGovernance = ({ database, tree, report }: GovernanceDeps): OpenGovernance => {
  const memory = createGovernanceMemory({
    loadEpochs: () => loadGovernanceEpochs(database),
    loadRules: createRulesLoader(database),
    loadWarehouse: createWarehouseLoader(database),
    now: () => performance.now(),
    report: (error) => report('governance.not-looked-at', error),
  })
  const rules = createRules({
    ...{ memory, tree, loadCedar },
    stored: {
      properties: (warehouse, namespace) => loadProperties(database, warehouse, namespace),
      formatVersion: (contentId) => loadFormatVersion(database, contentId),
    },
    report: (error) => report('rules.not-evaluated', error),
  })
  return { rules, memory }
}
