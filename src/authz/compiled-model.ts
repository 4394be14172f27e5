/**
 * The model, compiled for chains: what an object lies in is known by its place in the chain, so that a permission comes
 * down to which relations at which levels suffice. A relation that somebody can hold is a bit; a level is a set of them.
 */
import type { AuthorizationModel, TypeDefinition, Userset } from './model-form.ts'

/** True where one of `oneOf` is held at its level, or all of one of `all` are true, or one of `but` is and its `not` is not. */
export interface Rule {
  /** By level. */
  readonly oneOf: readonly number[]
  readonly all: readonly (readonly Rule[])[]
  readonly but: readonly { readonly rule: Rule; readonly not: Rule }[]
}

/** What decides a permission. */
export interface Plan {
  readonly whole: Rule
  /** What is certain whatever else is held: all that may be concluded from a part of what is held. */
  readonly certain: Rule
}

/** The chains of one form: of objects of the same types, one in the other. */
export interface ChainForm {
  /** Undefined where the first type has no such relation. Made when it is first asked for. */
  plan(relation: string): Plan | undefined
}

/** Who may hold a relation by a tuple. */
type Holder = 'principal' | 'role' | 'anyone'

interface Holding {
  readonly type: string
  readonly relation: string
  readonly holder: Holder
}

export interface CompiledModel {
  /** `types`: of the object, then of what it lies in. */
  form(types: readonly string[]): ChainForm
  has(type: string, relation: string): boolean
  /** The bit of a relation of a type, where the model lets such a tuple be: else 0. */
  bitOf(holding: Holding): number
}

export const isTrue = (rule: Rule, held: readonly number[]): boolean => {
  const { oneOf, all, but } = rule
  for (let level = 0; level < oneOf.length; level += 1)
    if (((oneOf[level] ?? 0) & (held[level] ?? 0)) !== 0) return true
  return (
    all.some((rules) => rules.every((one) => isTrue(one, held))) ||
    but.some((one) => isTrue(one.rule, held) && !isTrue(one.not, held))
  )
}

const never: Rule = { oneOf: [], all: [], but: [] }

const isNever = ({ oneOf, all, but }: Rule): boolean =>
  all.length === 0 && but.length === 0 && oneOf.every((bits) => bits === 0)

const heldAt = (level: number, bit: number): Rule =>
  bit === 0 ? never : { oneOf: [...Array<number>(level).fill(0), bit], all: [], but: [] }

const eitherOf = (rules: readonly Rule[]): Rule => {
  const oneOf: number[] = []
  for (const rule of rules)
    for (const [level, bits] of rule.oneOf.entries()) oneOf[level] = (oneOf[level] ?? 0) | bits
  return {
    oneOf: Array.from(oneOf, (bits) => bits ?? 0),
    all: [...new Set(rules.flatMap(({ all }) => all))],
    but: [...new Set(rules.flatMap(({ but }) => but))],
  }
}

const allOf = (rules: readonly Rule[]): Rule =>
  rules.some(isNever) ? never : { oneOf: [], all: [rules], but: [] }

const butNot = (rule: Rule, not: Rule): Rule => {
  if (isNever(rule) || isNever(not)) return rule
  return { oneOf: [], all: [], but: [{ rule, not }] }
}

const certainOf = ({ oneOf, all }: Rule): Rule =>
  eitherOf([{ oneOf, all: [], but: [] }, ...all.map((rules) => allOf(rules.map(certainOf)))])

/** Bits of an integer that operators work on. */
const mostRelations = 31

const holderOf = (reference: { readonly type: string; readonly wildcard?: object }): Holder | undefined => {
  if (reference.wildcard !== undefined) return 'anyone'
  return reference.type === 'principal' || reference.type === 'role' ? reference.type : undefined
}

const referencesOf = (definition: TypeDefinition, relation: string) =>
  definition.metadata?.relations?.[relation]?.directly_related_user_types ?? []

const holdingsOf = (definition: TypeDefinition): readonly Holding[] =>
  Object.keys(definition.relations ?? {}).flatMap((relation) =>
    referencesOf(definition, relation).flatMap((reference) => {
      const holder = holderOf(reference)
      return holder === undefined ? [] : [{ type: definition.type, relation, holder }]
    }),
  )

