/** Looks whether a change of unknown end has happened. Only what a look can prove is looked for. */
import type { CallContext, Catalog, DoubtfulChange, Relations } from '#catalog/catalog.ts'
import { type ErrorType, isCatalogError } from '#model/errors.ts'
import type { Outcome } from '#model/event.ts'
import type { Identifier } from '#model/identifier.ts'
import { holdsSnapshots } from './loaded.ts'

type Seen = Outcome | 'unseen' | 'untellable'

interface Side {
  readonly relations: Relations
  readonly missing: ErrorType
}

type Look = (side: Side, context: CallContext, change: DoubtfulChange) => Promise<Seen>

const done: Outcome = { kind: 'done' }

/** Where the metadata file is when all of the snapshots are in the table. */
const findSnapshots = async (
  { relations }: Side,
  context: CallContext,
  wanted: { readonly id: Identifier; readonly snapshotIds: readonly string[] },
): Promise<Outcome | 'unseen'> => {
  const loaded = await relations.load(context, wanted.id, { snapshots: 'all' })
  if (loaded === 'not-modified' || !(await holdsSnapshots(loaded, wanted.snapshotIds))) return 'unseen'
  const { metadataLocation } = loaded
  return metadataLocation === undefined ? done : { kind: 'metadata', metadataLocation }
}

const lookForCommit: Look = async (side, context, { identifiers: [id], addedSnapshotIds }) =>
  id === undefined || addedSnapshotIds.length === 0
    ? 'untellable'
    : findSnapshots(side, context, { id, snapshotIds: addedSnapshotIds })

/** One snapshot tells for all: a transaction is all or nothing. It lies in one of the tables. */
const lookForTransaction: Look = async (side, context, { identifiers, addedSnapshotIds }) => {
  const [first] = addedSnapshotIds
  if (first === undefined) return 'untellable'
  for (const id of identifiers) {
    const seen = await findSnapshots(side, context, { id, snapshotIds: [first] }).catch((error: unknown) => {
      if (isCatalogError(error, side.missing)) return 'unseen' as const
      throw error
    })
    if (seen !== 'unseen') return done
  }
  return 'unseen'
}

const isThere = async ({ relations, missing }: Side, context: CallContext, id: Identifier) => {
  try {
    await relations.exists(context, id)
    return true
  } catch (error) {
    if (isCatalogError(error, missing)) return false
    throw error
  }
}

const lookForDrop: Look = async (side, context, { identifiers: [id] }) => {
  if (id === undefined) return 'untellable'
  return (await isThere(side, context, id)) ? 'unseen' : done
}

const lookForRename: Look = async (side, context, { identifiers: [source, destination] }) => {
  if (source === undefined || destination === undefined) return 'untellable'
  const moved = !(await isThere(side, context, source)) && (await isThere(side, context, destination))
  return moved ? done : 'unseen'
}

const looks: Readonly<Record<string, { readonly space: 'tables' | 'views'; readonly look: Look }>> = {
  updateTable: { space: 'tables', look: lookForCommit },
  commitTransaction: { space: 'tables', look: lookForTransaction },
  dropTable: { space: 'tables', look: lookForDrop },
  renameTable: { space: 'tables', look: lookForRename },
  dropView: { space: 'views', look: lookForDrop },
  renameView: { space: 'views', look: lookForRename },
}

/** The `landed` member. A create, a register or a commit without a snapshot leaves nothing that is surely its own. */
export const createLanded =
  ({
    tables,
    views,
  }: {
    readonly tables: Relations
    readonly views: Relations
  }): NonNullable<Catalog['landed']> =>
  async (context, change) => {
    const known = looks[change.operation]
    if (!known) return 'untellable'
    const side: Side =
      known.space === 'tables'
        ? { relations: tables, missing: 'NoSuchTableException' }
        : { relations: views, missing: 'NoSuchViewException' }
    return known.look(side, context, change)
  }
