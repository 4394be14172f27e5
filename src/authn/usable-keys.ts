/** Which of the keys that an issuer publishes are believed (RFC 7517): what anybody could sign with verifies nothing. */
import type { JSONWebKeySet, JWK } from 'jose'

type Members = Readonly<Record<string, unknown>>

const mostKeys = 50
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isPublic = (key: Members): boolean =>
  key['kty'] !== 'oct' && !privateMembers.some((name) => Object.hasOwn(key, name))

const tenant = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/i

/**
 * Entra ID publishes keys of several issuers together and writes at each whose it is, with `{tenantid}` for all. A key
 * of an issuer that is not trusted must not speak for one that is.
 */
const isOf = (issuers: readonly string[], { issuer }: Members): boolean => {
  if (typeof issuer !== 'string' || issuer.includes('{tenantid}')) return true
  const [id] = tenant.exec(issuer) ?? []
  return issuers.some((name) => name === issuer || (id !== undefined && name.includes(id)))
}

export interface UsableKeys {
  readonly set: JSONWebKeySet
  /** Published although they must be known to nobody else. */
  readonly secrets: number
}

/** Public keys for signatures of these issuers. Throws where there is no list. */
export const usableKeys = (keys: unknown, issuers: readonly string[]): UsableKeys => {
  if (!Array.isArray(keys)) throw new Error('the key set has no keys')
  const listed = keys.filter(isObject)
  const open = listed.filter(isPublic)
  const usable = open.filter((key) => key['use'] !== 'enc' && isOf(issuers, key))
  return { set: { keys: usable.slice(0, mostKeys) as JWK[] }, secrets: listed.length - open.length }
}
