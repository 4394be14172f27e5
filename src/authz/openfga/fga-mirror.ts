/**
 * Keeps the tuples of an OpenFGA server like our own grants: an object at a time, each compared as a whole, so that it
 * makes no difference how often, or in which order, one is looked at.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ObjectKey } from '../objects.ts'
import { type ContextTuple, type Fga, type FgaTuple, RefusedTuples } from './fga.ts'
import { anyoneName, holdersName, objectName, principalName } from './names.ts'

export interface MirroredGrant {
  readonly relation: string
  readonly kind: 'principal' | 'role' | 'anyone'
  readonly id: string
  /** Milliseconds since 1970; null: for good. */
  readonly expiresAt: number | null
}

interface PendingObject {
  readonly object: ObjectKey
  /** Another one with each change, and never one that was. */
  readonly version: string
}

/** Our own store, as far as the mirror needs it. */
export interface MirrorSource {
  /** Objects whose grants have changed, the longest waiting first; undefined: that store is not where they belong now. */
  pending(store: string, size: number): Promise<readonly PendingObject[] | undefined>
  /** Everything that is granted on it now, and has not expired. */
  grantsOn(object: ObjectKey): Promise<readonly MirroredGrant[]>
  /**
   * Ends the waiting of one that has not changed since. One that has, or that another mirror has ended, waits again: what
   * was told of it just now may have come after what is newer.
   */
  done(object: PendingObject): Promise<void>
}

const holderName = ({ kind, id }: MirroredGrant): string => {
  if (kind === 'anyone') return anyoneName
  return kind === 'role' ? holdersName(id) : principalName(id)
}

/** As the server has it. */
export const tupleOf = (object: ObjectKey, grant: MirroredGrant): FgaTuple => ({
  user: holderName(grant),
  relation: grant.relation,
  object: objectName(object),
  expiresAt: grant.expiresAt,
})

const keyOf = ({ user, relation, object }: ContextTuple): string => `${user} ${relation} ${object}`
const isSame = (one: FgaTuple, other: FgaTuple | undefined): boolean => one.expiresAt === other?.expiresAt

const byKey = (tuples: readonly FgaTuple[]): ReadonlyMap<string, FgaTuple> =>
  new Map(tuples.map((tuple) => [keyOf(tuple), tuple]))

/** What has to change: one that ends at another time is deleted and written anew. */
export const difference = (wanted: readonly FgaTuple[], found: readonly FgaTuple[]) => {
  const [want, have] = [byKey(wanted), byKey(found)]
  return {
    deletes: found.filter((tuple) => {
      const same = want.get(keyOf(tuple))
      return same === undefined || !isSame(tuple, same)
    }),
    writes: wanted.filter((tuple) => !isSame(tuple, have.get(keyOf(tuple)))),
  }
}

/** Said by each check of whoever asks, and of nobody else: as stored tuples they would reach further than they do here. */
const ofStandings: ReadonlySet<string> = new Set(['assignee', 'member', 'admin'])

/** Makes the server know of the object what we know, and nothing else. */
const mirrorObject = async (source: MirrorSource, fga: Fga, pending: PendingObject): Promise<void> => {
  const found = await Array.fromAsync(fga.read(objectName(pending.object)))
  const grants = await source.grantsOn(pending.object)
  const wanted = grants
    .filter(({ relation }) => !ofStandings.has(relation))
    .map((grant) => tupleOf(pending.object, grant))
  const change = difference(wanted, found)
  if (change.deletes.length + change.writes.length > 0) await fga.change(change)
  await source.done(pending)
}

const portion = 100

/**
 * How many were looked at; fewer than a portion: nothing waits any more here. An object whose grants the server will not
 * have goes on waiting, and holds up no other: throws at the end.
 */
export const mirrorSome = async (source: MirrorSource, fga: Fga): Promise<number> => {
  const waiting = await source.pending(fga.store, portion)
  if (waiting === undefined) {
    fga.leave()
    return 0
  }
  const refusals: unknown[] = []
  for (const one of waiting)
    await mirrorObject(source, fga, one).catch((error: unknown) => {
      if (!(error instanceof RefusedTuples)) throw error
      refusals.push(error)
    })
  if (refusals.length > 0) throw new AggregateError(refusals, 'OpenFGA refuses grants')
  return waiting.length
}

export interface MirrorDeps {
  readonly source: MirrorSource
  readonly fga: () => Promise<Fga>
  /** Runs it while no other process does; undefined where another one does. */
  readonly alone: <Result>(work: () => Promise<Result>) => Promise<Result | undefined>
  readonly onFailure: (error: unknown) => void
  readonly pauseMs?: number
}

/** Looks again and again until it is disposed. What could not be told waits; until then our own store answers. */
export const startMirror = ({
  source,
  fga,
  alone,
  onFailure,
  pauseMs = 250,
}: MirrorDeps): AsyncDisposable => {
  const stop = new AbortController()
  /** A portion at a time: one that had to hold out for all that waits would be held to be gone. */
  const turn = async (): Promise<void> => {
    while (!stop.signal.aborted)
      if ((await alone(async () => mirrorSome(source, await fga()))) !== portion) return
  }
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await turn().catch(onFailure)
      await sleep(pauseMs, undefined, { signal: stop.signal, ref: false }).catch(() => undefined)
    }
  }
  const running = run()
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await running
    },
  }
}
