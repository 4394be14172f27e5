/**
 * The form of `lakegate.yaml`. `server:` is this process's own half; `state:` is shared by all replicas and read
 * by `apply` alone. Unknown keys are refused, and a secret stands as a reference only.
 */
import { type Static, Type } from 'typebox'
import { auditSchema } from './audit-schema.ts'
import { authSchema } from './auth-schema.ts'
import { enginesSchema } from './engines-schema.ts'
import { limitsSchema } from './limits-schema.ts'
import { policySchema } from './policy-schema.ts'
import { scimSchema } from './provisioning-schema.ts'
import { redisSchema } from './redis-schema.ts'
import { tokensSchema } from './tokens-schema.ts'

const strict = { additionalProperties: false } as const

/** Written as `env:NAME` or `file:/path`. */
const secret = (description: string) =>
  Type.String({ pattern: '^(env:[A-Za-z_][A-Za-z0-9_]*|file:/.+)$', description })

export const serverSchema = Type.Object(
  {
    host: Type.Optional(
      Type.String({ minLength: 1, description: 'Address to listen on. Default 127.0.0.1.' }),
    ),
    port: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 65535, description: 'Port to listen on. Default 8181.' }),
    ),
    data: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Folder of the embedded database, the server key and the default warehouse. Default ./lakegate-data.',
      }),
    ),
    database: Type.Optional(
      Type.String({
        pattern: '^(embedded|postgres(ql)?://.+|env:.+|file:/.+)$',
        description: '`embedded` (default), `postgres://…`, or a reference to such a URL.',
      }),
    ),
    'database-direct-url': Type.Optional(
      Type.String({
        pattern: '^(postgres(ql)?://.+|env:.+|file:/.+)$',
        description: 'The same database past a transaction pooler.',
      }),
    ),
    'database-pool-size': Type.Optional(
      Type.Integer({ minimum: 2, maximum: 500, description: 'Connections of this process. Default 16.' }),
    ),
    token: Type.Optional(
      secret(
        'Reference to the one bearer token. Absent, and nobody else vouched for by `server.auth`: development mode, on loopback only.',
      ),
    ),
    auth: Type.Optional(authSchema),
    tokens: Type.Optional(tokensSchema),
    scim: Type.Optional(scimSchema),
    policy: Type.Optional(policySchema),
    limits: Type.Optional(limitsSchema),
    redis: Type.Optional(redisSchema),
    'trusted-engines': Type.Optional(enginesSchema),
    audit: Type.Optional(auditSchema),
    key: Type.Optional(
      secret(
        'Reference to the server key: 32 bytes as hex or base64, one for all replicas. Default: made in the data folder.',
      ),
    ),
    'strict-lists': Type.Optional(
      Type.Boolean({ description: 'A list with a source out fails with 503. Default false.' }),
    ),
    'strict-audit': Type.Optional(
      Type.Boolean({ description: 'Every audit entry is written before the answer. Default false.' }),
    ),
    'api-docs': Type.Optional(
      Type.Boolean({
        description: '`/openapi.json` and its viewer `/swagger-ui` are shown, to everybody. Default true.',
      }),
    ),
    'shared-filesystem': Type.Optional(
      Type.Boolean({
        description:
          'Clients see the same files: `file:` storage is allowed on a public bind. Default false.',
      }),
    ),
    egress: Type.Optional(
      Type.Object(
        {
          allow: Type.Optional(
            Type.Array(Type.String(), {
              description:
                'CIDR ranges that upstreams may have although they are not public. A host that an upstream names for itself (`uri` in its configuration) has to be public all the same.',
            }),
          ),
        },
        strict,
      ),
    ),
    tls: Type.Optional(
      Type.Object(
        {
          certificate: secret(
            'Reference to the certificate and its chain, in PEM. With it, the listener speaks TLS 1.2 and newer only. A renewed file is taken up within 10 seconds, without a restart.',
          ),
          key: secret('Reference to the private key of the certificate, in PEM.'),
          'client-ca': Type.Optional(
            secret(
              'Reference to the authorities, in PEM, whose certificates clients may show. Default: none is asked for.',
            ),
          ),
          'client-certificates': Type.Optional(
            Type.Enum(['required', 'optional'], {
              description:
                'With `client-ca`: whether a client without a certificate is refused. A certificate of another authority always is. Default `required`.',
            }),
          ),
        },
        strict,
      ),
    ),
    'public-url': Type.Optional(
      Type.String({
        pattern: '^https?://[^/?#]+(/[^?#]*)?$',
        description:
          'Our address as clients know it, with the path prefix of a proxy where there is one; begins every link to ourselves. Default: as the request says.',
      }),
    ),
    'trusted-proxies': Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        description:
          'Addresses or CIDR ranges of proxies in front of us, whose `X-Forwarded-*` or `Forwarded` headers are believed. Default: none.',
      }),
    ),
    'forwarded-headers': Type.Optional(
      Type.Enum(['x-forwarded', 'forwarded'], {
        description:
          'Which of the two the proxies set; the other is then ignored. Default: whichever is there, and where both are, what both say.',
      }),
    ),
    cors: Type.Optional(
      Type.Object(
        {
          origins: Type.Optional(
            Type.Array(Type.String({ minLength: 1 }), {
              description:
                'Web pages that may read answers, such as `https://console.example`. Default: none. Cookies are never allowed.',
            }),
          ),
        },
        strict,
      ),
    ),
    'history-retention-days': Type.Optional(
      Type.Number({ minimum: 0, description: 'How long versions that nothing needs are kept. Default 7.' }),
    ),
    telemetry: Type.Optional(
      Type.Object(
        {
          endpoint: Type.Optional(
            Type.String({
              pattern: '^https?://',
              description: 'Where traces go: OTLP over HTTP. `OTEL_EXPORTER_OTLP_ENDPOINT` wins.',
            }),
          ),
        },
        strict,
      ),
    ),
    'log-level': Type.Optional(
      Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], {
        description: '`trace`, `debug`, `info` (default), `warn`, `error` or `silent`.',
      }),
    ),
  },
  strict,
)

