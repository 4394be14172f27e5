/**
 * Tells everyone who remembers something of identity when to forget it: at once of what this process changed, within a
 * moment of what others did (outbox), and by a look at one number where the outbox is held up by a long transaction.
 */
import type { IdentityMemory } from '#authn/identity-memory.ts'
import type { EventDraft } from '#model/event.ts'

export interface IdentityWatchDeps {
  readonly memories: readonly IdentityMemory[]
  readonly loadEpoch: () => Promise<number>
  readonly onFailure: (error: unknown) => void
  readonly pollMs?: number
  /** Monotonic, in milliseconds. */
  readonly monotonic?: () => number
}

export interface IdentityWatch extends AsyncDisposable {
  /** Of whatever kind: those of identity are picked out. */
  tell(events: readonly Pick<EventDraft, 'type' | 'object'>[]): void
  /** Events may have been missed. */
  clear(): void
}

/** After so long without a look nothing remembered can be vouched for. */
const patienceMs = 30_000

/** Each drop looks through all that is remembered: of so many, looking things up again costs less. */
const mostDrops = 16

const isIdentityEvent = (type: string): boolean =>
  /^(principal|api-key|role|project|project-member|server)\./.test(type)

/** Registration changes nothing that anyone could remember: nobody keeps who was not there. */
const isChange = ({ type }: Pick<EventDraft, 'type'>): boolean =>
  isIdentityEvent(type) && type !== 'principal.registered'

export const startIdentityWatch = async (deps: IdentityWatchDeps): Promise<IdentityWatch> => {
  const { memories, loadEpoch, onFailure, pollMs = 2_000, monotonic = () => performance.now() } = deps
  const clear = (): void => {
    for (const memory of memories) memory.clear()
  }
  let epoch = await loadEpoch()
  let lookedAt = monotonic()
  const look = async (): Promise<void> => {
    const asked = monotonic()
    const found = await loadEpoch()
    lookedAt = asked
    if (found === epoch) return
    epoch = found
    clear()
  }
  const clearWhenLate = (): void => {
    if (monotonic() - lookedAt > patienceMs) clear()
  }
  const poll = (): Promise<void> =>
    look().catch((error: unknown) => {
      onFailure(error)
      clearWhenLate()
    })
  let looking: Promise<void> = Promise.resolve()
  let busy = false
  const timer = setInterval(() => {
    if (busy) return clearWhenLate()
    busy = true
    looking = poll().finally(() => {
      busy = false
    })
  }, pollMs)
  timer.unref()
  return {
    tell: (events) => {
      const changes = events.filter(isChange)
      if (changes.length > mostDrops) return clear()
      for (const event of changes) for (const memory of memories) memory.drop(event)
    },
    clear,
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      await looking
    },
  }
}
