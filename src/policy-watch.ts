/**
 * Tells everyone who remembers something of policy when to forget it: at once of what this process changed; of what
 * others did, once the epoch of policy shows that a right was taken. Tables are made and dropped all the time, and their
 * owners' grants with them: that alone empties no memory.
 */
import type { PolicyMemory } from '#authz/policy-memory.ts'
import type { EventDraft } from '#model/event.ts'

type Told = Pick<EventDraft, 'type'>

export interface PolicyWatchDeps {
  readonly loadEpoch: () => Promise<number>
  readonly onFailure: (error: unknown) => void
}

export interface PolicyWatch {
  /** Takes part in what is forgotten from here on. */
  remember(memory: PolicyMemory): void
  /** What was changed here, by who decides about access or upstream: in force here when it returns. */
  tell(events: readonly Told[]): void
  /** What the outbox says has changed, of whatever kind: in force here within a moment. */
  hear(events: readonly Told[]): void
  /** Events may have been missed. */
  clear(): void
}

/** With a mount go the grants on what was seen through it: its names may stand for another catalog at once. */
const isPolicyEvent = ({ type }: Told): boolean =>
  /^(?:(?:grant|rule|tag|restriction|managed-access)\.|mount\.deleted$)/.test(type)

/** Grants on what is known by its name go with it, and another may have the name at once. */
const endsName = ({ type }: Told): boolean =>
  /^(namespace|table|view)\.(dropped|unregistered|renamed)$/.test(type)

/** Creating or revoking says nothing yet: a grant may have gone with an object that nobody can ask for any more. */
const isGrantEvent = ({ type }: Told): boolean => type === 'grant.created' || type === 'grant.revoked'

export const createPolicyWatch = ({ loadEpoch, onFailure }: PolicyWatchDeps): PolicyWatch => {
  const memories: PolicyMemory[] = []
  const clear = (): void => {
    for (const memory of memories) memory.forget()
  }
  let known = -1
  const look = async (): Promise<void> => {
    const epoch = await loadEpoch()
    if (epoch === known) return
    known = epoch
    clear()
  }
  /** One after the other: a look that is under way may have been too early. */
  let looking: Promise<void> = Promise.resolve()
  let waiting = false
  const lookAgain = (): void => {
    if (waiting) return
    waiting = true
    looking = looking
      .then(() => {
        waiting = false
        return look()
      })
      .catch((error: unknown) => {
        clear()
        onFailure(error)
      })
  }
  return {
    remember: (memory) => {
      memories.push(memory)
    },
    tell: (events) => {
      if (events.some((event) => isPolicyEvent(event) || endsName(event))) clear()
    },
    hear: (events) => {
      const changes = events.filter(isPolicyEvent)
      if (changes.length > 0) for (const memory of memories) memory.granted?.()
      if (changes.some((event) => !isGrantEvent(event))) clear()
      else if (changes.length > 0) lookAgain()
    },
    clear,
  }
}
