/** What becomes of grants on mounted objects when their upstream, or what is mounted, changes through us. */
import type { Principal } from '#model/access.ts'
import type { EventDraft } from '#model/event.ts'
import { type Namespace, namespaceKey } from '#model/identifier.ts'
import { mountedObject, namespaceObject } from '#model/object-key.ts'
import { statement, type Transaction } from './database.ts'
import { bindUuid } from './governed-objects.ts'
import { moveMountedGrants, removeGrantsOn, removeMountedNamespace } from './grant-removal.ts'
import type { GrantPlace } from './grants.ts'
import { ownershipOf } from './ownership.ts'
import { raisePolicyEpoch } from './server.ts'

/** At the namespace or below it; what lies behind a mount further down stays. */
const under = `
  warehouse_id = $1 and ns is not null and ($2 = '' or ns = $2 or starts_with(ns, $2 || chr(31)))
  and not exists (
    select 1 from mount m where m.warehouse_id = $1 and m.namespace <> $2
      and ($2 = '' or starts_with(m.namespace, $2 || chr(31)))
      and (ns = m.namespace or starts_with(ns, m.namespace || chr(31))))`

const deleteUnder = statement(`delete from relation_tuple where ${under}`)
const forgetUnder = statement(`delete from governed_object where ${under}`)

/** Another catalog answers for these names from now on, or none: what was granted on them was not meant for it. */
export const removeGrantsUnder = async (
  tx: Transaction,
  warehouseId: string,
  namespace: Namespace,
): Promise<void> => {
  const at = [warehouseId, namespaceKey(namespace)]
  const removed = await tx.execute(deleteUnder, at)
  await tx.execute(forgetUnder, at)
  if (removed > 0) await raisePolicyEpoch(tx)
}

interface Told {
  readonly namespace: Namespace
  readonly name?: string
}

/** Names in events of relayed changes are ours. */
const namesIn = (data: EventDraft['data'], prefix = ''): Told => {
  const namespace = data[`${prefix}namespace`]
  const name = data[`${prefix}name`]
  return {
    namespace: Array.isArray(namespace) ? (namespace as Namespace) : [],
    ...(typeof name === 'string' ? { name } : {}),
  }
}

const uuidIn = ({ uuid }: EventDraft['data']): string | undefined =>
  typeof uuid === 'string' ? uuid.toLowerCase() : undefined

const placeOf = (kind: string, warehouseId: string, { namespace, name = '' }: Told): GrantPlace =>
  kind === 'namespace'
    ? { object: namespaceObject(warehouseId, namespace), warehouseId, namespace }
    : {
        object: mountedObject(kind === 'view' ? 'view' : 'table', warehouseId, { namespace, name }),
        ...{ warehouseId, namespace, name },
      }

type Step = (tx: Transaction) => Promise<unknown>

export interface Followed {
  readonly events: readonly EventDraft[]
  readonly steps: readonly Step[]
}

interface Made {
  readonly place: GrantPlace
  readonly uuid: string | undefined
  readonly how: 'anew' | 'own'
}

/**
 * Whatever was granted on the name before was meant for something else. Nobody owns a table or view whose uuid is not
 * told: it could not be told from the next one of its name.
 */
const made = (principal: Principal, kind: string, { place, uuid, how }: Made): Followed => {
  const clear: Step = (tx) => removeGrantsOn(tx, place.object, true)
  if (kind !== 'namespace' && uuid === undefined) return { events: [], steps: [clear] }
  const owned = ownershipOf(principal, [place])
  const bind: Step = (tx) => (uuid === undefined ? Promise.resolve() : bindUuid(tx, place, uuid))
  return { events: owned.events, steps: how === 'own' ? [owned.write] : [clear, bind, owned.write] }
}

const moved = (kind: string, warehouseId: string, data: EventDraft['data']): Followed => {
  const named = (told: Told) => ({ namespace: told.namespace, name: told.name ?? '' })
  const from = named(namesIn(data, 'source-'))
  const to = named(namesIn(data))
  const relation = kind === 'view' ? 'view' : 'table'
  return { events: [], steps: [(tx) => moveMountedGrants(tx, { warehouseId, kind: relation, from, to })] }
}

const ended = (kind: string, place: GrantPlace): Followed => ({
  events: [],
  steps: [
    (tx) =>
      kind === 'namespace'
        ? removeMountedNamespace(tx, place.warehouseId ?? '', place.namespace ?? [])
        : removeGrantsOn(tx, place.object, true),
  ],
})

const nothing: Followed = { events: [], steps: [] }

const isFollowed = (kind: string, data: EventDraft['data']): boolean =>
  data['connection'] !== undefined && ['namespace', 'table', 'view'].includes(kind)

/** Where the objects of a relayed change stand: the one that it is of, and where that was before a rename. */
export const placesOf = ({
  type,
  warehouse,
  data,
}: EventDraft): { readonly place?: GrantPlace; readonly source?: GrantPlace } => {
  const [kind = '', what = ''] = type.split('.')
  if (!isFollowed(kind, data)) return {}
  const place = placeOf(kind, warehouse, namesIn(data))
  return what === 'renamed'
    ? { place, source: placeOf(kind, warehouse, namesIn(data, 'source-')) }
    : { place }
}

/** `own`: grants on what was made have been given already, and stay. */
export const follow = (
  principal: Principal,
  { type, warehouse, data }: EventDraft,
  how: 'anew' | 'own' = 'anew',
): Followed => {
  const [kind = '', what = ''] = type.split('.')
  if (!isFollowed(kind, data)) return nothing
  const place = placeOf(kind, warehouse, namesIn(data))
  switch (what) {
    case 'created':
    case 'registered':
      return made(principal, kind, { place, uuid: uuidIn(data), how })
    case 'dropped':
    case 'unregistered':
      return ended(kind, place)
    case 'renamed':
      return moved(kind, warehouse, data)
    default:
      return nothing
  }
}

/** Of changes that an upstream has made for a principal: creators own, names that end keep nothing, renames take along. */
export const followRelayed = (
  principal: Principal,
  changes: readonly EventDraft[],
): { readonly events: readonly EventDraft[]; write(tx: Transaction): Promise<void> } => {
  const followed = changes.map((change) => follow(principal, change))
  return {
    events: followed.flatMap(({ events }) => events),
    write: async (tx) => {
      for (const step of followed.flatMap(({ steps }) => steps)) await step(tx)
    },
  }
}
