/** The keys of an issuer: found by discovery (OpenID Connect Discovery 4), kept, and chosen by a token's header. */
import { createLocalJWKSet, type JSONWebKeySet, type JWK, type JWTVerifyGetKey } from 'jose'
import { createKept, type Kept } from './kept.ts'
import { fetchObject, type ProviderFetch } from './provider-fetch.ts'

export interface Published {
  readonly keyOf: JWTVerifyGetKey
  readonly keysUri: string
  /** Where opaque tokens are asked about (RFC 8414), where the issuer says so. */
  readonly introspectionUri: string | undefined
}

export interface IssuerSource {
  /** Address below which `/.well-known/openid-configuration` lies. */
  readonly uri: string
  readonly issuers: readonly string[]
  /** Where the keys are; the issuer's discovery document is not asked for then. */
  readonly keysUri: string | undefined
  /** Sent with each request, where the issuer does not publish to everybody. */
  readonly bearer: (() => Promise<string>) | undefined
}

export interface IssuerDeps {
  readonly fetch: ProviderFetch
  readonly elapsed: () => number
  readonly report: (error: unknown) => void
}

const mostKeys = 50
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

const publicPart = (key: Readonly<Record<string, unknown>>): JWK =>
  Object.fromEntries(Object.entries(key).filter(([name]) => !privateMembers.includes(name)))

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Only what can verify a signature of others: symmetric keys and keys for encryption are left out. */
const usableKeys = (keys: unknown): JSONWebKeySet => {
  if (!Array.isArray(keys)) throw new Error('the key set has no keys')
  const usable = keys.filter(isObject).filter(({ kty, use }) => kty !== 'oct' && use !== 'enc')
  return { keys: usable.slice(0, mostKeys).map(publicPart) }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const hostOf = (uri: string): string => URL.parse(uri)?.host ?? ''

export const isForeign = (source: Pick<IssuerSource, 'uri'>, uri: string): boolean =>
  hostOf(source.uri) !== hostOf(uri)

type Addresses = Omit<Published, 'keyOf'>

const withoutSlash = (uri: string): string => uri.replace(/\/+$/, '')

const discoveryUri = (uri: string): string => `${withoutSlash(uri)}/.well-known/openid-configuration`

/** A document of another issuer is refused: its keys would speak for ours. */
const readDiscovery = (source: IssuerSource, document: Readonly<Record<string, unknown>>): Addresses => {
  const issuer = textOf(document['issuer'])
  if (issuer === undefined || !source.issuers.includes(issuer))
    throw new Error(`the issuer calls itself ${issuer}: name it in additional-issuers if it is to be trusted`)
  const keysUri = textOf(document['jwks_uri'])
  if (keysUri === undefined) throw new Error('the discovery document names no jwks_uri')
  return { keysUri, introspectionUri: textOf(document['introspection_endpoint']) }
}

const load = async (source: IssuerSource, { fetch }: IssuerDeps): Promise<Published> => {
  const headersFor = async (uri: string): Promise<Record<string, string>> => ({
    accept: 'application/json',
    // The credential is for the configured host alone.
    ...(source.bearer && !isForeign(source, uri) ? { authorization: `Bearer ${await source.bearer()}` } : {}),
  })
  const get = async (url: string) =>
    fetchObject(fetch, {
      method: 'GET',
      url,
      headers: await headersFor(url),
      foreign: url !== source.keysUri && isForeign(source, url),
    })
  const addresses: Addresses =
    source.keysUri === undefined
      ? readDiscovery(source, await get(discoveryUri(source.uri)))
      : { keysUri: source.keysUri, introspectionUri: undefined }
  const { keys } = await get(addresses.keysUri)
  return { ...addresses, keyOf: createLocalJWKSet(usableKeys(keys)) }
}

/** The issuer as configured, with and without a final slash, and the further ones. */
export const issuersOf = (uri: string, more: readonly string[]): readonly string[] => [
  ...new Set([uri, withoutSlash(uri), `${withoutSlash(uri)}/`, ...more]),
]

export const createIssuerKeys = (source: IssuerSource, deps: IssuerDeps): Kept<Published> =>
  createKept({ load: () => load(source, deps), elapsed: deps.elapsed, report: deps.report })
