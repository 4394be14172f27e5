/** May they: the port that turns a principal and its needs into a Decision. */
import type { Action, Decision, Grantees, Need, Principal, Resource } from '#model/access.ts'
import type { Sender } from '#model/event.ts'

/** The circumstances of a request, for rules to look at and for memories to know how old they may be. */
export interface Circumstances {
  readonly operation: string
  readonly caller: {
    readonly requestId: string
    readonly startedAt: Date
    readonly sender: Sender
    /** `X-Iceberg-Access-Delegation`: the ways in which the client wants to reach the data. */
    readonly delegation: readonly string[]
  }
  /**
   * The epoch of policy as it stood when the objects of the request were found: nothing that is remembered of an older
   * one may allow anything. Undefined where the store was not asked for them: then what is remembered is at most 5 s old.
   */
  readonly policyEpoch?: number | undefined
  /** A view has lent its definer's rights to it: by these it is decided, and what is asked for is shown to another. */
  readonly lent?: boolean
}

/**
 * What of the things that lie in something can be in sight at all. `everything`: each, and no filter is needed. `some`:
 * each has to be asked about. Grantees: at most what has been granted, on itself or on something inside it, to one of
 * these, and of that each has to be asked about.
 */
export type Sight = 'everything' | 'some' | Grantees

/** One thing that each of many may be able to do. */
export interface SharedNeed {
  readonly action: Action
  readonly resource: Resource
}

export interface Authorizer {
  /**
   * One answer for all needs of a request: allowed only when each is. A denial names the need that was refused and
   * whether the asker may know of its object. Rejects when it cannot answer; the caller then denies.
   */
  check(
    principal: Principal,
    needs: readonly Need[],
    circumstances: Circumstances,
  ): Decision | Promise<Decision>
  /**
   * One answer a need, in order: does what stands above all grants (rules, another decision point) leave it to the
   * principal? Absent: all of it. Rejects when it cannot answer.
   */
  leaves?(
    principal: Principal,
    needs: readonly Need[],
    circumstances: Circumstances,
  ): readonly boolean[] | Promise<readonly boolean[]>
  /**
   * May the principal know of the project? Asked before anything inside it is looked up; says nothing of what is
   * allowed there. Absent: everybody may know of every project. Rejects when it cannot answer.
   */
  enters?(principal: Principal, project: string): boolean | Promise<boolean>
  /** One answer a candidate, in order: may the asker see it in a listing? */
  visible(
    principal: Principal,
    action: Action,
    candidates: readonly Resource[],
    circumstances: Circumstances,
  ): readonly boolean[] | Promise<readonly boolean[]>
  /**
   * One answer a principal, in order: as `visible` would say of each, asked together. Absent: each is asked about by
   * itself (`who-may.ts`). Rejects when it cannot answer.
   */
  whoMay?(
    principals: readonly Principal[],
    need: SharedNeed,
    circumstances: Circumstances,
  ): Promise<readonly boolean[]>
  /**
   * How much a listing of what lies in the resource has to look at. Absent: `some`, always. Rejects when it cannot
   * answer.
   */
  sight?(principal: Principal, parent: Resource, circumstances: Circumstances): Sight | Promise<Sight>
}
