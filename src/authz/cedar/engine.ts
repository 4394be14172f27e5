/**
 * Cedar itself, a module of WebAssembly: loaded when something has first to be asked of it, since it costs a start a
 * tenth of a second and a process some 25 MB.
 */
import { setImmediate } from 'node:timers/promises'
import type { ParsedRule } from './reads.ts'
import type { RuleRequest } from './request.ts'
import { ruleSchema } from './schema.ts'

export interface CedarAnswer {
  readonly allowed: boolean
  /** Ids of the rules that decided. */
  readonly reasons: readonly string[]
  /** Of rules that could not be evaluated, as `id: message`. */
  readonly errors: readonly string[]
}

export type Evaluate = (request: RuleRequest) => CedarAnswer

type RulesUse = 'in-force' | 'trial'

/** Texts by file name. What is wrong with them is listed in `errors`, and then there are no rules. */
interface Parsed {
  readonly rules: Readonly<Record<string, ParsedRule>>
  readonly errors: readonly string[]
}

export interface Cedar {
  /** Reads and validates rules; nothing is stored. */
  parse(texts: Readonly<Record<string, string>>): Parsed
  /** Throws for rules that have not come from `parse`. What is only tried does not get in the way of what is in force. */
  prepare(rules: Readonly<Record<string, ParsedRule>>, use: RulesUse): Evaluate
}

type Module = typeof import('@cedar-policy/cedar-wasm/nodejs')

interface Said {
  readonly message: string
  readonly help: string | null
}

const sayingOf = ({ message, help }: Said): string => (help === null ? message : `${message} (${help})`)

const idForm = /^[a-z0-9]+(?:-[a-z0-9]+)*$/

interface Found {
  readonly file: string
  readonly rule: ParsedRule
}

const partsOf = (module: Module, file: string, text: string): readonly Found[] | readonly string[] => {
  const parts = module.policySetTextToParts(text)
  if (parts.type === 'failure') return parts.errors.map((error) => `${file}: ${sayingOf(error)}`)
  if (parts.policy_templates.length > 0) return [`${file}: templates are not supported`]
  return parts.policies.flatMap((policy): Found[] => {
    const parsed = module.policyToJson(policy)
    if (parsed.type === 'failure') throw new Error(`Cedar takes a part of ${file} and not the part alone`)
    return [{ file, rule: parsed.json as ParsedRule }]
  })
}

/** Numbers pass through JavaScript: one that it cannot hold would come to mean another. */
const isExact = (node: unknown): boolean => {
  if (typeof node === 'number') return Number.isSafeInteger(node)
  return typeof node !== 'object' || node === null || Object.values(node).every(isExact)
}

const idOf = ({ file, rule }: Found): { readonly id: string } | { readonly error: string } => {
  const id = rule.annotations?.['id']
  if (id === undefined || !idForm.test(id))
    return {
      error: `${file}: every rule has an annotation @id("…") of lower-case letters, digits and dashes`,
    }
  return isExact(rule.conditions)
    ? { id }
    : { error: `${file}: ${id}: whole numbers beyond 9007199254740991 are not supported` }
}

interface Collected {
  readonly rules: Record<string, ParsedRule>
  readonly errors: Set<string>
}

const add = ({ rules, errors }: Collected, part: Found | string): void => {
  if (typeof part === 'string') {
    errors.add(part)
    return
  }
  const named = idOf(part)
  if ('error' in named) errors.add(named.error)
  else if (Object.hasOwn(rules, named.id)) errors.add(`${part.file}: another rule has the id ${named.id}`)
  else rules[named.id] = part.rule
}

const collect = (module: Module, texts: Readonly<Record<string, string>>): Parsed => {
  const collected: Collected = { rules: {}, errors: new Set() }
  for (const [file, text] of Object.entries(texts))
    for (const part of partsOf(module, file, text)) add(collected, part)
  return { rules: collected.rules, errors: [...collected.errors] }
}

type StaticRules = Parameters<Module['validate']>[0]['policies']['staticPolicies']

