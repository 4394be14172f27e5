/**
 * The pointer-commit loop: read the base, check requirements and apply updates, write the metadata file, swap the
 * pointer only while the base still stands, reconcile when in doubt. Written once for every catalog that can do no
 * more than swap pointers; what a pointer is, and how it is swapped, is the `PointerStore`'s.
 */
import type { Base, Built } from '#iceberg/engine.ts'
import { CatalogError, isCatalogError } from '#model/errors.ts'
import type { Identifier } from '#model/identifier.ts'
import type { JsonObject } from '#model/json.ts'
import type { CallContext } from './catalog.ts'
import { beforeChange } from './certainty.ts'
import type { MetadataFiles } from './files.ts'

/** What a store knows of a pointer it has read; it may hold more, for its own comparison. */
export interface PointerState {
  readonly metadataLocation: string
}

/** One object's part of a commit. */
export interface PointerChange<State, Facts> {
  readonly identifier: Identifier
  readonly kind: 'table' | 'view'
  /** The parsed request, as a gate is shown it. */
  readonly request: JsonObject
  /** Requirements, then updates, on the base; null where nothing has the name. Throws what the client is told. */
  readonly build: (base: Base | null, state: State | undefined) => Promise<Built<Facts>>
  /** Where the next metadata file goes; a new name at each call. */
  readonly nameFile: (facts: Facts, previous: string | undefined) => string
}

/** A part, built: what the pointer was and what it shall be. */
export interface PointerSwap<State, Facts> {
  readonly identifier: Identifier
  /** Undefined for a create. */
  readonly base: State | undefined
  /** The base's own where `changed` is false: then the swap only asserts that the base still stands. */
  readonly metadataLocation: string
  readonly bytes: Uint8Array
  readonly facts: Facts
  readonly changed: boolean
}

export type Settled = 'swapped' | 'lost' | 'unknown'

export interface PointerStore<State extends PointerState, Facts> {
  /** The current pointers, fresh, one a change and in order. Throws where a change cannot be: no table, or one too many. */
  read(): Promise<readonly (State | undefined)[]>
  /**
   * Swaps all pointers or none. `lost`: nothing happened, because a base no longer stands; the loop tries again.
   * A `CatalogError` thrown (but CommitStateUnknown) says that nothing happened and that this is final.
   * Anything else thrown leaves it open whether the swap happened.
   */
  swap(swaps: readonly PointerSwap<State, Facts>[]): Promise<'swapped' | 'lost'>
  /** After an open outcome: finds out. `lost` only when the swap did not happen and no longer can. */
  settle(swaps: readonly PointerSwap<State, Facts>[]): Promise<Settled>
}

export interface PointerCommitDeps {
  readonly files: MetadataFiles
  /** Bytes of a base; may come from a cache, since a metadata file never changes. */
  readonly readBase: (metadataLocation: string, signal: AbortSignal) => Promise<Uint8Array>
  /** Waits; injected so that tests need no clock. */
  readonly pause: (milliseconds: number) => Promise<void>
  readonly random: () => number
  /** A file that we wrote for a commit which failed could not be deleted again. */
  readonly orphaned: (metadataLocation: string, error: unknown) => void
}

const maxAttempts = 12
const firstPauseMs = 5
const longestPauseMs = 500

/** All changes or none. CommitFailed: it did not happen; CommitStateUnknown: it may have, and the files are kept. */
export type CommitPointers = <State extends PointerState, Facts>(
  context: CallContext,
  changes: readonly PointerChange<State, Facts>[],
  store: PointerStore<State, Facts>,
) => Promise<readonly PointerSwap<State, Facts>[]>

export const createPointerCommit = (deps: PointerCommitDeps): CommitPointers => {
  return async (context, changes, store) => {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      if (attempt > 0) await deps.pause(pauseBefore(attempt, deps.random()))
      context.signal.throwIfAborted()
      const swaps = await build(deps, context, { changes, bases: await store.read() })
      if (swaps.every((swap) => !swap.changed)) return swaps
      await inspect(context, changes, swaps)
      context.signal.throwIfAborted()
      if ((await writeAndSwap(deps, context, { swaps, store })) === 'swapped') return swaps
    }
    throw new CatalogError(
      'CommitFailedException',
      `Commit failed: ${maxAttempts} attempts lost against concurrent commits`,
    )
  }
}

/** Full jitter: concurrent losers spread out instead of meeting again. */
const pauseBefore = (attempt: number, random: number): number =>
  random * Math.min(longestPauseMs, firstPauseMs * 2 ** attempt)

