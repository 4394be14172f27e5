/** The keys of `server.policy`: who evaluates grants. */
import { type Static, Type } from 'typebox'

interface FgaSettings {
  readonly url: string
  /** Reference. */
  readonly token: string | undefined
  /** Undefined: one named after the server's id. */
  readonly storeName: string | undefined
}

export interface ExternalSettings {
  readonly url: string
  /** Reference. */
  readonly token: string | undefined
  readonly timeoutMs: number
  readonly cacheSeconds: number
}

export interface PolicySettings {
  /** Undefined: nobody else is asked. */
  readonly external: ExternalSettings | undefined
  /** Undefined: the embedded evaluator. */
  readonly openfga: FgaSettings | undefined
}

const strict = { additionalProperties: false } as const

const externalSchema = Type.Object(
  {
    url: Type.String({
      pattern: '^https?://[^/\\s@]+(/[^\\s]*)?$',
      description:
        'Address of a decision point (as OPA’s `/v1/data/…`) that has to allow as well what grants and rules allow. Where it does not answer, nothing is allowed. Default: none.',
    }),
    token: Type.Optional(
      Type.String({
        pattern: '^(env:[A-Za-z_][A-Za-z0-9_]*|file:/.+)$',
        description: 'Reference to the bearer token that is sent there.',
      }),
    ),
    'timeout-ms': Type.Optional(
      Type.Integer({
        minimum: 10,
        maximum: 30_000,
        description: 'How long an answer may take. Default 1000.',
      }),
    ),
    'cache-seconds': Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 300,
        description:
          'How long what it has allowed is believed for the same question: so long a change there may take. Denials are asked anew. Default 0.',
      }),
    ),
  },
  strict,
)

export const policySchema = Type.Object(
  {
    external: Type.Optional(externalSchema),
    openfga: Type.Optional(
      Type.Object(
        {
          url: Type.String({
            pattern: '^https?://[^/\\s]',
            description:
              'Address of an OpenFGA server that evaluates grants. Our own store keeps the truth about them; the server is told of each. Default: none, grants are evaluated in this process.',
          }),
          token: Type.Optional(
            Type.String({
              pattern: '^(env:[A-Za-z_][A-Za-z0-9_]*|file:/.+)$',
              description: 'Reference to the preshared key of that server.',
            }),
          ),
          store: Type.Optional(
            Type.String({
              pattern: '^[a-zA-Z0-9 .\\-/^_&@]{3,64}$',
              description:
                'Name that the store there is given when it is made; it belongs to this gateway alone, and is known by its id from then on: another of that name is never taken. Where the database of either server was restored from a backup, delete that store there and restart the gateways, so that all grants are told anew. Default `lakegate-<id of the server>`.',
            }),
          ),
        },
        strict,
      ),
    ),
  },
  strict,
)

const externalOf = (keys: Static<typeof externalSchema> | undefined): ExternalSettings | undefined =>
  keys && {
    url: keys.url,
    token: keys.token,
    timeoutMs: keys['timeout-ms'] ?? 1_000,
    cacheSeconds: keys['cache-seconds'] ?? 0,
  }

export const policySettingsOf = ({
  openfga,
  external,
}: Static<typeof policySchema> = {}): PolicySettings => ({
  external: externalOf(external),
  openfga:
    openfga === undefined ? undefined : { url: openfga.url, token: openfga.token, storeName: openfga.store },
})
