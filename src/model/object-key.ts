/** The names under which policy knows objects: what grants and tags bind to, and the ids that stand for them outside. */
import { createHash } from 'node:crypto'
import { type Namespace, namespaceKey } from './identifier.ts'

/** The types of `policies/model.fga` that objects of ours have. */
export type ObjectType =
  | 'server'
  | 'project'
  | 'warehouse'
  | 'connection'
  | 'tag'
  | 'namespace'
  | 'table'
  | 'view'
  | 'role'
  | 'user'
  | 'service-account'

/**
 * `type:id`. A local table or view is its content id, which survives renames. A namespace, and whatever is mounted, is
 * its name in its warehouse, and says so by a `/`: grants on a local one go with its drop, those on a mounted table
 * stand only for the uuid that it had.
 */
export type ObjectKey = `${ObjectType}:${string}`

/** Stands between namespace and name; no name can hold it. */
const nameSeparator = '\u001e'

export const namespaceObject = (warehouse: string, namespace: Namespace): ObjectKey =>
  `namespace:${warehouse}/${namespaceKey(namespace)}`

export const mountedObject = (
  kind: 'table' | 'view',
  warehouse: string,
  { namespace, name }: { readonly namespace: Namespace; readonly name: string },
): ObjectKey => `${kind}:${warehouse}/${namespaceKey(namespace)}${nameSeparator}${name}`

/** A local table or view. */
export const contentObject = (kind: 'table' | 'view', contentId: string): ObjectKey => `${kind}:${contentId}`

/** The id that the management API has for an object that is known by its name: a UUID of version 8 of the key's SHA-256. */
export const objectId = (key: ObjectKey): string => {
  const bytes = createHash('sha256').update(key).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
