/** Every requirement of a table commit (REST specification, "TableRequirement"). */
import { CatalogError } from '#model/errors.ts'
import type { JsonObject, JsonValue } from '#model/json.ts'
import { asInt, asObject, asString, optional, sameId } from '#model/json-read.ts'
import { conflict, illegal, invalid } from './errors.ts'
import type { DraftValues, TableDraft } from './table-draft.ts'
import { asId } from './update-items.ts'

/** Throws CommitFailed (409) where the base does not meet it. */
type Requirement = (base: TableDraft) => void

const failed = (message: string): CatalogError => conflict(`Requirement failed: ${message}`)

const assertUuid = (json: JsonObject): Requirement => {
  const uuid = asString(json['uuid'], 'uuid')
  return ({ values }) => {
    if (uuid.toLowerCase() !== values.uuid?.toLowerCase())
      throw failed(`UUID does not match: expected ${values.uuid} != ${uuid}`)
  }
}

const assertRef = (json: JsonObject): Requirement => {
  const name = asString(json['ref'], 'ref')
  // Null, or absent: the ref must not exist.
  const expected = optional(asId, json['snapshot-id'], 'snapshot-id')
  return ({ refs }) => {
    const ref = refs.get(name)
    if (ref === undefined && expected !== undefined)
      throw failed(`branch or tag ${name} is missing, expected ${expected}`)
    if (ref === undefined) return
    if (expected === undefined) throw failed(`${ref.type} ${name} was created concurrently`)
    if (!sameId(expected, ref.snapshotId))
      throw failed(`${ref.type} ${name} has changed: expected id ${expected} != ${ref.snapshotId}`)
  }
}

type IntegerValue =
  | 'lastColumnId'
  | 'currentSchemaId'
  | 'lastPartitionId'
  | 'defaultSpecId'
  | 'defaultSortOrderId'

const assertValue = (member: string, value: IntegerValue & keyof DraftValues, what: string) => {
  return (json: JsonObject): Requirement => {
    const expected = asInt(json[member], member)
    return ({ values }) => {
      if (values[value] !== expected)
        throw failed(`${what} changed: expected id ${expected} != ${values[value]}`)
    }
  }
}

const createType = 'assert-create'

const readers: Readonly<Record<string, (json: JsonObject) => Requirement>> = {
  [createType]: () => () => {
    throw failed('table already exists')
  },
  'assert-table-uuid': assertUuid,
  'assert-view-uuid': (json) => {
    asString(json['uuid'], 'uuid')
    return () => {
      throw invalid('Cannot validate AssertViewUUID against a table')
    }
  },
  'assert-ref-snapshot-id': assertRef,
  'assert-last-assigned-field-id': assertValue(
    'last-assigned-field-id',
    'lastColumnId',
    'last assigned field id',
  ),
  'assert-current-schema-id': assertValue('current-schema-id', 'currentSchemaId', 'current schema'),
  'assert-last-assigned-partition-id': assertValue(
    'last-assigned-partition-id',
    'lastPartitionId',
    'last assigned partition id',
  ),
  'assert-default-spec-id': assertValue('default-spec-id', 'defaultSpecId', 'default partition spec'),
  'assert-default-sort-order-id': assertValue(
    'default-sort-order-id',
    'defaultSortOrderId',
    'default sort order',
  ),
}

const typeOf = (json: JsonObject): string =>
  asString(asObject(json, 'requirement')['type'], 'type').toLowerCase()

const readRequirement = (json: JsonObject): Requirement => {
  const type = typeOf(json)
  const read = Object.hasOwn(readers, type) ? readers[type] : undefined
  if (read === undefined)
    throw new CatalogError('BadRequestException', `Unknown update requirement: ${type.slice(0, 100)}`)
  return read(json)
}

/**
 * Does a commit assert that its object is absent? Judges no other requirement, so that those of an upstream's own
 * kind pass; letter case does not matter here either.
 */
export const assertsCreate = (requirements: JsonValue | undefined): boolean =>
  Array.isArray(requirements) &&
  requirements.some((one: JsonValue) => {
    const type = typeof one === 'object' && one !== null && 'type' in one ? one.type : undefined
    return typeof type === 'string' && type.toLowerCase() === createType
  })

export interface Requirements {
  /** True where the commit creates the table (`assert-create`). */
  readonly creates: boolean
  readonly checks: readonly Requirement[]
}

/** Reads them; null, which some clients send, is none. `assert-create` stands alone or not at all (400). */
export const readRequirements = (json: readonly JsonObject[] | null): Requirements => {
  const checks = (json ?? []).map(readRequirement)
  const types = (json ?? []).map(typeOf)
  const others = types.filter((type) => type !== createType)
  const creates = others.length < types.length
  if (creates && others.length > 0) throw illegal(`Invalid create requirements: [${others.join(', ')}]`)
  return { creates, checks }
}
