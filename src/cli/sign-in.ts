/** Ways to a token: client credentials, a device code, a browser on this machine, a refresh token. */
import * as oidc from 'openid-client'
import type { Kept } from './credentials.ts'
import { CommandError, exitCodes } from './exit.ts'
import { waitForRedirect } from './loopback.ts'
import type { Auth } from './profiles.ts'
import type { Terminal } from './terminal.ts'

type ClientAuth = Auth & { kind: 'client-credentials' }
type PersonAuth = Auth & { kind: 'oidc' }

const usualScope = 'openid profile email offline_access'

const isLoopback = (url: URL): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)

/** A command line that a person has installed can keep no secret: it is a public client. */
const proofOf = (secret: string | undefined): oidc.ClientAuth =>
  secret === undefined ? oidc.None() : oidc.ClientSecretPost(secret)

/** Plain HTTP only toward this machine. */
const discover = async (
  issuer: string,
  client: { readonly id: string; readonly secret?: string },
  terminal: Terminal,
): Promise<oidc.Configuration> => {
  const url = new URL(issuer)
  try {
    return await oidc.discovery(url, client.id, undefined, proofOf(client.secret), {
      [oidc.customFetch]: (input, init) => terminal.fetch(input, init as RequestInit),
      execute: isLoopback(url) ? [oidc.allowInsecureRequests] : [],
    })
  } catch (cause) {
    throw refused(`The identity provider ${url.origin}`, cause)
  }
}

/** The provider's own words, where it has any. */
const refused = (who: string, cause: unknown): CommandError => {
  const said =
    cause instanceof oidc.ResponseBodyError
      ? (cause.error_description ?? cause.error)
      : cause instanceof oidc.AuthorizationResponseError
        ? (cause.error_description ?? cause.error)
        : cause instanceof Error
          ? cause.message
          : String(cause)
  return new CommandError(`${who} refused: ${said}`, exitCodes.unauthenticated, { cause })
}

interface TokenAnswer {
  readonly access_token: string
  readonly refresh_token?: string | undefined
  readonly expires_in?: number | undefined
}

const keptOf = (answer: TokenAnswer, terminal: Terminal): Kept => ({
  token: answer.access_token,
  ...(answer.refresh_token === undefined ? {} : { refreshToken: answer.refresh_token }),
  ...(answer.expires_in === undefined ? {} : { expiresAt: terminal.now() + answer.expires_in * 1000 }),
})

interface ClientExchange {
  readonly auth: ClientAuth
  readonly secret: string
  readonly origin: string
  readonly terminal: Terminal
}

/** The gateway's own endpoint publishes no discovery document: it is where it is. */
const ownConfiguration = ({ auth, secret, origin, terminal }: ClientExchange): oidc.Configuration => {
  const server = { issuer: origin, token_endpoint: `${origin}/catalog/v1/oauth/tokens` }
  const id = auth['client-id']
  const configuration = new oidc.Configuration(server, id, undefined, oidc.ClientSecretPost(secret))
  configuration[oidc.customFetch] = (input, init) => terminal.fetch(input, init as RequestInit)
  // The token travels to this address over the same channel anyway.
  if (origin.startsWith('http:')) oidc.allowInsecureRequests(configuration)
  return configuration
}

export const exchangeClientSecret = async (exchange: ClientExchange): Promise<Kept> => {
  const { auth, secret, terminal, origin } = exchange
  const { issuer, scope } = auth
  const configuration =
    issuer === undefined
      ? ownConfiguration(exchange)
      : await discover(issuer, { id: auth['client-id'], secret }, terminal)
  try {
    const answer = await oidc.clientCredentialsGrant(configuration, scope === undefined ? {} : { scope })
    return keptOf(answer, terminal)
  } catch (cause) {
    throw refused(issuer ?? origin, cause)
  }
}

interface Refresh {
  readonly auth: PersonAuth
  readonly refreshToken: string
  readonly terminal: Terminal
}

/** A provider that does not rotate refresh tokens leaves the old one in force. */
export const refresh = async ({ auth, refreshToken, terminal }: Refresh): Promise<Kept> => {
  const configuration = await discover(auth.issuer, { id: auth['client-id'] }, terminal)
  return { refreshToken, ...keptOf(await oidc.refreshTokenGrant(configuration, refreshToken), terminal) }
}

/** Best effort: a provider without a revocation endpoint lets it expire. */
export const revoke = async ({ auth, refreshToken, terminal }: Refresh): Promise<void> => {
  const configuration = await discover(auth.issuer, { id: auth['client-id'] }, terminal)
  await oidc.tokenRevocation(configuration, refreshToken, { token_type_hint: 'refresh_token' })
}

/** RFC 8628: the code is typed in on any other machine. */
export const signInByDevice = async (auth: PersonAuth, terminal: Terminal): Promise<Kept> => {
  const configuration = await discover(auth.issuer, { id: auth['client-id'] }, terminal)
  try {
    const device = await oidc.initiateDeviceAuthorization(configuration, { scope: auth.scope ?? usualScope })
    terminal.tell(`Open ${device.verification_uri} and type in the code ${device.user_code}`)
    if (device.verification_uri_complete) terminal.tell(`or open ${device.verification_uri_complete}`)
    return keptOf(await oidc.pollDeviceAuthorizationGrant(configuration, device), terminal)
  } catch (cause) {
    throw refused(auth.issuer, cause)
  }
}

/** RFC 8252: a browser on this machine, the answer caught on loopback, PKCE (RFC 7636) against whoever else listens. */
export const signInByBrowser = async (auth: PersonAuth, terminal: Terminal): Promise<Kept> => {
  const configuration = await discover(auth.issuer, { id: auth['client-id'] }, terminal)
  const verifier = oidc.randomPKCECodeVerifier()
  const state = oidc.randomState()
  const challenge = await oidc.calculatePKCECodeChallenge(verifier)
  try {
    const redirected = await waitForRedirect((redirectUri) => {
      const url = oidc.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: auth.scope ?? usualScope,
        code_challenge: challenge,
        code_challenge_method: 'S256',
        state,
      })
      terminal.tell(`Sign in with your browser: ${url.href}`)
      terminal.browse(url.href)
    })
    const checks = { pkceCodeVerifier: verifier, expectedState: state }
    return keptOf(await oidc.authorizationCodeGrant(configuration, redirected, checks), terminal)
  } catch (cause) {
    if (cause instanceof CommandError) throw cause
    throw refused(auth.issuer, cause)
  }
}
