/** Namespaces and names as clients spell them in URLs. */
import { CatalogError } from '#model/errors.ts'
import type { Identifier, Namespace } from '#model/identifier.ts'
import { decodePart } from '../raw-url.ts'

/** The separator that we advertise, decoded. */
const separator = '\u001f'

/**
 * A namespace segment, still encoded. Levels are split before they are decoded, or a name that contains the
 * separator breaks. `%1F` is ours; `%2E` is what clients of the reference server send. A bare dot belongs to a name.
 */
export const readNamespace = (raw = ''): Namespace => {
  const join = /%1f/i.test(raw) ? /%1f/i : /%2e/i
  return raw.split(join).map(decodePart)
}

const percentSequence = /%[0-9a-f]{2}/i

const decodeLevel = (level: string): string => {
  try {
    return decodeURIComponent(level)
  } catch {
    return level
  }
}

export interface Parent {
  readonly parent: Namespace
  /** What it means if the client encoded each level before the whole, as PyIceberg does. */
  readonly otherParent?: Namespace
}

/** The `parent` parameter after one decoding; empty equals missing. */
export const readParent = (value: string | undefined): Parent => {
  if (!value) return { parent: [] }
  const parent = value.split(separator)
  if (!percentSequence.test(value)) return { parent }
  return { parent, otherParent: parent.map(decodeLevel) }
}

export const readName = (raw: string | undefined): string => decodePart(raw ?? '')

/**
 * The `referenced-by` parameter, still encoded: views by commas, outermost first; of each the levels of its namespace and
 * its name by the separator. Split before it is decoded: a comma inside a name is `%2C`, one between views stands bare.
 */
export const readViews = (raw: string): readonly Identifier[] =>
  raw.split(',').map((view) => {
    const levels = readNamespace(view)
    if (levels.length < 2)
      throw new CatalogError('BadRequestException', 'Invalid referenced-by: a view without a namespace')
    return { namespace: levels.slice(0, -1), name: levels.at(-1) ?? '' }
  })
