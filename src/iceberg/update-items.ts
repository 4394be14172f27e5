/** Statistics files and encryption keys as requests carry them: checked, kept as they were sent. */
import type { JsonObject } from '#model/json.ts'
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
  type Readable,
} from '#model/json-read.ts'
import { illegal } from './errors.ts'
import type { EncryptionKey, OfSnapshot } from './table-draft.ts'

export const asId = (value: Readable, path: string): Id => canonicalId(asLong(value, path))

/** Absent, or a map: with null, which is kept as it was sent, readers would refuse the whole document. */
const checkProperties = (holder: JsonObject, path: string): void => {
  if ('properties' in holder) asStringMap(holder['properties'], `${path}.properties`)
}

const checkBlob = (value: Readable, path: string): void => {
  const blob = asObject(value, path)
  asString(blob['type'], `${path}.type`)
  asLong(blob['snapshot-id'], `${path}.snapshot-id`)
  asLong(blob['sequence-number'], `${path}.sequence-number`)
  asArrayOf(asInt)(blob['fields'], `${path}.fields`)
  checkProperties(blob, path)
}

/** `partition-statistics` (format specification, "Partition Statistics"). */
export const parsePartitionStatistics = (value: Readable, path: string): OfSnapshot => {
  const json = asObject(value, path)
  asString(json['statistics-path'], `${path}.statistics-path`)
  asLong(json['file-size-in-bytes'], `${path}.file-size-in-bytes`)
  return { snapshotId: asId(json['snapshot-id'], `${path}.snapshot-id`), json }
}

/** `statistics` (format specification, "Table Statistics"). */
export const parseStatistics = (value: Readable, path: string): OfSnapshot => {
  const json = asObject(value, path)
  asLong(json['file-footer-size-in-bytes'], `${path}.file-footer-size-in-bytes`)
  asArrayOf(checkBlob)(json['blob-metadata'], `${path}.blob-metadata`)
  return parsePartitionStatistics(json, path)
}

const base64Pattern = /^([A-Za-z0-9+/]*)(={0,2})$/

/** With padding or without, as the reference decodes it. */
const isBase64 = (text: string): boolean => {
  const [, digits, padding] = base64Pattern.exec(text) ?? []
  if (digits === undefined || digits.length % 4 === 1) return false
  return padding === '' || text.length % 4 === 0
}

/** `encryption-keys` (format specification, "Encryption Keys"). */
export const parseEncryptionKey = (value: Readable, path: string): EncryptionKey => {
  const json = asObject(value, path)
  const keyId = asString(json['key-id'], `${path}.key-id`)
  if (!isBase64(asString(json['encrypted-key-metadata'], `${path}.encrypted-key-metadata`)))
    throw illegal(`Cannot parse ${path}.encrypted-key-metadata: not base64`)
  optional(asString, json['encrypted-by-id'], `${path}.encrypted-by-id`)
  checkProperties(json, path)
  return { keyId, json }
}
