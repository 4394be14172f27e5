/** Compresses answers, and each document once: what was packed is kept exactly as long as the document is. */
import type { Coding } from './compression.ts'

export interface Packer {
  pack(chunks: readonly Uint8Array[], coding: Coding): Promise<Uint8Array>
}

interface Packed {
  /** The other chunks, which must be the same again. */
  readonly around: readonly Uint8Array[]
  readonly bytes: Promise<Uint8Array>
}

type PackedByCoding = Map<Coding['name'], Packed>

const join = (chunks: readonly Uint8Array[]): Uint8Array => {
  const [first] = chunks
  return chunks.length === 1 && first ? first : Buffer.concat(chunks)
}

const same = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
  a.length === b.length && a.every((chunk, i) => Buffer.compare(chunk, b[i] ?? new Uint8Array(0)) === 0)

const largestOf = (chunks: readonly Uint8Array[]): Uint8Array | undefined =>
  chunks.reduce<Uint8Array | undefined>(
    (largest, chunk) => (largest && largest.byteLength >= chunk.byteLength ? largest : chunk),
    undefined,
  )

/**
 * An answer in several chunks is an envelope around a document. A catalog that keeps documents in memory hands out
 * the same bytes each time: they are the key, and when it lets them go, what was packed goes with them.
 */
export const createPacker = (): Packer => {
  const kept = new WeakMap<Uint8Array, PackedByCoding>()

  const packAround = (chunks: readonly Uint8Array[], document: Uint8Array, coding: Coding) => {
    const around = chunks.filter((chunk) => chunk !== document)
    const byCoding: PackedByCoding = kept.get(document) ?? new Map()
    const found = byCoding.get(coding.name)
    if (found && same(found.around, around)) return found.bytes
    const bytes = coding.whole(join(chunks))
    kept.set(document, byCoding.set(coding.name, { around, bytes }))
    bytes.catch(() => byCoding.delete(coding.name))
    return bytes
  }

  return {
    pack: (chunks, coding) => {
      const document = chunks.length > 1 ? largestOf(chunks) : undefined
      return document ? packAround(chunks, document, coding) : coding.whole(join(chunks))
    },
  }
}
