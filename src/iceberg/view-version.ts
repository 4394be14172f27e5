/** Versions of a view: what one says, and when two say the same (view specification, "Versions"). */
import { type JsonObject, type JsonValue, stringifyJson } from '#model/json.ts'
import {
  asArray,
  asArrayOf,
  asInt,
  asLong,
  asObject,
  asString,
  asStringMap,
  type Id,
  optional,
} from '#model/json-read.ts'
import { illegal } from './errors.ts'
import { objectOf } from './members.ts'

export interface ViewVersion {
  readonly id: number
  readonly timestampMs: Id
  readonly schemaId: number
  readonly representations: readonly Representation[]
  /** Equal for versions that behave the same; schema included, id and time not. */
  readonly meaning: string
  /** All members as sent or stored, those included that the specification does not name. */
  readonly json: JsonObject
}

interface Representation {
  /** In lower case. */
  readonly type: string
  /** In lower case; only SQL has one. */
  readonly dialect?: string
  readonly meaning: JsonValue
}

const parseRepresentation = (json: JsonValue, path: string): Representation => {
  const object = asObject(json, path)
  const type = asString(object['type'], `${path}.type`).toLowerCase()
  if (type !== 'sql') return { type, meaning: object }
  const sql = asString(object['sql'], `${path}.sql`)
  const dialect = asString(object['dialect'], `${path}.dialect`)
  return { type, dialect: dialect.toLowerCase(), meaning: [type, sql, dialect] }
}

const sortedEntries = (map: Readonly<Record<string, string>>): JsonValue =>
  Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1))

/** Reads a version. Representations of unknown types are read too: a stored document may have them. */
export const parseViewVersion = (json: JsonValue | undefined, path = 'view-version'): ViewVersion => {
  const object = asObject(json, path)
  const at = (name: string): string => `${path}.${name}`
  const schemaId = asInt(object['schema-id'], at('schema-id'))
  const summary = asStringMap(object['summary'], at('summary'))
  const representations = asArray(object['representations'], at('representations')).map((item, i) =>
    parseRepresentation(item, at(`representations[${i}]`)),
  )
  const catalog = optional(asString, object['default-catalog'], at('default-catalog'))
  const namespace = asArrayOf(asString)(object['default-namespace'], at('default-namespace'))
  return {
    id: asInt(object['version-id'], at('version-id')),
    timestampMs: asLong(object['timestamp-ms'], at('timestamp-ms')),
    schemaId,
    representations,
    meaning: stringifyJson([
      sortedEntries(summary),
      representations.map(({ meaning }) => meaning),
      catalog ?? null,
      namespace,
      schemaId,
    ]),
    json: object,
  }
}

/** The version under another id, time or schema; everything else stays as it was sent. */
export const withMembers = (version: ViewVersion, members: JsonObject): ViewVersion => {
  const entries = Object.entries(version.json).filter(
    ([name, value]) => !(name === 'default-catalog' && value === null),
  )
  return parseViewVersion(objectOf([...entries, ...Object.entries(members)]))
}

/** Dialects of its SQL texts, in lower case. */
export const dialectsOf = (version: ViewVersion): ReadonlySet<string> =>
  new Set(version.representations.flatMap(({ dialect }) => dialect ?? []))

/** One SQL text a dialect, whatever its case (400 otherwise). */
export const checkDialects = (version: ViewVersion): void => {
  const seen = new Set<string>()
  for (const { dialect } of version.representations) {
    if (dialect === undefined) continue
    if (seen.has(dialect))
      throw illegal(`Invalid view version: Cannot add multiple queries for dialect ${dialect}`)
    seen.add(dialect)
  }
}
