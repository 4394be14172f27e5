/**
 * A client that asks for every query asks many times a second: for that long it is given the same token again, which
 * spares the signature. Kept by the identity that verifying its secret gives, so it ends with what is known of that.
 */
import type { Identity } from '#authn/identity.ts'
import type { Issued } from '#authn/own-tokens.ts'

export interface GivenLately {
  find(identity: Identity, scope: string): Issued | undefined
  note(identity: Identity, scope: string, issued: Issued): void
}

interface Given {
  readonly scope: string
  readonly issued: Issued
  /** Epoch milliseconds. */
  readonly at: number
}

const mostMs = 1000

/** At most a second, and a tenth of a life of which clients are told in whole seconds. */
export const createGivenLately = (now: () => number): GivenLately => {
  const given = new WeakMap<Identity, Given>()
  return {
    find: (identity, scope) => {
      const found = given.get(identity)
      if (found === undefined || found.scope !== scope) return undefined
      const { issued, at } = found
      const age = now() - at
      const isLate = age < 0 || age >= Math.min(mostMs, issued.expiresIn * 100)
      return isLate ? undefined : { token: issued.token, expiresIn: issued.expiresIn - Math.ceil(age / 1000) }
    },
    note: (identity, scope, issued) => {
      given.set(identity, { scope, issued, at: now() })
    },
  }
}
