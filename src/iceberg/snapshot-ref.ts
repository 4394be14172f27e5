/** Snapshot references: branches and tags of a table (format specification, "Snapshot References"). */

import type { JsonObject, JsonValue } from '#model/json.ts'
import {
  asInt,
  asLong,
  asObject,
  asString,
  canonicalId,
  type Id,
  optional,
  sameId,
} from '#model/json-read.ts'
import { illegal } from './errors.ts'
import { objectOf } from './members.ts'

export interface SnapshotRef {
  readonly snapshotId: Id
  readonly type: 'branch' | 'tag'
  readonly minSnapshotsToKeep: number | undefined
  readonly maxSnapshotAgeMs: Id | undefined
  readonly maxRefAgeMs: Id | undefined
}

export const mainBranch = 'main'

export const branchOf = (snapshotId: Id): SnapshotRef => ({
  snapshotId,
  type: 'branch',
  minSnapshotsToKeep: undefined,
  maxSnapshotAgeMs: undefined,
  maxRefAgeMs: undefined,
})

const readType = (text: string): SnapshotRef['type'] => {
  const lower = text.toLowerCase()
  if (lower === 'branch' || lower === 'tag') return lower
  throw illegal(`Invalid snapshot ref type: ${text}`)
}

/** Reads the fields of a ref, from `refs` of a document or from a `set-snapshot-ref`; the rules are checked apart. */
export const parseSnapshotRef = (json: JsonValue | undefined, path: string): SnapshotRef => {
  const object = asObject(json, path)
  return {
    snapshotId: canonicalId(asLong(object['snapshot-id'], `${path}.snapshot-id`)),
    type: readType(asString(object['type'], `${path}.type`)),
    minSnapshotsToKeep: optional(asInt, object['min-snapshots-to-keep'], `${path}.min-snapshots-to-keep`),
    maxSnapshotAgeMs: optional(asLong, object['max-snapshot-age-ms'], `${path}.max-snapshot-age-ms`),
    maxRefAgeMs: optional(asLong, object['max-ref-age-ms'], `${path}.max-ref-age-ms`),
  }
}

/** Tags keep one snapshot, so they have no retention of snapshots; all limits are positive. */
export const checkSnapshotRef = (ref: SnapshotRef): void => {
  if (ref.type === 'tag' && ref.minSnapshotsToKeep !== undefined)
    throw illegal('Tags do not support setting minSnapshotsToKeep')
  if (ref.minSnapshotsToKeep !== undefined && ref.minSnapshotsToKeep <= 0)
    throw illegal('Min snapshots to keep must be greater than 0')
  if (ref.type === 'tag' && ref.maxSnapshotAgeMs !== undefined)
    throw illegal('Tags do not support setting maxSnapshotAgeMs')
  if (ref.maxSnapshotAgeMs !== undefined && ref.maxSnapshotAgeMs <= 0)
    throw illegal('Max snapshot age must be greater than 0 ms')
  if (ref.maxRefAgeMs !== undefined && ref.maxRefAgeMs <= 0)
    throw illegal('Max reference age must be greater than 0')
}

export const encodeSnapshotRef = (ref: SnapshotRef): JsonObject =>
  objectOf([
    ['snapshot-id', ref.snapshotId],
    ['type', ref.type],
    ['min-snapshots-to-keep', ref.minSnapshotsToKeep],
    ['max-snapshot-age-ms', ref.maxSnapshotAgeMs],
    ['max-ref-age-ms', ref.maxRefAgeMs],
  ])

const sameLimit = (a: Id | undefined, b: Id | undefined): boolean => a === b || sameId(a, b)

export const sameSnapshotRef = (a: SnapshotRef, b: SnapshotRef): boolean =>
  sameId(a.snapshotId, b.snapshotId) &&
  a.type === b.type &&
  a.minSnapshotsToKeep === b.minSnapshotsToKeep &&
  sameLimit(a.maxSnapshotAgeMs, b.maxSnapshotAgeMs) &&
  sameLimit(a.maxRefAgeMs, b.maxRefAgeMs)
