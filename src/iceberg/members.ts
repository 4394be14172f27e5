/** Members of decoded objects: what is unknown to us is carried, not lost. */
import { type JsonObject, type JsonValue, stringifyJson } from '#model/json.ts'

/** The members of `object` that are not in `known`; undefined when there are none. */
export const unknownMembers = (object: JsonObject, known: ReadonlySet<string>): JsonObject | undefined => {
  const names = Object.keys(object).filter((name) => !known.has(name))
  if (names.length === 0) return undefined
  const rest: Record<string, JsonValue> = Object.create(null)
  for (const name of names) rest[name] = object[name] as JsonValue
  return rest
}

const maxExcerpt = 200

/** A short rendering of a value for a message. */
export const excerpt = (value: JsonValue | undefined): string => {
  const text = value === undefined ? 'null' : stringifyJson(value)
  return text.length > maxExcerpt ? `${text.slice(0, maxExcerpt)}…` : text
}

/** An object of the members whose value is defined, in the order given. */
export const objectOf = (members: readonly (readonly [string, JsonValue | undefined])[]): JsonObject => {
  const object: Record<string, JsonValue> = Object.create(null)
  for (const [name, value] of members) if (value !== undefined) object[name] = value
  return object
}
