/**
 * The property of a view by which an engine knows with whose rights it is read: whoever could set it, or put another
 * query under it, would read as somebody else. The engine that goes by it does so alone, for the user it acts for.
 */
import type { Engines } from '#authn/engines.ts'
import type { Loaded } from '#catalog/catalog.ts'
import { beforeChange } from '#catalog/certainty.ts'
import type { Principal } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue, parseJsonObject } from '#model/json.ts'
import type { Operation, Task } from '../operation.ts'
import type { RoutedPlace, WithBody } from './place.ts'

type Readable = JsonValue | undefined

const refused = (property: string): CatalogError =>
  new CatalogError('ForbiddenException', `Not allowed: ${property} says with whose rights the view is read`)

const objectIn = (value: Readable): JsonObject => (isJsonObject(value) ? value : {})
const updatesIn = ({ json }: WithBody['body']): readonly JsonObject[] => {
  const { updates } = json
  return Array.isArray(updates) ? updates.filter(isJsonObject) : []
}

/** Engines may read names of properties without regard to letter case, so every spelling is the property. */
const isSpelling = (name: Readable, property: string): boolean =>
  typeof name === 'string' && name.toLowerCase() === property.toLowerCase()

const valuesOf = (properties: JsonObject, property: string): readonly Readable[] =>
  Object.entries(properties).flatMap(([name, value]) => (isSpelling(name, property) ? [value] : []))

/** What the request would have the property be; null where it takes it away. */
const saidIn = (body: WithBody['body'], property: string): readonly Readable[] => {
  const sets = [
    body.json['properties'],
    ...updatesIn(body).flatMap((one) => [one['updates'], one['updated']]),
  ]
  const takes = updatesIn(body).flatMap((one) => [one['removals'], one['removed']])
  return [
    ...sets.flatMap((one) => valuesOf(objectIn(one), property)),
    ...takes.flatMap((one) =>
      Array.isArray(one) && one.some((name) => isSpelling(name, property)) ? [null] : [],
    ),
  ]
}

/** Anything else says what is read. */
const harmless: ReadonlySet<string> = new Set(['set-properties', 'remove-properties', 'set-location'])

const changesQuery = (body: WithBody['body']): boolean =>
  updatesIn(body).length === 0 ||
  updatesIn(body).some(({ action }) => typeof action !== 'string' || !harmless.has(action.toLowerCase()))

interface Asker {
  readonly engines: Engines
  readonly principal: Principal
}

/** The engine's own word counts for anybody; in the name of a user, for that user. Null: it is taken away. */
const may = ({ engines, principal }: Asker, property: string, value: Readable): boolean => {
  const engine = engines.of(principal)
  if (engine?.ownerProperty !== property) return false
  const own = principal.engine === undefined || principal.id === `${engine.userProvider}~${String(value)}`
  return own || value === null
}

const checkSaid = (asker: Asker, body: WithBody['body']): void => {
  for (const property of asker.engines.ownerProperties)
    if (!saidIn(body, property).every((value) => may(asker, property, value))) throw refused(property)
}

/** Of a document that is about to be written: registered, or with another query under the property that it had. */
const checkWritten = (asker: Asker, body: WithBody['body'], metadata: Uint8Array): void => {
  if (!changesQuery(body)) return
  const properties = objectIn(parseJsonObject(metadata)['properties'])
  for (const property of asker.engines.ownerProperties)
    if (!valuesOf(properties, property).every((value) => may(asker, property, value))) throw refused(property)
}

/** Set or taken away by the very name that engines go by: what the view had is gone then, and what it gets was checked. */
const replaces = (body: WithBody['body'], property: string): boolean =>
  updatesIn(body).some(({ action, updates, removals }) => {
    if (action === 'set-properties') return Object.hasOwn(objectIn(updates), property)
    return action === 'remove-properties' && Array.isArray(removals) && removals.includes(property)
  })

/**
 * What a relayed change would leave of the properties that the view has: only the upstream knows, so it is asked. Where
 * there is nothing to be seen before, as of a file that is registered, the engine alone is believed, as itself.
 */
const checkRelayed = (asker: Asker, body: WithBody['body'], present: Loaded | undefined): void => {
  const properties = present && objectIn(parseJsonObject(Buffer.concat(present.metadata))['properties'])
  for (const property of asker.engines.ownerProperties) {
    if (replaces(body, property)) continue
    const values = properties ? valuesOf(properties, property) : [undefined]
    if (!values.every((value) => may(asker, property, value))) throw refused(property)
  }
}

/** The view as its upstream has it before the change; undefined where nobody can tell. */
export type Look<Input> = (task: Task<RoutedPlace<Input>>) => Promise<Loaded | undefined>

/**
 * The same operation, refused (403) where it would have a view read with the rights of somebody else. `look`: of changes
 * that may keep or bring along what their request does not say.
 */
export const guardingOwners =
  (engines: Engines | undefined) =>
  <Input extends WithBody>(
    operation: Operation<Input, RoutedPlace<Input>, Loaded>,
    look?: Look<Input>,
  ): Operation<Input, RoutedPlace<Input>, Loaded> => {
    if (engines === undefined || engines.ownerProperties.length === 0) return operation
    return {
      ...operation,
      run: async (task) => {
        const { context, target } = task
        const asker = { engines, principal: context.principal }
        const { body } = target.input
        checkSaid(asker, body)
        if (look && target.relayed && changesQuery(body))
          checkRelayed(asker, body, await beforeChange(() => look(task)))
        const inspect: NonNullable<typeof context.inspect> = async (candidate) => {
          if (candidate.metadata) checkWritten(asker, body, candidate.metadata)
          await context.inspect?.(candidate)
        }
        return operation.run({ ...task, context: { ...context, inspect } })
      },
    }
  }
