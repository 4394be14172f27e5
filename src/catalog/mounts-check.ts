/** What a new mount must not be: a second one at its place, one over local content, one that leads back to this gateway. */
import { CatalogError, isCatalogError } from '#model/errors.ts'
import { checkNamespace, type Namespace, sameNamespace } from '#model/identifier.ts'
import { operationsOf } from './capabilities.ts'
import type { CallContext, Catalog } from './catalog.ts'
import { formatMount } from './mounts-list.ts'

export interface NewMount {
  readonly namespace: Namespace
  /** Opened for the check; asked once, so that a loop answers before the mount exists. */
  readonly catalog: Catalog
  readonly existing: readonly Namespace[]
  readonly local: Catalog
}

const holdsContent = async (context: CallContext, local: Catalog, point: Namespace): Promise<boolean> => {
  if (point.length === 0) return (await local.namespaces.list(context, [], { size: 1 })).items.length > 0
  try {
    await local.namespaces.exists(context, point)
    return true
  } catch (error) {
    if (isCatalogError(error, 'NoSuchNamespaceException')) return false
    throw error
  }
}

/** An upstream that is out may be mounted; one that refuses the gateway as a client may not. */
const checkAnswers = async (catalog: Catalog): Promise<void> => {
  try {
    await operationsOf(catalog)
  } catch (error) {
    if (!isCatalogError(error) || error.status < 500) throw error
  }
}

/** BadRequest for an invalid name or a loop, AlreadyExists for a duplicate, Conflict over local content. */
export const checkMount = async (context: CallContext, mount: NewMount): Promise<void> => {
  const { namespace, existing, local, catalog } = mount
  if (namespace.length > 0) checkNamespace(namespace)
  if (existing.some((other) => sameNamespace(other, namespace)))
    throw new CatalogError('AlreadyExistsException', `Mount already exists: ${formatMount(namespace)}`)
  if (await holdsContent(context, local, namespace))
    throw new CatalogError(
      'ConflictException',
      `Cannot mount at ${formatMount(namespace)}: the local catalog holds content there`,
    )
  await checkAnswers(catalog)
}
