/** Every update of a table commit (REST specification, "TableUpdate"): action → how it is read and applied. */
import { CatalogError } from '#model/errors.ts'
import type { JsonObject } from '#model/json.ts'
import { asArrayOf, asInt, asObject, asString, asStringMap } from '#model/json-read.ts'
import {
  addEncryptionKey,
  assignUuid,
  removeEncryptionKey,
  removeProperties,
  removeStatistics,
  setLocation,
  setProperties,
  setStatistics,
  upgradeFormatVersion,
} from './change-attributes.ts'
import {
  addSchema,
  addSortOrder,
  addSpec,
  removeSchemas,
  removeSpecs,
  setCurrentSchema,
  setDefaultSortOrder,
  setDefaultSpec,
} from './change-schemas.ts'
import { addSnapshot, removeSnapshotRef, removeSnapshots, setSnapshotRef } from './change-snapshots.ts'
import { parsePartitionSpec } from './partition-spec.ts'
import { parseSchema } from './schema.ts'
import { parseSnapshot } from './snapshot.ts'
import { parseSnapshotRef } from './snapshot-ref.ts'
import { parseSortOrder } from './sort-order.ts'
import type { TableDraft } from './table-draft.ts'
import { asId, parseEncryptionKey, parsePartitionStatistics, parseStatistics } from './update-items.ts'

/** A request is read whole before anything is applied, so that what is malformed comes before what conflicts. */
export type Update = (draft: TableDraft) => void

/** An update whose one field is an integer. */
const ofInt = (name: string, apply: (draft: TableDraft, value: number) => void) => {
  return (json: JsonObject): Update => {
    const value = asInt(json[name], name)
    return (draft) => apply(draft, value)
  }
}

/** An update whose one field is a string. */
const ofString = (name: string, apply: (draft: TableDraft, value: string) => void) => {
  return (json: JsonObject): Update => {
    const value = asString(json[name], name)
    return (draft) => apply(draft, value)
  }
}

/** An update whose one field is a list of integers. */
const ofInts = (name: string, apply: (draft: TableDraft, value: readonly number[]) => void) => {
  return (json: JsonObject): Update => {
    const value = asArrayOf(asInt)(json[name], name)
    return (draft) => apply(draft, value)
  }
}

/** The member by its name, or by the one that early clients send. */
const eitherName = (json: JsonObject, name: string, legacy: string): string =>
  json[name] === undefined && json[legacy] !== undefined ? legacy : name

const statisticsOf = (draft: TableDraft) => draft.statistics
const partitionStatisticsOf = (draft: TableDraft) => draft.partitionStatistics

const readers: Readonly<Record<string, (json: JsonObject) => Update>> = {
  'assign-uuid': ofString('uuid', assignUuid),
  'upgrade-format-version': ofInt('format-version', upgradeFormatVersion),
  'add-schema': (json) => {
    const schema = parseSchema(json['schema'])
    return (draft) => addSchema(draft, schema)
  },
  'set-current-schema': ofInt('schema-id', setCurrentSchema),
  'remove-schemas': ofInts('schema-ids', removeSchemas),
  'add-spec': (json) => {
    const spec = parsePartitionSpec(json['spec'])
    return (draft) => addSpec(draft, spec)
  },
  'set-default-spec': ofInt('spec-id', setDefaultSpec),
  'remove-partition-specs': ofInts('spec-ids', removeSpecs),
  'add-sort-order': (json) => {
    const order = parseSortOrder(json['sort-order'])
    return (draft) => addSortOrder(draft, order)
  },
  'set-default-sort-order': ofInt('sort-order-id', setDefaultSortOrder),
  'add-snapshot': (json) => {
    const snapshot = parseSnapshot(json['snapshot'])
    return (draft) => addSnapshot(draft, snapshot)
  },
  'set-snapshot-ref': (json) => {
    const name = asString(json['ref-name'], 'ref-name')
    const ref = parseSnapshotRef(json, 'set-snapshot-ref')
    return (draft) => setSnapshotRef(draft, name, ref)
  },
  'remove-snapshots': (json) => {
    const ids = asArrayOf(asId)(json['snapshot-ids'], 'snapshot-ids')
    return (draft) => removeSnapshots(draft, ids)
  },
  'remove-snapshot-ref': ofString('ref-name', removeSnapshotRef),
  'set-location': ofString('location', setLocation),
  'set-properties': (json) => {
    const name = eitherName(json, 'updates', 'updated')
    const updates = asStringMap(json[name], name)
    return (draft) => setProperties(draft, updates)
  },
  'remove-properties': (json) => {
    const name = eitherName(json, 'removals', 'removed')
    const removals = asArrayOf(asString)(json[name], name)
    return (draft) => removeProperties(draft, removals)
  },
  'set-statistics': (json) => setStatistics(statisticsOf, parseStatistics(json['statistics'], 'statistics')),
  'remove-statistics': (json) => removeStatistics(statisticsOf, asId(json['snapshot-id'], 'snapshot-id')),
  'set-partition-statistics': (json) =>
    setStatistics(
      partitionStatisticsOf,
      parsePartitionStatistics(json['partition-statistics'], 'partition-statistics'),
    ),
  'remove-partition-statistics': (json) =>
    removeStatistics(partitionStatisticsOf, asId(json['snapshot-id'], 'snapshot-id')),
  'add-encryption-key': (json) => {
    const key = parseEncryptionKey(json['encryption-key'], 'encryption-key')
    return (draft) => addEncryptionKey(draft, key)
  },
  'remove-encryption-key': ofString('key-id', removeEncryptionKey),
}

const viewOnly: ReadonlySet<string> = new Set(['add-view-version', 'set-current-view-version'])

const refuseView = (action: string): Update => {
  return () => {
    throw new CatalogError('UnsupportedOperationException', `Cannot apply update ${action} to a table`)
  }
}

/** The action of an update, in lower case. */
export const actionOf = (json: JsonObject): string =>
  asString(asObject(json, 'update')['action'], 'action').toLowerCase()

/** Reads one update; BadRequest for an action that is unknown. */
const readUpdate = (json: JsonObject): Update => {
  const action = actionOf(json)
  if (viewOnly.has(action)) return refuseView(action)
  const read = Object.hasOwn(readers, action) ? readers[action] : undefined
  if (read === undefined)
    throw new CatalogError('BadRequestException', `Unknown update action: ${action.slice(0, 100)}`)
  return read(json)
}

/** Every one of these is compared with all that the table has; no client needs thousands in one commit. */
const structural: ReadonlySet<string> = new Set(['add-schema', 'add-spec', 'add-sort-order'])
const maxStructural = 1000

/** Reads all updates of a commit before the first one is applied. */
export const readUpdates = (updates: readonly JsonObject[]): readonly Update[] => {
  const read = updates.map(readUpdate)
  const added = updates.filter((update) => structural.has(actionOf(update))).length
  if (added > maxStructural)
    throw new CatalogError(
      'BadRequestException',
      `Too many schemas, specs and sort orders: ${added} in one commit`,
    )
  return read
}
