/** Creates, commits and transactions: the pointer-commit loop over pointers that lie in Postgres. */
import type { CallContext } from '#catalog/catalog.ts'
import type { PointerChange, PointerState, PointerStore, PointerSwap } from '#catalog/pointer-commit.ts'
import { CatalogError, isCatalogError } from '#model/errors.ts'
import type { Outcome } from '#model/event.ts'
import { namespaceKey } from '#model/identifier.ts'
import { findByUuid, findRelations, type RelationState } from '#store/entries.ts'
import type { Line } from '#store/entries-lines.ts'
import { type Lock, lockEntries, uuidLock, writePointer } from '#store/entries-write.ts'
import { CommitUnknown, TransactionConflict } from '#store/errors.ts'
import {
  attemptChange,
  changedMeanwhile,
  eventOf,
  type Plan,
  type Put,
  type Reading,
  readingForChange,
  settleChange,
} from './changes.ts'
import type { Claiming } from './claiming.ts'
import type { Facts, Local } from './deps.ts'
import { ownContents } from './grants.ts'
import { relationKey, relationName, stayLocks } from './keys.ts'
import { requireNamespace } from './namespaces.ts'
import { filePathsOf } from './places.ts'
import { relationExists, uuidExists } from './refusals.ts'
import { loadedOf, requireRelation } from './relation-kind.ts'

/** The base of a commit, with the entry that the swap expects. */
export interface LocalState extends PointerState {
  readonly entry: RelationState
}

export interface Part<F extends Facts> extends PointerChange<LocalState, F> {
  /** What must be there when the base is read: nothing, the object, or either (`assert-create` decides then). */
  readonly base: 'absent' | 'present' | 'either'
  /** The content id of what is created. */
  readonly newContent: string
  /** The request may send the object's files elsewhere. */
  readonly sendsFiles: boolean
}

interface Committing<F extends Facts> {
  readonly op: string
  readonly parts: readonly Part<F>[]
  readonly outcome: (swaps: readonly PointerSwap<LocalState, F>[]) => Outcome
}

interface Parts<F extends Facts> extends Committing<F> {
  readonly local: Local
  readonly context: CallContext
  readonly claiming: Claiming
}

/** A change of one object, on the way into the store. */
interface Step<F extends Facts> {
  readonly part: Part<F>
  readonly swap: PointerSwap<LocalState, F>
  readonly contentId: string
  /** The places to be claimed: all of a new object, else those that the request may have moved. */
  readonly claims: readonly string[]
}

const stepsOf = <F extends Facts>(
  { parts }: Parts<F>,
  swaps: readonly PointerSwap<LocalState, F>[],
): readonly Step<F>[] =>
  swaps.flatMap((swap, i) => {
    const part = parts[i]
    if (part === undefined) return []
    const before = swap.base?.entry
    return {
      part,
      swap,
      contentId: before?.contentId ?? part.newContent,
      claims: [
        ...(before?.location === swap.facts.location ? [] : [swap.facts.location]),
        ...(part.sendsFiles ? filePathsOf(swap.facts) : []),
      ],
    }
  })

const locksOf = <F extends Facts>(all: Parts<F>, step: Step<F>, line: Line): readonly Lock[] => {
  const { part, swap, claims } = step
  if (!swap.changed) return []
  const places = all.claiming.locks(...claims)
  if (swap.base !== undefined) return places
  const uuid = uuidLock(all.local.warehouse.id, swap.facts.uuid.toLowerCase())
  return [...stayLocks(line, part.identifier.namespace), uuid, ...places]
}

/** What must hold for something new: its namespace, a free name, a uuid that no other live object has. */
const checkNew = async <F extends Facts>(
  { local }: Parts<F>,
  { part, swap }: Step<F>,
  { tx, line }: Reading,
): Promise<void> => {
  await requireNamespace(tx, line, part.identifier.namespace)
  const [present] = await findRelations(tx, line, [relationName(part.identifier)])
  if (present !== undefined) throw changedMeanwhile()
  const uuid = swap.facts.uuid.toLowerCase()
  if ((await findByUuid(tx, local.warehouse.id, uuid)).length > 0) throw uuidExists(part.kind, uuid)
}

/** What is created together cannot be seen in the store yet. */
const rejectTwins = <F extends Facts>(created: readonly Step<F>[]): void => {
  const seen = new Set<string>()
  for (const { part, swap } of created) {
    const uuid = swap.facts.uuid.toLowerCase()
    if (seen.has(uuid)) throw uuidExists(part.kind, uuid)
    seen.add(uuid)
  }
}

const putOf = <F extends Facts>({ part, swap, contentId }: Step<F>, { tx }: Reading): Put => ({
  key: relationKey(part.identifier),
  contentId,
  kind: part.kind,
  pointer: () => writePointer(tx, { contentId, ...pointerFacts(swap) }),
  expected: swap.base?.entry,
})

const pointerFacts = <F extends Facts>({ facts, metadataLocation }: PointerSwap<LocalState, F>) => ({
  metadataLocation,
  location: facts.location,
  uuid: facts.uuid,
  formatVersion: facts.formatVersion,
  snapshotId: 'currentSnapshotId' in facts ? facts.currentSnapshotId : null,
  schemaId: 'currentSchemaId' in facts ? facts.currentSchemaId : null,
})

