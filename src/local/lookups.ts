/**
 * Point reads, coalesced: what is asked while a query runs goes into the next one. A caller never joins a query that
 * was sent before it asked, so that whoever has seen a commit acknowledged sees it in the next load.
 */
import type { RelationName, RelationState } from '#store/entries.ts'

export type FindRelations = (
  names: readonly RelationName[],
) => Promise<readonly (RelationState | undefined)[]>

export interface Lookups {
  find(name: RelationName): Promise<RelationState | undefined>
}

export interface LookupOptions {
  /** Names in one query. */
  readonly maxBatch?: number
  /** A query that takes longer does not hold up the next one. Milliseconds. */
  readonly patienceMs?: number
  /** Queries at once, all told. */
  readonly maxQueries?: number
  readonly monotonic?: () => number
}

interface Batch {
  readonly names: RelationName[]
  readonly positions: Map<string, number>
  readonly answer: Promise<readonly (RelationState | undefined)[]>
  readonly resolve: (states: Promise<readonly (RelationState | undefined)[]>) => void
}

const newBatch = (): Batch => {
  const { promise, resolve } = Promise.withResolvers<readonly (RelationState | undefined)[]>()
  return { names: [], positions: new Map(), answer: promise, resolve }
}

/** The batch's position of a name; the same table asked for twice is one row. */
const join = (batch: Batch, name: RelationName): number => {
  const key = `${name.ns}\u0000${name.name}`
  const known = batch.positions.get(key)
  if (known !== undefined) return known
  batch.positions.set(key, batch.names.length)
  return batch.names.push(name) - 1
}

export const createLookups = (findRelations: FindRelations, options: LookupOptions = {}): Lookups => {
  const { maxBatch = 500, patienceMs = 20, maxQueries = 4, monotonic = () => performance.now() } = options
  const waiting: Batch[] = []
  let queries = 0
  let lastSent = 0

  const send = (): void => {
    const batch = waiting.shift()
    if (batch === undefined) return
    queries++
    lastSent = monotonic()
    const states = findRelations(batch.names)
    batch.resolve(states)
    // A failure reaches the callers through the batch; here it only ends the query.
    void states.then(ended, ended)
  }
  const ended = (): void => {
    queries--
    send()
  }
  const maySend = (): boolean =>
    queries === 0 || (queries < maxQueries && monotonic() - lastSent > patienceMs)

  let scheduled = false
  /** After the requests of this turn of the event loop have joined. */
  const schedule = (): void => {
    if (scheduled) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      if (maySend()) send()
    })
  }

  return {
    find: (name) => {
      let batch = waiting.at(-1)
      if (batch === undefined || batch.names.length >= maxBatch) {
        batch = newBatch()
        waiting.push(batch)
      }
      const position = join(batch, name)
      schedule()
      return batch.answer.then((states) => states[position])
    },
  }
}
