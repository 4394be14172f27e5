/** `lakegate login` as a person does it, against a real OpenID provider and a real gateway. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRows, runCommandLine } from '#cli/run.ts'
import { visit } from '../../support/browser.ts'
import { createFakeTerminal, type FakeTerminal, untried } from '../../support/fake-terminal.ts'
import { type Gateway, startGateway } from '../../support/gateway.ts'

const rows = createRows([], untried)
const person = { login: 'ann', password: 'any' }
const scope = 'openid profile email offline_access catalog'

let idp: Server
let issuer: string
let gateway: Gateway

const configuration = async () => {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'k', use: 'sig', alg: 'RS256' }] },
    scopes: ['openid', 'profile', 'email', 'offline_access', 'catalog'],
    clients: [
      {
        client_id: 'cli',
        application_type: 'native',
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
        redirect_uris: ['http://127.0.0.1/callback'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
    ],
    cookies: { keys: ['not a secret'] },
    findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
    issueRefreshToken: () => true,
    ttl: { AccessToken: 600 },
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:catalog',
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'catalog',
          audience: 'lakegate',
          accessTokenFormat: 'jwt',
          accessTokenTTL: 600,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  }
}

const startProvider = async (): Promise<void> => {
  idp = createServer()
  idp.listen(0, '127.0.0.1')
  await once(idp, 'listening')
  issuer = `http://127.0.0.1:${(idp.address() as AddressInfo).port}`
  idp.on('request', new Provider(issuer, await configuration()).callback())
}

beforeAll(async () => {
  await startProvider()
  gateway = await startGateway({
    server: { auth: { oidc: [{ id: 'oidc', uri: issuer, audience: ['lakegate'] }] } },
  })
})

afterAll(async () => {
  await gateway?.discard()
  idp?.closeAllConnections()
  idp?.close()
})

const open = (browse: (url: string) => void = () => {}): FakeTerminal => createFakeTerminal({ fetch, browse })

const run = (terminal: FakeTerminal, line: string) => runCommandLine(rows, line.split(' '), terminal)

const login = (more = '') =>
  `login --server ${gateway.origin} --issuer ${issuer} --client-id cli${more} --json`

const credentials = (terminal: FakeTerminal): { token: string; refreshToken: string } =>
  JSON.parse(terminal.contents.get('/home/ann/.config/lakegate/credentials.json')?.text ?? '{}').default

/** The scope has blanks in it. */
const withScope = (line: string): string[] => [...line.split(' '), '--scope', scope]

describe('a person signs in', () => {
  test('with a browser on this machine; the token is renewed unasked and revoked by logout', async () => {
    const visits: Promise<unknown>[] = []
    const terminal = open((url) => visits.push(visit(url, person)))
    expect(await runCommandLine(rows, withScope(login()), terminal), terminal.errors()).toBe(0)
    await Promise.all(visits)
    expect(JSON.parse(terminal.output())).toMatchObject({ id: 'oidc~ann', server: gateway.origin })
    const before = credentials(terminal)

    terminal.wait(590_000)
    expect(await run(terminal, 'whoami'), terminal.errors()).toBe(0)
    const after = credentials(terminal)
    expect(after.token).not.toBe(before.token)

    expect(await run(terminal, 'logout')).toBe(0)
    expect(credentials(terminal)).toBeUndefined()
    expect(await run(terminal, 'whoami')).toBe(3)
    const answer = await fetch(`${issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: after.refreshToken,
        client_id: 'cli',
      }),
    })
    expect(await answer.json()).toMatchObject({ error: 'invalid_grant' })
  })

  test('with a code that is typed in on another machine', async () => {
    const terminal = open()
    const asked = Promise.withResolvers<string>()
    const watched: FakeTerminal = {
      ...terminal,
      tell: (text) => {
        const [, url] = /^or open (\S+)$/.exec(text) ?? []
        if (url !== undefined) asked.resolve(url)
        terminal.tell(text)
      },
    }
    const done = runCommandLine(rows, withScope(login(' --device')), watched)
    await visit(await asked.promise, person)
    expect(await done, terminal.errors()).toBe(0)
    expect(JSON.parse(terminal.output())).toMatchObject({ id: 'oidc~ann' })
  })

  test('but not where the provider says no', async () => {
    const terminal = open((url) => {
      const { searchParams } = new URL(url)
      const back = new URL(searchParams.get('redirect_uri') ?? '')
      back.search = new URLSearchParams({
        error: 'access_denied',
        error_description: 'Ann may not',
        state: searchParams.get('state') ?? '',
        iss: issuer,
      }).toString()
      void fetch(back)
    })
    expect(await run(terminal, login())).toBe(3)
    expect(terminal.errors()).toContain('Ann may not')
  })

  test('and an answer to somebody else’s question is not taken', async () => {
    const terminal = open((url) => {
      const back = new URL(new URL(url).searchParams.get('redirect_uri') ?? '')
      back.search = new URLSearchParams({ code: 'stolen', state: 'of another', iss: issuer }).toString()
      void fetch(back)
    })
    expect(await run(terminal, login())).toBe(3)
    expect(credentials(terminal)).toBeUndefined()
  })
})
