import type { UpstreamResponse } from '#catalog/connector.ts'

/** What the upstream was sent as a secret, or sent for one: a hostile one would show it to callers in its own words. */
export interface KnownSecrets {
  note(secret: string): void
  /** The text with every known secret blanked out. */
  blank(text: string): string
  /** The answer without headers that hold one and could be repeated (request ids). */
  clean(response: UpstreamResponse): UpstreamResponse
}

/** Tokens are renewed; those of before are still good for a while. */
const mostKept = 8
/** Shorter ones are no secrets, and blanking them out would eat words. */
const shortest = 4

/** As it stands, and as it stands in a form or a URL. */
const spellings = (secret: string): readonly string[] => [secret, encodeURIComponent(secret)]

export const createKnownSecrets = (): KnownSecrets => {
  let kept: readonly string[] = []
  const blank = (text: string): string =>
    kept
      .flatMap(spellings)
      .toSorted((a, b) => b.length - a.length)
      .reduce((clean, secret) => clean.replaceAll(secret, '***'), text)
  return {
    note: (secret) => {
      if (secret.length < shortest || kept[0] === secret || !secret.isWellFormed()) return
      kept = [secret, ...kept.filter((other) => other !== secret)].slice(0, mostKept)
    },
    blank,
    clean: (response) => {
      const told = Object.entries(response.headers).filter(
        ([name, value]) => value === undefined || !name.includes('request') || blank(value) === value,
      )
      return told.length === Object.keys(response.headers).length
        ? response
        : { ...response, headers: Object.fromEntries(told) }
    },
  }
}
