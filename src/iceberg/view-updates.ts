/** The updates of a view: each is read whole before the first is applied (view specification; section "Updates" of the REST one). */
import { CatalogError } from '#model/errors.ts'
import type { JsonObject } from '#model/json.ts'
import { asArrayOf, asInt, asString, asStringMap } from '#model/json-read.ts'
import { illegal, invalid } from './errors.ts'
import { parseSchema, type Schema, schemaIdFor } from './schema.ts'
import { supportedViewFormatVersion, type ViewDraft, versionById } from './view-draft.ts'
import { checkDialects, parseViewVersion, type ViewVersion, withMembers } from './view-version.ts'

/** Changes the draft, or throws. */
export type ViewUpdate = (draft: ViewDraft) => void

/** Stands for the schema or version that this commit added last. */
const lastAdded = -1

const assignUuid =
  (uuid: string): ViewUpdate =>
  (draft) => {
    if (draft.values.uuid !== uuid) throw illegal('Cannot reassign uuid')
  }

const upgradeFormatVersion =
  (version: number): ViewUpdate =>
  ({ values }) => {
    if (version < values.formatVersion)
      throw illegal(`Cannot downgrade v${values.formatVersion} view to v${version}`)
    if (version > supportedViewFormatVersion) throw illegal(`Unsupported format version: ${version}`)
  }

const setLocation =
  (location: string): ViewUpdate =>
  ({ values, changes }) => {
    if (values.location === location) return
    values.location = location
    changes.any = true
  }

const setProperties =
  (updates: Readonly<Record<string, string>>): ViewUpdate =>
  ({ properties, changes }) => {
    for (const [name, value] of Object.entries(updates)) {
      properties.set(name, value)
      changes.any = true
    }
  }

const removeProperties =
  (names: readonly string[]): ViewUpdate =>
  ({ properties, changes }) => {
    for (const name of names) {
      properties.remove(name)
      changes.any = true
    }
  }

/** Reuses the id of an equal schema; returns the id. */
export const addSchema = ({ schemas, changes }: ViewDraft, schema: Schema): number => {
  const known = schemas.items()
  const id = schemaIdFor(schema, known, 0)
  changes.lastAddedSchemaId = id
  if (known.some((other) => other.id === id)) return id
  schemas.add({ ...schema, id })
  changes.any = true
  return id
}

/** The id of a version that says the same, else the requested one or the next that is free. */
const versionIdFor = (version: ViewVersion, existing: readonly ViewVersion[]): number => {
  const same = existing.find((other) => other.meaning === version.meaning)
  return same?.id ?? existing.reduce((next, other) => Math.max(next, other.id + 1), version.id)
}

const withSchema = ({ changes, schemas }: ViewDraft, version: ViewVersion): ViewVersion => {
  const id = version.schemaId === lastAdded ? changes.lastAddedSchemaId : version.schemaId
  if (id === undefined) throw invalid('Cannot set last added schema: no schema has been added')
  if (!schemas.items().some((schema) => schema.id === id))
    throw illegal(`Cannot add version with unknown schema: ${id}`)
  return withMembers(version, { 'schema-id': id })
}

export const addVersion = (draft: ViewDraft, requested: ViewVersion): void => {
  const { versions, changes } = draft
  const version = withSchema(draft, requested)
  const id = versionIdFor(version, versions.items())
  changes.lastAddedVersionId = id
  if (versionById(draft, id) !== undefined) return
  checkDialects(version)
  versions.add(withMembers(version, { 'version-id': id }))
  changes.addedVersions.add(id)
  changes.any = true
}

export const setCurrentVersion = (draft: ViewDraft, requested: number): void => {
  const { values, changes, now } = draft
  const id = requested === lastAdded ? changes.lastAddedVersionId : requested
  if (id === undefined) throw invalid('Cannot set last version id: no current version id has been set')
  if (values.currentVersionId === id) return
  const version = versionById(draft, id)
  if (version === undefined) throw illegal(`Cannot set current version to unknown version: ${id}`)
  values.currentVersionId = id
  // A version of the past that becomes current again does so now.
  changes.logEntry = {
    timestampMs: changes.addedVersions.has(id) ? version.timestampMs : now,
    versionId: id,
  }
  changes.any = true
}

/** The field under its name, else under the one that early clients used. */
const eitherOf = (json: JsonObject, name: string, older: string) => json[name] ?? json[older]

const readers: Readonly<Record<string, (json: JsonObject) => ViewUpdate>> = {
  'assign-uuid': (json) => assignUuid(asString(json['uuid'], 'uuid')),
  'upgrade-format-version': (json) => upgradeFormatVersion(asInt(json['format-version'], 'format-version')),
  'add-schema': (json) => {
    const schema = parseSchema(json['schema'])
    return (draft) => {
      addSchema(draft, schema)
    }
  },
  'set-location': (json) => setLocation(asString(json['location'], 'location')),
  'set-properties': (json) => setProperties(asStringMap(eitherOf(json, 'updates', 'updated'), 'updates')),
  'remove-properties': (json) =>
    removeProperties(asArrayOf(asString)(eitherOf(json, 'removals', 'removed'), 'removals')),
  'add-view-version': (json) => {
    const version = parseViewVersion(json['view-version'])
    return (draft) => addVersion(draft, version)
  },
  'set-current-view-version': (json) => {
    const id = asInt(json['view-version-id'], 'view-version-id')
    return (draft) => setCurrentVersion(draft, id)
  },
}

/** Updates of the specification that tables alone have. */
const ofTables: ReadonlySet<string> = new Set([
  'set-current-schema',
  'add-spec',
  'set-default-spec',
  'add-sort-order',
  'set-default-sort-order',
  'add-snapshot',
  'set-snapshot-ref',
  'remove-snapshots',
  'remove-snapshot-ref',
  'set-statistics',
  'remove-statistics',
  'set-partition-statistics',
  'remove-partition-statistics',
  'remove-partition-specs',
  'remove-schemas',
  'add-encryption-key',
  'remove-encryption-key',
])

const unsupported =
  (action: string): ViewUpdate =>
  () => {
    throw new CatalogError('UnsupportedOperationException', `Cannot apply update ${action} to a view`)
  }

/** Reads an update. Unknown: 400. One that only tables have: 406 when its turn comes, as the reference answers. */
export const parseViewUpdate = (json: JsonObject): ViewUpdate => {
  const action = asString(json['action'], 'action').toLowerCase()
  if (ofTables.has(action)) return unsupported(action)
  const read = Object.hasOwn(readers, action) ? readers[action] : undefined
  if (read === undefined)
    throw new CatalogError(
      'BadRequestException',
      `Cannot parse metadata update: unrecognized action ${action}`,
    )
  return read(json)
}
