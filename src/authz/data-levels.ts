/**
 * How far the data of a table may be handed out, where that is less than everything: the one thing of which it is
 * remembered that it has *not* been granted. It is asked at each load by readers, of whom most may never write. What is
 * remembered gives too little for a moment at worst, never too much: that one may read is asked for all the same.
 */
import { LRUCache } from 'lru-cache'
import type { Subject } from './grants.ts'
import type { ObjectKey } from './objects.ts'
import type { PolicyMemory } from './policy-memory.ts'

/** The most that it was found to be: not more than to read, or nothing at all. */
export type Level = 'none' | 'read'

export interface DataLevels extends PolicyMemory {
  known(subject: Subject, chain: readonly ObjectKey[]): Level | undefined
  /** Moves when something may have been granted: what was asked before is not to be kept after. */
  generation(): number
  keep(subject: Subject, chain: readonly ObjectKey[], found: Found): void
}

interface Found {
  readonly level: Level
  /** As it was before the engine was asked. */
  readonly generation: number
}

interface Kept {
  readonly level: Level
  readonly at: number
}

/** Others tell of what they grant much sooner (`policy-memory.ts`). */
const longestMs = 5_000
const defaultCapacity = 50_000

/** `now`: milliseconds of a clock that nobody sets. */
export const createDataLevels = ({
  now,
  capacity = defaultCapacity,
}: {
  readonly now: () => number
  readonly capacity?: number
}): DataLevels => {
  const kept = new LRUCache<string, Kept>({ maxSize: capacity, sizeCalculation: () => 1 })
  /** As long as the standing is the same. */
  const numbers = new WeakMap<Subject, number>()
  let next = 0
  let generation = 0
  const forget = (): void => {
    generation += 1
    kept.clear()
  }
  const keyOf = (subject: Subject, chain: readonly ObjectKey[]): string => {
    let number = numbers.get(subject)
    if (number === undefined) {
      next += 1
      number = next
      numbers.set(subject, number)
    }
    return `${number}\n${chain[0]}\n${chain[1]}`
  }
  return {
    known: (subject, chain) => {
      const found = kept.get(keyOf(subject, chain))
      return found !== undefined && now() - found.at <= longestMs ? found.level : undefined
    },
    generation: () => generation,
    keep: (subject, chain, found) => {
      if (found.generation === generation) kept.set(keyOf(subject, chain), { level: found.level, at: now() })
    },
    forget,
    granted: forget,
  }
}
