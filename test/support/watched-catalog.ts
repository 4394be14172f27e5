/** A catalog that remembers which of its members were reached; `find` is no reach, as the port says. */
import type { Catalog } from '#catalog/catalog.ts'

export interface WatchedCatalog {
  readonly catalog: Catalog
  /** e.g. `tables.load`, in order. */
  readonly reached: string[]
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const watch = <T extends object>(part: T, path: string, reached: string[]): T =>
  new Proxy(part, {
    get: (target, key, receiver) => {
      const value: unknown = Reflect.get(target, key, receiver)
      const name = path === '' ? String(key) : `${path}.${String(key)}`
      if (typeof value === 'function' && key !== 'find' && typeof key === 'string')
        return (...args: unknown[]) => {
          reached.push(name)
          return Reflect.apply(value, target, args)
        }
      return isObject(value) ? watch(value, name, reached) : value
    },
  })

export const watchCatalog = (catalog: Catalog): WatchedCatalog => {
  const reached: string[] = []
  return { catalog: watch(catalog, '', reached), reached }
}
