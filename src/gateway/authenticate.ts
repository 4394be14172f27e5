/** The first step: the credentials become a principal, or the request ends here with 401. */
import type { Authenticator } from '#authn/authenticator.ts'
import type { Principal } from '#model/access.ts'
import type { Trail } from './audit.ts'

export const authenticate = (
  authenticator: Authenticator,
  { caller }: Trail,
): Principal | Promise<Principal> => authenticator.authenticate(caller.credentials)
