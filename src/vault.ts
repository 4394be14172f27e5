/** Sealed secrets of this process: the key that seals them, and who may have what opened. */

import type { Database } from '#store/database.ts'
import { createSealing, type Sealing } from '#store/sealing.ts'
import { openSecret } from '#store/secrets.ts'
import { type ScopedSecrets, type SecretResolver, sealingKeyOf, withSealed } from './secrets.ts'

export interface Vault {
  readonly sealing: Sealing
  readonly secrets: ScopedSecrets
}

export interface VaultDeps {
  readonly database: Database
  readonly serverKey: Uint8Array
  /** For references to what lies outside of the store. */
  readonly secret: SecretResolver
}

export const createVault = ({ database, serverKey, secret }: VaultDeps): Vault => {
  const sealing = createSealing(sealingKeyOf(serverKey))
  return {
    sealing,
    secrets: (scope, drafts = []) =>
      withSealed(secret, async (id) => {
        const draft = drafts.find((one) => one.id === id)
        return draft ? sealing.open(draft) : openSecret({ sql: database, sealing }, id, scope)
      }),
  }
}
