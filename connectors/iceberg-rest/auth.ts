/** The gateway's own credential at the upstream: nothing, a fixed token, or one from client credentials that is kept until it nears its end. */
import type { ConnectorTools } from '#catalog/connector.ts'
import { CatalogError } from '#model/errors.ts'
import { isJsonObject, parseJson } from '#model/json.ts'
import type { RestAuth, RestConfig } from './config.ts'

export interface UpstreamAuth {
  /** The value of `Authorization`; undefined where none is sent. */
  header(): Promise<string | undefined>
  /** The upstream refused this value: the next `header()` looks for another one. */
  refused(header: string): void
}

interface Token {
  readonly value: string
  /** Epoch milliseconds from which it is not used any more. */
  readonly until: number
}

type AuthTools = Pick<ConnectorTools, 'fetch' | 'secret' | 'now' | 'connection' | 'log'>

/** How long a bearer secret is used before its reference is read again. */
const rereadMs = 30_000
const defaultLifetimeMs = 3_600_000
const maxTokenBytes = 64 * 1024
const tokenForm = /^[\x21-\x7e]{1,16384}$/
const oauthErrors = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
])

const noToken = (tools: AuthTools, reason: string, cause?: unknown): CatalogError =>
  new CatalogError(
    'ServiceUnavailableException',
    `Connection ${tools.connection}: the gateway has no access token for the upstream (${reason})`,
    { retryAfterSeconds: 10, cause },
  )

/** Keeps one token; concurrent callers wait for the same fetch, and a failed one is not remembered. */
const createTokenCell = (fetchToken: () => Promise<Token>, now: () => number): UpstreamAuth => {
  let current: Token | undefined
  let pending: Promise<Token> | undefined
  const renew = (): Promise<Token> => {
    pending ??= fetchToken()
      .then((token) => {
        current = token
        return token
      })
      .finally(() => {
        pending = undefined
      })
    return pending
  }
  return {
    header: async () => {
      const token = current !== undefined && now() < current.until ? current : await renew()
      return `Bearer ${token.value}`
    },
    refused: (header) => {
      if (current !== undefined && header === `Bearer ${current.value}`) current = undefined
    },
  }
}

const checkToken = (tools: AuthTools, value: unknown): string => {
  if (typeof value === 'string' && tokenForm.test(value)) return value
  throw noToken(tools, 'what was given is no token')
}

type OAuth2 = Extract<RestAuth, { kind: 'oauth2' }>

const tokenForms = async (tools: AuthTools, auth: OAuth2): Promise<string> =>
  new URLSearchParams({
    grant_type: 'client_credentials',
    scope: auth.scope ?? 'catalog',
    client_id: auth['client-id'],
    client_secret: await tools.secret(auth['client-secret']),
  }).toString()

/** Only the specification's words are repeated: anything else an endpoint says may hold secrets. */
const refusalOf = (status: number, body: Uint8Array): string => {
  const answer = readObject(body)
  const word = answer?.['error']
  return typeof word === 'string' && oauthErrors.has(word) ? word : `status ${status}`
}

const readObject = (body: Uint8Array) => {
  try {
    const value = parseJson(body, { maxBytes: maxTokenBytes })
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Used until a tenth of its life, at most a minute, is left. */
const untilOf = (now: number, expiresIn: unknown): number => {
  const seconds = typeof expiresIn === 'number' && expiresIn > 0 ? expiresIn : undefined
  const lifetime = seconds === undefined ? defaultLifetimeMs : seconds * 1000
  return now + lifetime - Math.min(60_000, lifetime / 10)
}

const askForToken = async (tools: AuthTools, tokenUri: string, auth: OAuth2) => {
  const body = await tokenForms(tools, auth)
  try {
    return await tools.fetch({
      method: 'POST',
      url: tokenUri,
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body,
      maxBytes: maxTokenBytes,
      timeoutMs: 15_000,
    })
  } catch (cause) {
    throw noToken(tools, 'the token endpoint did not answer', cause)
  }
}

const clientCredentials =
  (tools: AuthTools, tokenUri: string, auth: OAuth2): (() => Promise<Token>) =>
  async () => {
    const asked = tools.now()
    const { status, body } = await askForToken(tools, tokenUri, auth)
    if (status !== 200 && status !== 201) throw noToken(tools, refusalOf(status, body))
    const answer = readObject(body)
    tools.log('upstream token fetched', { connection: tools.connection })
    return {
      value: checkToken(tools, answer?.['access_token']),
      until: untilOf(asked, answer?.['expires_in']),
    }
  }

const fixedToken =
  (tools: AuthTools, reference: string): (() => Promise<Token>) =>
  async () => ({
    value: checkToken(tools, (await tools.secret(reference)).trim()),
    until: tools.now() + rereadMs,
  })

/** Section 1.4 of the specification's token endpoint; the secret is resolved each time a token is fetched. */
export const createAuth = (config: RestConfig, tools: AuthTools): UpstreamAuth => {
  const { auth = { kind: 'none' } } = config
  if (auth.kind === 'none') return { header: async () => undefined, refused: () => {} }
  if (auth.kind === 'bearer') return createTokenCell(fixedToken(tools, auth.token), tools.now)
  const tokenUri = auth['token-uri'] ?? `${config.uri.replace(/\/+$/, '')}/v1/oauth/tokens`
  return createTokenCell(clientCredentials(tools, tokenUri, auth), tools.now)
}
