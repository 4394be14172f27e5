/** The keys of `server.trusted-engines`: whose word is taken on the user for whom a request is made. */
import { type Static, Type } from 'typebox'
import type { TrustedEngine } from '#authn/engines.ts'
import { ownProvider } from '#authn/people.ts'
import { CatalogError } from '#model/errors.ts'
import { defaultKubernetesId, defaultOidcId } from './auth-check.ts'
import type { AuthKeys } from './auth-schema.ts'

const strict = { additionalProperties: false } as const

const engineSchema = Type.Object(
  {
    name: Type.String({
      pattern: '^[a-z0-9][a-z0-9-]{0,62}$',
      description: 'By which rules and the audit log name it; unique.',
    }),
    identities: Type.Array(Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}~[^\\s]{1,512}$' }), {
      minItems: 1,
      description:
        'Ids of the principals that it signs in as, `provider~subject` (as `lakegate whoami` tells them): a provider of `server.auth`, so its issuer, and the subject there; or a service account of the gateway.',
    }),
    'user-header': Type.Optional(
      Type.String({
        pattern: '^[A-Za-z][A-Za-z0-9-]{0,62}$',
        description:
          'Header in which it names the user for whom it asks, as `X-Trino-User`. Default: none, it asks for itself.',
      }),
    ),
    'user-provider': Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Id of the provider whose users it names: `alice` is then `provider~alice`. Default `oidc`.',
      }),
    ),
    'owner-property': Type.Optional(
      Type.String({
        pattern: '^[a-z0-9][a-z0-9._-]{0,126}$',
        description:
          'Property of a view by which the engine knows its definer, as `trino.run-as-owner`. Set, changed and taken away by the engine alone, for the user it asks for; a view that has it gets another query in no other way. What the engine loads through such views (`referenced-by`) is decided with their definers’ rights. Default: none, and `referenced-by` is not looked at.',
      }),
    ),
    catalogs: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), Type.String({ minLength: 1 }), {
        description:
          'For decisions that it asks for in the manner of OPA: names of its catalogs, and the warehouse behind each (name or id). Default: a catalog is the warehouse of its name.',
      }),
    ),
    certificates: Type.Optional(
      Type.Array(Type.String({ pattern: '^(sha256:[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}|cn:.{1,128})$' }), {
        description:
          'For decisions that it asks for in the manner of OPA: its client certificates, of an authority of `server.tls.client-ca`; one signs in as the first of `identities` where no token is sent. `sha256:` and the fingerprint; or `cn:` and the common name of the subject, where the authorities give that name to nobody else. Default: none, a token is needed.',
      }),
    ),
  },
  strict,
)

export const enginesSchema = Type.Array(engineSchema)

export type EngineKeys = Static<typeof engineSchema>

/** As `openssl x509 -fingerprint` prints it, or without its colons. */
const plainFingerprint = (certificate: string): string =>
  certificate.startsWith('sha256:')
    ? `sha256:${certificate.slice('sha256:'.length).replaceAll(':', '').toLowerCase()}`
    : certificate

export const enginesOf = (keys: readonly EngineKeys[] = []): readonly TrustedEngine[] =>
  keys.map((one) => ({
    name: one.name,
    identities: one.identities,
    userHeader: one['user-header']?.toLowerCase(),
    userProvider: one['user-provider'] ?? defaultOidcId,
    ownerProperty: one['owner-property'],
    catalogs: one.catalogs ?? {},
    certificates: (one.certificates ?? []).map(plainFingerprint),
  }))

/** Headers that mean something else, to us or to whoever is between. */
const taken =
  /^(authorization|cookie|host|origin|forwarded|x-forwarded-.*|x-assume-role|x-project-id|user-agent)$/

const refuse = (message: string): never => {
  throw new CatalogError('BadRequestException', `Invalid configuration: ${message}`)
}

const firstTwice = (names: readonly string[]): string | undefined =>
  names.find((name, at) => names.indexOf(name) !== at)

const checkUsers = ({ userHeader, userProvider }: TrustedEngine, providers: readonly string[]): void => {
  if (userHeader === undefined) return
  if (taken.test(userHeader)) refuse(`server.trusted-engines: ${userHeader} names no user`)
  if (!providers.includes(userProvider))
    refuse(`server.trusted-engines: ${userProvider} is no provider of server.auth`)
}

const checkIdentities = ({ name, identities }: TrustedEngine, providers: readonly string[]): void => {
  for (const id of identities) {
    const provider = id.slice(0, id.indexOf('~'))
    if (provider !== ownProvider && !providers.includes(provider))
      refuse(`server.trusted-engines: ${name} signs in by ${provider}, which is no provider of server.auth`)
  }
}

const checkCertificates = (engines: readonly TrustedEngine[], clientCa: string | undefined): void => {
  const all = engines.flatMap(({ certificates }) => certificates)
  const certificate = firstTwice(all)
  if (certificate !== undefined) refuse(`two of server.trusted-engines sign in by ${certificate}`)
  if (all.length > 0 && clientCa === undefined)
    refuse('server.trusted-engines: certificates are not asked for without server.tls.client-ca')
}

interface SignIn {
  readonly auth: AuthKeys
  /** Whose certificates clients may show. */
  readonly clientCa: string | undefined
}

/** Refuses (400) engines that could be taken for one another, and users of providers that are not there. */
export const checkEngines = (engines: readonly TrustedEngine[], { auth, clientCa }: SignIn): void => {
  const { oidc = [], kubernetes = [] } = auth
  const providers = [
    ...oidc.map(({ id }) => id ?? defaultOidcId),
    ...kubernetes.map(({ id }) => id ?? defaultKubernetesId),
  ]
  const name = firstTwice(engines.map((engine) => engine.name))
  if (name !== undefined) refuse(`two of server.trusted-engines have the name ${name}`)
  const identity = firstTwice(engines.flatMap(({ identities }) => identities))
  if (identity !== undefined) refuse(`two of server.trusted-engines sign in as ${identity}`)
  checkCertificates(engines, clientCa)
  for (const engine of engines) {
    checkIdentities(engine, providers)
    checkUsers(engine, providers)
  }
}
