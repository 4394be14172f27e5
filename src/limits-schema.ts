/** The form of `server.limits`: how much is taken of one principal or address, and asked of one connection. */
import { type Static, Type } from 'typebox'

const rateOf = (of: string) =>
  Type.Object(
    {
      'per-second': Type.Number({
        exclusiveMinimum: 0,
        maximum: 1_000_000,
        description: `Requests a second ${of}, in all replicas together where they share Redis, else in each process; what is more is answered with 429.`,
      }),
      burst: Type.Optional(
        Type.Number({
          minimum: 1,
          maximum: 1_000_000,
          description: 'So many may come at once after a pause. Default: those of two seconds.',
        }),
      ),
    },
    { additionalProperties: false },
  )

export const limitsSchema = Type.Object(
  {
    principal: Type.Optional(rateOf('of one principal')),
    connection: Type.Optional(rateOf('toward one connection')),
    'refused-per-minute': Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000_000,
        description:
          'Credentials from one address (of IPv6, one /64) that may turn out wrong, in each process, a sixth of it in ten seconds; what is more is answered with 429 unlooked at, but for those who have been let in before. Default 600.',
      }),
    ),
  },
  { additionalProperties: false },
)

export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

export interface LimitRules {
  /** Undefined: no limit; also below. */
  readonly principal: Rate | undefined
  readonly connection: Rate | undefined
  /** Wrong credentials of one address. */
  readonly refusedPerMinute: number
}

type Keys = Static<typeof limitsSchema>

const rateFrom = (keys: Keys['principal']): Rate | undefined =>
  keys && {
    perSecond: keys['per-second'],
    burst: keys.burst ?? Math.max(1, Math.ceil(keys['per-second'] * 2)),
  }

export const limitRulesOf = (keys: Keys = {}): LimitRules => ({
  principal: rateFrom(keys.principal),
  connection: rateFrom(keys.connection),
  refusedPerMinute: keys['refused-per-minute'] ?? 600,
})
