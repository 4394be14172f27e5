/**
 * Commits of one process to one table take turns: an optimistic race among neighbours would only waste metadata files.
 * Between processes the swap decides.
 */
import { CatalogError } from '#model/errors.ts'

export interface Turns {
  /** Runs `work` when every earlier work on any of the keys has ended. SlowDown where too many wait already. */
  take<T>(keys: readonly string[], work: () => Promise<T>): Promise<T>
}

interface Queue {
  last: Promise<unknown>
  length: number
}

export const createTurns = (maxWaiting = 500): Turns => {
  const queues = new Map<string, Queue>()

  const enter = (key: string, done: Promise<unknown>): Promise<unknown> => {
    const queue = queues.get(key) ?? { last: Promise.resolve(), length: 0 }
    queues.set(key, queue)
    const before = queue.last
    queue.last = Promise.all([before, done])
    queue.length++
    return before
  }
  const leave = (key: string): void => {
    const queue = queues.get(key)
    if (queue !== undefined && --queue.length === 0) queues.delete(key)
  }
  const checkRoom = (keys: readonly string[]): void => {
    if (keys.some((key) => (queues.get(key)?.length ?? 0) >= maxWaiting))
      throw new CatalogError('SlowDownException', 'Too many commits wait for this table', {
        retryAfterSeconds: 1,
      })
  }

  return {
    take: async (keys, work) => {
      const distinct = [...new Set(keys)]
      checkRoom(distinct)
      const done = Promise.withResolvers<void>()
      // All queues are entered in one turn of the event loop, so that two takers cannot wait for each other.
      const before = distinct.map((key) => enter(key, done.promise))
      try {
        await Promise.all(before)
        return await work()
      } finally {
        done.resolve()
        for (const key of distinct) leave(key)
      }
    },
  }
}
