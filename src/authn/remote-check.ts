/** Asking a provider about single tokens: few at a time, and what it has just refused is not asked again. */
import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { isCatalogError } from '#model/errors.ts'
import { unavailable } from './provider-fetch.ts'

const mostAtOnce = 32
const refusedForMs = 5_000
const mostRefused = 10_000

/**
 * Runs one question about a token; the rest of a burst is turned away (503), so that a flood of made-up tokens is not
 * passed on. A refusal (401) is remembered for some seconds by the token's hash.
 */
export const createRemoteCheck = (provider: string, elapsed: () => number) => {
  const refused = new LRUCache<string, { readonly error: Error; readonly until: number }>({
    max: mostRefused,
  })
  let running = 0
  return async <T>(token: string, ask: () => Promise<T>): Promise<T> => {
    const digest = hash('sha256', token, 'base64')
    const before = refused.get(digest)
    if (before && elapsed() < before.until) throw before.error
    if (running >= mostAtOnce) throw unavailable(provider, new Error('too many questions at once'), 1)
    running += 1
    try {
      return await ask()
    } catch (error) {
      if (isCatalogError(error, 'NotAuthorizedException'))
        refused.set(digest, { error, until: elapsed() + refusedForMs })
      throw error
    } finally {
      running -= 1
    }
  }
}
