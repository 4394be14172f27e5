/** The contracts between those who verify credentials and those who know the people behind them. */
import type { Principal } from '#model/access.ts'

/** What a provider vouches for: the sender behind valid credentials, before anyone asked whether it is still welcome. */
export interface Identity {
  readonly kind: 'user' | 'service-account'
  /** `provider~subject`, e.g. `oidc~alice`; of our own service accounts `lakegate~uuid`. */
  readonly id: string
  readonly userType: 'human' | 'application'
  readonly name?: string
  readonly email?: string
  /** Roles that the token claims, as `provider~source-id`. */
  readonly groups: readonly string[]
  /** Epoch milliseconds from which on the credentials are worth nothing; null where they do not expire. */
  readonly expiresAt: number | null
  /** Milliseconds for which it may be believed before its provider is asked again; absent: a few minutes. */
  readonly believedForMs?: number
  /** Of the API key or client secret behind the credentials, also where a token of ours was made from it. */
  readonly keyId?: string
}

/** Judges bearer tokens of one origin. */
export interface Provider {
  /** E.g. `oidc`, `kubernetes`, `lakegate`; the first part of the ids that it gives. */
  readonly id: string
  /** Whose tokens it judges, where they name an issuer. */
  readonly issuers?: readonly string[]
  /** Whether the token claims to be of this origin; told from its form alone, nothing is verified yet. */
  claims(token: string): boolean
  /** NotAuthorized (401) where it is not valid; ServiceUnavailable (503) where that cannot be found out now. */
  identify(token: string): Promise<Identity>
}

/** Who is known, and still welcome. */
export interface People {
  /**
   * Registers a user on first sight. NotAuthorized (401) for whoever is deactivated or deleted, or whose key has been
   * revoked: at once on the process that took the change, within 5 s on all others. At once from memory for whoever was
   * seen lately.
   */
  admit(identity: Identity): Principal | Promise<Principal>
}
