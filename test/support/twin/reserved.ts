/** Names that are no properties: the metadata says the same elsewhere. */
import { isJsonObject, type JsonObject } from '../../../src/model/json.ts'

export const reservedProperty =
  /^(format-version|uuid|snapshot-count|current-.*|default-partition-spec|default-sort-order)$/

/** True for an update that sets one. */
export const setsReserved = ({ action, updates, updated }: JsonObject): boolean => {
  const names = [updates, updated].flatMap((map) => (isJsonObject(map) ? Object.keys(map) : []))
  return action === 'set-properties' && names.some((name) => reservedProperty.test(name))
}
