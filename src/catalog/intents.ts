/** A commit to an upstream is bracketed by an intent row, so that a doubtful outcome can be reconciled and a fence can drain. */

import type { IdempotencyClaim, Outcome } from '#model/event.ts'
import type { Identifier } from '#model/identifier.ts'

export interface IntentDraft {
  readonly identifiers: readonly Identifier[]
  readonly operation: string
  readonly digest: string
  /** Decimal text of the snapshot ids that this commit adds: their presence upstream proves success. */
  readonly addedSnapshotIds: readonly string[]
  readonly idempotency?: IdempotencyClaim
}

export interface CommitIntents {
  /** Durable before it returns; the relay may start only then. */
  begin(draft: IntentDraft): Promise<Intent>
}

/** An earlier try of the same request (same idempotency key) whose end nobody knows. */
interface DoubtfulCommit {
  readonly id: string
  readonly addedSnapshotIds: readonly string[]
}

export interface Intent {
  readonly id: string
  /** Newest first: their snapshots are looked for before the request is relayed again. */
  readonly doubtful: readonly DoubtfulCommit[]
  /** Records how it ended: `committed`, `refused` (by the upstream's own word), or `unknown`. */
  settle(state: 'committed' | 'refused' | 'unknown', outcome?: Outcome): Promise<void>
}
