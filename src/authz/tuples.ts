/** The port to the stored grants, for the embedded evaluator: what is held by whoever asks on the objects of a request. */
import type { ObjectKey } from './objects.ts'

/** One grant to one of those who were asked about, or to everybody. */
export interface Tuple {
  readonly object: ObjectKey
  readonly relation: string
  readonly subjectKind: 'principal' | 'role' | 'anyone'
  /** Milliseconds since 1970; null: for good. */
  readonly expiresAt: number | null
}

interface HeldTuples {
  readonly tuples: readonly Tuple[]
  /** The epoch of policy of the same moment. */
  readonly epoch: number
}

export interface TupleSource {
  /**
   * In one statement: every grant on one of the objects to the principal, to one of the roles, or to everybody; those
   * that have expired may be among them. Nothing that was committed before the call is missing.
   */
  held(
    subjects: { readonly principal?: string; readonly roles: readonly string[] },
    objects: readonly ObjectKey[],
  ): Promise<HeldTuples>
}
