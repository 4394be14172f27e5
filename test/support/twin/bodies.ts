/** What is peculiar about a request or an answer, for the accepted differences. */
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/model/json.ts'
import type { Outcome } from './compare.ts'
import type { TwinRequest } from './world.ts'

/** How often the metadata was written: the number in the name of its file. */
export const fileNumber = ({ body }: Outcome): number => {
  const location = body !== undefined && isJsonObject(body) ? body['metadata-location'] : undefined
  return typeof location === 'string' ? Number(/\/(\d{5})-[^/]*$/.exec(location)?.[1] ?? -1) : -1
}

/** True where one of the objects within the request's body passes. */
export const mentions = (request: TwinRequest, test: (object: JsonObject) => boolean): boolean =>
  request.body !== undefined && objectsIn(request.body).some(test)

const objectsIn = (value: JsonValue): JsonObject[] => {
  if (Array.isArray(value)) return value.flatMap(objectsIn)
  return isJsonObject(value) ? [value, ...Object.values(value).flatMap(objectsIn)] : []
}

export const isWithoutId = (object: JsonObject): boolean =>
  [
    ['spec', 'spec-id'],
    ['partition-spec', 'spec-id'],
    ['sort-order', 'order-id'],
    ['write-order', 'order-id'],
  ].some(([member = '', id = '']) => {
    const inner = object[member]
    return isJsonObject(inner) && (inner[id] ?? null) === null
  })

export const isLastAddedSchema = (object: JsonObject): boolean => {
  const version = object['view-version']
  return isJsonObject(version) && version['schema-id'] === -1
}

export const isUnnumberedField = (object: JsonObject): boolean =>
  object['transform'] !== undefined && object['name'] !== undefined && object['field-id'] === undefined
