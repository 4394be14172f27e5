/** What the matrix is asked about: a namespace with a table and a view, their siblings, and a namespace beside it. */
import type { Catalog } from '#catalog/catalog.ts'
import type { Namespace } from '#model/identifier.ts'
import { contentObject, mountedObject, namespaceObject, type ObjectKey } from '#model/object-key.ts'
import { startMemoryGateway, warehouseId } from '../memory-gateway.ts'
import { call, newTable, newView } from '../wire.ts'

export const projectId = '0190a1b2-0000-7000-8000-000000000000'
export const serverId = 'server-of-the-matrix'
export const mountPoint = 'far'

export interface Content {
  readonly warehouse: ObjectKey
  readonly parent: ObjectKey
  readonly elsewhere: ObjectKey
  readonly table: ObjectKey
  readonly view: ObjectKey
  readonly siblings: readonly ObjectKey[]
  /** What each object lies in, nearest first, itself included. */
  readonly chains: ReadonlyMap<ObjectKey, readonly ObjectKey[]>
}

const relations = { table: ['t', 's'], view: ['v', 'w'] } as const

/** Through a gateway that lets everybody do everything. */
export const fillCatalog = async (catalog: Catalog): Promise<void> => {
  const gateway = await startMemoryGateway({ local: catalog })
  for (const namespace of [['a'], ['b']]) await call(gateway, 'POST /namespaces', { body: { namespace } })
  for (const name of relations.table)
    await call(gateway, 'POST /namespaces/a/tables', { body: newTable(name) })
  for (const name of relations.view) await call(gateway, 'POST /namespaces/a/views', { body: newView(name) })
  await gateway.stop()
}

const above = (namespace: Namespace): readonly ObjectKey[] => [
  ...namespace.map((_, i) => namespaceObject(warehouseId, namespace.slice(0, namespace.length - i))),
  `warehouse:${warehouseId}`,
  `project:${projectId}`,
  `server:${serverId}`,
]

/** `mounted`: the same content, behind the mount. */
export const contentOf = async (catalog: Catalog, mounted: boolean): Promise<Content> => {
  const namespace = mounted ? [mountPoint, 'a'] : ['a']
  const idOf = async (name: string): Promise<string> => {
    const [entry] = (await catalog.tables.find?.([{ namespace: ['a'], name }])) ?? []
    if (!entry) throw new Error(`the content of the matrix lacks ${name}`)
    return entry.contentId
  }
  const chains = new Map<ObjectKey, readonly ObjectKey[]>()
  const add = (object: ObjectKey, chain: readonly ObjectKey[]): ObjectKey => {
    chains.set(object, chain)
    return object
  }
  const relation = async (kind: 'table' | 'view', name: string): Promise<ObjectKey> => {
    const object = mounted
      ? mountedObject(kind, warehouseId, { namespace, name })
      : contentObject(kind, await idOf(name))
    return add(object, [object, ...above(namespace)])
  }
  const place = (levels: Namespace): ObjectKey => add(namespaceObject(warehouseId, levels), above(levels))
  return {
    chains,
    warehouse: add(`warehouse:${warehouseId}`, above([])),
    parent: place(namespace),
    elsewhere: place([...namespace.slice(0, -1), 'b']),
    table: await relation('table', 't'),
    view: await relation('view', 'v'),
    siblings: [await relation('table', 's'), await relation('view', 'w')],
  }
}
