import type { Decision } from '#model/access.ts'
import type { Authorizer } from './authorizer.ts'

const allowed: Decision = { allow: true, visible: true, reason: 'everything is allowed' }

/** Stands where no policy is configured: who is authenticated may do everything. */
export const createAllowAll = (): Authorizer => ({
  check: () => allowed,
  visible: (_principal, _action, candidates) => candidates.map(() => true),
})
