/**
 * Navigation from memory: what somebody's grants lie in, read once a warehouse. Only what leads somewhere is answered
 * from memory; what does not is looked up again each time, so that whatever is granted counts at once.
 */
import { LRUCache } from 'lru-cache'
import type { Grantees } from '#model/access.ts'
import { namespaceKey, namespaceOfKey } from '#model/identifier.ts'
import type { ObjectKey } from '#model/object-key.ts'
import type { Subject } from './grants.ts'
import type { Navigation } from './navigation.ts'
import type { PolicyMemory } from './policy-memory.ts'

interface Read {
  /** When the first of the grants ends; null: none does. */
  readonly until: Date | null
  /** The epoch of policy of the same moment. */
  readonly epoch: number
}

export interface NavigationDeps {
  /** The namespaces of a warehouse that have a grant, or something in it that has one, by their keys. */
  readonly loadPlaces: (
    grantees: Grantees,
    warehouse: string,
  ) => Promise<Read & { readonly namespaces: readonly string[] }>
  /** The projects and warehouses in which there is a grant on anything. */
  readonly loadRoots: (
    grantees: Grantees,
  ) => Promise<Read & { readonly projects: readonly string[]; readonly warehouses: readonly string[] }>
  /** Milliseconds of a clock that nobody sets. */
  readonly now: () => number
  /** Epoch milliseconds. */
  readonly wallClock: () => number
  /** How many objects are kept. */
  readonly capacity?: number
}

const defaultCapacity = 500_000
/** Older than this nothing is answered from memory where the caller cannot say which epoch it is. */
const longestMs = 5_000

interface Known {
  readonly objects: ReadonlySet<string>
  readonly epoch: number
  readonly readAt: number
  readonly until: number
}

/** Roles of one standing are one set, and joined once. */
const createKeys = () => {
  const joined = new WeakMap<ReadonlySet<string>, string>()
  return ({ principal = '', roles }: Grantees): string => {
    const known = joined.get(roles) ?? [...roles].sort().join(',')
    joined.set(roles, known)
    return `${principal}\n${known}`
  }
}

/** `namespace:<warehouse>/<levels>`: everything up to the slash is the warehouse's id. */
const warehouseOf = (object: ObjectKey): string | undefined =>
  object.startsWith('namespace:') ? object.slice('namespace:'.length, object.indexOf('/')) : undefined

const withParents = (warehouse: string, keys: readonly string[]): ReadonlySet<string> => {
  const objects = new Set<string>()
  for (const key of keys) {
    const levels = namespaceOfKey(key)
    for (let depth = levels.length; depth > 0; depth -= 1) {
      const object = `namespace:${warehouse}/${namespaceKey(levels.slice(0, depth))}`
      if (objects.has(object)) break
      objects.add(object)
    }
  }
  return objects
}

const rootObjects = (roots: {
  readonly projects: readonly string[]
  readonly warehouses: readonly string[]
}) =>
  new Set([
    ...roots.projects.map((id) => `project:${id}`),
    ...roots.warehouses.map((id) => `warehouse:${id}`),
  ])

/** The source that an object is looked up in: one a warehouse, and one for all projects and warehouses. */
const sourceOf = (object: ObjectKey): string => warehouseOf(object) ?? ''

export const createNavigation = (deps: NavigationDeps): Navigation & PolicyMemory => {
  const { now, wallClock } = deps
  const keyOf = createKeys()
  const kept = new LRUCache<string, Known>({
    maxSize: deps.capacity ?? defaultCapacity,
    sizeCalculation: ({ objects }) => objects.size + 1,
  })
  let generation = 0
  const load = async (
    grantees: Grantees,
    source: string,
  ): Promise<Read & { objects: ReadonlySet<string> }> => {
    if (source === '') {
      const roots = await deps.loadRoots(grantees)
      return { ...roots, objects: rootObjects(roots) }
    }
    const places = await deps.loadPlaces(grantees, source)
    return { ...places, objects: withParents(source, places.namespaces) }
  }
  const read = async (grantees: Grantees, source: string): Promise<Known> => {
    const asked = { generation, readAt: now() }
    const { objects, epoch, until } = await load(grantees, source)
    const known = {
      objects,
      epoch,
      readAt: asked.readAt,
      until: until?.getTime() ?? Number.POSITIVE_INFINITY,
    }
    if (asked.generation === generation) kept.set(`${keyOf(grantees)}\n${source}`, known)
    return known
  }
  const remembered = (key: string, notBefore: number | undefined): ReadonlySet<string> | undefined => {
    const known = kept.get(key)
    if (!known || known.until <= wallClock() || now() - known.readAt > longestMs) return undefined
    return notBefore === undefined || known.epoch >= notBefore ? known.objects : undefined
  }
  const fromMemory = (
    subject: Subject,
    objects: readonly ObjectKey[],
    notBefore: number | undefined,
  ): boolean => {
    const key = keyOf(subject)
    return objects.every((object) => remembered(`${key}\n${sourceOf(object)}`, notBefore)?.has(object))
  }
  const lookUp = async (subject: Subject, objects: readonly ObjectKey[]): Promise<readonly boolean[]> => {
    const sources = [...new Set(objects.map(sourceOf))]
    const found = new Map<string, Known>()
    for (const source of sources) found.set(source, await read(subject, source))
    return objects.map((object) => found.get(sourceOf(object))?.objects.has(object) === true)
  }
  return {
    leadsTo: (subject, objects, notBefore) =>
      fromMemory(subject, objects, notBefore) ? objects.map(() => true) : lookUp(subject, objects),
    forget: () => {
      generation += 1
      kept.clear()
    },
  }
}
