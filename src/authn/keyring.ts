/** API keys and client secrets become identities: by hash, from memory where they were used lately. */
import { LRUCache } from 'lru-cache'
import type { ClientDirectory } from './clients.ts'
import type { Identity, Provider } from './identity.ts'
import type { IdentityMemory } from './identity-memory.ts'
import { hashKey, isLikeKey, type KeyKind, kindOfKey } from './keys.ts'
import { ownProvider } from './people.ts'
import { refusedBy } from './refusal.ts'
import { createRemembered, type Remembered } from './remembered.ts'

export interface KeyRecord {
  readonly id: string
  readonly kind: KeyKind
  readonly principalId: string
  readonly principalName: string
  /** The service account is neither deactivated nor deleted. */
  readonly welcome: boolean
  readonly expiresAt: Date | null
}

interface KeyRecords {
  /** Undefined where it is unknown, revoked, expired, or its project forbids keys. */
  find(hash: Uint8Array): Promise<KeyRecord | undefined>
}

export interface KeyringDeps {
  readonly records: KeyRecords
  /** Epoch milliseconds. */
  readonly now: () => number
}

interface Answer {
  readonly record: KeyRecord | undefined
  readonly identity: Identity | undefined
}

const mostKnown = 10_000
/** A stranger's inventions push out one another and nothing else. */
const mostUnknown = 10_000
const unknownForMs = 10_000

const identityOf = (record: KeyRecord): Identity => ({
  kind: 'service-account',
  id: record.principalId,
  userType: 'application',
  name: record.principalName,
  groups: [],
  expiresAt: record.expiresAt?.getTime() ?? null,
  keyId: record.id,
})

const nobody: Answer = { record: undefined, identity: undefined }

const answerOf = (record: KeyRecord | undefined): Answer =>
  record === undefined ? nobody : { record, identity: identityOf(record) }

type Find = (kind: KeyKind, token: string) => Answer | Promise<Answer>

const createFind = (records: KeyRecords, known: Remembered<Answer>): { find: Find; forget(): void } => {
  const unknown = new LRUCache<string, true>({ max: mostUnknown, ttl: unknownForMs })
  const load = async (key: string, digest: Buffer): Promise<Answer> => {
    const answer = await known.look(key, async () => answerOf(await records.find(digest)))
    if (answer.record === undefined) unknown.set(key, true)
    return answer
  }
  return {
    find: (kind, token) => {
      if (kindOfKey(token) !== kind) return nobody
      const digest = hashKey(token)
      const key = digest.toString('base64')
      return known.get(key) ?? (unknown.has(key) ? nobody : load(key, digest))
    },
    forget: () => unknown.clear(),
  }
}

/** Applies at once what need not wait. */
const then = <A, B>(value: A | Promise<A>, apply: (value: A) => B): B | Promise<B> =>
  value instanceof Promise ? value.then(apply) : apply(value)

export type Keyring = Provider & ClientDirectory & IdentityMemory

/** An API key is a bearer token; a client secret is worth something at the token endpoint only, and there only with its id. */
export const createKeyring = ({ records, now }: KeyringDeps): Keyring => {
  const known = createRemembered<Answer>(mostKnown, ({ record }) => record !== undefined)
  const { find, forget } = createFind(records, known)
  const isOver = ({ expiresAt }: Identity): boolean => expiresAt !== null && expiresAt <= now()
  const clear = (): void => {
    known.clear()
    forget()
  }
  return {
    id: ownProvider,
    claims: isLikeKey,
    identify: async (token) => {
      const { identity } = await find('api-key', token)
      if (identity === undefined || isOver(identity)) throw refusedBy('key', 'no such key, or it is over')
      return identity
    },
    verify: (clientId, clientSecret) => {
      const id = clientId.startsWith(`${ownProvider}~`) ? clientId : `${ownProvider}~${clientId}`
      return then(find('client-secret', clientSecret), ({ record, identity }) => {
        if (record === undefined || identity === undefined || !record.welcome) return undefined
        return record.principalId === id && !isOver(identity) ? identity : undefined
      })
    },
    drop: ({ type, object }) => {
      if (type.startsWith('project.')) clear()
      else known.drop(({ record }) => record?.id === object || record?.principalId === object)
    },
    clear,
  }
}
