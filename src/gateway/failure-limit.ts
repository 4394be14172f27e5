/** How often somebody may fail: whoever guesses is slowed down, whoever succeeds is never counted. */
import { LRUCache } from 'lru-cache'
import { CatalogError } from '#model/errors.ts'

export interface FailureLimit {
  /** SlowDown (429) where one of the names has failed too often lately. */
  check(names: readonly string[]): void
  note(names: readonly string[]): void
}

export interface FailureRules {
  /** In one window. */
  readonly most: number
  readonly windowMs: number
  /** Milliseconds on a clock that nobody can set. */
  readonly elapsed: () => number
}

interface Window {
  readonly endsAt: number
  count: number
}

const mostNames = 20_000

export const createFailureLimit = ({ most, windowMs, elapsed }: FailureRules): FailureLimit => {
  const windows = new LRUCache<string, Window>({ max: mostNames })
  const current = (name: string): Window | undefined => {
    const window = windows.get(name)
    return window && window.endsAt > elapsed() ? window : undefined
  }
  return {
    check: (names) => {
      for (const name of names) {
        const window = current(name)
        if (window && window.count >= most)
          throw new CatalogError('SlowDownException', 'Too many requests with wrong credentials', {
            retryAfterSeconds: Math.ceil((window.endsAt - elapsed()) / 1000),
          })
      }
    },
    note: (names) => {
      for (const name of names) {
        const window = current(name) ?? { endsAt: elapsed() + windowMs, count: 0 }
        window.count += 1
        windows.set(name, window)
      }
    },
  }
}