/** What Cedar wrote it can read again. */
const asPolicies = (rules: Readonly<Record<string, ParsedRule>>) =>
  rules as unknown as NonNullable<StaticRules>

const invalidity = (module: Module, rules: Readonly<Record<string, ParsedRule>>): readonly string[] => {
  const answer = module.validate({ schema: ruleSchema, policies: { staticPolicies: asPolicies(rules) } })
  if (answer.type === 'failure') return answer.errors.map(sayingOf)
  const said = answer.validationErrors.map(({ policyId, error }) => `${policyId}: ${sayingOf(error)}`)
  return [...new Set(said)]
}

const answerOf = (answer: ReturnType<Module['statefulIsAuthorized']>): CedarAnswer => {
  if (answer.type === 'failure') return { allowed: false, reasons: [], errors: answer.errors.map(sayingOf) }
  const { decision, diagnostics } = answer.response
  const errors = diagnostics.errors.map(({ policyId, error }) => `${policyId}: ${sayingOf(error)}`)
  if (decision === 'allow' && errors.length > 0) return { allowed: false, reasons: [], errors }
  return { allowed: decision === 'allow', reasons: diagnostics.reason, errors }
}

/**
 * The module keeps what it has prepared under a name, and never lets go of one: so there is one a use, taken in turns.
 * There is one module a process, and so is what it holds.
 */
const owners = new Map<RulesUse, object>()

const hold = (module: Module, use: RulesUse, rules: Readonly<Record<string, ParsedRule>>): void => {
  if (owners.get(use) === rules) return
  owners.delete(use)
  const prepared = module.preparsePolicySet(use, { staticPolicies: asPolicies(rules) })
  if (prepared.type === 'failure')
    throw new Error(`Stored rules cannot be read: ${prepared.errors.map(sayingOf).join('; ')}`)
  owners.set(use, rules)
}

const anything = { op: 'All' } as const
const permitsAnything = {
  effect: 'permit',
  principal: anything,
  action: anything,
  resource: anything,
} as const

const nobody = { type: 'User', id: 'nobody' }
const question = {
  ...{ principal: nobody, action: { type: 'Action', id: 'read' }, resource: { type: 'Table', id: 'none' } },
  context: {
    time: { __extn: { fn: 'datetime', arg: '2026-01-01T00:00:00Z' } },
    address: { __extn: { fn: 'ip', arg: '127.0.0.1' } },
  },
  preparsedPolicySetId: 'practice',
}

/** What every question makes use of, a little more with each step. */
const practice: readonly ((module: Module) => unknown)[] = [
  (module) => module.preparsePolicySet('practice', { staticPolicies: {} }),
  (module) => module.statefulIsAuthorized({ ...question, context: {}, entities: [] }),
  (module) =>
    module.preparsePolicySet('practice', { staticPolicies: { a: { ...permitsAnything, conditions: [] } } }),
  (module) =>
    module.statefulIsAuthorized({
      ...question,
      entities: [{ uid: nobody, attrs: { groups: ['none'] }, parents: [] }],
    }),
]

/**
 * The module is compiled as it is first made use of, and whoever asks first would hold everybody up for all of it: so it
 * is put to use step by step, and others are served between.
 */
const loadModule = async (): Promise<Module> => {
  const module = await import('@cedar-policy/cedar-wasm/nodejs')
  for (const step of practice) {
    await setImmediate()
    step(module)
  }
  await setImmediate()
  return module
}

export const loadCedar = async (): Promise<Cedar> => {
  const module = await loadModule()
  return {
    parse: (texts) => {
      const { rules, errors } = collect(module, texts)
      const said = errors.length > 0 ? errors : invalidity(module, rules)
      return said.length > 0 ? { rules: {}, errors: said } : { rules, errors: [] }
    },
    prepare: (rules, use) => {
      hold(module, use, rules)
      return ({ entities, ...asked }) => {
        hold(module, use, rules)
        return answerOf(
          module.statefulIsAuthorized({ ...asked, entities: [...entities], preparsedPolicySetId: use }),
        )
      }
    },
  }
}
