/** The hop header: which gateways a request has already passed, so that one that federates itself refuses instead of looping. */
import { CatalogError } from '#model/errors.ts'

/** Sent with every upstream request, read from every incoming one. */
export const hopHeader = 'lakegate-hops'

const maxHops = 8
const hopForm = /^[A-Za-z0-9._-]{1,128}$/

/** This gateway in the header: the server's id and the incarnation of its store (a restored copy is another gateway). */
export const hopOf = (serverId: string, incarnation: string): string => `${serverId}.${incarnation}`

/**
 * The hops of an incoming request, oldest first. BadRequest when this gateway is among them, when there are
 * too many, or when the header is malformed.
 */
export const checkHops = (header: string | undefined, self: string): readonly string[] => {
  if (header === undefined || header.trim() === '') return []
  const hops = header.split(',').map((hop) => hop.trim())
  if (hops.length > maxHops || !hops.every((hop) => hopForm.test(hop)))
    throw new CatalogError('BadRequestException', `Invalid ${hopHeader} header`)
  if (hops.includes(self))
    throw new CatalogError(
      'BadRequestException',
      'Loop detected: this request has already passed through this gateway, one of its mounts leads back to it',
    )
  return hops
}

/** The header to send: what came in, then this gateway. */
export const formatHops = (incoming: readonly string[], self: string): string =>
  [...incoming, self].join(', ')
