/** A snapshot as a request adds it (format specification, "Snapshots"): checked, brought into canonical form. */

import type { JsonObject, JsonValue } from '#model/json.ts'
import {
  asArrayOf,
  asInt,
  asLong,
  asObject,
  asString,
  asStringMap,
  canonicalId,
  type Id,
  optional,
} from '#model/json-read.ts'
import { asTime } from './document-read.ts'
import { illegal } from './errors.ts'
import { objectOf, unknownMembers } from './members.ts'

export interface AddedSnapshot {
  readonly id: Id
  readonly sequenceNumber: Id
  readonly parentId: Id | undefined
  readonly timestampMs: number
  readonly firstRowId: Id | undefined
  /** Present whenever `firstRowId` is. */
  readonly addedRows: Id | undefined
  readonly json: JsonObject
}

const members = new Set([
  'sequence-number',
  'snapshot-id',
  'parent-snapshot-id',
  'timestamp-ms',
  'summary',
  'manifests',
  'manifest-list',
  'schema-id',
  'first-row-id',
  'added-rows',
  'key-id',
])

const present = <T>(
  read: (value: JsonValue, path: string) => T,
  object: JsonObject,
  name: string,
): T | undefined => (object[name] === undefined ? undefined : read(object[name], `snapshot.${name}`))

const nullable = <T>(
  read: (value: JsonValue | undefined, path: string) => T,
  object: JsonObject,
  name: string,
): T | undefined => optional(read, object[name], `snapshot.${name}`)

/** The operation first; a summary without one counts as an overwrite, an empty one as none. */
const readSummary = (value: JsonValue, path: string): JsonObject | undefined => {
  const summary = asStringMap(value, path)
  if (Object.keys(summary).length === 0) return undefined
  return Object.assign(Object.create(null), { operation: 'overwrite' }, summary)
}

interface RowRange {
  readonly firstRowId: Id | undefined
  readonly addedRows: Id | undefined
}

const readRows = (object: JsonObject): RowRange => {
  const firstRowId = nullable(asLong, object, 'first-row-id')
  const addedRows = nullable(asLong, object, 'added-rows')
  if (firstRowId !== undefined && firstRowId < 0)
    throw illegal(`Invalid first-row-id (cannot be negative): ${firstRowId}`)
  if (addedRows !== undefined && addedRows < 0)
    throw illegal(`Invalid added-rows (cannot be negative): ${addedRows}`)
  if (firstRowId === undefined) return { firstRowId, addedRows: undefined }
  if (addedRows === undefined) throw illegal('Invalid added-rows (required when first-row-id is set): null')
  return { firstRowId, addedRows }
}

/** Version 1 may embed the paths of manifests instead of naming a manifest list. */
const readManifests = (object: JsonObject): readonly (readonly [string, JsonValue])[] => {
  const list = present(asString, object, 'manifest-list')
  if (list !== undefined) return [['manifest-list', list]]
  return [['manifests', asArrayOf(asString)(object['manifests'], 'snapshot.manifests')]]
}

/** Reads the snapshot of an `add-snapshot`; unknown members are kept. */
export const parseSnapshot = (json: JsonValue | undefined): AddedSnapshot => {
  const object = asObject(json, 'snapshot')
  const id = canonicalId(asLong(object['snapshot-id'], 'snapshot.snapshot-id'))
  const sequenceNumber = present(asLong, object, 'sequence-number') ?? 0
  // Readers of version 2 refuse it, and a parent that it could be behind is not needed to know that.
  if (sequenceNumber < 0) throw illegal(`Invalid sequence number: ${sequenceNumber}`)
  const parentId = present(asLong, object, 'parent-snapshot-id')
  const timestampMs = asTime(asLong(object['timestamp-ms'], 'snapshot.timestamp-ms'), 'snapshot.timestamp-ms')
  const manifests = readManifests(object)
  const embedded = manifests[0]?.[0] === 'manifests'
  const rows = embedded ? { firstRowId: undefined, addedRows: undefined } : readRows(object)
  const canonical = objectOf([
    ['sequence-number', sequenceNumber > 0 ? sequenceNumber : undefined],
    ['snapshot-id', id],
    ['parent-snapshot-id', parentId],
    ['timestamp-ms', timestampMs],
    ['summary', present(readSummary, object, 'summary')],
    ...manifests,
    ['schema-id', nullable(asInt, object, 'schema-id')],
    ['first-row-id', rows.firstRowId],
    ['added-rows', rows.addedRows],
    ['key-id', nullable(asString, object, 'key-id')],
    ...Object.entries(unknownMembers(object, members) ?? {}),
  ])
  return { id, sequenceNumber, parentId, timestampMs, ...rows, json: canonical }
}