const eventFor = <F extends Facts>({ part, swap, contentId }: Step<F>) =>
  eventOf(`${part.kind}.${swap.base === undefined ? 'created' : 'committed'}`, contentId, {
    namespace: part.identifier.namespace,
    name: part.identifier.name,
    'metadata-location': swap.metadataLocation,
    'previous-metadata-location': swap.base?.metadataLocation ?? null,
  })

/** Parts that change nothing must still be as they were read when the others change. */
const assertUnchanged = async <F extends Facts>(
  steps: readonly Step<F>[],
  { tx, line }: Reading,
): Promise<void> => {
  if (steps.length === 0) return
  await lockEntries(
    tx,
    line,
    steps.map(({ part }) => relationKey(part.identifier)),
  )
  const states = await findRelations(
    tx,
    line,
    steps.map(({ part }) => relationName(part.identifier)),
  )
  for (const [i, { swap }] of steps.entries())
    if (states[i]?.pointer !== swap.base?.entry.pointer) throw changedMeanwhile()
}

const planSwap = async <F extends Facts>(
  all: Parts<F>,
  swaps: readonly PointerSwap<LocalState, F>[],
  reading: Reading,
): Promise<Plan<void>> => {
  const steps = stepsOf(all, swaps)
  const changed = steps.filter(({ swap }) => swap.changed)
  const created = changed.filter(({ swap }) => swap.base === undefined)
  rejectTwins(created)
  for (const step of created) await checkNew(all, step, reading)
  const owned = ownContents(
    all.local,
    all.context.principal,
    created.map(({ part: { kind }, contentId }) => ({ kind, contentId })),
  )
  return {
    result: undefined,
    outcome: all.outcome(swaps),
    events: [...changed.map(eventFor), ...owned.events],
    puts: changed.map((step) => putOf(step, reading)),
    also: async () => {
      await owned.write(reading.tx)
      for (const { part, contentId, claims } of changed)
        if (claims.length > 0)
          await all.claiming.claim(reading.tx, part.identifier, { contentId, locations: claims })
      await assertUnchanged(
        steps.filter(({ swap }) => !swap.changed),
        reading,
      )
    },
  }
}

/** A base as the part allows it, or the refusal that its client is told. */
const baseFor = <F extends Facts>(
  context: CallContext,
  part: Part<F>,
  state: RelationState | undefined,
): LocalState | undefined => {
  const { identifier: id, kind } = part
  if (part.base === 'present') {
    const entry = requireRelation(context, { kind, id }, state)
    return { metadataLocation: entry.metadataLocation, entry }
  }
  if (state === undefined) return undefined
  if (part.base === 'absent' || state.kind !== kind) throw relationExists(kind, state.kind, id)
  // `assert-create` on what is there: the engine says so in the reference's words.
  return { metadataLocation: state.metadataLocation, entry: state }
}

const createStore = <F extends Facts>(all: Parts<F>): PointerStore<LocalState, F> => {
  const { local, context, parts } = all
  let commitId = ''
  return {
    read: async () => {
      const states = await readingForChange(() =>
        Promise.all(parts.map((part) => local.lookups.find(relationName(part.identifier)))),
      )
      return parts.map((part, i) => baseFor(context, part, states[i]))
    },
    swap: async (swaps) => {
      commitId = local.newUuid()
      const steps = stepsOf(all, swaps)
      try {
        await attemptChange(local, context, {
          commitId,
          op: all.op,
          locks: (line) => steps.flatMap((step) => locksOf(all, step, line)),
          plan: (reading) => planSwap(all, swaps, reading),
        })
        return 'swapped'
      } catch (error) {
        if (error instanceof TransactionConflict) return 'lost'
        if (error instanceof CommitUnknown || isCatalogError(error)) throw error
        // Whatever broke did so before COMMIT was sent: nothing happened.
        throw new CatalogError('InternalServerErrorException', 'The commit failed', { cause: error })
      }
    },
    settle: async () => {
      const happened = await settleChange(local, context, commitId)
      if (happened === undefined) return 'unknown'
      return happened ? 'swapped' : 'lost'
    },
  }
}

export type RunCommit = <F extends Facts>(
  context: CallContext,
  committing: Committing<F>,
) => Promise<readonly PointerSwap<LocalState, F>[]>

/** Runs the loop; the bytes that stand afterwards are kept in memory. */
export const createRunCommit = (
  local: Local,
  parts: {
    readonly claiming: Claiming
    readonly take: <T>(keys: readonly string[], work: () => Promise<T>) => Promise<T>
  },
): RunCommit => {
  return async (context, committing) => {
    const store = createStore({ ...committing, local, context, claiming: parts.claiming })
    const keys = committing.parts.map(({ identifier: id }) => namespaceKey([...id.namespace, id.name]))
    const swaps = await parts.take(keys, () => local.commitPointers(context, committing.parts, store))
    for (const { metadataLocation, bytes } of swaps) local.cache.set(local.scope, metadataLocation, bytes)
    return swaps
  }
}

/** How a swapped object is shown to its client. */
export const showSwap = <F extends Facts>({ metadataLocation, bytes, facts }: PointerSwap<LocalState, F>) =>
  loadedOf({ metadataLocation, metadata: [bytes], uuid: facts.uuid, location: facts.location })
