/** Tries sets of rules, for the gateway that stores one and for the command line that asks no gateway. */
import { setImmediate } from 'node:timers/promises'
import { parse } from 'yaml'
import { loadCedar } from '#authz/cedar/engine.ts'
import type { RuleSources, TriedRules } from '#authz/cedar/rule-set.ts'

/** Reads, validates and tries a set of rules; nothing is stored. What that takes is loaded when it is first done. */
export const tryRuleSources = async (sources: RuleSources): Promise<TriedRules> => {
  const { tryRules } = await import('#authz/cedar/rule-set.ts')
  const cedar = await loadCedar()
  return tryRules(sources, { cedar, parseTable: (text) => parse(text), turn: () => setImmediate() })
}
