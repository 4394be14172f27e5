import { CatalogError } from '#model/errors.ts'

const tag = /^(?:W\/)?"(\d{1,15})"$/

/**
 * The version that an object of administration must still have, as `If-Match` says it (RFC 9110, 13.1.1): the number
 * in its ETag. Undefined for `*`; a tag that is none of ours matches nothing. BadRequest for several tags.
 */
export const versionIn = (ifMatch: string): number | undefined => {
  const text = ifMatch.trim()
  if (text === '*') return undefined
  if (text.includes(',')) throw new CatalogError('BadRequestException', 'If-Match takes one tag')
  const [, version] = tag.exec(text) ?? []
  return version === undefined ? Number.NaN : Number(version)
}

/** The tag of an object of administration, as `If-Match` gives it back. */
export const tagOf = (version: number): string => `"${version}"`
