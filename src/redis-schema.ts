/** The form of `server.redis`: what replicas share and may lose at any time. */
import { type Static, Type } from 'typebox'

const reference = (description: string) =>
  Type.String({ pattern: '^(env:[A-Za-z_][A-Za-z0-9_]*|file:/.+)$', description })

export const redisSchema = Type.Object(
  {
    url: Type.String({
      pattern: '^(env:[A-Za-z_][A-Za-z0-9_]*|file:/.+|rediss?://([^:@/\\s]+@)?[^@/\\s]+(/\\d{1,5})?/?)$',
      description:
        'Address of a Redis server, `redis://user@host:port/database` (`rediss://` for TLS), without a password; or a reference to one, which may have one. Replicas then share the buckets of `server.limits`. Default: each process counts by itself.',
    }),
    password: Type.Optional(reference('Reference to the password there.')),
    ca: Type.Optional(
      reference('Reference to the certificates (PEM) that it is trusted by. Default: the system’s.'),
    ),
  },
  { additionalProperties: false },
)

/** References, but for a URL without a password. */
export interface RedisSettings {
  readonly url: string
  readonly password: string | undefined
  readonly ca: string | undefined
}

export const redisSettingsOf = (keys: Static<typeof redisSchema> | undefined): RedisSettings | undefined =>
  keys && { url: keys.url, password: keys.password, ca: keys.ca }
