/** The scalar members of table metadata (format specification, "Table Metadata Fields"), read and checked. */
import type { DocumentIndex } from '#model/document.ts'
import { canonicalId, type Id } from '#model/json-read.ts'
import { asTime, hasMember, intMember, longMember, required, stringMember } from './document-read.ts'
import { invalid } from './errors.ts'

/** The newest format version that we write. */
export const supportedFormatVersion = 3

/** Members whose value is one number or string. Undefined: not in the document. */
export interface TableValues {
  formatVersion: number
  uuid: string | undefined
  location: string | undefined
  lastSequenceNumber: Id | undefined
  lastUpdatedMs: number | undefined
  lastColumnId: number
  currentSchemaId: number | undefined
  defaultSpecId: number | undefined
  lastPartitionId: number | undefined
  defaultSortOrderId: number | undefined
  currentSnapshotId: Id | null
  nextRowId: Id | undefined
}

const readFormatVersion = (index: DocumentIndex): number => {
  const version = required(intMember(index, 'format-version'), 'format-version')
  if (version < 1 || version > supportedFormatVersion)
    throw invalid(`Cannot read unsupported version ${version}`)
  return version
}

const readTime = (index: DocumentIndex): number | undefined => {
  const time = longMember(index, 'last-updated-ms')
  return time === undefined ? undefined : asTime(time, 'last-updated-ms')
}

/** -1, null and absence all say that there is no current snapshot. */
const readCurrentSnapshot = (index: DocumentIndex): Id | null => {
  const id = longMember(index, 'current-snapshot-id') ?? -1
  return id === -1 ? null : canonicalId(id)
}

/** Members that each later format version made mandatory. */
const mandatory: readonly (readonly [number, string])[] = [
  [1, 'location'],
  [1, 'last-column-id'],
  [1, 'last-updated-ms'],
  [2, 'table-uuid'],
  [2, 'last-sequence-number'],
  [2, 'current-schema-id'],
  [2, 'schemas'],
  [2, 'default-spec-id'],
  [2, 'partition-specs'],
  [2, 'last-partition-id'],
  [2, 'default-sort-order-id'],
  [2, 'sort-orders'],
  [3, 'next-row-id'],
]

/** What a v1 writer may leave out, and what must then stand in its place. */
const pairs: readonly (readonly [string, string])[] = [
  ['schemas', 'schema'],
  ['partition-specs', 'partition-spec'],
]

const checkMandatory = (index: DocumentIndex, formatVersion: number): void => {
  for (const [since, name] of mandatory)
    if (formatVersion >= since && !hasMember(index, name))
      throw invalid(`Cannot parse missing field: ${name} must exist in format v${formatVersion}`)
  for (const [name, older] of pairs)
    if (!hasMember(index, name) && !hasMember(index, older))
      throw invalid(`Cannot parse missing field: ${older}`)
}

/** Reads them from a document; ValidationException when it is no table metadata of a version that we know. */
export const readTableValues = (index: DocumentIndex): TableValues => {
  const formatVersion = readFormatVersion(index)
  checkMandatory(index, formatVersion)
  const values: TableValues = {
    formatVersion,
    uuid: stringMember(index, 'table-uuid'),
    location: required(stringMember(index, 'location'), 'location'),
    lastSequenceNumber: formatVersion === 1 ? undefined : longMember(index, 'last-sequence-number'),
    lastUpdatedMs: required(readTime(index), 'last-updated-ms'),
    lastColumnId: required(intMember(index, 'last-column-id'), 'last-column-id'),
    currentSchemaId: intMember(index, 'current-schema-id'),
    defaultSpecId: intMember(index, 'default-spec-id'),
    lastPartitionId: intMember(index, 'last-partition-id'),
    defaultSortOrderId: intMember(index, 'default-sort-order-id'),
    currentSnapshotId: readCurrentSnapshot(index),
    nextRowId: formatVersion < 3 ? undefined : longMember(index, 'next-row-id'),
  }
  checkPresence(index, values)
  return values
}

/** An id may be left out only together with the list that it points into; null counts as left out. */
const checkPresence = (index: DocumentIndex, values: TableValues): void => {
  if (hasMember(index, 'schemas')) required(values.currentSchemaId, 'current-schema-id')
  if (hasMember(index, 'partition-specs')) required(values.defaultSpecId, 'default-spec-id')
  if (hasMember(index, 'sort-orders')) required(values.defaultSortOrderId, 'default-sort-order-id')
  if (values.formatVersion === 1) return
  required(values.uuid, 'table-uuid')
  required(values.lastSequenceNumber, 'last-sequence-number')
  required(values.lastPartitionId, 'last-partition-id')
  if (values.formatVersion > 2) required(values.nextRowId, 'next-row-id')
}
