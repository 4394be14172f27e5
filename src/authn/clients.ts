/** The contract between the token endpoint and those who keep the secrets of service accounts. */
import type { Identity } from './identity.ts'

export interface ClientDirectory {
  /**
   * The service account behind a client id (its uuid) and one of its client secrets; `keyId` names the secret. Undefined
   * where either is wrong, expired or revoked, or where the account is deactivated or deleted; never says which. At once
   * from memory for whoever was seen lately, no older than 5 s after a change elsewhere, never behind one made here:
   * engines ask once a query. Compared in constant time, by hash. `expiresAt` is the secret's.
   */
  verify(clientId: string, clientSecret: string): Identity | undefined | Promise<Identity | undefined>
}
