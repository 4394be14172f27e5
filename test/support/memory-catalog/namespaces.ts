import type { Namespaces } from '#catalog/catalog.ts'
import { CatalogError } from '#model/errors.ts'
import {
  checkNamespace,
  formatNamespace,
  type Namespace,
  namespaceKey,
  sameNamespace,
  startsWith,
} from '#model/identifier.ts'
import { asArrayOf, asString, asStringMap, optional } from '#model/json-read.ts'
import { pageOf, requireNamespace, type State } from './state.ts'

const childrenOf = (state: State, parent: Namespace): readonly Namespace[] =>
  [...state.namespaces.values()]
    .map((one) => one.namespace)
    .filter((one) => one.length === parent.length + 1 && startsWith(one, parent))

const rejectFilled = (state: State, namespace: Namespace): void => {
  const holds = [...state.relations.values()].some((one) => sameNamespace(one.id.namespace, namespace))
  if (holds || childrenOf(state, namespace).length > 0)
    throw new CatalogError(
      'NamespaceNotEmptyException',
      `Namespace ${formatNamespace(namespace)} is not empty`,
    )
}

export const createNamespaces = (state: State): Namespaces => ({
  list: async (_context, parent, page) => {
    if (parent.length > 0) requireNamespace(state, parent)
    return pageOf(childrenOf(state, parent), { page, keyOf: namespaceKey })
  },
  create: async (_context, namespace, body) => {
    checkNamespace(namespace)
    const key = namespaceKey(namespace)
    if (state.namespaces.has(key))
      throw new CatalogError(
        'AlreadyExistsException',
        `Namespace already exists: ${formatNamespace(namespace)}`,
      )
    if (namespace.length > 1) requireNamespace(state, namespace.slice(0, -1))
    const properties = optional(asStringMap, body.json['properties'], 'properties') ?? {}
    state.namespaces.set(key, { namespace, properties })
    return { namespace, properties }
  },
  load: async (_context, namespace) => ({
    namespace,
    properties: requireNamespace(state, namespace).properties,
  }),
  exists: async (_context, namespace) => {
    requireNamespace(state, namespace)
  },
  drop: async (_context, namespace) => {
    requireNamespace(state, namespace)
    rejectFilled(state, namespace)
    state.namespaces.delete(namespaceKey(namespace))
  },
  updateProperties: async (_context, namespace, { json }) => {
    const held = requireNamespace(state, namespace)
    const removals = optional(asArrayOf(asString), json['removals'], 'removals') ?? []
    const updates = optional(asStringMap, json['updates'], 'updates') ?? {}
    if (removals.some((key) => key in updates))
      throw new CatalogError('UnprocessableEntityException', 'A property is both set and removed')
    const removed = removals.filter((key) => key in held.properties)
    const kept = Object.entries(held.properties).filter(([key]) => !removals.includes(key))
    held.properties = { ...Object.fromEntries(kept), ...updates }
    const missing = removals.filter((key) => !removed.includes(key))
    return { updated: Object.keys(updates), removed, missing }
  },
})
