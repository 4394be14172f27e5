/** The contract between those who remember something of identity and those who hear of its changes. */
import type { EventDraft } from '#model/event.ts'

export interface IdentityCache {
  /** Forgets whatever the change may touch: more than needed rather than less. */
  drop(event: Pick<EventDraft, 'type' | 'object'>): void
  /** Forgets everything. */
  clear(): void
}
