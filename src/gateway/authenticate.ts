/** The first step: the credentials become a principal, or the request ends here with 401. */
import type { Authenticator } from '#authn/authenticator.ts'
import type { Trail } from './audit.ts'

export const authenticate = async (authenticator: Authenticator, trail: Trail): Promise<void> => {
  trail.principal = await authenticator.authenticate(trail.caller.credentials)
}
