/** The port to the rules: what must never, or only conditionally, be, whatever has been granted. Deny wins. */
import type { Need, Principal } from '#model/access.ts'
import type { Circumstances } from './authorizer.ts'
import type { Standing } from './standing.ts'

export interface RuleQuestion {
  readonly principal: Principal
  readonly standing: Standing
  readonly needs: readonly Need[]
  readonly circumstances: Circumstances
}

/** One of a need: forbidden by the rules of these ids, or by none. */
export interface RuleVerdict {
  readonly allowed: boolean
  /** Ids of the rules that decided, e.g. `quarantine`; empty where nothing forbids. */
  readonly by: readonly string[]
}

export interface Rules {
  /**
   * One verdict a need, in order. At once where what the rules look at has been seen before. Rejects when it cannot
   * answer; the caller then denies.
   */
  judge(question: RuleQuestion): readonly RuleVerdict[] | Promise<readonly RuleVerdict[]>
}
