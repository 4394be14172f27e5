/** What a connection of this kind is configured with. Where it comes from the store, secrets are references. */

import type { Static } from 'typebox'
import { Type } from 'typebox'
import { Check, Errors } from 'typebox/value'
import { CatalogError } from '#model/errors.ts'
import { isReference, mapSecrets, secretSchema } from '#model/secret.ts'

const strict = { additionalProperties: false } as const

const secret = secretSchema()

const httpUrl = Type.String({ pattern: '^https?://[^\\s@?#]+$', maxLength: 2000 })

const auth = Type.Union([
  Type.Object({ kind: Type.Literal('none') }, strict),
  Type.Object({ kind: Type.Literal('bearer'), token: secret }, strict),
  Type.Object(
    {
      kind: Type.Literal('oauth2'),
      /** Default: the upstream's own `v1/oauth/tokens`. */
      'token-uri': Type.Optional(httpUrl),
      'client-id': Type.String({ minLength: 1, maxLength: 1000 }),
      'client-secret': secret,
      /** Default `catalog`, as the specification's clients send it. */
      scope: Type.Optional(Type.String({ maxLength: 1000 })),
    },
    strict,
  ),
])

/** Settings of one connection. Times in milliseconds. */
export const restConfig = Type.Object(
  {
    /** Base address, without `/v1`. */
    uri: httpUrl,
    /** Sent as `?warehouse=` with `GET /v1/config`; empty or absent sends none. */
    warehouse: Type.Optional(Type.String({ maxLength: 1000 })),
    auth: Type.Optional(auth),
    /** For requests that change nothing. Default 15 s. */
    'read-timeout-ms': Type.Optional(Type.Integer({ minimum: 100, maximum: 600_000 })),
    /**
     * For requests that change something: giving up leaves their outcome in doubt. Default and most: 45 s, so that
     * the change, the looks for it and one replay end within the lease of its intent.
     */
    'change-timeout-ms': Type.Optional(Type.Integer({ minimum: 100, maximum: 45_000 })),
  },
  strict,
)

export type RestConfig = Static<typeof restConfig>
export type RestAuth = Static<typeof auth>

/** A literal is sealed before a connection of it is opened. */
const checkReference = (secret: string): string => {
  if (isReference(secret)) return secret
  throw new CatalogError('BadRequestException', 'Invalid iceberg-rest connection: a secret is no reference')
}

/** BadRequest naming the first member that does not fit; values are not repeated, they may be secrets. */
export const readConfig = (config: unknown): RestConfig => {
  if (Check(restConfig, config)) return mapSecrets(restConfig, config, checkReference)
  const [first] = Errors(restConfig, config)
  const where = first?.instancePath ? first.instancePath.slice(1).replaceAll('/', '.') : 'connection'
  throw new CatalogError(
    'BadRequestException',
    `Invalid iceberg-rest connection: ${where} ${first?.message ?? 'does not fit'}`,
  )
}
