/** Looks whether a change of unknown end has happened. Only what a look can prove is looked for. */
import type { CallContext, Catalog, DoubtfulChange, Landed, Loaded, Relations } from '#catalog/catalog.ts'
import type { Mark } from '#catalog/intents.ts'
import { type ErrorType, isCatalogError } from '#model/errors.ts'
import type { Identifier } from '#model/identifier.ts'
import { holdsSnapshots } from './loaded.ts'

type Seen = Landed | 'unseen' | 'untellable'

interface Side {
  readonly relations: Relations
  readonly missing: ErrorType
}

type Look = (side: Side, context: CallContext, change: DoubtfulChange) => Promise<Seen>

const done: Landed = { outcome: { kind: 'done' } }

const landedAs = ({ metadataLocation, uuid }: Loaded): Landed => ({
  ...(metadataLocation === undefined ? done : { outcome: { kind: 'metadata', metadataLocation } }),
  uuid,
})

/** Where the metadata file is when all of the snapshots are in the table. */
const findSnapshots = async (
  { relations }: Side,
  context: CallContext,
  wanted: { readonly id: Identifier; readonly snapshotIds: readonly string[] },
): Promise<Landed | 'unseen'> => {
  const loaded = await relations.load(context, wanted.id, { snapshots: 'all' })
  if (loaded === 'not-modified' || !(await holdsSnapshots(loaded, wanted.snapshotIds))) return 'unseen'
  return landedAs(loaded)
}

const loadNow = async (
  { relations, missing }: Side,
  context: CallContext,
  id: Identifier,
): Promise<Loaded | undefined> => {
  try {
    const loaded = await relations.load(context, id, { snapshots: 'refs' })
    return loaded === 'not-modified' ? undefined : loaded
  } catch (error) {
    if (isCatalogError(error, missing)) return undefined
    throw error
  }
}

const bears = (loaded: Loaded, { uuid, metadataLocation }: Mark): boolean =>
  uuid === undefined ? loaded.metadataLocation === metadataLocation : loaded.uuid?.toLowerCase() === uuid

/** All that it creates is there by its mark, and was not before it was sent. */
const lookForMarks: Look = async (side, context, { marks }) => {
  const [first, ...more] = marks
  if (first === undefined) return 'untellable'
  const made = await loadNow(side, context, first.id)
  if (made === undefined || !bears(made, first)) return 'unseen'
  for (const mark of more) {
    const loaded = await loadNow(side, context, mark.id)
    if (loaded === undefined || !bears(loaded, mark)) return 'unseen'
  }
  return more.length === 0 ? landedAs(made) : done
}

const lookForCommit: Look = async (side, context, change) => {
  const { identifiers, addedSnapshotIds } = change
  const [id] = identifiers
  return id === undefined || addedSnapshotIds.length === 0
    ? lookForMarks(side, context, change)
    : findSnapshots(side, context, { id, snapshotIds: addedSnapshotIds })
}

/** One snapshot tells for all: a transaction is all or nothing. It lies in one of the tables. */
const lookForTransaction: Look = async (side, context, change) => {
  const { identifiers, addedSnapshotIds } = change
  const [first] = addedSnapshotIds
  if (first === undefined) return lookForMarks(side, context, change)
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
  if (await isThere(side, context, source)) return 'unseen'
  const moved = await loadNow(side, context, destination)
  return moved ? { ...done, uuid: moved.uuid } : 'unseen'
}

const looks: Readonly<Record<string, { readonly space: 'tables' | 'views'; readonly look: Look }>> = {
  updateTable: { space: 'tables', look: lookForCommit },
  registerTable: { space: 'tables', look: lookForMarks },
  registerView: { space: 'views', look: lookForMarks },
  commitTransaction: { space: 'tables', look: lookForTransaction },
  dropTable: { space: 'tables', look: lookForDrop },
  renameTable: { space: 'tables', look: lookForRename },
  dropView: { space: 'views', look: lookForDrop },
  renameView: { space: 'views', look: lookForRename },
}

/** The `landed` member. A create that was not staged first, or a commit without a snapshot, leaves nothing that is surely its own. */
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
