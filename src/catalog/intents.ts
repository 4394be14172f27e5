/** A commit to an upstream is bracketed by an intent row, so that a doubtful outcome can be reconciled and a fence can drain. */

import type { AuditDraft, EventDraft, IdempotencyClaim, Outcome } from '#model/event.ts'
import type { Identifier } from '#model/identifier.ts'

/** What a creation will be known by, of an object that was not there when it was sent. */
export interface Mark {
  readonly id: Identifier
  /** As the client has assigned it, in lower case. */
  readonly uuid?: string
  /** As it was registered. */
  readonly metadataLocation?: string
}

export interface IntentDraft {
  readonly identifiers: readonly Identifier[]
  readonly operation: string
  readonly digest: string
  /** Decimal text of the snapshot ids that this commit adds: their presence upstream proves success. */
  readonly addedSnapshotIds: readonly string[]
  readonly marks?: readonly Mark[]
  readonly idempotency?: IdempotencyClaim
  /** What is recorded once it has happened, whoever finds that out. Absent: nothing. */
  readonly record?: { readonly audit: AuditDraft; readonly events: readonly EventDraft[] }
}

export interface CommitIntents {
  /** Durable before it returns; the relay may start only then. */
  begin(draft: IntentDraft): Promise<Intent>
}

/** An earlier try of the same request (same idempotency key) whose end nobody knows. */
interface DoubtfulCommit {
  readonly id: string
  readonly addedSnapshotIds: readonly string[]
  readonly marks: readonly Mark[]
}

/** How it ended: the upstream refused it by its own word, or nobody knows; or what has come of it. */
export type Settlement =
  | { readonly state: 'refused' | 'unknown' }
  | { readonly state: 'committed'; readonly outcome: Outcome; readonly uuid?: string | undefined }

export interface Intent {
  readonly id: string
  /** Newest first: their snapshots are looked for before the request is relayed again. */
  readonly doubtful: readonly DoubtfulCommit[]
  settle(end: Settlement): Promise<void>
}
