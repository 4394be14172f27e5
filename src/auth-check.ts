/** What `server.auth` must not say, beyond its form. */
import { CatalogError } from '#model/errors.ts'
import type { AuthKeys, OidcKeys } from './auth-schema.ts'

/** Ids of principals that no provider gives begin with these. */
const reserved: ReadonlySet<string> = new Set(['lakegate', 'token', 'system', 'anonymous'])

const refuse = (message: string): never => {
  throw new CatalogError('BadRequestException', `Invalid configuration: ${message}`)
}

const loopbackHost = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

const checkAddress = (name: string, uri: string | undefined, allowHttp: boolean | undefined): void => {
  if (uri === undefined) return
  const url = URL.parse(uri) ?? refuse(`${name} is no address`)
  if (url.username !== '' || url.password !== '' || url.hash !== '' || url.search !== '')
    refuse(`${name} holds more than an address`)
  if (url.protocol === 'http:' && allowHttp !== true && !loopbackHost.test(url.hostname))
    refuse(`${name} is reached in the clear: use https, or set allow-http`)
}

interface Entry {
  readonly id?: string
  readonly uri?: string
  readonly 'jwks-uri'?: string
  readonly introspection?: { readonly uri?: string }
  readonly 'allow-http'?: boolean
}

const checkEntry = (name: string, entry: Entry): void => {
  checkAddress(`${name}.uri`, entry.uri, entry['allow-http'])
  checkAddress(`${name}.jwks-uri`, entry['jwks-uri'], entry['allow-http'])
  checkAddress(`${name}.introspection.uri`, entry.introspection?.uri, entry['allow-http'])
}

/** Where a pod finds its own token and the certificates of its cluster's API. */
export const podToken = 'file:/var/run/secrets/kubernetes.io/serviceaccount/token'
export const podCa = 'file:/var/run/secrets/kubernetes.io/serviceaccount/ca.crt'

export const defaultOidcId = 'oidc'
export const defaultKubernetesId = 'kubernetes'

const issuersOf = (entry: OidcKeys): readonly string[] =>
  [entry.uri, ...(entry['additional-issuers'] ?? [])].map((name) => name.replace(/\/+$/, ''))

const share = (some: readonly string[], others: readonly string[]): boolean =>
  some.some((one) => others.includes(one))

/** The first that claims a token judges it: behind one that claims the same, a provider is never asked. */
const shadows = (first: OidcKeys, second: OidcKeys): boolean =>
  share(issuersOf(first), issuersOf(second)) &&
  (first.audience.includes('*') || share(first.audience, second.audience)) &&
  String(first['audience-claims'] ?? 'aud') === String(second['audience-claims'] ?? 'aud')

const checkShadows = (oidc: readonly OidcKeys[]): void => {
  for (const [at, second] of oidc.entries()) {
    const first = oidc.slice(0, at).find((one) => shadows(one, second))
    if (first === undefined) continue
    const [one, other] = [first, second].map(({ id }) => id ?? defaultOidcId)
    refuse(`the providers ${one} and ${other} of server.auth claim tokens of the same issuer and audience`)
  }
}

/** Refuses (400) providers that share an id or take one of the gateway's own, and tokens or keys sent in the clear. */
export const checkAuth = ({ oidc = [], kubernetes = [] }: AuthKeys): void => {
  const ids = [
    ...oidc.map(({ id }) => id ?? defaultOidcId),
    ...kubernetes.map(({ id }) => id ?? defaultKubernetesId),
  ]
  for (const [at, id] of ids.entries()) {
    if (reserved.has(id)) refuse(`${id} is no id for a provider of server.auth: it is the gateway’s own`)
    if (ids.indexOf(id) !== at) refuse(`two providers of server.auth have the id ${id}`)
  }
  checkShadows(oidc)
  for (const [at, entry] of oidc.entries()) checkEntry(`server.auth.oidc[${at}]`, entry)
  for (const [at, entry] of kubernetes.entries()) checkEntry(`server.auth.kubernetes[${at}]`, entry)
}

/** References to what the gateway proves itself with at its providers. */
export const authSecrets = ({ oidc = [], kubernetes = [] }: AuthKeys): readonly (string | undefined)[] => [
  ...oidc.flatMap((entry) => [entry['discovery-token'], entry.introspection?.['client-secret']]),
  ...kubernetes.map((entry) => entry.token ?? podToken),
]
