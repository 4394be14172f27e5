import { CatalogError } from '#model/errors.ts'
import type { JsonObject } from '#model/json.ts'
import { asString } from '#model/json-read.ts'
import { conflict, invalid } from './errors.ts'
import type { ViewValues } from './view-draft.ts'

/** Throws when the base does not meet it. */
export type ViewRequirement = (base: Readonly<ViewValues>) => void

const assertUuid =
  (uuid: string): ViewRequirement =>
  (base) => {
    if (base.uuid.toLowerCase() !== uuid.toLowerCase())
      throw conflict(`Requirement failed: view UUID does not match: expected ${base.uuid} != ${uuid}`)
  }

/** Requirements of the specification that tables alone have. */
const ofTables: ReadonlySet<string> = new Set([
  'assert-create',
  'assert-table-uuid',
  'assert-ref-snapshot-id',
  'assert-last-assigned-field-id',
  'assert-current-schema-id',
  'assert-last-assigned-partition-id',
  'assert-default-spec-id',
  'assert-default-sort-order-id',
])

/** Reads a requirement; 400 when it is unknown. One that only tables have fails (400) when it is checked. */
export const parseViewRequirement = (json: JsonObject): ViewRequirement => {
  const type = asString(json['type'], 'type').toLowerCase()
  if (type === 'assert-view-uuid') return assertUuid(asString(json['uuid'], 'uuid'))
  if (!ofTables.has(type))
    throw new CatalogError(
      'BadRequestException',
      `Cannot parse update requirement: unrecognized type ${type}`,
    )
  return () => {
    throw invalid(`Cannot validate ${type} against a view`)
  }
}
