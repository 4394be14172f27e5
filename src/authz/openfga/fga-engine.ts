/**
 * Evaluates grants by an OpenFGA server. Its tuples follow ours by a moment; what it does not know yet is answered by
 * the embedded evaluator from our own store, so that a grant counts at once and a revoked one no longer.
 */
import type { Foresight, GrantEngine, Question, Subject, SubjectQuestions } from '../grants.ts'
import { createKept } from '../kept.ts'
import type { ObjectKey } from '../objects.ts'
import type { PolicyMemory } from '../policy-memory.ts'
import type { Fga, FgaCheck } from './fga.ts'
import { checksOf } from './fga-checks.ts'

/** What our own store knows of the objects of a request, of one moment. */
export interface MirrorState {
  /** Of policy. */
  readonly epoch: number
  /** The store of the server that is kept like ours; null: none yet. */
  readonly store: string | null
  /** Those whose grants the server may not know as they are. */
  readonly pending: readonly ObjectKey[]
  /** Those of the roles that hold anything on one of the objects. */
  readonly roles: readonly string[]
  /** When the next grant on one of them ends: milliseconds since 1970; null: none does. */
  readonly nextExpiry: number | null
}

export interface FgaEngineDeps {
  /** Rejects while the server cannot be reached. */
  readonly fga: () => Promise<Fga>
  readonly state: (roles: readonly string[], objects: readonly ObjectKey[]) => Promise<MirrorState>
  /** Over our own store. */
  readonly embedded: GrantEngine & Foresight
  readonly loadEpoch: () => Promise<number>
  /** Milliseconds of a clock that nobody sets. */
  readonly now: () => number
  /** Milliseconds since 1970, by which grants expire. */
  readonly clock: () => number
  readonly report: (error: unknown) => void
  /** How much is remembered, in characters of keys. */
  readonly capacity?: number
}

/** What was allowed, and until when that is worth something by either clock. */
interface Allowed {
  readonly until: number
  readonly askedAt: number
}

const defaultCapacity = 16_000_000
const sizeOfEntry = 60
/** So long an answer is worth something without the server: what it says is its own, and it may be away. */
const longestMs = 5_000
const fresh = Number.POSITIVE_INFINITY

const identityOf = ({ principal, roles, projects, serverAdmin }: Subject): string =>
  [principal ?? '', ...[...roles].sort(), '', ...[...projects].sort(), String(serverAdmin)].join('\n')

const keyOf = (identity: string, { relation, type, chain }: Question): string =>
  `${identity}\n${relation} ${type} ${chain.join('\n')}`

const objectsOf = (questions: readonly Question[]): readonly ObjectKey[] => [
  ...new Set(questions.flatMap(({ chain }) => chain)),
]

/**
 * A server gives up on what lies deeper than some twenty levels, and no object of ours does: what is asked of there is
 * behind a mount, or nowhere.
 */
const longestChain = 20

const shortened = (question: Question): Question => ({
  ...question,
  chain: question.chain.slice(-longestChain),
})

/** True where one of the checks of a question is. */
const answersOf = (
  groups: readonly (readonly FgaCheck[])[],
  answers: readonly boolean[],
): readonly boolean[] => {
  let at = 0
  return groups.map((checks) => {
    const own = answers.slice(at, at + checks.length)
    at += checks.length
    return own.includes(true)
  })
}

interface Asked {
  readonly asks: readonly SubjectQuestions[]
  readonly state: MirrorState
  /** Milliseconds since 1970; absent: now. */
  readonly at?: number
}

type Ask = (asked: Asked) => Promise<readonly (readonly boolean[])[]>

/** The last one that a server can be told of: a grant that ends has ended by then. */
const lastMoment = Date.parse('9999-12-31T23:59:59.999Z')

/** Connected to the store that grants are mirrored in; to another one only where they have moved this very moment. */
const createConnecting = (connect: FgaEngineDeps['fga']) => async (store: string | null) => {
  const fga = await connect()
  if (fga.store === store) return fga
  fga.leave()
  return connect()
}

