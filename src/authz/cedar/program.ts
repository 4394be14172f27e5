/**
 * A set of rules ready to judge by: what hardly ever applies is told apart without Cedar, and what Cedar has answered
 * once is not asked of it again.
 */
import { LRUCache } from 'lru-cache'
import type { RuleVerdict } from '../rules.ts'
import { mayApply, permitsAll, type Sight } from './applies.ts'
import type { CedarAnswer, Evaluate } from './engine.ts'
import { type ParsedRule, type Reads, readsOf } from './reads.ts'
import { keyOf, type RuleFacts, requestOf } from './request.ts'

export type ParsedRules = Readonly<Record<string, ParsedRule>>

export interface Program {
  /** Undefined: rules may apply, and Cedar has to say whether they do. */
  glance(sight: Sight): RuleVerdict | undefined
  /** What must be looked up in our own records first. */
  readonly wants: { readonly properties: boolean; readonly formatVersion: boolean }
  judge(sight: Sight, facts: RuleFacts, evaluate: Evaluate): RuleVerdict
}

export interface ProgramDeps {
  /** Told of rules that could not be evaluated: whatever they were asked about is denied. */
  readonly report: (errors: readonly string[]) => void
  /** How much is remembered, in characters of keys. */
  readonly capacity?: number
}

const defaultCapacity = 16_000_000
/** Besides its key. */
const sizeOfAnswer = 100

const unhindered: RuleVerdict = { allowed: true, by: [] }

interface Conditional {
  readonly rule: ParsedRule
  readonly applies: (sight: Sight) => boolean
  readonly timed: boolean
}

const readsTime = (reads: Reads): boolean => reads.allContext || reads.context.has('time')

const conditionalOf = (rule: ParsedRule): Conditional => ({
  rule,
  applies: mayApply(rule),
  timed: readsTime(readsOf([rule])),
})

const wantsOf = ({ resource: { whole, attributes } }: Reads): Program['wants'] => ({
  properties: whole || attributes.has('properties'),
  formatVersion: whole || attributes.has('formatVersion'),
})

const idsIn = (errors: readonly string[]): readonly string[] =>
  errors.map((error) => error.slice(0, Math.max(error.indexOf(':'), 0)))

export const createProgram = (parsed: ParsedRules, deps: ProgramDeps): Program => {
  const rules = Object.values(parsed).filter((rule) => !permitsAll(rule))
  const open = rules.length < Object.keys(parsed).length
  const conditional = rules.map(conditionalOf)
  const reads = readsOf(rules)
  const answers = new LRUCache<string, RuleVerdict>({
    maxSize: deps.capacity ?? defaultCapacity,
    sizeCalculation: (_, key) => key.length + sizeOfAnswer,
  })
  const verdictOf = ({ allowed, reasons, errors }: CedarAnswer): RuleVerdict => {
    if (errors.length > 0) deps.report(errors)
    if (allowed) return unhindered
    return { allowed, by: [...new Set([...reasons, ...idsIn(errors)])].filter((id) => id !== '') }
  }
  return {
    wants: wantsOf(reads),
    glance: (sight) => {
      if (!open) return undefined
      for (const { rule, applies } of conditional)
        if (rule.effect === 'forbid' && applies(sight)) return undefined
      return unhindered
    },
    judge: (sight, facts, evaluate) => {
      const request = requestOf(facts, reads)
      const timed = conditional.some((one) => one.timed && one.applies(sight))
      const key = keyOf(request, timed)
      const known = answers.get(key)
      if (known) return known
      const verdict = verdictOf(evaluate(request))
      answers.set(key, verdict)
      return verdict
    },
  }
}
