/** The keys of an issuer: found by discovery (OpenID Connect Discovery 4), kept, and chosen by a token's header. */
import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose'
import { createKept, type Kept } from './kept.ts'
import { fetchObject, type ProviderFetch } from './provider-fetch.ts'
import { usableKeys } from './usable-keys.ts'

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

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const hostOf = (uri: string): string => URL.parse(uri)?.host ?? ''

export const isForeign = (source: Pick<IssuerSource, 'uri'>, uri: string): boolean =>
  hostOf(source.uri) !== hostOf(uri)

type Addresses = Omit<Published, 'keyOf'>

const withoutSlash = (uri: string): string => uri.replace(/\/+$/, '')

const discoveryUri = (uri: string): string => `${withoutSlash(uri)}/.well-known/openid-configuration`

/** Entra ID has one document for all tenants, with this in the place of their id. */
const anyTenant = '{tenantid}'

const isTemplateOf = (template: string, issuer: string): boolean => {
  const [head = '', tail, more] = template.split(anyTenant)
  if (tail === undefined || more !== undefined) return false
  const id = issuer.slice(head.length, issuer.length - tail.length)
  return /^[\w-]+$/.test(id) && issuer === `${head}${id}${tail}`
}

const inTheClear = (uri: string): boolean => URL.parse(uri)?.protocol === 'http:'

/** What is named over TLS is reached over TLS: without it, whoever is between could publish keys of their own. */
const isAsSafe = (source: IssuerSource, uri: string): boolean => inTheClear(source.uri) || !inTheClear(uri)

/** A document of another issuer is refused: its keys would speak for ours. */
const readDiscovery = (source: IssuerSource, document: Readonly<Record<string, unknown>>): Addresses => {
  const issuer = textOf(document['issuer'])
  const isOurs = source.issuers.some((name) => name === issuer || isTemplateOf(issuer ?? '', name))
  if (!isOurs)
    throw new Error(`the issuer calls itself ${issuer}: name it in additional-issuers if it is to be trusted`)
  const keysUri = textOf(document['jwks_uri'])
  if (keysUri === undefined) throw new Error('the discovery document names no jwks_uri')
  if (!isAsSafe(source, keysUri)) throw new Error('the discovery document names a jwks_uri in the clear')
  const asked = textOf(document['introspection_endpoint'])
  return { keysUri, introspectionUri: asked !== undefined && isAsSafe(source, asked) ? asked : undefined }
}

const load = async (source: IssuerSource, { fetch, report }: IssuerDeps): Promise<Published> => {
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
  const { set, secrets } = usableKeys(keys, source.issuers)
  if (secrets > 0) report(new Error(`${secrets} keys that should be secret are published, and left out`))
  return { ...addresses, keyOf: createLocalJWKSet(set) }
}

/** The issuer as configured, with and without a final slash, and the further ones. */
export const issuersOf = (uri: string, more: readonly string[]): readonly string[] => [
  ...new Set([uri, withoutSlash(uri), `${withoutSlash(uri)}/`, ...more]),
]

export const createIssuerKeys = (source: IssuerSource, deps: IssuerDeps): Kept<Published> =>
  createKept({ load: () => load(source, deps), elapsed: deps.elapsed, report: deps.report })
