/** The refusals of the local catalog, in the words that the reference implementation's clients look for. */
import { CatalogError } from '#model/errors.ts'
import { formatIdentifier, formatNamespace, type Identifier, type Namespace } from '#model/identifier.ts'

export type RelationKind = 'table' | 'view'

const nouns = { table: 'Table', view: 'View' } as const

export const noSuchNamespace = (namespace: Namespace): CatalogError =>
  new CatalogError('NoSuchNamespaceException', `Namespace does not exist: ${formatNamespace(namespace)}`)

export const namespaceExists = (namespace: Namespace): CatalogError =>
  new CatalogError('AlreadyExistsException', `Namespace already exists: ${formatNamespace(namespace)}`)

export const namespaceMounted = (namespace: Namespace): CatalogError =>
  new CatalogError(
    'ConflictException',
    `Cannot create namespace ${formatNamespace(namespace)}: a connection is mounted over it`,
  )

export const namespaceNotEmpty = (namespace: Namespace): CatalogError =>
  new CatalogError('NamespaceNotEmptyException', `Namespace ${formatNamespace(namespace)} is not empty`)

export const noSuchRelation = (kind: RelationKind, id: Identifier): CatalogError =>
  new CatalogError(
    kind === 'table' ? 'NoSuchTableException' : 'NoSuchViewException',
    `${nouns[kind]} does not exist: ${formatIdentifier(id)}`,
  )

/** `wanted` is what was to be made, `present` what has the name. */
export const relationExists = (wanted: RelationKind, present: RelationKind, id: Identifier): CatalogError =>
  new CatalogError(
    'AlreadyExistsException',
    wanted === present
      ? `${nouns[present]} already exists: ${formatIdentifier(id)}`
      : `${nouns[present]} with same name already exists: ${formatIdentifier(id)}`,
  )

export const renameTaken = (
  source: Identifier,
  destination: Identifier,
  present: RelationKind,
): CatalogError =>
  new CatalogError(
    'AlreadyExistsException',
    `Cannot rename ${formatIdentifier(source)} to ${formatIdentifier(destination)}. ${nouns[present]} already exists`,
  )

export const uuidExists = (kind: RelationKind, uuid: string): CatalogError =>
  new CatalogError(
    'AlreadyExistsException',
    `${nouns[kind]} with the same uuid already exists in the warehouse: ${uuid}`,
  )

/** What is granted and claimed hangs on the object that has the uuid. */
export const uuidReassigned = (kind: RelationKind, id: Identifier): CatalogError =>
  new CatalogError('BadRequestException', `Cannot reassign the uuid of ${kind} ${formatIdentifier(id)}`)

export const missingFile = (location: string): CatalogError =>
  new CatalogError('NotFoundException', `Failed to open input stream for file: ${location}`)

export const locationTaken = (location: string): CatalogError =>
  new CatalogError(
    'BadRequestException',
    `Invalid location: ${location} is at, above or below the location of another table or view`,
  )

export const warehouseGone = (): CatalogError =>
  new CatalogError('NoSuchWarehouseException', 'The warehouse does not exist any more')
