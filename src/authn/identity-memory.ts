/** The contract between those who remember something of identity and those who hear of its changes. */
import type { EventDraft } from '#model/event.ts'

/** Both are at once: nothing that was looked up before they return is remembered afterwards. */
export interface IdentityMemory {
  /** What the event tells of has changed. */
  drop(event: Pick<EventDraft, 'type' | 'object'>): void
  /** Anything may have changed. */
  clear(): void
}
