/** Changes of several tables at once: all or nothing, so that what shows of one tells for all. */
import type { CallContext, Loaded, TableChange, Tables, Transactions } from '#catalog/catalog.ts'
import type { Mark } from '#catalog/intents.ts'
import { assignedUuid } from '#iceberg/assigned-uuid.ts'
import { assertsCreate } from '#iceberg/requirements.ts'
import { isCatalogError } from '#model/errors.ts'
import type { Identifier } from '#model/identifier.ts'
import { type Change, lookOnce, runChange } from './changes.ts'
import type { Upstream } from './client.ts'
import { holdsSnapshots } from './loaded.ts'
import { addedSnapshotIds, alreadyThere } from './relations.ts'
import { withIdentifiers } from './splice.ts'
import { readNothing } from './translate.ts'

type Load = Tables['load']

/** The caller may be gone by now; what became of the change is found out all the same. */
const loadNow = async (load: Load, context: CallContext, id: Identifier): Promise<Loaded | undefined> => {
  const unhurried = { ...context, signal: new AbortController().signal }
  const loaded = await load(unhurried, id, { snapshots: 'all' })
  return loaded === 'not-modified' ? undefined : loaded
}

const isFree = async (load: Load, context: CallContext, id: Identifier): Promise<boolean> => {
  try {
    await load(context, id, { snapshots: 'refs' })
    return false
  } catch (error) {
    if (isCatalogError(error, 'NoSuchTableException')) return true
    throw error
  }
}

/** Each is looked for before the transaction and after it. */
const mostMarks = 16

/** Of all that it creates, where nothing of that is there yet; else of nothing. Undefined where something is there. */
const marksOf = async (
  load: Load,
  context: CallContext,
  creations: readonly TableChange[],
): Promise<readonly Mark[] | undefined> => {
  if (creations.length > mostMarks) return []
  const marks: Mark[] = []
  for (const { id, updates } of creations) {
    const uuid = assignedUuid(updates)
    if (uuid === undefined) return []
    const free = await lookOnce(() => isFree(load, context, id))
    if (!free) return free === false ? undefined : []
    marks.push({ id, uuid })
  }
  return marks
}

type Proof = Pick<Change<true>, 'addedSnapshotIds' | 'marks' | 'doomed' | 'reconcile' | 'reconcileEarlier'>

/** One that creates is known by what it creates alone: whoever asks for it may know of the snapshots that are there. */
const proofOfCreations = async (
  load: Load,
  context: CallContext,
  creations: readonly TableChange[],
): Promise<Proof> => {
  const marks = await marksOf(load, context, creations)
  const reconcileEarlier = async (): Promise<true | undefined> => {
    for (const { id, updates } of creations) {
      const uuid = assignedUuid(updates)
      const loaded = await loadNow(load, context, id)
      if (uuid === undefined || loaded?.uuid?.toLowerCase() !== uuid) return undefined
    }
    return true
  }
  if (marks === undefined) return { reconcileEarlier, doomed: alreadyThere() }
  return marks.length === 0 ? { reconcileEarlier } : { marks, reconcile: reconcileEarlier, reconcileEarlier }
}

const proofOf = async (load: Load, context: CallContext, changes: readonly TableChange[]): Promise<Proof> => {
  const creations = changes.filter(({ requirements }) => assertsCreate(requirements))
  if (creations.length > 0) return proofOfCreations(load, context, creations)
  const telling = changes.find(({ updates }) => addedSnapshotIds(updates).length > 0)
  if (telling === undefined) return {}
  return {
    addedSnapshotIds: changes.flatMap(({ updates }) => addedSnapshotIds(updates)),
    reconcile: async () => {
      const loaded = await loadNow(load, context, telling.id)
      return loaded && (await holdsSnapshots(loaded, addedSnapshotIds(telling.updates))) ? true : undefined
    },
  }
}

export const createTransactions = (upstream: Upstream, load: Load): Transactions => ({
  commit: async (context, changes, body) => {
    for (const { id } of changes)
      await context.inspect?.({ identifier: id, kind: 'table', request: body.json })
    const ids = changes.map(({ id }) => id)
    await runChange(upstream, context, {
      ...(await proofOf(load, context, changes)),
      operation: 'commitTransaction',
      identifiers: ids,
      ask: {
        method: 'POST',
        path: '/transactions/commit',
        body: withIdentifiers(body.bytes, ids),
        change: true,
      },
      expect: {
        missing: 'NoSuchTableException',
        conflict: 'CommitFailedException',
        message: 'A table of the transaction does not exist',
      },
      read: (response) => readNothing(upstream.connection, response),
      outcome: () => ({ kind: 'done' }),
    })
  },
})
