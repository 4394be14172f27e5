/** What a change of local content does to the grants on it: creators own, and what is dropped keeps nothing, tags and restrictions included. */
import type { Principal } from '#model/access.ts'
import type { EventDraft } from '#model/event.ts'
import type { Namespace } from '#model/identifier.ts'
import { contentObject, namespaceObject } from '#model/object-key.ts'
import { removalEvents, removeGrantsOn } from '#store/grant-removal.ts'
import type { GrantPlace } from '#store/grants.ts'
import { type Ownership, ownershipOf } from '#store/ownership.ts'
import type { Reading } from './changes.ts'
import type { Local } from './deps.ts'

export interface Content {
  readonly kind: 'table' | 'view'
  readonly contentId: string
}

const namespacePlace = ({ warehouse }: Local, namespace: Namespace): GrantPlace => ({
  object: namespaceObject(warehouse.id, namespace),
  warehouseId: warehouse.id,
  namespace,
})

const contentPlace = ({ warehouse }: Local, { kind, contentId }: Content): GrantPlace => ({
  object: contentObject(kind, contentId),
  warehouseId: warehouse.id,
  contentId,
})

export const ownNamespace = (local: Local, principal: Principal, namespace: Namespace): Ownership =>
  ownershipOf(principal, [namespacePlace(local, namespace)])

export const ownContents = (local: Local, principal: Principal, made: readonly Content[]): Ownership =>
  ownershipOf(
    principal,
    made.map((content) => contentPlace(local, content)),
  )

/** Read before the change writes; `write` belongs after it. */
interface Removal {
  readonly events: readonly EventDraft[]
  write(): Promise<void>
}

const removalOf = async ({ tx }: Reading, place: GrantPlace, byName: boolean): Promise<Removal> => {
  const events = await removalEvents(tx, place)
  return {
    events,
    write: async () => {
      await removeGrantsOn(tx, place.object, byName)
    },
  }
}

export const endNamespace = (local: Local, reading: Reading, namespace: Namespace): Promise<Removal> =>
  removalOf(reading, namespacePlace(local, namespace), true)

export const endContent = (local: Local, reading: Reading, content: Content): Promise<Removal> =>
  removalOf(reading, contentPlace(local, content), false)
