/** When people and keys were seen last: gathered in memory and written in batches, so that no request waits for it. */

export interface LastSight extends AsyncDisposable {
  /** At once; costs a set's membership. */
  note(id: string): void
}

export interface LastSightOptions {
  readonly write: (ids: readonly string[]) => Promise<void>
  readonly onFailure: (error: unknown) => void
  /** How far what is written may be behind. Milliseconds. */
  readonly everyMs?: number
}

/** Ids in one statement. */
const batch = 1_000

/** What could not be written is forgotten: the next request notes it again. */
export const createLastSight = ({ write, onFailure, everyMs = 30_000 }: LastSightOptions): LastSight => {
  let seen = new Set<string>()
  const writeAll = async (): Promise<void> => {
    const ids = [...seen]
    seen = new Set()
    for (let i = 0; i < ids.length; i += batch) await write(ids.slice(i, i + batch))
  }
  let writing: Promise<void> = Promise.resolve()
  const flush = (): Promise<void> => {
    writing = writing.then(writeAll).catch(onFailure)
    return writing
  }
  const timer = setInterval(flush, everyMs)
  timer.unref()
  return {
    note: (id) => {
      seen.add(id)
    },
    [Symbol.asyncDispose]: () => {
      clearInterval(timer)
      return flush()
    },
  }
}
