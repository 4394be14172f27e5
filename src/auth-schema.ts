/** The form of `server.auth`: whose tokens are believed. Keys are named as in other catalogs where they mean the same. */
import { type Static, Type } from 'typebox'

const strict = { additionalProperties: false } as const

/** Written as `env:NAME` or `file:/path`. */
const secret = (description: string) =>
  Type.String({ pattern: '^(env:[A-Za-z_][A-Za-z0-9_]*|file:/.+)$', description })

const text = (description: string) => Type.String({ minLength: 1, description })

const texts = (description: string) => Type.Array(Type.String({ minLength: 1 }), { minItems: 1, description })

const address = (description: string) => Type.String({ pattern: '^https?://[^/\\s]', description })

const flag = (description: string) => Type.Boolean({ description })

const seconds = (maximum: number, description: string) => Type.Integer({ minimum: 0, maximum, description })

const id = (description: string) => Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$', description })

const audience =
  'Texts of which a token’s `aud` has to hold one. `*` takes tokens that are meant for anybody.'

const introspectionSchema = Type.Object(
  {
    uri: Type.Optional(address('Where tokens are asked about. Default: as the issuer’s discovery says.')),
    'client-id': text('Of the gateway itself at the issuer.'),
    'client-secret': secret('Reference.'),
    method: Type.Optional(
      Type.Enum(['basic', 'post'], {
        description: 'How the gateway proves itself: `basic` (default) or `post`.',
      }),
    ),
    tokens: Type.Optional(
      Type.Enum(['opaque', 'every'], {
        description:
          'Which tokens are asked about: those that cannot be read here (`opaque`, default), or also every JSON Web Token of the issuer (`every`), so that one that is revoked ends with `cache-seconds`.',
      }),
    ),
    'cache-seconds': Type.Optional(
      seconds(300, 'How long an answer is believed, so how long a revoked token lives on. Default 30.'),
    ),
    'require-audience': Type.Optional(
      flag('An answer without `aud` is refused: it may be meant for another service. Default true.'),
    ),
  },
  strict,
)

const oidcSchema = Type.Object(
  {
    id: Type.Optional(
      id('First part of the ids of its users and roles, `id~subject`; unique. Default `oidc`.'),
    ),
    uri: address('The issuer; `/.well-known/openid-configuration` lies below it.'),
    audience: texts(audience),
    'audience-claims': Type.Optional(
      texts(
        'The first of these that a token has says whom it is for; `client_id` where the provider writes no `aud`. Default `aud`.',
      ),
    ),
    'additional-issuers': Type.Optional(texts('Further values of `iss` that are signed with its keys.')),
    'jwks-uri': Type.Optional(address('Where its keys are; the discovery document is not asked for then.')),
    'discovery-token': Type.Optional(
      secret('Reference to a bearer token for discovery and keys, where they are not public.'),
    ),
    ca: Type.Optional(
      secret('Reference to the certificates (PEM) that it is trusted by. Default: the system’s.'),
    ),
    'allow-http': Type.Optional(
      flag(
        'It may be reached in the clear beyond loopback: whoever is between can become anybody. Default false.',
      ),
    ),
    algorithms: Type.Optional(
      Type.Array(
        Type.Enum([
          'RS256',
          'RS384',
          'RS512',
          'PS256',
          'PS384',
          'PS512',
          'ES256',
          'ES384',
          'ES512',
          'EdDSA',
          'Ed25519',
        ]),
        { minItems: 1, description: 'Signatures that are taken. Default: all asymmetric ones.' },
      ),
    ),
    'clock-skew-seconds': Type.Optional(seconds(300, 'How far clocks may be apart. Default 30.')),
    scope: Type.Optional(text('A word that the token’s `scope` has to hold.')),
    'required-claims': Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), texts('Values.'), {
        description:
          'By the dotted path of a claim: values of which it has to hold one, where a provider also serves others (`hd`, `repository_owner`).',
      }),
    ),
    'subject-claims': Type.Optional(
      texts('The first of these that a token has is its subject. Default `oid`, `sub`.'),
    ),
    'roles-claim': Type.Optional(
      Type.Union([text('A path.'), texts('Paths.')], {
        description:
          'Dotted path of the claim that lists roles (`groups`, `resource_access.lakegate.roles`), or several of them.',
      }),
    ),
    'display-name-template': Type.Optional(text('Name of whoever has none, e.g. `Robot {client_id}`.')),
    introspection: Type.Optional(introspectionSchema),
  },
  strict,
)

const kubernetesSchema = Type.Object(
  {
    id: Type.Optional(id('First part of the ids of its service accounts; unique. Default `kubernetes`.')),
    uri: Type.Optional(
      address('The cluster’s API. Default `https://kubernetes.default.svc`, as pods see it.'),
    ),
    audience: texts(audience),
    token: Type.Optional(
      secret('Reference to the gateway’s own token at that API. Default: that of its pod.'),
    ),
    ca: Type.Optional(
      secret(
        'Reference to the certificates (PEM) of that API. Default: those of the pod, where `uri` is not set.',
      ),
    ),
    'allow-http': Type.Optional(flag('The API may be reached in the clear beyond loopback. Default false.')),
    method: Type.Optional(
      Type.Enum(['token-review', 'jwt'], {
        description:
          '`token-review` (default): the API judges each token, once a minute. `jwt`: verified here with its keys.',
      }),
    ),
    subject: Type.Optional(
      Type.Enum(['uid', 'username'], {
        description:
          '`uid` (default), which no other cluster has, or `username`, which survives a new cluster. It should not change later.',
      }),
    ),
    issuers: Type.Optional(
      texts(
        'Values of `iss` of its tokens. Default: `https://kubernetes.default.svc`, also with `.cluster.local`.',
      ),
    ),
    'accept-legacy': Type.Optional(
      flag('Tokens without audience and end are taken, as clusters before 1.24 gave them. Default false.'),
    ),
    'clock-skew-seconds': Type.Optional(seconds(300, 'How far clocks may be apart. Default 30.')),
  },
  strict,
)

export const authSchema = Type.Object(
  {
    required: Type.Optional(
      Type.Boolean({
        description:
          'Everybody has to say who they are, also where neither a provider nor `server.token` is set: with keys of the gateway’s own service accounts. Default false.',
      }),
    ),
    oidc: Type.Optional(Type.Array(oidcSchema)),
    kubernetes: Type.Optional(Type.Array(kubernetesSchema)),
  },
  strict,
)

export type AuthKeys = Static<typeof authSchema>
export type OidcKeys = Static<typeof oidcSchema>
export type KubernetesKeys = Static<typeof kubernetesSchema>
