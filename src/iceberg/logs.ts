/** Upkeep of the snapshot log and the metadata log of a changed table (format specification, "Table Metadata Fields"). */
import type { Id } from '#model/json-read.ts'
import { invalid } from './errors.ts'
import { integerProperty } from './properties.ts'
import type { SnapshotLogEntry, TableDraft } from './table-draft.ts'

/** Snapshots that `main` only passed through within this commit leave no entry. */
const passedThrough = (draft: TableDraft): ReadonlySet<Id> =>
  new Set(draft.changes.setAsMain.filter((id) => id !== draft.values.currentSnapshotId))

/** Entries that stay. An entry of a removed snapshot takes all before it along: no gaps in history. */
const remaining = (draft: TableDraft, skipped: ReadonlySet<Id>): ReadonlySet<SnapshotLogEntry> => {
  const kept = new Set<SnapshotLogEntry>()
  for (const entry of draft.snapshotLog.items()) {
    if (draft.snapshots.find(entry.snapshotId) === undefined) {
      if (draft.changes.removedSnapshots) kept.clear()
    } else if (!skipped.has(entry.snapshotId)) kept.add(entry)
  }
  return kept
}

/** Brings the snapshot log in line with what the commit did. */
export const trimSnapshotLog = (draft: TableDraft): void => {
  const skipped = passedThrough(draft)
  if (skipped.size === 0 && !draft.changes.removedSnapshots) return
  const kept = remaining(draft, skipped)
  draft.snapshotLog.removeWhere((entry) => !kept.has(entry))
  const { currentSnapshotId } = draft.values
  const last = draft.snapshotLog.last()
  if (currentSnapshotId !== null && last !== undefined && last.snapshotId !== currentSnapshotId)
    throw invalid('Cannot set invalid snapshot log: latest entry is not the current snapshot')
}

const keptKey = 'write.metadata.previous-versions-max'

/** Notes the file that this commit replaces, and keeps the newest entries as the new properties say (at least one). */
export const extendMetadataLog = (draft: TableDraft, previousFile: string): void => {
  const properties = Object.fromEntries(draft.properties.entries())
  const most = Math.max(1, integerProperty(properties, keptKey, 100))
  draft.metadataLog.removeFirst(draft.metadataLog.size() - most + 1)
  draft.metadataLog.add({ timestampMs: draft.original?.lastUpdatedMs ?? draft.now, file: previousFile })
}

/** The commit's time: never behind what the document says already, so that no clock makes it unreadable. */
export const updateTime = (draft: TableDraft): number =>
  Math.max(
    draft.now,
    draft.original?.lastUpdatedMs ?? 0,
    draft.snapshotLog.last()?.timestampMs ?? 0,
    draft.metadataLog.last()?.timestampMs ?? 0,
  )
