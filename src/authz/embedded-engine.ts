/**
 * Evaluates grants in this process: the compiled model over what the asker holds on the objects of a chain. What is held
 * is remembered while the epoch of policy stands still; what is not held never is, so that a grant counts at once.
 */
import type { ChainForm, CompiledModel, Plan } from './compiled-model.ts'
import { isTrue } from './compiled-model.ts'
import type { Foresight, GrantEngine, Question, Subject } from './grants.ts'
import { createKept } from './kept.ts'
import type { ObjectKey } from './objects.ts'
import type { PolicyMemory } from './policy-memory.ts'
import type { Tuple, TupleSource } from './tuples.ts'

export interface EmbeddedEngineDeps {
  readonly model: CompiledModel
  readonly source: TupleSource
  /** Of policy. */
  readonly loadEpoch: () => Promise<number>
  /** Milliseconds of a clock that nobody sets. */
  readonly now: () => number
  /** Milliseconds since 1970, by which grants expire. */
  readonly clock: () => number
  /** Told where the epoch could not be asked about ahead of time. */
  readonly report: (error: unknown) => void
  /** How much is remembered, in characters of keys. */
  readonly capacity?: number
}

export interface EmbeddedEngine extends GrantEngine, Foresight, PolicyMemory {}

/** What an asker holds on one object: as bits of the model, and until when all of it is so. */
interface Held {
  readonly bits: number
  readonly until: number
}

const defaultCapacity = 32_000_000
/** Besides its key. */
const sizeOfEntry = 60

const typeOf = (key: ObjectKey): string => key.slice(0, key.indexOf(':'))

/** Of what is not there the chain begins with what it would lie in: nobody holds anything on it itself. */
const typesOf = ({ type, chain }: Question): readonly string[] => {
  const types = chain.map(typeOf)
  return types[0] === type ? types : [type, ...types]
}

/** Forms by the types of their chains: there are few. */
const createForms = (model: CompiledModel) => {
  const forms = new Map<string, ChainForm>()
  return (question: Question): ChainForm => {
    const types = typesOf(question)
    const key = types.join(' ')
    let form = forms.get(key)
    if (form === undefined) {
      form = model.form(types)
      forms.set(key, form)
    }
    return form
  }
}

/** What the standing gives, which no tuple says: memberships, administration, roles. */
const createStandingBits = (model: CompiledModel) => {
  const bit = (type: string, relation: string): number => model.bitOf({ type, relation, holder: 'principal' })
  const member = bit('project', 'member')
  const admin = bit('server', 'admin')
  const assignee = bit('role', 'assignee')
  const bitsBy: Readonly<Record<string, (subject: Subject, id: string) => number>> = {
    project: ({ projects }, id) => (projects.has(id) ? member : 0),
    server: ({ serverAdmin }) => (serverAdmin ? admin : 0),
    role: ({ roles }, id) => (roles.has(id) ? assignee : 0),
  }
  return (subject: Subject, object: ObjectKey): number => {
    const type = typeOf(object)
    return bitsBy[type]?.(subject, object.slice(type.length + 1)) ?? 0
  }
}

/** By content: the same asker after his standing was read anew has the same memory, with other roles another one. */
const createIdentities = () => {
  const known = new WeakMap<Subject, string>()
  return (subject: Subject): string => {
    const made = known.get(subject)
    if (made !== undefined) return made
    const identity = `${subject.principal ?? ''}\n${[...subject.roles].sort().join('\n')}\n`
    known.set(subject, identity)
    return identity
  }
}

const forever = Number.POSITIVE_INFINITY
const nothing: Held = { bits: 0, until: forever }

const addTuple = (held: Held, bit: number, expiresAt: number | null): Held => ({
  bits: held.bits | bit,
  until: Math.min(held.until, expiresAt ?? forever),
})

