/** Namespaces of the local catalog: rows of their own, with immutable property rows as their pointers. */
import type { CallContext, Namespaces, PropertiesAnswer } from '#catalog/catalog.ts'
import { CatalogError } from '#model/errors.ts'
import { checkNamespace, checkText, type Namespace, namespaceKey } from '#model/identifier.ts'
import type { JsonObject, JsonValue } from '#model/json.ts'
import { encodeJson } from '#model/json.ts'
import { asArrayOf, asString, asStringMap, optional } from '#model/json-read.ts'
import type { Sql } from '#store/database.ts'
import { findNamespaces, hasEntries, type NamespaceState } from '#store/entries.ts'
import type { Line } from '#store/entries-lines.ts'
import { namespaceLock, writeNamespaceProperties } from '#store/entries-write.ts'
import { isMounted } from '#store/mounts.ts'
import { change, eventOf, type Plan, type Reading, tombstone } from './changes.ts'
import type { Local } from './deps.ts'
import { endNamespace, ownNamespace } from './grants.ts'
import { namespaceEntryKey, namespaceName, stayLocks } from './keys.ts'
import { listNames } from './listing.ts'
import type { Places } from './places.ts'
import { namespaceExists, namespaceMounted, namespaceNotEmpty, noSuchNamespace } from './refusals.ts'

type Properties = Readonly<Record<string, string>>

/** The namespace as it stands; NoSuchNamespace where it does not. */
export const requireNamespace = async (
  sql: Sql,
  line: Line,
  namespace: Namespace,
): Promise<NamespaceState> => {
  const [state] = namespace.length === 0 ? [] : await findNamespaces(sql, line, [namespaceName(namespace)])
  if (state === undefined) throw noSuchNamespace(namespace)
  return state
}

const checkProperties = (places: Places, properties: Properties): void => {
  for (const [name, value] of Object.entries(properties)) {
    checkText(name, 'property')
    checkText(value, 'property')
  }
  if (properties['location'] !== undefined) places.checkParent(properties['location'])
}

const jsonText = (value: JsonValue): string => Buffer.from(encodeJson(value)).toString()

const create = (local: Local, places: Places): Namespaces['create'] => {
  return async (context, namespace, body) => {
    checkNamespace(namespace)
    const properties = optional(asStringMap, body.json['properties'], 'properties') ?? {}
    checkProperties(places, properties)
    const parent = namespace.slice(0, -1)
    const answer = { namespace, properties }
    await change(local, context, {
      op: 'createNamespace',
      locks: (line) => stayLocks(line, parent),
      plan: async ({ tx, line }) => {
        if (parent.length > 0) await requireNamespace(tx, line, parent)
        const [present] = await findNamespaces(tx, line, [namespaceName(namespace)])
        if (present !== undefined) throw namespaceExists(namespace)
        if (await isMounted(tx, local.warehouse.id, namespace)) throw namespaceMounted(namespace)
        const contentId = local.newUuid()
        const owned = ownNamespace(local, context.principal, namespace)
        return {
          result: undefined,
          outcome: { kind: 'json', body: jsonText(answer) },
          events: [eventOf('namespace.created', contentId, { namespace }), ...owned.events],
          also: () => owned.write(tx),
          puts: [
            {
              key: namespaceEntryKey(namespace),
              contentId,
              kind: 'namespace',
              pointer: () => writeNamespaceProperties(tx, contentId, properties),
              expected: undefined,
            },
          ],
        }
      },
    })
    return answer
  }
}

const drop = (local: Local): Namespaces['drop'] => {
  return async (context, namespace) => {
    const key = namespaceKey(namespace)
    await change(local, context, {
      op: 'dropNamespace',
      locks: (line) => [namespaceLock(line, key, true)],
      plan: async (reading) => {
        const { tx, line } = reading
        const state = await requireNamespace(tx, line, namespace)
        if (await hasEntries(tx, line, key)) throw namespaceNotEmpty(namespace)
        const grants = await endNamespace(local, reading, namespace)
        return {
          result: undefined,
          outcome: { kind: 'done' },
          events: [eventOf('namespace.dropped', state.contentId, { namespace }), ...grants.events],
          puts: [tombstone(namespaceEntryKey(namespace), state)],
          also: grants.write,
        }
      },
    })
  }
}

