/**
 * The port to whoever evaluates grants by the model in `policies/model.fga`: the embedded evaluator, or an OpenFGA
 * server. Both are given the chain of each object and answer alike; the truth about grants is in our own store.
 */
import type { ObjectKey, ObjectType } from './objects.ts'

/** Who asks, as grants name it. */
export interface Subject {
  /** Id of the principal; undefined while it acts with one role instead of all that it has. */
  readonly principal?: string
  /** Ids of all roles that it has, transitively. */
  readonly roles: ReadonlySet<string>
  /** Ids of projects that it is a member of: as granted `member` on each. */
  readonly projects: ReadonlySet<string>
  /** As granted `admin` on the server. */
  readonly serverAdmin: boolean
}

export interface Question {
  /** A permission of the model, e.g. `can_read_data`, or a relation that can be granted, e.g. `select`. */
  readonly relation: string
  /** Of the type that has it. Where the object itself is not there, its chain begins with what it would lie in. */
  readonly type: ObjectType
  /** The object first, then what it lies in, up to the server (`objects.ts`). */
  readonly chain: readonly ObjectKey[]
}

/**
 * A grant as stored: `relation` of `object` to a principal, or to whoever has a role. `anyone` has the id `*` and stands
 * for `principal:*`: managed access is set on an object so.
 */
export interface Grant {
  readonly object: ObjectKey
  readonly relation: string
  readonly subject: { readonly kind: 'principal' | 'role' | 'anyone'; readonly id: string }
  readonly expiresAt?: Date
}

export interface GrantEngine {
  /**
   * One answer a question, in order, in as few round trips as the engine can. Nothing older than `notBefore`, an epoch
   * of policy, may allow anything; infinite: nothing that is remembered at all. Grants that have expired allow nothing. Rejects when it cannot answer.
   */
  check(
    subject: Subject,
    questions: readonly Question[],
    notBefore: number | undefined,
  ): readonly boolean[] | Promise<readonly boolean[]>
  /**
   * Of many subjects at once, from no memory: one list of answers a subject, in order. Absent: each is asked about by
   * itself. Rejects when it cannot answer.
   */
  checkEach?(asked: readonly SubjectQuestions[]): Promise<readonly (readonly boolean[])[]>
}

export interface SubjectQuestions {
  readonly subject: Subject
  readonly questions: readonly Question[]
}

/** What will be held at a moment, if nothing is given or taken until then: of grants that end, those that have not by then. */
export interface Foresight {
  /** One answer a question, in order, from no memory. `at`: milliseconds since 1970; infinite: what never ends. */
  checkAt(subject: Subject, questions: readonly Question[], at: number): Promise<readonly boolean[]>
}
