import { isJsonObject, type JsonValue } from '#model/json.ts'

/** The uuid that the updates of a commit give to what they create; undefined where they give none, or several. */
export const assignedUuid = (updates: JsonValue | undefined): string | undefined => {
  const given = (Array.isArray(updates) ? updates : []).flatMap((update: JsonValue) =>
    isJsonObject(update) && update['action'] === 'assign-uuid' && typeof update['uuid'] === 'string'
      ? [update['uuid'].toLowerCase()]
      : [],
  )
  const [uuid, ...others] = new Set(given)
  return others.length === 0 ? uuid : undefined
}
