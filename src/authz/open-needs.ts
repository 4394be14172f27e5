/** What needs no grant: the server as everybody may know it, people as they know one another, and oneself. */
import type { Action, Need, Principal } from '#model/access.ts'

/** Who the server is, who one is oneself, and which projects one sees. */
const openActions: ReadonlySet<Action> = new Set(['describe', 'list'])

const isOwn = ({ kind, id }: Principal, user: string): boolean => kind === 'user' && user === id

export const isOpen = (principal: Principal, { action, resource }: Need): boolean => {
  if (resource.kind === 'server') return openActions.has(action)
  return resource.kind === 'user' && (action === 'describe' || isOwn(principal, resource.user))
}

/** That these are there is no secret; a tag's project has to be entered before it is asked about. */
export const isKnownToAll = ({ resource }: Need): boolean =>
  resource.kind === 'server' || resource.kind === 'user' || resource.kind === 'tag'
