/** Variables and files of the machine belong to no project: naming one as a secret is for whoever administers the server. */
import type { Need } from '#model/access.ts'
import { isReference, sealedIdOf } from '#model/secret.ts'

/** Members that hold places, which are spelled like references to files. */
const places: ReadonlySet<string> = new Set(['storage-profile', 'allowed-locations'])

const referencesIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return isReference(value) && sealedIdOf(value) === undefined ? [value] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => (places.has(name) ? [] : referencesIn(member)))
}

/** What is recorded already may be sent again. */
export const machineNeeds = (value: unknown, before?: unknown): readonly Need[] => {
  const known = new Set(referencesIn(before))
  const isNew = referencesIn(value).some((reference) => !known.has(reference))
  return isNew ? [{ action: 'manage', resource: { kind: 'server' } }] : []
}
