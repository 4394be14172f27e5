/** Tokens that the gateway gives itself: their keys, who gets them, and what they are worth here. */

import type { ClientDirectory } from '#authn/clients.ts'
import type { People, Provider } from '#authn/identity.ts'
import { createOwnKeys, type OwnKeys } from '#authn/own-keys.ts'
import { createOwnTokens, type OwnTokens } from '#authn/own-tokens.ts'
import { createFailureLimit } from '#gateway/failure-limit.ts'
import type { SigningKeyRegistry } from '#gateway/operations/management/signing-keys.ts'
import { createChange } from '#gateway/operations/management/store-change.ts'
import { createTokenOperations, type TokenOperations } from '#gateway/operations/tokens/tokens.ts'
import type { Database } from '#store/database.ts'
import type { ServerRecord } from '#store/server.ts'
import {
  listSigningKeys,
  loadSigningKeys,
  rotateSigningKeys,
  type SigningSchedule,
} from '#store/signing-keys.ts'
import { spendToken } from '#store/spent-tokens.ts'
import type { Logs } from './log.ts'
import type { TokenRules } from './tokens-schema.ts'
import type { Vault } from './vault.ts'

export interface OwnTokensDeps {
  readonly database: Database
  readonly vault: Vault
  readonly store: Pick<ServerRecord, 'id'>
  readonly config: { readonly server: { readonly tokens: TokenRules } }
  readonly logs: Pick<Logs, 'warn'>
}

export interface OpenTokens {
  readonly keys: OwnKeys
  readonly tokens: OwnTokens
  readonly registry: SigningKeyRegistry
}

const elapsed = (): number => performance.now()

/** Tokens of a replica with an older configuration may live longer than ours. */
const longestLifeSeconds = 86_400

const scheduleOf = ({ signingKeySeconds: rotateSeconds }: TokenRules): SigningSchedule => ({
  rotateSeconds,
  leadSeconds: Math.min(3600, rotateSeconds / 4),
  keepSeconds: longestLifeSeconds,
})

/** Keys are looked up, and the first one is made, when somebody first asks for a token. */
export const openOwnTokens = ({ database, vault, store, config, logs }: OwnTokensDeps): OpenTokens => {
  const rules = config.server.tokens
  const schedule = scheduleOf(rules)
  const keys = createOwnKeys({
    load: () => loadSigningKeys({ database, sealing: vault.sealing, schedule }),
    now: Date.now,
    elapsed,
    onFailure: (error) => logs.warn('signing-keys.not-looked-at', { error }),
  })
  const issuer = rules.issuer ?? `urn:lakegate:${store.id}`
  const change = createChange({
    database,
    changed: () => keys.renew(),
    report: (error) => logs.warn('signing-keys.not-refreshed', { error }),
  })
  return {
    keys,
    tokens: createOwnTokens({ keys, issuer, now: Date.now }),
    registry: {
      list: () => listSigningKeys(database),
      rotate: (context) =>
        change(context, async (tx) => {
          const { id } = await rotateSigningKeys(tx, { sealing: vault.sealing, schedule })
          const event = { type: 'signing-key.rotated', object: id, warehouse: '', data: {} }
          return { result: undefined, event }
        }),
    },
  }
}

export interface TokenEndpointDeps {
  readonly database: Database
  readonly rules: TokenRules
  readonly clients: ClientDirectory
  readonly people: People
  /** Whose tokens may be exchanged. */
  readonly providers: readonly Provider[]
}

/** A client that is set up wrongly asks about once a second; whoever guesses, far more often. */
const failureRules = { most: 60, windowMs: 60_000, elapsed }

export const openTokenEndpoint = (
  { keys, tokens }: OpenTokens,
  { database, rules, clients, people, providers }: TokenEndpointDeps,
): TokenOperations =>
  createTokenOperations({
    ...{ keys, tokens, clients, people, providers, now: Date.now },
    failures: createFailureLimit(failureRules),
    spend: (spent) => spendToken(database, spent),
    lifetimeSeconds: rules.lifetimeSeconds,
    sessionSeconds: rules.sessionSeconds,
    exchangeOnce: rules.exchangeOnce,
  })
