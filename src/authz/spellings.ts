/**
 * Names under which an upstream may know one object: many take upper and lower case, forms of Unicode, accents or
 * spaces at the end for the same. What governs a mounted object governs every spelling of its name, since nobody can
 * tell before the upstream is reached which of them it takes for one.
 */
import type { Resource } from '#model/access.ts'

const ascii = /^\p{ASCII}*$/u
const marks = /\p{M}+/gu
const spaces = /\p{Zs}+(?=\p{Cc}|$)/gu

/** One text for all spellings. Levels count as joined by dots: so do some upstreams. */
export const foldSpelling = (key: string): string => {
  const plain = ascii.test(key) ? key : key.normalize('NFKD').replace(marks, '').toUpperCase()
  return plain.toLowerCase().replace(spaces, '').replaceAll('\u001f', '.')
}

type Folded = ReadonlyMap<string, readonly string[]>

const known = new WeakMap<ReadonlyMap<string, unknown>, Folded>()

/** Keys of what goes by its name; content ids are nobody's names. */
const isName = (key: string): boolean => key.includes('/')

const foldedOf = (byKey: ReadonlyMap<string, unknown>): Folded => {
  const made = known.get(byKey)
  if (made !== undefined) return made
  const folded = new Map<string, string[]>()
  for (const key of byKey.keys()) {
    if (!isName(key)) continue
    const spelling = foldSpelling(key)
    const same = folded.get(spelling)
    if (same === undefined) folded.set(spelling, [key])
    else same.push(key)
  }
  known.set(byKey, folded)
  return folded
}

export type Spellings = 'exact' | 'any'

/** Local names are what they are, to the byte. */
export const spellingsOf = (resource: Resource): Spellings =>
  'mount' in resource && resource.mount !== undefined ? 'any' : 'exact'

/** What is held of the object: under its key first, then under other spellings of it where those count. */
export const heldOf = <T>(byKey: ReadonlyMap<string, T>, key: string, spellings: Spellings): readonly T[] => {
  const keys = spellings === 'any' ? (foldedOf(byKey).get(foldSpelling(key)) ?? []) : []
  const found: T[] = []
  for (const one of [key, ...keys.filter((other) => other !== key)]) {
    const value = byKey.get(one)
    if (value !== undefined) found.push(value)
  }
  return found
}