interface PropertyChange {
  readonly updates: Properties
  readonly removals: readonly string[]
}

const readPropertyChange = (json: JsonObject): PropertyChange => {
  const updates = optional(asStringMap, json['updates'], 'updates') ?? {}
  const removals = [...new Set(optional(asArrayOf(asString), json['removals'], 'removals') ?? [])]
  const both = removals.find((name) => Object.hasOwn(updates, name))
  if (both !== undefined)
    throw new CatalogError(
      'UnprocessableEntityException',
      `Invalid namespace update: cannot simultaneously set and remove property: ${both}`,
    )
  return { updates, removals }
}

const applyChange = (
  before: Properties,
  { updates, removals }: PropertyChange,
): { properties: Properties; answer: PropertiesAnswer } => {
  const removed = removals.filter((name) => Object.hasOwn(before, name))
  // A set: both may be as many as fit into a request.
  const gone = new Set(removals)
  const kept = Object.entries(before).filter(([name]) => !gone.has(name))
  return {
    properties: Object.fromEntries([...kept, ...Object.entries(updates)]),
    answer: {
      updated: Object.keys(updates),
      removed,
      missing: removals.filter((name) => !Object.hasOwn(before, name)),
    },
  }
}

const planProperties = async (
  namespace: Namespace,
  wanted: PropertyChange,
  { tx, line }: Reading,
): Promise<Plan<PropertiesAnswer>> => {
  const state = await requireNamespace(tx, line, namespace)
  const { properties, answer } = applyChange(state.properties, wanted)
  return {
    result: answer,
    outcome: { kind: 'json', body: jsonText({ ...answer }) },
    events: [eventOf('namespace.properties-updated', state.contentId, { namespace })],
    puts: [
      {
        key: namespaceEntryKey(namespace),
        contentId: state.contentId,
        kind: 'namespace',
        pointer: () => writeNamespaceProperties(tx, state.contentId, properties),
        expected: state,
      },
    ],
  }
}

const updateProperties = (local: Local, places: Places): Namespaces['updateProperties'] => {
  return async (context, namespace, body) => {
    const wanted = readPropertyChange(body.json)
    checkProperties(places, wanted.updates)
    return change(local, context, {
      op: 'updateProperties',
      plan: (reading) => planProperties(namespace, wanted, reading),
    })
  }
}

const list = (local: Local): Namespaces['list'] => {
  return async (_context, parent, request) => {
    const line = await local.line()
    const ns = namespaceKey(parent)
    if (parent.length > 0) await requireNamespace(local.database, line, parent)
    const listing = { database: local.database, line, warehouseId: local.warehouse.id }
    const { names, next } = await listNames(listing, { ns, kind: 'namespace' }, request)
    const items = names.map(({ name }) => [...parent, name])
    return next === undefined ? { items } : { items, next }
  }
}

export const createNamespaces = (local: Local, places: Places): Namespaces => {
  const find = async (_context: CallContext, namespace: Namespace): Promise<NamespaceState> =>
    requireNamespace(local.database, await local.line(), namespace)
  return {
    list: list(local),
    create: create(local, places),
    load: async (context, namespace) => {
      const { contentId, properties } = await find(context, namespace)
      // Trino and others choose a table's place themselves, and cannot create one without this.
      return { namespace, properties: { location: places.namespaceLocation(contentId), ...properties } }
    },
    exists: async (context, namespace) => {
      await find(context, namespace)
    },
    drop: drop(local),
    updateProperties: updateProperties(local, places),
  }
}
