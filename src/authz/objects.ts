/**
 * The objects that grants bind to, and how they lie in one another. The tree is never stored with the grants: each
 * question brings the chain of its object along, so that a move or a rename needs no tuple to be rewritten.
 */
import type { ContentResource, Resource } from '#model/access.ts'
import type { Namespace } from '#model/identifier.ts'
import { mountedObject, namespaceObject, type ObjectKey } from '#model/object-key.ts'

export type { ObjectKey, ObjectType } from '#model/object-key.ts'

export interface Tree {
  readonly server: string
  /** From memory; undefined where no such warehouse is open. */
  readonly projectOf: (warehouseId: string) => string | undefined
}

const namespacesAbove = (warehouse: string, namespace: Namespace): readonly ObjectKey[] => {
  const chain: ObjectKey[] = []
  for (let depth = namespace.length; depth > 0; depth -= 1)
    chain.push(namespaceObject(warehouse, namespace.slice(0, depth)))
  return chain
}

const aboveProject = ({ server }: Tree, project: string | undefined): readonly ObjectKey[] =>
  project === undefined ? [`server:${server}`] : [`project:${project}`, `server:${server}`]

const aboveWarehouse = (tree: Tree, warehouse: string): readonly ObjectKey[] => [
  `warehouse:${warehouse}`,
  ...aboveProject(tree, tree.projectOf(warehouse)),
]

/** The object's own key; undefined for a table or view that is not there. */
const ownKey = (resource: ContentResource): readonly ObjectKey[] => {
  if (resource.contentId !== undefined) return [`${resource.kind}:${resource.contentId}`]
  return resource.mount === undefined ? [] : [mountedObject(resource.kind, resource.warehouse, resource)]
}

/**
 * The resource's object first, then what it lies in, up to the server. What is not there begins with what it would lie
 * in: its chain is that of a sibling on which nobody has been granted anything.
 */
export const chainOf = (resource: Resource, tree: Tree): readonly ObjectKey[] => {
  switch (resource.kind) {
    case 'server':
      return [`server:${tree.server}`]
    case 'project':
      return aboveProject(tree, resource.project)
    case 'warehouse':
      return [`warehouse:${resource.warehouse}`, ...aboveProject(tree, resource.project)]
    case 'connection':
      return [`connection:${resource.connection}`, ...aboveProject(tree, resource.project)]
    case 'tag':
      return [`tag:${resource.tag}`, ...aboveProject(tree, resource.project)]
    case 'role':
      return [`role:${resource.role}`, ...aboveProject(tree, resource.project)]
    case 'service-account':
      return [`service-account:${resource.serviceAccount}`, ...aboveProject(tree, resource.project)]
    case 'user':
      return [`user:${resource.user}`, `server:${tree.server}`]
    case 'namespace':
      return [
        ...namespacesAbove(resource.warehouse, resource.namespace),
        ...aboveWarehouse(tree, resource.warehouse),
      ]
    default:
      return [
        ...ownKey(resource),
        ...namespacesAbove(resource.warehouse, resource.namespace),
        ...aboveWarehouse(tree, resource.warehouse),
      ]
  }
}
