/** Updates of what is neither schema nor snapshot: version, identity, location, properties, statistics, keys. */
import { checkText } from '#model/identifier.ts'
import type { Id } from '#model/json-read.ts'
import { illegal } from './errors.ts'
import { stripTrailingSlash } from './files.ts'
import type { ItemList } from './item-list.ts'
import { type Properties, withoutReserved } from './properties.ts'
import type { EncryptionKey, OfSnapshot, TableDraft } from './table-draft.ts'
import { supportedFormatVersion } from './table-values.ts'

/** Refuses (400) a format version that we do not write. */
export const checkFormatVersion = (version: number): void => {
  if (version < 1 || version > supportedFormatVersion)
    throw illegal(`Unsupported format version: v${version} (supported: v${supportedFormatVersion})`)
}

export const upgradeFormatVersion = (draft: TableDraft, version: number): void => {
  const { values, changes } = draft
  if (version > supportedFormatVersion)
    throw illegal(
      `Cannot upgrade table to unsupported format version: v${version} (supported: v${supportedFormatVersion})`,
    )
  if (version < values.formatVersion)
    throw illegal(`Cannot downgrade v${values.formatVersion} table to v${version}`)
  if (version === values.formatVersion) return
  values.formatVersion = version
  changes.any = true
}

const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export const assignUuid = (draft: TableDraft, uuid: string): void => {
  if (!uuidPattern.test(uuid)) throw illegal(`Invalid UUID string: ${uuid.slice(0, 100)}`)
  if (uuid === draft.values.uuid) return
  draft.values.uuid = uuid
  draft.changes.any = true
}

export const setLocation = (draft: TableDraft, location: string): void => {
  if (location === draft.values.location) return
  checkText(location, 'location')
  draft.values.location = stripTrailingSlash(location)
  draft.changes.any = true
}

export const setProperties = (draft: TableDraft, updates: Properties): void => {
  const stored = withoutReserved(updates)
  for (const key of Object.keys(stored)) draft.properties.set(key, stored[key] as string)
  if (Object.keys(stored).length > 0) draft.changes.any = true
}

export const removeProperties = (draft: TableDraft, removals: readonly string[]): void => {
  for (const key of removals) draft.properties.remove(key)
  if (removals.length > 0) draft.changes.any = true
}

type StatisticsOf = (draft: TableDraft) => ItemList<OfSnapshot>

/** Each snapshot has at most one entry of its kind: the new one replaces what was there. */
export const setStatistics = (of: StatisticsOf, entry: OfSnapshot) => {
  return (draft: TableDraft): void => {
    of(draft).remove(entry.snapshotId)
    of(draft).add(entry)
    draft.changes.any = true
  }
}

export const removeStatistics = (of: StatisticsOf, snapshotId: Id) => {
  return (draft: TableDraft): void => {
    if (of(draft).remove(snapshotId).length > 0) draft.changes.any = true
  }
}

export const addEncryptionKey = (draft: TableDraft, key: EncryptionKey): void => {
  if (draft.encryptionKeys.find(key.keyId) !== undefined) return
  draft.encryptionKeys.add(key)
  draft.changes.any = true
}

export const removeEncryptionKey = (draft: TableDraft, keyId: string): void => {
  if (draft.encryptionKeys.remove(keyId).length > 0) draft.changes.any = true
}