const keyOf = ({ type, relation, holder }: Holding): string => `${type}#${relation}@${holder}`

/** A bit a relation that can be held, by who holds it on what. */
const bitsOf = (definitions: readonly TypeDefinition[]): ReadonlyMap<string, number> => {
  const holdings = definitions.flatMap(holdingsOf)
  const relations = [...new Set(holdings.map(({ relation }) => relation))]
  if (relations.length > mostRelations) throw new Error(`more than ${mostRelations} relations can be held`)
  return new Map(holdings.map((holding) => [keyOf(holding), 1 << relations.indexOf(holding.relation)]))
}

interface Place {
  readonly types: readonly string[]
  readonly level: number
  /** Each relation at each level once: many lead to it. */
  readonly known: Map<string, Rule>
}

interface Compiler {
  readonly definitions: ReadonlyMap<string, TypeDefinition>
  readonly bits: ReadonlyMap<string, number>
}

const holders: readonly Holder[] = ['principal', 'role', 'anyone']

const compileDirect = ({ bits }: Compiler, relation: string, { types, level }: Place): Rule => {
  const found = holders.map((holder) => bits.get(`${types[level]}#${relation}@${holder}`) ?? 0)
  return heldAt(level, Math.max(...found))
}

/** The one that it lies in, where the model says that it may lie in such a one. */
const compileAbove = (
  compiler: Compiler,
  { tupleset, computedUserset }: NonNullable<Userset['tupleToUserset']>,
  place: Place,
): Rule => {
  const { types, level } = place
  const definition = compiler.definitions.get(types[level] ?? '')
  const above = types[level + 1]
  if (definition === undefined || above === undefined) return never
  const fits = referencesOf(definition, tupleset.relation).some(({ type }) => type === above)
  return fits ? compileRelation(compiler, computedUserset.relation, { ...place, level: level + 1 }) : never
}

const compileUserset = (
  compiler: Compiler,
  { relation, userset }: { readonly relation: string; readonly userset: Userset },
  place: Place,
): Rule => {
  const compile = (child: Userset): Rule => compileUserset(compiler, { relation, userset: child }, place)
  const { computedUserset, tupleToUserset, union, intersection, difference } = userset
  if (computedUserset) return compileRelation(compiler, computedUserset.relation, place)
  if (tupleToUserset) return compileAbove(compiler, tupleToUserset, place)
  if (union) return eitherOf(union.child.map(compile))
  if (intersection) return allOf(intersection.child.map(compile))
  if (difference) return butNot(compile(difference.base), compile(difference.subtract))
  return compileDirect(compiler, relation, place)
}

const compileRelation = (compiler: Compiler, relation: string, place: Place): Rule => {
  const key = `${place.level} ${relation}`
  const known = place.known.get(key)
  if (known !== undefined) return known
  const userset = compiler.definitions.get(place.types[place.level] ?? '')?.relations?.[relation]
  const rule = userset === undefined ? never : compileUserset(compiler, { relation, userset }, place)
  place.known.set(key, rule)
  return rule
}

const planOf = (whole: Rule): Plan => ({ whole, certain: certainOf(whole) })

const createForm = (compiler: Compiler, types: readonly string[]): ChainForm => {
  const relations = compiler.definitions.get(types[0] ?? '')?.relations ?? {}
  const place: Place = { types, level: 0, known: new Map() }
  const plans = new Map<string, Plan>()
  return {
    plan: (relation) => {
      const made = plans.get(relation)
      if (made !== undefined || !Object.hasOwn(relations, relation)) return made
      const plan = planOf(compileRelation(compiler, relation, place))
      plans.set(relation, plan)
      return plan
    },
  }
}

export const compileModel = (model: AuthorizationModel): CompiledModel => {
  const definitions = new Map(model.type_definitions.map((definition) => [definition.type, definition]))
  const compiler: Compiler = { definitions, bits: bitsOf(model.type_definitions) }
  return {
    form: (types) => createForm(compiler, types),
    has: (type, relation) => Object.hasOwn(definitions.get(type)?.relations ?? {}, relation),
    bitOf: (holding) => compiler.bits.get(keyOf(holding)) ?? 0,
  }
}
