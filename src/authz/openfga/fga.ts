/** What is used of an OpenFGA server: the port to its SDK (`fga-client.ts`). */

export interface FgaTuple {
  readonly user: string
  readonly relation: string
  readonly object: string
  /** Milliseconds since 1970; null: for good. */
  readonly expiresAt: number | null
}

/** How objects lie in one another, and what the asker is: told with the check, stored nowhere. */
export type ContextTuple = Pick<FgaTuple, 'user' | 'relation' | 'object'>

export interface FgaCheck {
  readonly user: string
  readonly relation: string
  readonly object: string
  /** At most 100. */
  readonly context: readonly ContextTuple[]
}

export interface Fga {
  /** Which store of the server is asked: grants are mirrored in this very one. */
  readonly store: string
  /** Grants are mirrored elsewhere by now: who asks next is connected anew. */
  leave(): void
  /** One answer a check, in order. Rejects where one of them has none. `moment`: milliseconds since 1970. */
  check(checks: readonly FgaCheck[], moment: number): Promise<readonly boolean[]>
  /** All that is stored of an object, or of everything. */
  read(object?: string): AsyncIterable<FgaTuple>
  /** Deletes, then writes. What is gone, or there, already is no error. Rejects with `RefusedTuples` where it is the tuples. */
  change(change: {
    readonly deletes: readonly ContextTuple[]
    readonly writes: readonly FgaTuple[]
  }): Promise<void>
}

/** The server is there, and will not have these tuples: asking again is of no use. */
export class RefusedTuples extends Error {
  constructor(cause: unknown) {
    super('OpenFGA refuses tuples', { cause })
    this.name = 'RefusedTuples'
  }
}