interface Attempt<State, Facts> {
  readonly changes: readonly PointerChange<State, Facts>[]
  readonly bases: readonly (State | undefined)[]
}

const build = async <State extends PointerState, Facts>(
  deps: PointerCommitDeps,
  context: CallContext,
  { changes, bases }: Attempt<State, Facts>,
): Promise<readonly PointerSwap<State, Facts>[]> => {
  const swaps: PointerSwap<State, Facts>[] = []
  for (const [i, change] of changes.entries()) {
    const base = bases[i]
    const previous = base?.metadataLocation
    const read =
      previous === undefined
        ? null
        : {
            bytes: await touchingFiles(() => deps.readBase(previous, context.signal)),
            metadataLocation: previous,
          }
    const { bytes, facts, changed } = await change.build(read, base)
    const kept = !changed && previous !== undefined
    swaps.push({
      identifier: change.identifier,
      base,
      metadataLocation: kept ? previous : change.nameFile(facts, previous),
      bytes: kept && read !== null ? read.bytes : bytes,
      facts,
      changed: !kept,
    })
  }
  return swaps
}

const inspect = async <State, Facts>(
  context: CallContext,
  changes: readonly PointerChange<State, Facts>[],
  swaps: readonly PointerSwap<State, Facts>[],
): Promise<void> => {
  if (context.inspect === undefined) return
  for (const [i, { identifier, kind, request }] of changes.entries()) {
    const swap = swaps[i]
    if (swap?.changed) await context.inspect({ identifier, kind, metadata: swap.bytes, request })
  }
}

/** While files are read and written nothing has happened yet: a store that refuses us is a plain refusal. */
export const touchingFiles = <T>(work: () => Promise<T>): Promise<T> =>
  beforeChange(async () => {
    try {
      return await work()
    } catch (error) {
      if (!isCatalogError(error, 'InternalServerErrorException')) throw error
      throw new CatalogError('ForbiddenException', error.message, { cause: error })
    }
  })

interface Ready<State extends PointerState, Facts> {
  readonly swaps: readonly PointerSwap<State, Facts>[]
  readonly store: PointerStore<State, Facts>
}

const writeAndSwap = async <State extends PointerState, Facts>(
  deps: PointerCommitDeps,
  context: CallContext,
  { swaps, store }: Ready<State, Facts>,
): Promise<'swapped' | 'lost'> => {
  const written: string[] = []
  try {
    await touchingFiles(() => writeFiles(deps, swaps, written))
    context.signal.throwIfAborted()
    const outcome = await swapOrSettle({ swaps, store })
    if (outcome === 'lost') await removeFiles(deps, written)
    return outcome
  } catch (error) {
    if (!isCatalogError(error, 'CommitStateUnknownException')) await removeFiles(deps, written)
    throw error
  }
}

/** Waits for every write, also when one fails: what is removed afterwards must not appear later. */
const writeFiles = async <State, Facts>(
  deps: PointerCommitDeps,
  swaps: readonly PointerSwap<State, Facts>[],
  written: string[],
): Promise<void> => {
  const write = async ({ metadataLocation, bytes }: PointerSwap<State, Facts>): Promise<void> => {
    try {
      await deps.files.writeIfAbsent(metadataLocation, bytes)
      written.push(metadataLocation)
    } catch (error) {
      // A write that failed half-way is ours to remove; a file that was there before is not.
      if (!isCatalogError(error, 'AlreadyExistsException')) written.push(metadataLocation)
      throw error
    }
  }
  const outcomes = await Promise.allSettled(swaps.filter((swap) => swap.changed).map(write))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

const swapOrSettle = async <State extends PointerState, Facts>({
  swaps,
  store,
}: Ready<State, Facts>): Promise<'swapped' | 'lost'> => {
  try {
    return await store.swap(swaps)
  } catch (error) {
    if (isCatalogError(error) && error.type !== 'CommitStateUnknownException') throw error
    const settled = await store.settle(swaps).catch((): Settled => 'unknown')
    if (settled !== 'unknown') return settled
    throw new CatalogError(
      'CommitStateUnknownException',
      'The commit may or may not have happened: its outcome could not be learned',
      { cause: error },
    )
  }
}

/** Only after the commit has definitely failed; a file that stays is an orphan, not an error of the call. */
const removeFiles = async (deps: PointerCommitDeps, locations: readonly string[]): Promise<void> => {
  for (const location of locations)
    await deps.files.delete(location).catch((error: unknown) => deps.orphaned(location, error))
}