/** Those of the tuples that the model knows and that have not expired. */
const gather = ({ bitOf }: CompiledModel, tuples: readonly Tuple[], moment: number): Map<ObjectKey, Held> => {
  const all = new Map<ObjectKey, Held>()
  for (const { object, relation, subjectKind, expiresAt } of tuples) {
    const bit = bitOf({ type: typeOf(object), relation, holder: subjectKind })
    if (bit === 0 || (expiresAt !== null && expiresAt <= moment)) continue
    all.set(object, addTuple(all.get(object) ?? nothing, bit, expiresAt))
  }
  return all
}

const objectsOf = (questions: readonly Question[]): readonly ObjectKey[] => {
  const objects = new Set<ObjectKey>()
  for (const { chain } of questions) for (const object of chain) objects.add(object)
  return [...objects]
}

type BitsOn = (object: ObjectKey) => number

/** By level; a question about what is not there has nothing at its first one. */
const levelsOf = ({ type, chain }: Question, bitsOn: BitsOn): readonly number[] => {
  const levels = chain.map(bitsOn)
  const [first] = chain
  return first?.startsWith(`${type}:`) ? levels : [0, ...levels]
}

export const createEmbeddedEngine = (deps: EmbeddedEngineDeps): EmbeddedEngine => {
  const { model, source, clock } = deps
  const kept = createKept<Held>({
    ...{ loadEpoch: deps.loadEpoch, now: deps.now, report: deps.report },
    capacity: deps.capacity ?? defaultCapacity,
    sizeOf: (_, key) => key.length + sizeOfEntry,
  })
  const formOf = createForms(model)
  const standingBits = createStandingBits(model)
  const identityOf = createIdentities()
  const answer = (question: Question, part: keyof Plan, bitsOn: BitsOn): boolean => {
    const plan = formOf(question).plan(question.relation)
    return plan !== undefined && isTrue(plan[part], levelsOf(question, bitsOn))
  }
  const rememberedBits = (identity: string, object: ObjectKey): number => {
    const held = kept.get(identity + object)
    return held !== undefined && (held.until === forever || held.until > clock()) ? held.bits : 0
  }
  /** The standing has a memory of its own: what it gives is known however old the other one is. */
  const isKnown = (subject: Subject, questions: readonly Question[], notBefore?: number): boolean => {
    const usable = notBefore !== Number.POSITIVE_INFINITY && kept.usable(notBefore)
    const identity = identityOf(subject)
    const bitsOn: BitsOn = (object) =>
      standingBits(subject, object) | (usable ? rememberedBits(identity, object) : 0)
    return questions.every((question) => answer(question, 'certain', bitsOn))
  }
  const load = (subject: Subject, questions: readonly Question[]) => {
    const { roles, principal } = subject
    const subjects = { roles: [...roles], ...(principal === undefined ? {} : { principal }) }
    return source.held(subjects, objectsOf(questions))
  }
  const answerBy = (subject: Subject, questions: readonly Question[], all: ReadonlyMap<ObjectKey, Held>) => {
    const bitsOn: BitsOn = (object) => standingBits(subject, object) | (all.get(object)?.bits ?? 0)
    return questions.map((question) => answer(question, 'whole', bitsOn))
  }
  const ask = async (subject: Subject, questions: readonly Question[]): Promise<readonly boolean[]> => {
    const reading = kept.reading()
    const { tuples, epoch } = await load(subject, questions)
    const all = gather(model, tuples, clock())
    const identity = identityOf(subject)
    reading.keep(
      epoch,
      [...all].map(([object, held]) => [identity + object, held] as const),
    )
    return answerBy(subject, questions, all)
  }
  return {
    check: (subject, questions, notBefore) =>
      isKnown(subject, questions, notBefore) ? questions.map(() => true) : ask(subject, questions),
    checkAt: async (subject, questions, at) => {
      const { tuples } = await load(subject, questions)
      return answerBy(subject, questions, gather(model, tuples, at))
    },
    forget: kept.forget,
  }
}
