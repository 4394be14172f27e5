/** Callers that ask for the same thing share one run, but only one that has not begun: what they get is never older than their question. */

export interface SharedRuns<T> {
  /**
   * Joins the run that waits for its turn, or begins one. `work` gets a signal that is aborted when every caller
   * of its run has given up.
   */
  join(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>
}

interface Run<T> {
  readonly controller: AbortController
  readonly work: (signal: AbortSignal) => Promise<T>
  readonly ends: PromiseWithResolvers<T>
  waiting: number
}

interface Slot<T> {
  active: number
  next: Run<T> | undefined
}

/** `limit`: runs of one key at the same time; with all of them busy, callers gather for the next. */
export const createSharedRuns = <T>(limit: number): SharedRuns<T> => {
  const slots = new Map<string, Slot<T>>()

  const begin = (key: string, slot: Slot<T>, run: Run<T>): void => {
    slot.active += 1
    run
      .work(run.controller.signal)
      .then(run.ends.resolve, run.ends.reject)
      .finally(() => {
        slot.active -= 1
        const { next } = slot
        slot.next = undefined
        if (next !== undefined) begin(key, slot, next)
        else if (slot.active === 0) slots.delete(key)
      })
  }

  const enter = (key: string, slot: Slot<T>, work: Run<T>['work']): Run<T> => {
    const waiting = slot.next
    if (waiting !== undefined && !waiting.controller.signal.aborted) return waiting
    const run: Run<T> = {
      controller: new AbortController(),
      work,
      ends: Promise.withResolvers<T>(),
      waiting: 0,
    }
    if (slot.active < limit) begin(key, slot, run)
    else slot.next = run
    return run
  }

  const give = (run: Run<T>, reason: unknown): void => {
    run.waiting -= 1
    if (run.waiting > 0) return
    run.controller.abort(reason)
    run.ends.reject(reason)
  }

  return {
    join: async (key, signal, work) => {
      signal.throwIfAborted()
      const slot = slots.get(key) ?? { active: 0, next: undefined }
      slots.set(key, slot)
      const run = enter(key, slot, work)
      run.waiting += 1
      const giveUp = (): void => give(run, signal.reason)
      signal.addEventListener('abort', giveUp, { once: true })
      try {
        return await run.ends.promise
      } finally {
        signal.removeEventListener('abort', giveUp)
      }
    },
  }
}
