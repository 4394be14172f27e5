/** Tags in memory: which an object has by itself, and which it inherits from what it lies in. */
import type { ObjectKey } from './objects.ts'

/** Values by the name of the tag. A marker's value is empty. */
export type ObjectTags = ReadonlyMap<string, string>

/** Of one warehouse; objects without tags of their own are not in it. */
export type TagsByObject = ReadonlyMap<string, ObjectTags>

/** The nearest value wins; undefined where nothing up the chain has the tag. */
export const inheritedTag = (
  tags: TagsByObject,
  chain: readonly ObjectKey[],
  name: string,
): string | undefined => {
  for (const object of chain) {
    const value = tags.get(object)?.get(name)
    if (value !== undefined) return value
  }
  return undefined
}

/** All that the first object of the chain has, by itself or from above. */
export const inheritedTags = (
  tags: TagsByObject,
  chain: readonly ObjectKey[],
): Readonly<Record<string, string>> =>
  Object.fromEntries(chain.toReversed().flatMap((object) => [...(tags.get(object) ?? [])]))
