/**
 * A memory of what the store said, worth something while an epoch of the store stands still. The epoch is asked about
 * again before what is known is too old, and whoever makes a change here says so; a store that cannot be asked ends the
 * answers.
 */
import { LRUCache } from 'lru-cache'

export interface KeptDeps<V> {
  readonly loadEpoch: () => Promise<number>
  /** Milliseconds of a clock that nobody sets. */
  readonly now: () => number
  /** Told where the epoch could not be asked about ahead of time. */
  readonly report: (error: unknown) => void
  /** In the measure of `sizeOf`. */
  readonly capacity: number
  readonly sizeOf: (value: V, key: string) => number
}

/** What was read belongs to the moment at which its reading began. */
interface Reading<V> {
  /** False where what was read is not to be remembered: something has been forgotten since the reading began. */
  keep(epoch: number, entries: Iterable<readonly [string, V]>): boolean
}

export interface Kept<V> {
  /**
   * May what is remembered be made use of? With `notBefore`, the epoch as the store has just told it: where nothing
   * remembered is older. Without: for 5 s after the epoch was last confirmed, which is asked for besides in time.
   */
  usable(notBefore?: number): boolean
  /** Only after `usable`. */
  get(key: string): V | undefined
  /** Before the store is asked. */
  reading(): Reading<V>
  /** Everything, readings under way included. */
  forget(): void
}

/** Older than this nothing is answered from memory. */
const longestMs = 5_000
/** From this age on the epoch is asked about besides the answer. */
const renewalMs = 1_500

interface Flight<T> {
  readonly began: number
  readonly landing: Promise<T>
}

/** Whoever asks for what is being read waits for that one reading, unless it began so long ago that it may be stale. */
export const createFlights = <T>(now: () => number) => {
  const under = new Map<string, Flight<T>>()
  const depart = (key: string, start: () => Promise<T>): Promise<T> => {
    const landing = start().finally(() => {
      if (under.get(key)?.landing === landing) under.delete(key)
    })
    under.set(key, { began: now(), landing })
    return landing
  }
  return {
    clear: () => under.clear(),
    join: (key: string, start: () => Promise<T>): Promise<T> => {
      const found = under.get(key)
      return found !== undefined && now() - found.began <= longestMs ? found.landing : depart(key, start)
    },
  }
}

/** The epoch that is known, and of which moment; `clear` empties what belongs to it. */
const createEpoch = (clear: () => void) => {
  const state = { epoch: -1, confirmedAt: Number.NEGATIVE_INFINITY, generation: 0 }
  const forget = (): void => {
    state.generation += 1
    clear()
  }
  const move = (epoch: number): void => {
    if (epoch !== state.epoch) forget()
    state.epoch = epoch
  }
  /** The epoch that was true at a moment: where it has moved, nothing older is worth anything. */
  const confirm = (epoch: number, at: number): void => {
    move(epoch)
    state.confirmedAt = Math.max(state.confirmedAt, at)
  }
  return { state, forget, move, confirm }
}

export const createKept = <V extends object>(deps: KeptDeps<V>): Kept<V> => {
  const { loadEpoch, now, report } = deps
  const kept = new LRUCache<string, V>({ maxSize: deps.capacity, sizeCalculation: deps.sizeOf })
  const { state, forget, move, confirm } = createEpoch(() => kept.clear())
  const renewals = createFlights<void>(now)
  const renew = async (): Promise<void> => {
    const { generation } = state
    const at = now()
    const epoch = await loadEpoch()
    if (generation === state.generation) confirm(epoch, at)
  }
  const isYoung = (): boolean => {
    const age = now() - state.confirmedAt
    if (age > renewalMs && age <= longestMs) renewals.join('', renew).catch(report)
    return age <= longestMs
  }
  return {
    usable: (notBefore) => {
      if (notBefore === undefined) return isYoung()
      if (notBefore > state.epoch) move(notBefore)
      return true
    },
    get: (key) => kept.get(key),
    reading: () => {
      const { generation } = state
      const at = now()
      return {
        keep: (epoch, entries) => {
          if (generation !== state.generation) return false
          confirm(epoch, at)
          for (const [key, value] of entries) kept.set(key, value)
          return true
        },
      }
    },
    forget: () => {
      forget()
      renewals.clear()
    },
  }
}
