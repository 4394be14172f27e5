/**
 * An external decision point that must allow as well: asked over what grants and rules have allowed already, so that it
 * can only take away. Where it does not answer, nothing is allowed.
 */
import { LRUCache } from 'lru-cache'
import type { Action, Decision, Need, Obligations, Principal, Resource } from '#model/access.ts'
import type { Authorizer, Circumstances } from '../authorizer.ts'
import { whoMay } from '../who-may.ts'

/** What is sent: the body of a question to OPA (`POST /v1/data/…`). */
interface ExternalQuestion {
  readonly input: {
    readonly principal: Pick<Principal, 'kind' | 'id' | 'assumedRole' | 'engine'>
    readonly checks: readonly Need[]
    readonly context: {
      readonly operation: string
      readonly requestId: string
      readonly time: string
      readonly address: string | undefined
      readonly agent: string | undefined
      readonly delegation: readonly string[]
      /** Where a view has lent its definer's rights. */
      readonly lent?: true
    }
  }
}

/** One answer a check, in order. Rejects when there is none. */
export type AskExternal = (question: ExternalQuestion) => Promise<readonly boolean[]>

export interface ExternalDeps {
  readonly ask: AskExternal
  /** How long what was allowed is believed; 0: each time anew. Denials never are. */
  readonly cacheMs: number
  /** Milliseconds on a clock that nobody sets. */
  readonly now: () => number
}

interface Asker {
  readonly principal: Principal
  readonly circumstances: Circumstances
}

const mostChecks = 1_000
const mostRemembered = 50_000

const questionOf = ({ principal, circumstances }: Asker, checks: readonly Need[]): ExternalQuestion => {
  const { kind, id, assumedRole, engine } = principal
  const { operation, caller } = circumstances
  return {
    input: {
      principal: { kind, id, ...(assumedRole ? { assumedRole } : {}), ...(engine ? { engine } : {}) },
      checks,
      context: {
        ...{ operation, requestId: caller.requestId, time: caller.startedAt.toISOString() },
        ...{ address: caller.sender.address, agent: caller.sender.agent, delegation: caller.delegation },
        ...(circumstances.lent ? { lent: true } : {}),
      },
    },
  }
}

/** All that an answer may depend on but the moment and the request's own id. */
const keyOf = ({ principal, circumstances }: Asker, check: Need): string => {
  const { operation, caller } = circumstances
  const { address, agent } = caller.sender
  const who = [principal.kind, principal.id, principal.assumedRole, principal.engine?.name]
  return JSON.stringify([
    who,
    operation,
    address,
    agent,
    caller.delegation,
    circumstances.lent === true,
    check,
  ])
}

/** The principal of the configured token stands outside of policy: whoever cannot be asked must not lock it out. */
const stands = ({ kind, assumedRole }: Principal): boolean => kind === 'token' && assumedRole === undefined

const looks: ReadonlySet<Action> = new Set(['describe', 'list', 'get-config'])

const createAsking = ({ ask, cacheMs, now }: ExternalDeps) => {
  const known =
    cacheMs > 0
      ? new LRUCache<string, true>({ max: mostRemembered, ttl: cacheMs, ttlResolution: 0, perf: { now } })
      : undefined
  const askFresh = async (asker: Asker, checks: readonly Need[]): Promise<boolean[]> => {
    const answers: boolean[] = []
    for (let at = 0; at < checks.length; at += mostChecks) {
      const part = checks.slice(at, at + mostChecks)
      const given = await ask(questionOf(asker, part))
      answers.push(...part.map((_, i) => given[i] === true))
    }
    return answers
  }
  return async (asker: Asker, checks: readonly Need[]): Promise<readonly boolean[]> => {
    if (!known) return askFresh(asker, checks)
    const keys = checks.map((check) => keyOf(asker, check))
    const open = keys.flatMap((key, at) => (known.get(key) ? [] : [at]))
    const fresh = await askFresh(
      asker,
      open.map((at) => checks[at] as Need),
    )
    const answers = checks.map(() => true)
    for (const [i, at] of open.entries()) {
      answers[at] = fresh[i] === true
      if (answers[at]) known.set(keys[at] as string, true)
    }
    return answers
  }
}

const byExternal = 'the external decision point'

/** How far data may go: no further than both allow. */
const narrowed = (data: Obligations['data'], [read, write]: readonly boolean[]): Obligations['data'] => {
  if (data === undefined || data === 'none' || read !== true) return data === undefined ? data : 'none'
  return data === 'write' && write !== true ? 'read' : data
}

const dataNeeds = (decision: Decision, [first]: readonly Need[]): readonly Need[] => {
  const { data } = decision.obligations ?? {}
  if (first === undefined || data === undefined || data === 'none') return []
  return (['read', 'write'] as const).map((action) => ({ action, resource: first.resource }))
}

export const createExternal = (inner: Authorizer, deps: ExternalDeps): Authorizer => {
  const ask = createAsking(deps)
  const isSeen = async (asker: Asker, { action, resource }: Need): Promise<boolean> => {
    if (looks.has(action)) return false
    const [seen] = await ask(asker, [{ action: 'describe', resource }])
    return seen === true
  }
  const outer = async (asker: Asker, needs: readonly Need[], decision: Decision): Promise<Decision> => {
    const more = dataNeeds(decision, needs)
    const answers = await ask(asker, [...needs, ...more])
    const denied = needs.find((_, at) => answers[at] !== true)
    if (denied)
      return {
        ...{ allow: false, visible: await isSeen(asker, denied), denied },
        ...{ reason: `denied by ${byExternal}`, by: ['external'] },
      }
    if (more.length === 0) return decision
    const data = narrowed(decision.obligations?.data, answers.slice(needs.length))
    return { ...decision, obligations: { ...decision.obligations, ...(data ? { data } : {}) } }
  }
  const { enters, sight, leaves } = inner
  return {
    ...(enters ? { enters } : {}),
    leaves: async (principal, needs, circumstances) => {
      const left = (await leaves?.(principal, needs, circumstances)) ?? needs.map(() => true)
      if (stands(principal)) return left
      const answers = await ask({ principal, circumstances }, needs)
      return left.map((one, at) => one && answers[at] === true)
    },
    check: async (principal, needs, circumstances) => {
      const decision = await inner.check(principal, needs, circumstances)
      if (!decision.allow || stands(principal)) return decision
      return outer({ principal, circumstances }, needs, decision)
    },
    visible: async (principal, action, ...[candidates, circumstances]) => {
      const seen = await inner.visible(principal, action, candidates, circumstances)
      if (stands(principal)) return seen
      const asked = candidates.filter((_, at) => seen[at] === true)
      const needOf = (resource: Resource): Need => ({ action, resource })
      const answers = await ask({ principal, circumstances }, asked.map(needOf))
      const allowed = new Set(asked.filter((_, at) => answers[at] === true))
      return candidates.map((one, at) => seen[at] === true && allowed.has(one))
    },
    whoMay: async (principals, need, circumstances) => {
      const granted = await whoMay(inner, { principals, need }, circumstances)
      const answers: boolean[] = []
      for (const [at, principal] of principals.entries()) {
        const asked = granted[at] === true && !stands(principal)
        const [allowed] = asked ? await ask({ principal, circumstances }, [need]) : [granted[at]]
        answers.push(allowed === true)
      }
      return answers
    },
    sight: async (principal, parent, circumstances) => {
      const seen = (await sight?.(principal, parent, circumstances)) ?? 'some'
      return seen === 'everything' && !stands(principal) ? 'some' : seen
    },
  }
}
