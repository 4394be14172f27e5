/**
 * What was looked up and is asked for again and again: bounded, at once where it is known, one lookup at a time for each
 * key. A lookup that was under way when something was dropped answers those who waited for it, and is not kept.
 */
import { LRUCache } from 'lru-cache'

export interface Remembered<T extends object> {
  get(key: string): T | undefined
  look(key: string, find: () => Promise<T>): Promise<T>
  drop(matches: (value: T, key: string) => boolean): void
  clear(): void
}

/** `isKept` false: the answer is given and not remembered. */
export const createRemembered = <T extends object>(
  max: number,
  isKept: (value: T) => boolean = () => true,
): Remembered<T> => {
  const known = new LRUCache<string, T>({ max })
  const looking = new Map<string, Promise<T>>()
  let generation = 0
  /** Whoever asks from here on must not be answered by a lookup that began earlier. */
  const begin = (): void => {
    generation += 1
    looking.clear()
  }
  const search = async (key: string, find: () => Promise<T>): Promise<T> => {
    const began = generation
    const value = await find()
    if (began === generation && isKept(value)) known.set(key, value)
    return value
  }
  return {
    get: (key) => known.get(key),
    look: (key, find) => {
      const running = looking.get(key)
      if (running !== undefined) return running
      const started: Promise<T> = search(key, find).finally(() => {
        if (looking.get(key) === started) looking.delete(key)
      })
      looking.set(key, started)
      return started
    },
    drop: (matches) => {
      begin()
      for (const [key, value] of known.entries()) if (matches(value, key)) known.delete(key)
    },
    clear: () => {
      begin()
      known.clear()
    },
  }
}
