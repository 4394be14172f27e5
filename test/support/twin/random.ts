/** A seeded source of choices: the same seed gives the same sequence on every machine. */
export interface Random {
  /** An integer in [0, limit). */
  int(limit: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  /** Picks by weight; entries of weight 0 are never picked. */
  weighted<T>(items: readonly (readonly [number, T])[]): T
  /** Each item kept with the given probability. */
  some<T>(items: readonly T[], probability?: number): T[]
  shuffle<T>(items: readonly T[]): T[]
  /** Uniform below 2^63: what real writers use for snapshot ids. */
  long(): bigint
  /** A uuid that is recognisably chosen by the client (see `isClientUuid`). */
  uuid(): string
}

const clientUuidPrefix = 'c1e47000'

export const isClientUuid = (uuid: string): boolean => uuid.toLowerCase().startsWith(clientUuidPrefix)

/** Mulberry32: small, and good enough to choose requests. */
const generator = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
}

export const createRandom = (seed: number): Random => {
  const next = generator(seed)
  const fraction = (): number => next() / 2 ** 32
  const int = (limit: number): number => Math.floor(fraction() * limit)
  const pick = <T>(items: readonly T[]): T => {
    const item = items[int(items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }
  const weighted = <T>(items: readonly (readonly [number, T])[]): T => {
    let left = fraction() * items.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, item] of items) {
      left -= weight
      if (weight > 0 && left < 0) return item
    }
    throw new Error('nothing to pick from')
  }
  const shuffle = <T>(items: readonly T[]): T[] => {
    const keyed = items.map((item) => ({ item, key: next() }))
    return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item)
  }
  const hex = (digits: number): string => Array.from({ length: digits }, () => int(16).toString(16)).join('')
  return {
    int,
    pick,
    weighted,
    shuffle,
    chance: (probability) => fraction() < probability,
    some: (items, probability = 0.5) => items.filter(() => fraction() < probability),
    long: () => (BigInt(next()) << 31n) ^ BigInt(next() >>> 1) ^ (1n << 62n),
    uuid: () => `${clientUuidPrefix}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`,
  }
}
