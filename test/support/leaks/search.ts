/**
 * Looks for many texts in much text at once: a rolling hash of as many bytes as the shortest text has, compared with the
 * ends of all of them (the beginnings of tokens are all alike), and only what agrees is compared in full.
 */

/** Of the window; no sought text is shorter. */
const windowBytes = 8
const factor = 0x01000193
const filterBits = 22

const outgoing = ((): number => {
  let power = 1
  for (let i = 1; i < windowBytes; i += 1) power = Math.imul(power, factor)
  return power
})()

const hashAt = (bytes: Uint8Array, end: number): number => {
  let hash = 0
  for (let i = end - windowBytes; i < end; i += 1) hash = (Math.imul(hash, factor) + (bytes[i] ?? 0)) | 0
  return hash
}

const filterIndex = (hash: number): number => hash >>> (32 - filterBits)

interface Hit {
  /** Position of the sought text in the list. */
  readonly sought: number
  /** Of its first byte. */
  readonly at: number
}

export interface Searcher {
  /** At most `most` hits, in order. */
  find(text: Buffer, most: number): readonly Hit[]
}

interface Index {
  readonly filter: Uint8Array
  readonly byHash: ReadonlyMap<number, readonly number[]>
}

const indexOf = (sought: readonly Buffer[]): Index => {
  const filter = new Uint8Array(2 ** filterBits)
  const byHash = new Map<number, number[]>()
  for (const [i, bytes] of sought.entries()) {
    if (bytes.byteLength < windowBytes) throw new Error(`"${bytes}" is too short to be searched for`)
    const hash = hashAt(bytes, bytes.byteLength)
    filter[filterIndex(hash)] = 1
    byHash.set(hash, [...(byHash.get(hash) ?? []), i])
  }
  return { filter, byHash }
}

export const createSearcher = (texts: readonly string[]): Searcher => {
  const sought = texts.map((text) => Buffer.from(text))
  const { filter, byHash } = indexOf(sought)
  const endingAt = (text: Buffer, end: number, hash: number): readonly Hit[] =>
    (byHash.get(hash) ?? []).flatMap((i) => {
      const bytes = sought[i] ?? Buffer.alloc(0)
      const at = end - bytes.byteLength
      return at >= 0 && bytes.equals(text.subarray(at, end)) ? [{ sought: i, at }] : []
    })
  return {
    find: (text, most) => {
      const hits: Hit[] = []
      let hash = text.byteLength < windowBytes ? 0 : hashAt(text, windowBytes)
      for (let end = windowBytes; end <= text.byteLength && hits.length < most; end += 1) {
        if (filter[filterIndex(hash)] === 1) hits.push(...endingAt(text, end, hash))
        const leaving = Math.imul(text[end - windowBytes] ?? 0, outgoing)
        hash = (Math.imul((hash - leaving) | 0, factor) + (text[end] ?? 0)) | 0
      }
      return hits
    },
  }
}