/**
 * All of it is asked of the server, in one batch: while that is away, nothing is allowed. Where it may not know of
 * something, the answer of our own store counts.
 */
const createAsking = ({ embedded, fga: connect, clock }: FgaEngineDeps): Ask => {
  const connected = createConnecting(connect)
  const askOurs = ({ subject, questions }: SubjectQuestions, at: number | undefined) =>
    at === undefined ? embedded.check(subject, questions, fresh) : embedded.checkAt(subject, questions, at)
  return async ({ asks, state, at }) => {
    const fga = await connected(state.store)
    const isElsewhere = fga.store !== state.store
    const pending = new Set(state.pending)
    const isOurs = ({ chain }: Question): boolean =>
      isElsewhere || chain.length > longestChain || chain.some((object) => pending.has(object))
    const groups = asks.flatMap(({ subject, questions }) =>
      questions.map((one) => checksOf(subject, shortened(one), state.roles)),
    )
    const [ours, theirs] = await Promise.all([
      Promise.all(
        asks.map(({ subject, questions }) => askOurs({ subject, questions: questions.filter(isOurs) }, at)),
      ),
      isElsewhere ? [] : fga.check(groups.flat(), Math.min(at ?? clock(), lastMoment)),
    ])
    const others = answersOf(groups, theirs).values()
    return asks.map(({ questions }, i) => {
      const own = (ours[i] ?? []).values()
      return questions.map((one) => {
        const other = others.next().value
        return (isOurs(one) ? own.next().value : other) === true
      })
    })
  }
}

/** Of one subject. */
const only = ([answers]: readonly (readonly boolean[])[]): readonly boolean[] => answers ?? []

export const createFgaEngine = (deps: FgaEngineDeps): GrantEngine & Foresight & PolicyMemory => {
  const { now, clock } = deps
  const kept = createKept<Allowed>({
    ...{ loadEpoch: deps.loadEpoch, now, report: deps.report },
    capacity: deps.capacity ?? defaultCapacity,
    sizeOf: (_, key) => key.length + sizeOfEntry,
  })
  const askBoth = createAsking(deps)
  const isAllowed = (key: string): boolean => {
    const allowed = kept.get(key)
    return allowed !== undefined && now() - allowed.askedAt <= longestMs && clock() < allowed.until
  }
  const isKnown = (keys: readonly string[], notBefore: number | undefined): boolean =>
    notBefore !== fresh && kept.usable(notBefore) && keys.every(isAllowed)
  const ask = async (
    subject: Subject,
    questions: readonly Question[],
    keys: readonly string[],
  ): Promise<readonly boolean[]> => {
    const reading = kept.reading()
    const askedAt = now()
    const state = await deps.state([...subject.roles], objectsOf(questions))
    const answers = only(await askBoth({ asks: [{ subject, questions }], state }))
    const until = state.nextExpiry ?? fresh
    const allowed = keys.filter((_, i) => answers[i] === true)
    reading.keep(
      state.epoch,
      allowed.map((key) => [key, { until, askedAt }] as const),
    )
    return answers
  }
  return {
    check: (subject, questions, notBefore) => {
      const identity = identityOf(subject)
      const keys = questions.map((question) => keyOf(identity, question))
      return isKnown(keys, notBefore) ? questions.map(() => true) : ask(subject, questions, keys)
    },
    checkAt: async (subject, questions, at) => {
      const state = await deps.state([...subject.roles], objectsOf(questions))
      return only(await askBoth({ asks: [{ subject, questions }], state, at }))
    },
    checkEach: async (asks) => {
      const roles = new Set(asks.flatMap(({ subject }) => [...subject.roles]))
      const objects = objectsOf(asks.flatMap(({ questions }) => questions))
      return askBoth({ asks, state: await deps.state([...roles], objects) })
    },
    forget: kept.forget,
  }
}
