/** Identifiers as paths of the upstream: each level encoded, levels joined by the upstream's separator. */
import { CatalogError } from '#model/errors.ts'
import { formatNamespace, type Identifier, type Namespace } from '#model/identifier.ts'
import type { Session } from './session.ts'

const dotSegment = /^(\.|%2e){1,2}$/i

const inexpressible = (name: string): CatalogError =>
  new CatalogError('BadRequestException', `The upstream cannot be asked for the name ${JSON.stringify(name)}`)

/** A segment of dots would climb out of its place when the URL is read. */
const segment = (name: string): string => {
  if (name === '' || !name.isWellFormed()) throw inexpressible(name)
  const encoded = encodeURIComponent(name)
  if (dotSegment.test(encoded)) throw inexpressible(name)
  return encoded
}

const namespaceSegment = (session: Session, namespace: Namespace): string => {
  if (namespace.length === 0) throw inexpressible('')
  const levels = namespace.map((level) =>
    namespace.length === 1 ? segment(level) : encodeURIComponent(level),
  )
  const joined = levels.join(session.separator)
  if (dotSegment.test(joined)) throw inexpressible(formatNamespace(namespace))
  return joined
}

export const namespacePath = (session: Session, namespace: Namespace): string =>
  `/namespaces/${namespaceSegment(session, namespace)}`

export const relationPath = (session: Session, space: 'tables' | 'views', id: Identifier): string =>
  `${namespacePath(session, id.namespace)}/${space}/${segment(id.name)}`

/**
 * The `parent` parameter joins levels with the decoded separator and does not escape it within a level
 * (specification, listNamespaces): a level that holds it would name another namespace.
 */
export const parentParameter = (session: Session, parent: Namespace): string => {
  const separator = decodeURIComponent(session.separator)
  const ambiguous = parent.find((level) => level.includes(separator))
  if (ambiguous !== undefined) throw inexpressible(ambiguous)
  return parent.join(separator)
}
