/** Updates of snapshots and snapshot references (format specification, "Snapshots", "Snapshot References"). */
import type { Id } from '#model/json-read.ts'
import { conflict, illegal, invalid } from './errors.ts'
import { largerOf, sumOf } from './long-math.ts'
import type { AddedSnapshot } from './snapshot.ts'
import { checkSnapshotRef, mainBranch, type SnapshotRef, sameSnapshotRef } from './snapshot-ref.ts'
import type { TableDraft } from './table-draft.ts'

const minute = 60_000
const day = 24 * 60 * minute

const hasSnapshot = (draft: TableDraft, id: Id): boolean => draft.snapshots.find(id) !== undefined

/** A value of the request that the table has overtaken: the client takes the new state and tries again. */
const stale = (draft: TableDraft, message: string) =>
  draft.index === undefined ? invalid(message) : conflict(`Validation failed, please retry: ${message}`)

const checkNewSnapshot = (draft: TableDraft, snapshot: AddedSnapshot): void => {
  const { values } = draft
  const missing = [
    [draft.schemas.size(), 'schema'],
    [draft.specs.size(), 'partition spec'],
    [draft.sortOrders.size(), 'sort order'],
  ].find(([size]) => size === 0)
  if (missing !== undefined) throw invalid(`Attempting to add a snapshot before a ${missing[1]} is added`)
  if (hasSnapshot(draft, snapshot.id)) throw invalid(`Snapshot already exists for id: ${snapshot.id}`)
  const { sequenceNumber } = snapshot
  if (values.formatVersion === 1 && sequenceNumber !== 0)
    throw illegal(`Sequence number must be 0 in v1: ${sequenceNumber}`)
  const behind = sequenceNumber <= values.lastSequenceNumber && snapshot.parentId !== undefined
  if (values.formatVersion > 1 && behind)
    throw stale(
      draft,
      `Cannot add snapshot with sequence number ${sequenceNumber} older than last sequence number ${values.lastSequenceNumber}`,
    )
}

/** Row lineage (format specification, "Row Lineage"): a snapshot takes the next row ids. */
const assignRows = (draft: TableDraft, snapshot: AddedSnapshot): void => {
  const { values } = draft
  const { firstRowId, addedRows } = snapshot
  if (firstRowId === undefined) throw invalid('Cannot add a snapshot: first-row-id is null')
  if (firstRowId < values.nextRowId)
    throw stale(
      draft,
      `Cannot add a snapshot, first-row-id is behind table next-row-id: ${firstRowId} < ${values.nextRowId}`,
    )
  // Where the snapshot left a gap, ids in the gap stay unused: they may have been given away.
  values.nextRowId = sumOf(largerOf(values.nextRowId, firstRowId), addedRows ?? 0)
}

export const addSnapshot = (draft: TableDraft, snapshot: AddedSnapshot): void => {
  const { values, changes } = draft
  checkNewSnapshot(draft, snapshot)
  if (values.formatVersion >= 3) assignRows(draft, snapshot)
  values.lastSequenceNumber = largerOf(values.lastSequenceNumber, snapshot.sequenceNumber)
  draft.snapshots.add({ snapshotId: snapshot.id, json: snapshot.json })
  changes.addedSnapshots.set(snapshot.id, snapshot)
  changes.any = true
}

/**
 * When `main` came to a snapshot: the snapshot's own time if this commit adds it, else the commit's. Never more
 * than a minute behind the entry before, which readers would refuse.
 */
const timeOfChange = (draft: TableDraft, snapshotId: Id): number => {
  const added = draft.changes.addedSnapshots.get(snapshotId)
  const before = draft.snapshotLog.last()?.timestampMs ?? 0
  const time = added?.timestampMs ?? Math.max(draft.now, draft.original?.lastUpdatedMs ?? 0)
  if (time > draft.now + day)
    throw illegal(`Invalid update timestamp ${draft.now}: before last snapshot log entry at ${time}`)
  return time < before - minute ? before : time
}

const moveMain = (draft: TableDraft, snapshotId: Id): void => {
  draft.values.currentSnapshotId = snapshotId
  draft.snapshotLog.add({ timestampMs: timeOfChange(draft, snapshotId), snapshotId })
  if (draft.changes.addedSnapshots.has(snapshotId)) draft.changes.setAsMain.push(snapshotId)
}

export const setSnapshotRef = (draft: TableDraft, name: string, ref: SnapshotRef): void => {
  checkSnapshotRef(ref)
  const existing = draft.refs.get(name)
  if (existing !== undefined && sameSnapshotRef(existing, ref)) return
  if (!hasSnapshot(draft, ref.snapshotId))
    throw invalid(`Cannot set ${name} to unknown snapshot: ${ref.snapshotId}`)
  if (name === mainBranch && ref.type !== 'branch')
    throw invalid(`Cannot set ${mainBranch} to a tag, it must be a branch`)
  if (name === mainBranch) moveMain(draft, ref.snapshotId)
  draft.refs.set(name, ref)
  draft.changes.any = true
}

export const removeSnapshotRef = (draft: TableDraft, name: string): void => {
  if (name === mainBranch) draft.values.currentSnapshotId = null
  if (draft.refs.get(name) === undefined) return
  draft.refs.remove(name)
  draft.changes.any = true
}

/** Removes snapshots with their statistics and every ref that points to one of them; unknown ids are ignored. */
export const removeSnapshots = (draft: TableDraft, ids: readonly Id[]): void => {
  const gone = new Set<Id>()
  for (const id of ids) for (const { snapshotId } of draft.snapshots.remove(id)) gone.add(snapshotId)
  if (gone.size === 0) return
  for (const id of gone) {
    draft.statistics.remove(id)
    draft.partitionStatistics.remove(id)
  }
  for (const [name, ref] of [...draft.refs.entries()])
    if (gone.has(ref.snapshotId)) removeSnapshotRef(draft, name)
  draft.changes.removedSnapshots = true
  draft.changes.any = true
}
