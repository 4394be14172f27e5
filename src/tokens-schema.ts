/** The form of `server.tokens`: what the token endpoint gives. */
import { type Static, Type } from 'typebox'

export const tokensSchema = Type.Object(
  {
    issuer: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 1000,
        description:
          'Named by every token of ours as its issuer, the same for all replicas; changed, all tokens given before are refused. An address where others verify them by discovery. Default `urn:lakegate:<server id>`.',
      }),
    ),
    'lifetime-seconds': Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 86_400,
        description: 'How long a token of ours is good. Clients renew it before. Default 3600.',
      }),
    ),
    'session-hours': Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 8760,
        description:
          'How long what was given for a provider’s token may be renewed; then the provider is asked again. Default 12.',
      }),
    ),
    'exchange-once': Type.Optional(
      Type.Boolean({
        description:
          'A provider’s token is exchanged once only. Engines that exchange it for every session need it more often. Default false.',
      }),
    ),
    'signing-key-days': Type.Optional(
      Type.Number({
        minimum: 0.001,
        maximum: 365,
        description: 'How long a key signs before the next one does. Default 30.',
      }),
    ),
  },
  { additionalProperties: false },
)

export interface TokenRules {
  /** Undefined: made of the server's id. */
  readonly issuer: string | undefined
  readonly lifetimeSeconds: number
  readonly sessionSeconds: number
  readonly exchangeOnce: boolean
  readonly signingKeySeconds: number
}

export const tokenRulesOf = (keys: Static<typeof tokensSchema> = {}): TokenRules => ({
  issuer: keys.issuer,
  lifetimeSeconds: keys['lifetime-seconds'] ?? 3600,
  sessionSeconds: Math.ceil((keys['session-hours'] ?? 12) * 3600),
  exchangeOnce: keys['exchange-once'] ?? false,
  signingKeySeconds: Math.ceil((keys['signing-key-days'] ?? 30) * 86_400),
})