/** What is not listed here belongs to the kind, and is checked by the connector's own schema. */
const connectionSchema = Type.Object({
  name: Type.String({ minLength: 1, description: 'By which mounts name it.' }),
  kind: Type.String({
    minLength: 1,
    description: 'Of upstream: `iceberg-rest`. Further keys belong to the kind.',
  }),
})

const mountSchema = Type.Object(
  {
    namespace: Type.Array(Type.String({ minLength: 1 }), {
      description: 'Levels under which the upstream appears; `[]` replaces the local content.',
    }),
    connection: Type.String({ minLength: 1, description: 'Name of a connection.' }),
  },
  strict,
)

const storageSchema = Type.Object(
  {
    endpoint: Type.Optional(
      Type.String({ pattern: '^https?://', description: 'Of an S3 store that is not AWS.' }),
    ),
    region: Type.Optional(Type.String({ minLength: 1, description: 'Default `us-east-1`.' })),
    'path-style': Type.Optional(
      Type.Boolean({ description: '`endpoint/bucket/key` instead of `bucket.endpoint/key`. Default false.' }),
    ),
    'access-key-id': Type.Optional(secret('Reference. Absent: what the AWS SDK finds.')),
    'secret-access-key': Type.Optional(secret('Reference.')),
  },
  strict,
)

const warehouseSchema = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      description: 'What clients name. The first one made is what they get who name none.',
    }),
    location: Type.String({
      pattern: '^(file|s3):',
      description: '`file:///folder` or `s3://bucket/prefix`; new tables lie below it. It cannot change.',
    }),
    storage: Type.Optional(storageSchema),
    'allowed-locations': Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), { description: 'Further places that tables may lie in.' }),
    ),
    'verify-metadata-file': Type.Optional(
      Type.Boolean({
        description:
          'Each load checks that the metadata file is there. Default: true for `file:`, else false.',
      }),
    ),
    mounts: Type.Optional(Type.Array(mountSchema)),
  },
  strict,
)

const stateSchema = Type.Object(
  {
    connections: Type.Optional(Type.Array(connectionSchema)),
    warehouses: Type.Optional(Type.Array(warehouseSchema)),
    rules: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Folder with the rules that are to be in force. Absent: they are left alone.',
      }),
    ),
  },
  strict,
)

export const fileSchema = Type.Object(
  { server: Type.Optional(serverSchema), state: Type.Optional(stateSchema) },
  strict,
)

export type ServerKeys = Static<typeof serverSchema>
export type StateKeys = Static<typeof stateSchema>
