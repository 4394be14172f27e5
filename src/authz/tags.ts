/** Tags in memory: which an object has by itself, and which it inherits from what it lies in. */
import type { ObjectKey } from './objects.ts'
import { heldOf, type Spellings } from './spellings.ts'

/** Values by the name of the tag. A marker's value is empty. */
export type ObjectTags = ReadonlyMap<string, string>

/** Of one warehouse; objects without tags of their own are not in it. */
export type TagsByObject = ReadonlyMap<string, ObjectTags>

/** The tags along the chain, the nearest first: of each name the first value counts. */
export const taggedIn = (
  tags: TagsByObject,
  chain: readonly ObjectKey[],
  spellings: Spellings = 'exact',
): readonly ObjectTags[] => {
  if (spellings === 'any') return chain.flatMap((object) => heldOf(tags, object, spellings))
  const found: ObjectTags[] = []
  for (const object of chain) {
    const own = tags.get(object)
    if (own !== undefined) found.push(own)
  }
  return found
}

/** All that the first object of the chain has, by itself or from above. */
export const inheritedTags = (
  tags: TagsByObject,
  chain: readonly ObjectKey[],
  spellings: Spellings = 'exact',
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    taggedIn(tags, chain, spellings)
      .toReversed()
      .flatMap((own) => [...own]),
  )
