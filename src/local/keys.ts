/** Identifiers as keys of the store. */
import { type Identifier, type Namespace, namespaceKey } from '#model/identifier.ts'
import type { EntryKey, RelationName } from '#store/entries.ts'
import type { Line } from '#store/entries-lines.ts'
import { type Lock, namespaceLock } from '#store/entries-write.ts'
import { space } from '#store/schema.ts'

export const relationName = (id: Identifier): RelationName => ({
  ns: namespaceKey(id.namespace),
  name: id.name,
})

export const relationKey = (id: Identifier): EntryKey => ({ ...relationName(id), space: space.relation })

/** A namespace is a row under its parent. */
export const namespaceName = (namespace: Namespace): RelationName => ({
  ns: namespaceKey(namespace.slice(0, -1)),
  name: namespace.at(-1) ?? '',
})

export const namespaceEntryKey = (namespace: Namespace): EntryKey => ({
  ...namespaceName(namespace),
  space: space.namespace,
})

/** Shared on the namespace and on each of its ancestors: none of them can be dropped meanwhile. */
export const stayLocks = (line: Line, namespace: Namespace): readonly Lock[] =>
  namespace.map((_, depth) => namespaceLock(line, namespaceKey(namespace.slice(0, depth + 1)), false))
