/** Identities that were verified, by the hash of their token: what is kept is of no use to whoever reads it. */
import { LRUCache } from 'lru-cache'
import type { Identity } from './identity.ts'

export interface VerifiedTokens {
  get(digest: string): Identity | undefined
  /** Counts changes by `forget`: what was verified before one must not be kept after it. */
  generation(): number
  set(digest: string, identity: Identity): void
  forget(which: (identity: Identity) => boolean): void
}

export interface VerifiedTokensDeps {
  readonly max: number
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Milliseconds on a clock that nobody can set. */
  readonly elapsed: () => number
}

interface Entry {
  readonly identity: Identity
  /** Of `elapsed`. */
  readonly until: number
  /** Of `now`. */
  readonly expiresAt: number
}

const longestMs = 5 * 60_000

export const createVerifiedTokens = ({ max, now, elapsed }: VerifiedTokensDeps): VerifiedTokens => {
  const entries = new LRUCache<string, Entry>({ max })
  let generation = 0
  return {
    get: (digest) => {
      const entry = entries.get(digest)
      if (entry === undefined) return undefined
      if (elapsed() < entry.until && now() < entry.expiresAt) return entry.identity
      entries.delete(digest)
      return undefined
    },
    generation: () => generation,
    set: (digest, identity) => {
      const believedMs = Math.min(identity.believedForMs ?? longestMs, longestMs)
      const expiresAt = identity.expiresAt ?? Number.POSITIVE_INFINITY
      if (believedMs > 0) entries.set(digest, { identity, until: elapsed() + believedMs, expiresAt })
    },
    forget: (which) => {
      generation += 1
      for (const [digest, { identity }] of entries.entries()) if (which(identity)) entries.delete(digest)
    },
  }
}
