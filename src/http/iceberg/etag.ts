/**
 * ETags of loads. A tag carries the version that the catalog gave, so that a load can ask the catalog for "unless
 * it is still this one"; and the mode of the answer, since the same version reads differently under another.
 * Weak, because the same tag stands on compressed and plain answers.
 */
import { createHash } from 'node:crypto'
import type { DelegationMode } from '#gateway/operation.ts'
import type { LoadRelation } from '#gateway/operations/relations.ts'

export interface Representation {
  readonly snapshots: LoadRelation['options']['snapshots']
  readonly delegation: readonly DelegationMode[]
}

const longestVersion = 256

const modeOf = ({ snapshots, delegation }: Representation): string =>
  `${snapshots === 'refs' ? 'r' : 'a'}${delegation.map((mode) => mode[0]).join('')}`

export const etagOf = (version: string, representation: Representation): string => {
  const mode = modeOf(representation)
  if (version.length <= longestVersion) return `W/"${mode}.${Buffer.from(version).toString('base64url')}"`
  return `W/"${mode}-${createHash('sha256').update(version).digest('base64url')}"`
}

const tags = /(?:W\/)?"([^"]*)"|([^\s,"]+)/g

/** The opaque parts of the tags in `If-None-Match`; `*` stays as it is. */
const opaqueTags = (header: string): readonly string[] =>
  [...header.matchAll(tags)].map(([, quoted, bare]) => quoted ?? bare ?? '')

/** True where the client already holds what would be sent. */
export const matches = (header: string | undefined, etag: string): boolean => {
  if (header === undefined) return false
  const own = etag.slice(3, -1)
  return opaqueTags(header).some((tag) => tag === '*' || tag === own)
}

/** The version that the client holds in this representation, where one of its tags tells. */
export const versionIn = (header: string | undefined, representation: Representation): string | undefined => {
  if (header === undefined) return undefined
  const mode = `${modeOf(representation)}.`
  const tag = opaqueTags(header).find((one) => one.startsWith(mode))
  return tag === undefined ? undefined : Buffer.from(tag.slice(mode.length), 'base64url').toString()
}
