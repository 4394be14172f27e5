/**
 * The one place that words a refusal. Invisible and missing give the same answer, to the letter; visible but
 * forbidden gives 403. The audit log keeps the true reason.
 */
import type { Decision, Need, Resource } from '#model/access.ts'
import { CatalogError } from '#model/errors.ts'
import { formatIdentifier, formatNamespace } from '#model/identifier.ts'

const nameOf = (resource: Resource): string => {
  switch (resource.kind) {
    case 'server':
      return ''
    case 'project':
      return resource.project
    case 'warehouse':
      return resource.warehouse
    case 'connection':
      return resource.connection
    case 'role':
      return resource.role
    case 'tag':
      return resource.name
    case 'user':
      return resource.user
    case 'service-account':
      return resource.serviceAccount
    case 'namespace':
      return formatNamespace(resource.namespace)
    default:
      return formatIdentifier(resource)
  }
}

/** The answer for an object that does not exist, in the words of the reference implementation. */
export const missing = (resource: Resource): CatalogError => {
  const name = nameOf(resource)
  switch (resource.kind) {
    case 'table':
      return new CatalogError('NoSuchTableException', `Table does not exist: ${name}`)
    case 'view':
      return new CatalogError('NoSuchViewException', `View does not exist: ${name}`)
    case 'namespace':
      return new CatalogError('NoSuchNamespaceException', `Namespace does not exist: ${name}`)
    case 'connection':
      return new CatalogError('NoSuchConnectionException', `Connection does not exist: ${name}`)
    case 'role':
      return new CatalogError('NoSuchRoleException', `Role does not exist: ${name}`)
    case 'project':
      return new CatalogError('NotFoundException', `Project does not exist: ${name}`)
    case 'warehouse':
      return new CatalogError('NoSuchWarehouseException', `Warehouse does not exist: ${name}`)
    case 'user':
      return new CatalogError('NotFoundException', `User does not exist: ${name}`)
    case 'tag':
      return new CatalogError('NotFoundException', `Tag definition does not exist: ${name}`)
    case 'service-account':
      return new CatalogError('NotFoundException', `Service account does not exist: ${name}`)
    default:
      return new CatalogError('NotFoundException', 'Not found')
  }
}

const forbidden = ({ action, resource }: Need): CatalogError =>
  new CatalogError(
    'ForbiddenException',
    `Not allowed: ${action} on ${resource.kind} ${nameOf(resource)}`.trim(),
  )

/** What was asked, as far as a refusal must speak of it. */
export interface Refused {
  readonly needs: readonly Need[]
  /** The operation's own answer for an absent object. */
  readonly missing: () => CatalogError | undefined
}

export const denial = (decision: Decision, refused: Refused): CatalogError => {
  const need = decision.denied ?? refused.needs[0]
  if (!need) return new CatalogError('ForbiddenException', 'Not allowed')
  if (decision.visible) return forbidden(need)
  return refused.missing() ?? missing(need.resource)
}
