/** Configuration: flags before environment before file before defaults; parsed once, frozen, passed by hand. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { TrustedEngine } from '#authn/engines.ts'
import { CatalogError } from '#model/errors.ts'
import { decodeStrictly } from '#model/schema.ts'
import { type AuditRules, auditRulesOf } from './audit-schema.ts'
import { checkAuth } from './auth-check.ts'
import type { AuthKeys } from './auth-schema.ts'
import { fileSchema, type ServerKeys, type StateKeys, serverSchema } from './config-schema.ts'
import { checkEngines, enginesOf } from './engines-schema.ts'
import { type LimitRules, limitRulesOf } from './limits-schema.ts'
import { type PolicySettings, policySettingsOf } from './policy-schema.ts'
import { type ScimSettings, scimSettingsOf } from './provisioning-schema.ts'
import { type RedisSettings, redisSettingsOf } from './redis-schema.ts'
import { type TokenRules, tokenRulesOf } from './tokens-schema.ts'

export interface Flags {
  readonly config?: string
  readonly host?: string
  readonly port?: string
  readonly data?: string
}

export type Environment = Readonly<Record<string, string | undefined>>

/** References, each to a text in PEM. */
export interface TlsConfig {
  readonly certificate: string
  readonly key: string
  readonly clientCa: string | undefined
  readonly clientCertificates: 'required' | 'optional'
}

/** What lies between clients and the listener. */
interface EdgeConfig {
  readonly tls: TlsConfig | undefined
  readonly publicUrl: string | null
  readonly trustedProxies: readonly string[]
  readonly forwardedHeaders: 'x-forwarded' | 'forwarded' | null
  readonly corsOrigins: readonly string[]
}

