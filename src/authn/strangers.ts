/**
 * Who floods us with credentials that are worth nothing is turned away before the next one is looked at. Only failures
 * count, by the sender's address; and an address may be that of many: whoever has been let in here is known by what his
 * credential says of him, and goes on from an address that floods, with a new token too. He is held back only where too
 * many fail that claim to be his, from there.
 */
import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { isCatalogError } from '#model/errors.ts'
import { peek } from './jwt-form.ts'
import { sourceOf } from './source-address.ts'

interface FailureCounts {
  /** SlowDown (429) where one of the names has failed too often lately. */
  check(names: readonly string[]): void
  note(names: readonly string[]): void
}

export interface Strangers {
  /**
   * Before a credential is judged that is not known to be good. SlowDown (429) where too many have failed; else has it
   * judged, and remembers how that ended.
   */
  meet(address: string | undefined, credential: string): <T>(judge: () => Promise<T>) => Promise<T>
}

export interface StrangersDeps {
  readonly failures: FailureCounts
  /** Of those who have been let in. Default 20,000. */
  readonly mostKnown?: number
}

/** Of a token that anybody can read, whose it claims to be; else the credential itself. Hashed: nothing of it is kept. */
const markOf = (credential: string): string => {
  const { iss, sub } = peek(credential)?.payload ?? {}
  const claimed = typeof iss === 'string' && typeof sub === 'string'
  return hash('sha256', claimed ? JSON.stringify([iss, sub]) : credential, 'base64')
}

export const createStrangers = ({ failures, mostKnown = 20_000 }: StrangersDeps): Strangers => {
  const known = new LRUCache<string, true>({ max: mostKnown })
  return {
    meet: (address, credential) => {
      const mark = markOf(credential)
      const source = sourceOf(address)
      const claimed = `${source} ${mark}`
      failures.check([known.has(mark) ? claimed : source])
      return async (judge) => {
        try {
          const admitted = await judge()
          known.set(mark, true)
          return admitted
        } catch (error) {
          const names = known.has(mark) ? [source, claimed] : [source]
          if (isCatalogError(error, 'NotAuthorizedException')) failures.note(names)
          throw error
        }
      }
    },
  }
}
