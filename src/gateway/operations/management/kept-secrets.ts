/** A secret that is kept goes to hosts that it has gone to before: whoever would have it sent elsewhere has to know it. */
import { CatalogError } from '#model/errors.ts'
import { sealedIdsIn } from '#model/secret.ts'

/** By scheme, name and port of each address. */
const hostsIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') {
    const url = URL.parse(value)
    return url !== null && /^https?:$/.test(url.protocol) ? [url.origin] : []
  }
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(hostsIn) : []
}

/** What was recorded until now, as far as its secrets may be kept: nothing of it where another host is named. */
export const keptOf = <T>(value: unknown, before: T): T | undefined => {
  const known = new Set(hostsIn(before))
  return hostsIn(value).every((host) => known.has(host)) ? before : undefined
}

/** BadRequest for a sealed secret that would be sent elsewhere. */
export const checkKept = (value: unknown, before: unknown): void => {
  const sealed = new Set(sealedIdsIn(before))
  if (keptOf(value, before) === undefined && sealedIdsIn(value).some((id) => sealed.has(id)))
    throw new CatalogError(
      'BadRequestException',
      'Invalid config: where it names another host, its secrets are given anew',
    )
}
