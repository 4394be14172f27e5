/** The port to what policy knows of mounted tables and views, which it tells apart by name and uuid. */
import type { ObjectKey } from './objects.ts'

export interface GovernedObject {
  /** Grants on the object stand for the table or view of this uuid; undefined: none has been seen yet. */
  readonly uuid?: string
  /** Another uuid was found under the name: no grant on the object itself counts. */
  readonly suspended: boolean
}

export interface GovernedObjects {
  /** By key; absent where nothing is known. At once where it is remembered, and then no older than 5 s. */
  of(
    objects: readonly ObjectKey[],
  ): ReadonlyMap<ObjectKey, GovernedObject> | Promise<ReadonlyMap<ObjectKey, GovernedObject>>
}
