/** A register of one signing key that notes every change. */
import type { SigningKeyRegistry } from '#gateway/operations/management/signing-keys.ts'

export const createMemorySigningKeys = (changes: string[] = []): SigningKeyRegistry => ({
  list: async () => [
    { id: 'kid', algorithm: 'EdDSA', activeFrom: new Date(0), activeUntil: new Date(86_400_000) },
  ],
  rotate: async () => {
    changes.push('rotate')
  },
})