export interface ServerConfig {
  readonly host: string
  readonly port: number
  /** Absolute. */
  readonly data: string
  /** `embedded`, a URL, or a reference to one. */
  readonly database: string
  readonly databaseDirectUrl: string | undefined
  readonly databasePoolSize: number
  /** References. */
  readonly token: string | undefined
  readonly auth: AuthKeys
  readonly tokens: TokenRules
  readonly scim: ScimSettings
  readonly policy: PolicySettings
  readonly limits: LimitRules
  /** Undefined: nothing is shared but the store. */
  readonly redis: RedisSettings | undefined
  readonly trustedEngines: readonly TrustedEngine[]
  readonly audit: AuditRules
  readonly key: string | undefined
  readonly strictLists: boolean
  readonly strictAudit: boolean
  readonly apiDocs: boolean
  readonly sharedFilesystem: boolean
  readonly egressAllow: readonly string[]
  readonly historyRetentionDays: number
  readonly edge: EdgeConfig
  readonly telemetryEndpoint: string | undefined
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

export interface Config {
  readonly server: ServerConfig
  readonly state: StateKeys
}

type Scalar = string | number | boolean | readonly unknown[]

/** Items that are more than words come as JSON. */
const listOf = (text: string): Scalar => {
  if (text.trimStart().startsWith('[')) {
    try {
      return JSON.parse(text) as readonly unknown[]
    } catch {
      return text
    }
  }
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

const environmentName = (path: readonly string[]): string =>
  `LAKEGATE_${path.join('_').replaceAll('-', '_').toUpperCase()}`

/** The text of a variable as the schema wants it; what cannot be read stays text, and the schema refuses it. */
const scalarOf = (text: string, type: unknown): Scalar => {
  if (type === 'array') return listOf(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return (type === 'integer' || type === 'number') && text.trim() !== '' ? Number(text) : text
}

interface Property {
  readonly type?: unknown
  readonly properties?: Readonly<Record<string, Property>>
}

/** Secrets may stand in a variable themselves: the key then refers to that variable. */
const secretKeys = new Set([
  'token',
  'key',
  'certificate',
  'client-ca',
  'redis.url',
  'redis.password',
  'redis.ca',
])

const isSecret = (path: readonly string[]): boolean =>
  secretKeys.has(path.at(-1) ?? '') || secretKeys.has(path.join('.'))

const fromEnvironment = (
  properties: Readonly<Record<string, Property>>,
  environment: Environment,
  path: readonly string[] = [],
): Record<string, unknown> => {
  const found: Record<string, unknown> = {}
  for (const [key, property] of Object.entries(properties)) {
    const here = [...path, key]
    const name = environmentName(here)
    const text = environment[name]
    const nested = property.properties && fromEnvironment(property.properties, environment, here)
    if (nested && Object.keys(nested).length > 0) found[key] = nested
    else if (text !== undefined && text !== '' && !nested)
      found[key] =
        isSecret(here) && !/^(env|file):/.test(text) ? `env:${name}` : scalarOf(text, property.type)
  }
  return found
}

export type ReadText = (path: string) => Promise<string>

const readYaml = async (path: string, readText: ReadText): Promise<unknown> => {
  const text = await readText(path).catch((cause: unknown) => {
    throw new CatalogError('BadRequestException', `Cannot read the configuration file ${path}`, { cause })
  })
  // Loaded only where there is a file: a start without one should not pay for a parser.
  const { parse } = await import('yaml')
  try {
    return parse(text, { uniqueKeys: true, strict: true }) ?? {}
  } catch (cause) {
    const [line] = String(cause instanceof Error ? cause.message : cause).split('\n')
    throw new CatalogError('BadRequestException', `${path} is not valid YAML: ${line}`, { cause })
  }
}

const fromFlags = ({ host, port, data }: Flags): Record<string, unknown> => ({
  ...(host === undefined ? {} : { host }),
  ...(port === undefined ? {} : { port: scalarOf(port, 'integer') }),
  ...(data === undefined ? {} : { data }),
})

const tlsOf = (keys: ServerKeys['tls']): TlsConfig | undefined =>
  keys && {
    certificate: keys.certificate,
    key: keys.key,
    clientCa: keys['client-ca'],
    clientCertificates: keys['client-certificates'] ?? 'required',
  }

const edgeOf = (keys: ServerKeys): EdgeConfig => ({
  tls: tlsOf(keys.tls),
  publicUrl: keys['public-url'] ?? null,
  trustedProxies: keys['trusted-proxies'] ?? [],
  forwardedHeaders: keys['forwarded-headers'] ?? null,
  corsOrigins: keys.cors?.origins ?? [],
})

const switchesOf = (keys: ServerKeys) => ({
  strictLists: keys['strict-lists'] ?? false,
  strictAudit: keys['strict-audit'] ?? false,
  apiDocs: keys['api-docs'] ?? true,
  sharedFilesystem: keys['shared-filesystem'] ?? false,
})

const withDefaults = (keys: ServerKeys): ServerConfig => ({
  host: keys.host ?? '127.0.0.1',
  port: keys.port ?? 8181,
  data: resolve(keys.data ?? 'lakegate-data'),
  database: keys.database ?? 'embedded',
  databaseDirectUrl: keys['database-direct-url'],
  databasePoolSize: keys['database-pool-size'] ?? 16,
  token: keys.token,
  auth: keys.auth ?? {},
  tokens: tokenRulesOf(keys.tokens),
  scim: scimSettingsOf(keys.scim),
  policy: policySettingsOf(keys.policy),
  limits: limitRulesOf(keys.limits),
  redis: redisSettingsOf(keys.redis),
  trustedEngines: enginesOf(keys['trusted-engines']),
  audit: auditRulesOf(keys.audit),
  key: keys.key,
  ...switchesOf(keys),
  egressAllow: keys.egress?.allow ?? [],
  historyRetentionDays: keys['history-retention-days'] ?? 7,
  edge: edgeOf(keys),
  telemetryEndpoint: keys.telemetry?.endpoint,
  logLevel: keys['log-level'] ?? 'info',
})

const isSection = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Key by key: a variable of a section leaves the rest of the section as the file has it. */
const merge = (
  under: Readonly<Record<string, unknown>>,
  over: Readonly<Record<string, unknown>>,
): Record<string, unknown> => {
  const merged: Record<string, unknown> = { ...under }
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key]
    merged[key] = isSection(value) && isSection(below) ? merge(below, value) : value
  }
  return merged
}

const freeze = <T extends object>(value: T): T => {
  for (const member of Object.values(value)) if (typeof member === 'object' && member !== null) freeze(member)
  return Object.freeze(value)
}

/** BadRequest naming every key that is unknown or wrong. `LAKEGATE_CONFIG` names a file where no flag does. */
export const loadConfig = async (
  flags: Flags,
  environment: Environment,
  readText: ReadText = (path) => readFile(path, 'utf8'),
): Promise<Config> => {
  const path = flags.config ?? environment['LAKEGATE_CONFIG']
  const raw = path === undefined ? {} : await readYaml(path, readText)
  const file = decodeStrictly(fileSchema, raw, path ?? 'configuration')
  // Connectors are loaded only where a file declares connections.
  if (file.state?.connections)
    (await import('./declared-secrets.ts')).checkDeclaredSecrets(file.state.connections)
  const variables = fromEnvironment(
    serverSchema.properties as Readonly<Record<string, Property>>,
    environment,
  )
  const merged = { ...merge(file.server ?? {}, variables), ...fromFlags(flags) }
  const server = withDefaults(decodeStrictly(serverSchema, merged, 'configuration'))
  return freeze({ server, state: file.state ?? {} })
}

const withoutPassword = (url: string): string => url.replace(/^(\w+:\/\/[^:@/]*):[^@]*@/, '$1:***@')

/** The configuration in force, fit to be printed: references as they stand, passwords within URLs masked. */
export const maskedConfig = ({ server, state }: Config): Record<string, unknown> => ({
  server: {
    ...server,
    database: withoutPassword(server.database),
    ...(server.databaseDirectUrl === undefined
      ? {}
      : { databaseDirectUrl: withoutPassword(server.databaseDirectUrl) }),
  },
  state,
})

const loopback = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/

export const isLoopback = (host: string): boolean => loopback.test(host)

/** Development mode: nobody is asked who they are. */
export const isDevelopment = ({ token, auth }: Pick<ServerConfig, 'token' | 'auth'>): boolean =>
  token === undefined &&
  auth.required !== true &&
  (auth.oidc ?? []).length === 0 &&
  (auth.kubernetes ?? []).length === 0

/** Refuses (400) what must not start: a public address without a token, an external database without a key. */
export const checkConfig = ({ server }: Config): void => {
  checkAuth(server.auth)
  checkEngines(server.trustedEngines, { auth: server.auth, clientCa: server.edge.tls?.clientCa })
  if (isDevelopment(server) && !isLoopback(server.host))
    throw new CatalogError(
      'BadRequestException',
      `Refusing to listen on ${server.host} without authentication: set server.token (or LAKEGATE_TOKEN) or server.auth, or listen on 127.0.0.1`,
    )
  if (server.database !== 'embedded' && server.key === undefined)
    throw new CatalogError(
      'BadRequestException',
      'server.key (or LAKEGATE_KEY) is required with an external database: 32 bytes, the same for every replica',
    )
  if (server.edge.tls?.clientCertificates === 'optional' && server.edge.tls.clientCa === undefined)
    throw new CatalogError(
      'BadRequestException',
      'server.tls.client-certificates says nothing without server.tls.client-ca',
    )
}
