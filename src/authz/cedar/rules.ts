/** Rules from memory: the newest stored set, over the tags that objects have, asked of Cedar where they may apply. */
import type { Need } from '#model/access.ts'
import type { Governance, GovernanceMemory } from '../governance.ts'
import { chainOf, type ObjectKey, type Tree } from '../objects.ts'
import type { RuleQuestion, Rules, RuleVerdict } from '../rules.ts'
import { type Spellings, spellingsOf } from '../spellings.ts'
import { inheritedTags, type ObjectTags, type TagsByObject, taggedIn } from '../tags.ts'
import type { Sight } from './applies.ts'
import type { Cedar, Evaluate } from './engine.ts'
import { createProgram, type ParsedRules, type Program } from './program.ts'
import { principalType, type RuleFacts } from './request.ts'
import { createStoredLookup, nothingStored, type StoredRecords, wantsStored } from './stored-facts.ts'

export interface RulesDeps {
  readonly memory: GovernanceMemory
  readonly tree: Tree
  readonly loadCedar: () => Promise<Cedar>
  /** Looks into our own records, where a rule asks for what only they say. */
  readonly stored: StoredRecords
  /** Told of rules that could not be evaluated. */
  readonly report: (error: unknown) => void
}

/** A set in force, and what has been made of it. */
interface Ready {
  readonly parsed: ParsedRules
  readonly program: Program
  evaluate: Evaluate | undefined
}

const warehouseOf = (need: Need): string | undefined =>
  'warehouse' in need.resource ? need.resource.warehouse : undefined

const warehousesOf = (needs: readonly Need[]): readonly string[] => {
  const [first] = needs
  const only = first && warehouseOf(first)
  if (needs.length === 1) return only === undefined ? [] : [only]
  return [...new Set(needs.map(warehouseOf).filter((one) => one !== undefined))]
}

const noTags: TagsByObject = new Map()

const tagsFor = (governance: Governance, need: Need): TagsByObject => {
  const warehouse = warehouseOf(need)
  return warehouse === undefined ? noTags : (governance.of(warehouse)?.tags ?? noTags)
}

interface Under {
  readonly governance: Governance
  readonly tree: Tree
}

const noTag = (): undefined => undefined

/** The objects of the chain that have tags, looked for once, whatever number of rules ask. */
const createLookup = (
  tags: TagsByObject,
  chain: () => readonly ObjectKey[],
  spellings: Spellings,
): Sight['tag'] => {
  if (tags.size === 0) return noTag
  let tagged: readonly ObjectTags[] | undefined
  return (name) => {
    tagged ??= taggedIn(tags, chain(), spellings)
    for (const own of tagged) {
      const value = own.get(name)
      if (value !== undefined) return value
    }
    return undefined
  }
}

const sightOf = ({ principal }: RuleQuestion, need: Need, { governance, tree }: Under): Sight => {
  const { action, resource } = need
  return {
    action,
    kind: resource.kind,
    principalType: principalType(principal),
    tag: createLookup(tagsFor(governance, need), () => chainOf(resource, tree), spellingsOf(resource)),
  }
}

const refuseToEvaluate: Evaluate = () => {
  throw new Error('Cedar has not been loaded')
}

/** Cedar is loaded once, when it is first needed, and tried again where that failed. */
const createEvaluator = (loadCedar: RulesDeps['loadCedar']) => {
  let cedar: Promise<Cedar> | undefined
  return async (set: Ready): Promise<Evaluate> => {
    cedar ??= loadCedar()
    const loaded = await cedar.catch((error: unknown) => {
      cedar = undefined
      throw error
    })
    set.evaluate ??= loaded.prepare(set.parsed, 'in-force')
    return set.evaluate
  }
}

const factsOf = (question: RuleQuestion, need: Need, { governance, tree }: Under): RuleFacts => ({
  ...question,
  ...{ need, tree, stored: nothingStored },
  tags: () =>
    inheritedTags(tagsFor(governance, need), chainOf(need.resource, tree), spellingsOf(need.resource)),
})

export const createRules = (deps: RulesDeps): Rules => {
  const { memory, tree } = deps
  const evaluatorOf = createEvaluator(deps.loadCedar)
  const report = (errors: readonly string[]) => deps.report(new Error(errors.join('; ')))
  let ready: Ready | undefined
  const readyFor = (parsed: ParsedRules): Ready => {
    if (ready?.parsed !== parsed)
      ready = { parsed, program: createProgram(parsed, { report }), evaluate: undefined }
    return ready
  }
  const deepen = async (set: Ready, question: RuleQuestion, governance: Governance) => {
    const evaluate = await evaluatorOf(set)
    const look = createStoredLookup(deps.stored, set.program)
    const verdicts: RuleVerdict[] = []
    for (const need of question.needs) {
      const sight = sightOf(question, need, { governance, tree })
      const glanced = set.program.glance(sight)
      const stored = !glanced && wantsStored(set.program) ? await look(need) : nothingStored
      const facts = { ...factsOf(question, need, { governance, tree }), stored }
      verdicts.push(glanced ?? set.program.judge(sight, facts, evaluate))
    }
    return verdicts
  }
  /** Undefined where something has to be waited for. */
  const judgeAtOnce = (set: Ready, question: RuleQuestion, under: Under) => {
    const { evaluate, program } = set
    const verdicts: RuleVerdict[] = []
    for (const need of question.needs) {
      const sight = sightOf(question, need, under)
      const glanced = program.glance(sight)
      if (!glanced && (!evaluate || wantsStored(program))) return undefined
      verdicts.push(
        glanced ?? program.judge(sight, factsOf(question, need, under), evaluate ?? refuseToEvaluate),
      )
    }
    return verdicts
  }
  const judge = (question: RuleQuestion, governance: Governance) => {
    const set = readyFor(governance.rules)
    return judgeAtOnce(set, question, { governance, tree }) ?? deepen(set, question, governance)
  }
  return {
    judge: (question) => {
      const wanted = warehousesOf(question.needs)
      const governance = memory.at(question.circumstances.policyEpoch, wanted)
      return governance instanceof Promise
        ? governance.then((found) => judge(question, found))
        : judge(question, governance)
    },
  }
}
