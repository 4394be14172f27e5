/** The document as `snapshots=refs` shows it (REST specification, "loadTable"): the rest is handed on byte for byte. */
import {
  changeItems,
  type DocumentIndex,
  indexDocumentInSteps,
  memberItemsInSteps,
  type Replacement,
  replaceMembers,
  type Span,
} from '#model/document.ts'
import { canonicalId, type Id } from '#model/json-read.ts'
import { hasMember, longMember, longOfItem } from './document-read.ts'
import { createNamedEntries } from './named-entries.ts'
import {
  branchOf,
  encodeSnapshotRef,
  mainBranch,
  parseSnapshotRef,
  type SnapshotRef,
} from './snapshot-ref.ts'

/** Snapshots looked at before the event loop gets its turn: about a millisecond. */
const stepItems = 2000

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const currentSnapshotOf = (index: DocumentIndex): Id | undefined => {
  const id = longMember(index, 'current-snapshot-id')
  return id === undefined || id === -1 ? undefined : canonicalId(id)
}

const refsOf = (index: DocumentIndex): Iterable<SnapshotRef> =>
  createNamedEntries({ index, member: 'refs', read: parseSnapshotRef, write: encodeSnapshotRef })
    .entries()
    .values()

/** Positions of the items whose snapshot is wanted. */
const positionsOf = async (
  index: DocumentIndex,
  items: readonly Span[],
  wanted: ReadonlySet<Id>,
): Promise<ReadonlySet<number>> => {
  const positions = new Set<number>()
  for (const [position, span] of items.entries()) {
    if (wanted.has(longOfItem(index, span, 'snapshot-id'))) positions.add(position)
    if (position % stepItems === stepItems - 1) await nextTurn()
  }
  return positions
}

/**
 * Keeps the snapshots that `refs` or `current-snapshot-id` name and puts `main` where a document has no refs.
 * The chunks share memory with `bytes`. Never holds the event loop for long, however large the document.
 */
export const onlyReferencedSnapshots = async (bytes: Uint8Array): Promise<readonly Uint8Array[]> => {
  const index = await indexDocumentInSteps(bytes)
  const current = currentSnapshotOf(index)
  const wanted = new Set([...refsOf(index)].map((ref) => ref.snapshotId))
  if (current !== undefined) wanted.add(current)
  const items = await memberItemsInSteps(index, 'snapshots')
  const kept = await positionsOf(index, items, wanted)
  const changes = new Map<string, Replacement>()
  if (kept.size < items.length)
    changes.set('snapshots', changeItems(index, items, { keep: (position) => kept.has(position) }))
  if (current !== undefined && !hasMember(index, 'refs'))
    changes.set('refs', { [mainBranch]: encodeSnapshotRef(branchOf(current)) })
  return changes.size === 0 ? [bytes] : replaceMembers(index, changes)
}
