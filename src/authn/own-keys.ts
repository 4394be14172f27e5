/** The keys of our own tokens, in memory: looked up again now and then, and when a token names one that is not known. */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'

/** As it is recorded. Times are epoch milliseconds. */
export interface SigningKey {
  /** The `kid`. */
  readonly id: string
  readonly publicJwk: JsonWebKey
  readonly privateKey: KeyObject
  readonly activeFrom: number
  readonly activeUntil: number
}

export interface OwnKey extends SigningKey {
  readonly publicKey: KeyObject
  /** The first part of each of its tokens. */
  readonly header: string
}

export interface OwnKeys {
  /** At once from memory, but for the first. */
  signer(): OwnKey | Promise<OwnKey>
  /** Undefined for one that is not published. */
  find(id: string): OwnKey | undefined | Promise<OwnKey | undefined>
  /** All whose tokens are good, or will be. */
  published(): Promise<readonly OwnKey[]>
  /** Looks at once: they have been changed here. */
  renew(): Promise<void>
}

export interface OwnKeysDeps {
  /** All that are published; one of them signs now. Rejects where the records cannot be asked. */
  readonly load: () => Promise<readonly SigningKey[]>
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Milliseconds on a clock that nobody can set. */
  readonly elapsed: () => number
  /** Told of a look in the background that failed. */
  readonly onFailure: (error: unknown) => void
}

export const ownAlgorithm = 'EdDSA'
/** RFC 9068: no ID token of a provider, nor anything else that is signed, can be taken for one of ours. */
export const ownType = 'at+jwt'

const freshMs = 60_000
/** Ids that nobody has made lead to no more than one look in this time. */
const coolDownMs = 10_000

const opened = (key: SigningKey): OwnKey => ({
  ...key,
  publicKey: createPublicKey({ key: key.publicJwk, format: 'jwk' }),
  header: Buffer.from(JSON.stringify({ alg: ownAlgorithm, typ: ownType, kid: key.id })).toString('base64url'),
})

/** The youngest whose time has come; with a clock that is behind all of them, the oldest. */
const signerOf = (keys: readonly OwnKey[], now: number): OwnKey | undefined =>
  keys.findLast(({ activeFrom }) => activeFrom <= now) ?? keys[0]

export const createOwnKeys = ({ load, now, elapsed, onFailure }: OwnKeysDeps): OwnKeys => {
  let keys: readonly OwnKey[] = []
  let lookedAt = Number.NEGATIVE_INFINITY
  let looking: Promise<void> | undefined
  const look = (): Promise<void> => {
    looking ??= load()
      .then((found) => {
        keys = found.map((key) => keys.find(({ id }) => id === key.id) ?? opened(key))
        lookedAt = elapsed()
      })
      .finally(() => {
        looking = undefined
      })
    return looking
  }
  const lookAgain = async (): Promise<OwnKey> => {
    await look()
    const key = signerOf(keys, now())
    if (key === undefined) throw new Error('no key to sign with')
    return key
  }
  const keepFresh = (): void => {
    if (elapsed() - lookedAt > freshMs && !looking) look().catch(onFailure)
  }
  const known = (id: string): OwnKey | undefined => keys.find((key) => key.id === id)
  return {
    signer: () => {
      const key = signerOf(keys, now())
      if (key === undefined || (key.activeUntil <= now() && elapsed() - lookedAt > coolDownMs))
        return lookAgain()
      keepFresh()
      return key
    },
    find: (id) => {
      const key = known(id)
      if (key || elapsed() - lookedAt <= coolDownMs) return key
      return look().then(() => known(id))
    },
    published: async () => {
      if (elapsed() - lookedAt > coolDownMs) await look()
      return keys
    },
    // A look that is under way may have begun before the change.
    renew: async () => {
      await looking?.catch(() => {})
      await look()
    },
  }
}
