/** Bounds how many long readings are under way: each has a slot from its beginning until its last item is taken. */
import { CatalogError } from '#model/errors.ts'

export interface Slots {
  /** SlowDown (429) where all are occupied. The slot is free again when the items end, or nobody wants them any more. */
  occupy<Item>(items: AsyncGenerator<Item>, signal: AbortSignal): AsyncIterableIterator<Item>
}

const retryAfterSeconds = 5

export const createSlots = (most: number, message: string): Slots => {
  let occupied = 0
  return {
    occupy: <Item>(items: AsyncGenerator<Item>, signal: AbortSignal) => {
      if (occupied >= most) throw new CatalogError('SlowDownException', message, { retryAfterSeconds })
      occupied += 1
      let held = true
      const release = (): void => {
        if (held) occupied -= 1
        held = false
        signal.removeEventListener('abort', release)
      }
      signal.addEventListener('abort', release)
      const iterator: AsyncIterableIterator<Item> = {
        [Symbol.asyncIterator]: () => iterator,
        next: async () => {
          const step = await items.next().catch((error: unknown) => {
            release()
            throw error
          })
          if (step.done) release()
          return step
        },
        // Also where it was never begun: a generator that was not says nothing then.
        return: async () => {
          release()
          return items.return(undefined)
        },
      }
      return iterator
    },
  }
}
