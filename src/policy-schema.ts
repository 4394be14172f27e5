/** The keys of `server.policy`: who evaluates grants. */
import { type Static, Type } from 'typebox'

interface FgaSettings {
  readonly url: string
  /** Reference. */
  readonly token: string | undefined
  /** Undefined: one named after the server's id. */
  readonly storeName: string | undefined
}

export interface PolicySettings {
  /** Undefined: the embedded evaluator. */
  readonly openfga: FgaSettings | undefined
}

const strict = { additionalProperties: false } as const

export const policySchema = Type.Object(
  {
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
                'Name of the store there, made where it is missing; it belongs to this gateway alone. Default `lakegate-<id of the server>`.',
            }),
          ),
        },
        strict,
      ),
    ),
  },
  strict,
)

export const policySettingsOf = ({ openfga }: Static<typeof policySchema> = {}): PolicySettings => ({
  openfga:
    openfga === undefined ? undefined : { url: openfga.url, token: openfga.token, storeName: openfga.store },
})
