/** An authorizer that refuses what it is told to: for proofs that a denial reaches nothing. */
import type { Authorizer } from '#authz/authorizer.ts'
import type { Need, Resource } from '#model/access.ts'

export interface DenyList {
  readonly denies: (need: Need) => boolean
  /** False: what is denied may not even be known to exist. */
  readonly visible: boolean
  /** Left out of listings. */
  readonly hides?: (resource: Resource) => boolean
}

export const createDenyList = ({ denies, visible, hides = () => false }: DenyList): Authorizer => ({
  check: (_principal, needs) => {
    const denied = needs.find(denies)
    if (!denied) return { allow: true, visible: true, reason: 'not on the list' }
    return { allow: false, visible, denied, reason: `${denied.action} is on the list` }
  },
  visible: (_principal, _action, candidates) => candidates.map((one) => !hides(one)),
})

export const denyEverything = (visible: boolean): Authorizer =>
  createDenyList({ denies: () => true, visible })
