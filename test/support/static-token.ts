/** The authenticator of a gateway that has one static token and nothing else. */
import type { Authenticator } from '#authn/authenticator.ts'
import { createProviderAuthenticator } from '#authn/provider-authenticator.ts'
import { CatalogError } from '#model/errors.ts'

export const staticTokenAuthenticator = (token: string): Authenticator =>
  createProviderAuthenticator({
    providers: [],
    people: {
      admit: () => {
        throw new CatalogError('NotAuthorizedException', 'nobody is known')
      },
    },
    token,
    now: Date.now,
    elapsed: () => performance.now(),
  })
