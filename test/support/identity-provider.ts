/**
 * A real OpenID provider on loopback: client credentials, tokens as short-lived as wanted, opaque tokens with
 * introspection, claims by client, key rotation, and outages.
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import Provider from 'oidc-provider'

export interface TestClient {
  readonly id: string
  readonly secret: string
  /** Put into its tokens; `sub` is the client's id where this names none. */
  readonly claims?: Readonly<Record<string, unknown>>
}

export interface IdentityProviderOptions {
  /** A free one by default. */
  readonly port?: number
  /** `aud` of its tokens. Default `lakegate`. */
  readonly audience?: string
  /** Default: `engine` with the secret `engine-secret` and the groups `writers`, `readers`. */
  readonly clients?: readonly TestClient[]
  /** Of access tokens. Default 600. */
  readonly lifetimeSeconds?: number
  /** Default RS256. */
  readonly algorithm?: string
}

export interface IdentityProvider {
  readonly issuer: string
  readonly tokenEndpoint: string
  readonly introspectionEndpoint: string
  readonly audience: string
  /** The scope that its tokens carry. */
  readonly scope: string
  /** An access token by client credentials. */
  token(clientId?: string, form?: 'jwt' | 'opaque'): Promise<string>
  /** Of the tokens given from now on. */
  setLifetime(seconds: number): void
  /** New tokens are signed with a new key; the old ones stay published, or are withdrawn. */
  rotate(old: 'published' | 'withdrawn'): Promise<void>
  /** From now on every request is cut off, until `up`. */
  down(): void
  up(): void
  /** How often a path has been asked for, e.g. `/jwks`. */
  asked(path: string): number
  stop(): Promise<void>
}

const scope = 'catalog'
const opaque = 'urn:opaque'

const defaultClient: TestClient = {
  id: 'engine',
  secret: 'engine-secret',
  claims: { groups: ['writers', 'readers'] },
}

const newKey = async (algorithm: string, kid: string): Promise<JWK> => {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true })
  return { ...(await exportJWK(privateKey)), kid, use: 'sig', alg: algorithm }
}

interface Setup {
  readonly issuer: string
  readonly audience: string
  readonly algorithm: string
  readonly clients: readonly TestClient[]
  readonly lifetime: () => number
}

const resourceOf = (setup: Setup, resource: string) => ({
  scope,
  audience: setup.audience,
  accessTokenFormat: resource === opaque ? 'opaque' : 'jwt',
  accessTokenTTL: setup.lifetime(),
  jwt: { sign: { alg: setup.algorithm } },
})

const configurationOf = (setup: Setup, keys: readonly JWK[]) => ({
  jwks: { keys },
  scopes: ['openid', scope],
  clients: setup.clients.map(({ id, secret }) => ({
    client_id: id,
    client_secret: secret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    scope,
    token_endpoint_auth_method: 'client_secret_post',
    id_token_signed_response_alg: setup.algorithm,
  })),
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'urn:catalog',
      useGrantedResource: () => true,
      getResourceServerInfo: (_context: unknown, resource: string) => resourceOf(setup, resource),
    },
  },
  clientBasedCORS: () => false,
  ttl: { ClientCredentials: () => setup.lifetime() },
  extraTokenClaims: (_context: unknown, token: { readonly clientId: string }) => ({
    sub: token.clientId,
    ...setup.clients.find(({ id }) => id === token.clientId)?.claims,
  }),
})

const listen = async (port: number): Promise<{ server: Server; port: number }> => {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

interface Asking {
  readonly endpoint: string
  readonly client: TestClient
  readonly form: 'jwt' | 'opaque'
}

const fetchToken = async ({ endpoint, client, form }: Asking): Promise<string> => {
  const answer = await fetch(endpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: client.id,
      client_secret: client.secret,
      scope,
      ...(form === 'opaque' ? { resource: opaque } : {}),
    }),
  })
  const body = (await answer.json()) as { access_token?: string }
  if (body.access_token === undefined) throw new Error(`no token: ${JSON.stringify(body)}`)
  return body.access_token
}

export const startIdentityProvider = async (
  options: IdentityProviderOptions = {},
): Promise<IdentityProvider> => {
  const { server, port } = await listen(options.port ?? 0)
  const { clients = [defaultClient], algorithm = 'RS256', audience = 'lakegate' } = options
  const issuer = `http://127.0.0.1:${port}`
  const state = { lifetime: options.lifetimeSeconds ?? 600, down: false, keyCount: 1 }
  const setup: Setup = { issuer, audience, algorithm, clients, lifetime: () => state.lifetime }
  let keys = [await newKey(algorithm, 'key-1')]
  let handle = new Provider(issuer, configurationOf(setup, keys)).callback()
  const counts = new Map<string, number>()
  server.on('request', (request, response) => {
    const [path = ''] = (request.url ?? '').split('?')
    counts.set(path, (counts.get(path) ?? 0) + 1)
    // PyIceberg sends its old token along when it asks for a new one: most providers overlook it, this one would not.
    if (path === '/token' && request.headers.authorization?.startsWith('Bearer '))
      delete request.headers.authorization
    if (state.down) request.destroy()
    else handle(request, response)
  })
  const tokenEndpoint = `${issuer}/token`
  return {
    issuer,
    tokenEndpoint,
    introspectionEndpoint: `${issuer}/token/introspection`,
    audience,
    scope,
    token: (clientId = clients[0]?.id ?? '', form = 'jwt') => {
      const client = clients.find(({ id }) => id === clientId)
      if (!client) throw new Error(`no client ${clientId}`)
      return fetchToken({ endpoint: tokenEndpoint, client, form })
    },
    setLifetime: (seconds) => {
      state.lifetime = seconds
    },
    rotate: async (old) => {
      state.keyCount += 1
      const fresh = await newKey(algorithm, `key-${state.keyCount}`)
      keys = old === 'published' ? [fresh, ...keys] : [fresh]
      handle = new Provider(issuer, configurationOf(setup, keys)).callback()
    },
    down: () => {
      state.down = true
    },
    up: () => {
      state.down = false
    },
    asked: (path) => counts.get(path) ?? 0,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
