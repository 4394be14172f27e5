/** Several origins of tokens side by side: the first that claims a token judges it, and nobody else does. */
import { hash } from 'node:crypto'
import type { Principal } from '#model/access.ts'
import { type Authenticator, absentToken, staticToken } from './authenticator.ts'
import type { Identity, People, Provider } from './identity.ts'
import type { IdentityMemory } from './identity-memory.ts'
import { refusedBy } from './refusal.ts'
import type { Strangers } from './strangers.ts'
import { createVerifiedTokens } from './verified-tokens.ts'

export interface ProviderAuthenticatorDeps {
  /** In the order in which they are asked whether a token is theirs. */
  readonly providers: readonly Provider[]
  readonly people: People
  /** Who sends what is not known to be good. Absent: nobody sends too much. */
  readonly strangers?: Strangers | undefined
  /** The one static token, where there is one. */
  readonly token?: string | undefined
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Milliseconds on a clock that nobody can set. */
  readonly elapsed: () => number
  /** Verified tokens that are kept. Default 20,000. */
  readonly maxKept?: number
}

export interface ProviderAuthenticator extends Authenticator, IdentityMemory {
  /** What was verified before counts no longer for these identities: their tokens are judged anew. */
  forget(which: (identity: Identity) => boolean): void
}

/** Larger ones are refused unread: no provider gives them, and engines could not send them. */
const longestToken = 16 * 1024

const digestOf = (token: string): string => hash('sha256', token, 'base64')

/** Two headers arrive as one with a comma and a space: that is no token. */
const visible = /^[\x21-\x7e]+$/

/** Undefined where it is no bearer token. */
const tokenOf = (authorization: string): string | undefined => {
  if (authorization.length > longestToken) return undefined
  if (authorization.startsWith('Bearer ') && authorization[7] !== ' ') return authorization.slice(7)
  return /^bearer +([^ ].*)$/i.exec(authorization)?.[1]
}

/** Many requests with a new token wait for one verification. */
const createShared = <T>() => {
  const pending = new Map<string, Promise<T>>()
  return (key: string, work: () => Promise<T>): Promise<T> => {
    const running = pending.get(key)
    if (running) return running
    const started = work().finally(() => pending.delete(key))
    pending.set(key, started)
    return started
  }
}

export const createProviderAuthenticator = (deps: ProviderAuthenticatorDeps): ProviderAuthenticator => {
  const { providers, people, strangers } = deps
  const cache = createVerifiedTokens({ max: deps.maxKept ?? 20_000, now: deps.now, elapsed: deps.elapsed })
  const expected = deps.token === undefined ? undefined : digestOf(deps.token)
  const shared = createShared<Identity>()
  const ownerOf = (token: string): Provider => {
    const owner = providers.find((provider) => provider.claims(token))
    if (!owner) throw refusedBy('provider', 'no provider claims the token')
    return owner
  }
  const identify = async (owner: Provider, token: string, digest: string): Promise<Identity> => {
    const generation = cache.generation()
    const identity = await owner.identify(token)
    // Somebody was forgotten meanwhile: perhaps this one, judged by what was true before.
    if (generation === cache.generation()) cache.set(digest, identity)
    return identity
  }
  const judge = async (owner: Provider, token: string, digest: string): Promise<Principal> =>
    people.admit(await shared(`${cache.generation()} ${digest}`, () => identify(owner, token, digest)))
  const judgeForm = (token: string | undefined, digest: string): Promise<Principal> => {
    if (token === undefined) throw refusedBy('form', 'no bearer token')
    if (!visible.test(token)) throw refusedBy('form', 'no single token')
    return judge(ownerOf(token), token, digest)
  }
  return {
    authenticate: ({ authorization, address }) => {
      const token = authorization === undefined ? absentToken : tokenOf(authorization)
      const digest = digestOf(token ?? '')
      const known = cache.get(digest)
      if (known) return people.admit(known)
      // Hashes are compared: how long that takes tells nothing of the token.
      if (digest === expected) return staticToken
      if (token === absentToken) throw refusedBy('form', 'no credential')
      const met = strangers?.meet(address, token ?? '')
      return met ? met(() => judgeForm(token, digest)) : judgeForm(token, digest)
    },
    forget: cache.forget,
    drop: ({ object }) => cache.forget(({ id, keyId }) => id === object || keyId === object),
    clear: () => cache.forget(() => true),
  }
}
