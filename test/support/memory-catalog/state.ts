/** What the catalog in memory keeps, and how it refuses. */
import { randomUUID } from 'node:crypto'
import { CatalogError } from '#model/errors.ts'
import {
  formatIdentifier,
  formatNamespace,
  type Identifier,
  type Namespace,
  namespaceKey,
} from '#model/identifier.ts'

export type Kind = 'table' | 'view'

export interface Held {
  readonly id: Identifier
  readonly kind: Kind
  readonly contentId: string
  readonly uuid: string
  readonly location: string
  readonly metadataLocation: string
}

export interface State {
  readonly namespaces: Map<
    string,
    { readonly namespace: Namespace; properties: Readonly<Record<string, string>> }
  >
  readonly relations: Map<string, Held>
  readonly files: Map<string, Uint8Array>
  readonly location: string
}

export const createState = (location: string): State => ({
  namespaces: new Map(),
  relations: new Map(),
  files: new Map(),
  location,
})

export const nounOf = (kind: Kind): string => (kind === 'table' ? 'Table' : 'View')

export const keyOf = ({ namespace, name }: Identifier): string => namespaceKey([...namespace, name])

const missingNamespace = (namespace: Namespace): CatalogError =>
  new CatalogError('NoSuchNamespaceException', `Namespace does not exist: ${formatNamespace(namespace)}`)

export const missingRelation = (kind: Kind, id: Identifier): CatalogError =>
  new CatalogError(
    kind === 'table' ? 'NoSuchTableException' : 'NoSuchViewException',
    `${nounOf(kind)} does not exist: ${formatIdentifier(id)}`,
  )

const taken = (wanted: Kind, held: Held): CatalogError =>
  new CatalogError(
    'AlreadyExistsException',
    held.kind === wanted
      ? `${nounOf(wanted)} already exists: ${formatIdentifier(held.id)}`
      : `${nounOf(held.kind)} with same name already exists: ${formatIdentifier(held.id)}`,
  )

export const requireNamespace = (state: State, namespace: Namespace) => {
  const found = state.namespaces.get(namespaceKey(namespace))
  if (!found) throw missingNamespace(namespace)
  return found
}

export const requireRelation = (state: State, kind: Kind, id: Identifier): Held => {
  const found = state.relations.get(keyOf(id))
  if (found?.kind !== kind) throw missingRelation(kind, id)
  return found
}

export const requireFree = (state: State, kind: Kind, id: Identifier): void => {
  const held = state.relations.get(keyOf(id))
  if (held) throw taken(kind, held)
}

export const readFile = (state: State, location: string): Uint8Array => {
  const bytes = state.files.get(location)
  if (!bytes) throw new CatalogError('NotFoundException', `Failed to open input stream for file: ${location}`)
  return bytes
}

interface Asked<T> {
  readonly page: { readonly token?: string; readonly size: number }
  readonly keyOf: (item: T) => string
}

/** In the order of keys; the token is the last one, so that what comes and goes moves no page. */
export const pageOf = <T>(items: readonly T[], { page, keyOf }: Asked<T>) => {
  const { token, size } = page
  const left = items
    .map((item) => ({ item, key: keyOf(item) }))
    .filter(({ key }) => token === undefined || key > token)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  const taken = left.slice(0, size)
  const last = taken.at(-1)
  const rest = left.length > taken.length
  return { items: taken.map(({ item }) => item), ...(last && rest ? { next: last.key } : {}) }
}

export const newId = (): string => randomUUID()
