/** Facts in the past tense, and the drafts that a change carries to where it is written. */
import type { Need, Principal } from './access.ts'
import type { ErrorType } from './errors.ts'

/** What changed. Written to the outbox in the change's own transaction, delivered at least once, in order per object. */
export interface EventDraft {
  /** e.g. `table.created`, `table.committed`, `namespace.dropped`, `metrics.reported`, `purge.requested`. */
  readonly type: string
  /** Orders delivery: events of one object arrive in the order of their commits. Content id or warehouse id. */
  readonly object: string
  readonly warehouse: string
  /** Small and JSON-safe; never a secret, never a whole metadata document. */
  readonly data: Readonly<Record<string, string | number | boolean | null | readonly string[]>>
}

/** Where a request came from, as far as its connection and its own words tell. */
export interface Sender {
  /** The other end of the connection: that of a proxy, behind one. */
  readonly address: string | undefined
  /** `User-Agent`, cut where it is long. */
  readonly agent: string | undefined
}

/** What was handed out to reach data with, without a secret of it. */
export interface HandedOut {
  readonly kind: 'vended-credentials' | 'remote-signing'
  /** Location prefixes that it opens. */
  readonly locations: readonly string[]
  readonly scope: 'read' | 'write'
  /** ISO 8601. */
  readonly expiresAt?: string
}

/** A view through which something was loaded, and who has the rights to what it refers to. */
export interface Passage {
  /** Levels and name, with dots. */
  readonly view: string
  /** Id of the principal. */
  readonly rights: string
}

/** What was decided, one a request. Completed by the pipeline, written by the store. */
export interface AuditDraft {
  readonly requestId: string
  readonly operation: string
  readonly principal: Principal
  readonly warehouse: string | null
  /** Id of the project in which it happened, or in which it was meant to; null where it was in none. */
  readonly project: string | null
  /** Name of the connection that the object lies behind: its identity is the one that the upstream saw. */
  readonly connection?: string | undefined
  readonly needs: readonly Need[]
  readonly decision: 'allowed' | 'denied' | 'failed'
  /** The true reason, also where the client saw something else. */
  readonly reason: string
  /** Rules and grants that decided, where the decision tells them. */
  readonly by?: readonly string[] | undefined
  readonly roles?: readonly string[] | undefined
  readonly handedOut?: readonly HandedOut[] | undefined
  /** Outermost first, as far as they were verified; absent for what is loaded by itself. */
  readonly through?: readonly Passage[] | undefined
  readonly status: number
  readonly errorType: ErrorType | null
  readonly startedAt: Date
  /** Absent where no single request is told of. */
  readonly sender?: Sender
}

/** A client's `Idempotency-Key`, scoped and bound to one request. */
export interface IdempotencyClaim {
  /** principal + warehouse. */
  readonly scope: string
  /** A UUID in lower case. */
  readonly key: string
  /** Of operation, path and body: the same key with another digest is refused with 422. */
  readonly digest: string
}

/**
 * What a finished mutation is remembered by, enough for an equivalent answer (the specification allows a
 * replay to show a newer state): nothing, a JSON answer, the metadata written, or a final refusal.
 */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'json'; readonly body: string }
  | { readonly kind: 'metadata'; readonly metadataLocation: string }
  | { readonly kind: 'failed'; readonly type: ErrorType; readonly message: string }

/**
 * Travels with a call to where its change is committed. A catalog that commits to our store writes audit,
 * idempotency outcome and events in that very transaction and sets `written`; otherwise the pipeline writes them.
 */
export interface Receipt {
  /** The decision entry as it will read if the change succeeds. */
  readonly audit: AuditDraft
  readonly idempotency?: IdempotencyClaim
  /** What the change will have been, for whoever learns only later that it has happened. Only where an upstream decides. */
  readonly foretold?: () => readonly EventDraft[]
  /** Of this request, and of earlier tries of it: they are noted as recorded where the change is. */
  intents?: readonly string[]
  written: boolean
}
