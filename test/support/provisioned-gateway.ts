/** A whole gateway in this process, a real identity provider for its users, and a provisioning client. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '../../src/config.ts'
import { type RunningServer, serve } from '../../src/serve.ts'
import { freePort, scratchFolder } from './gateway.ts'
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'
import { dumpDataFolder } from './leaks/dump.ts'
import { recordedLogs } from './leaks/logs.ts'

export interface Told {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

export interface ProvisionedGateway {
  readonly origin: string
  readonly provider: IdentityProvider
  readonly adminToken: string
  /** As the provisioning client, with a body of SCIM; `line` as `POST /Users`. */
  scim(line: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Told>
  /** As whoever has the token; `line` as `GET /management/v1/whoami`. */
  ask(line: string, token: string, body?: unknown): Promise<Told>
  stop(): Promise<void>
}

const adminToken = 'provisioning-token-of-the-tests'

const send = async (url: string, method: string, init: RequestInit): Promise<Told> => {
  const answer = await fetch(url, { ...init, method })
  const text = await answer.text()
  const body = text === '' ? {} : (JSON.parse(text) as Told['body'])
  return { status: answer.status, headers: answer.headers, body }
}

const withBody = (type: string, body: unknown) =>
  body === undefined ? {} : { headers: { 'content-type': type }, body: JSON.stringify(body) }

export interface ProvisionedOptions {
  readonly subjects: readonly string[]
  /** Keys of `server`. */
  readonly server?: Readonly<Record<string, unknown>>
}

const start = async (
  folder: string,
  { issuer, audience }: IdentityProvider,
  more: ProvisionedOptions['server'],
): Promise<RunningServer> => {
  const environment = { LAKEGATE_TOKEN: adminToken }
  const oidc = [{ uri: issuer, audience: [audience], 'roles-claim': 'groups' }]
  const server = { data: join(folder, 'data'), port: await freePort(), auth: { oidc }, ...more }
  const config = await loadConfig({ config: 'test' }, environment, async () => JSON.stringify({ server }))
  return serve({ config, environment, logs: recordedLogs })
}

/** The subject of each user is the client that gets its tokens. */
export const startProvisionedGateway = async ({
  subjects,
  server,
}: ProvisionedOptions): Promise<ProvisionedGateway> => {
  const folder = await scratchFolder()
  const clients = subjects.map((id) => ({ id, secret: `secret-of-${id}` }))
  const provider = await startIdentityProvider({ clients })
  const running = await start(folder, provider, server)
  const { origin } = running
  return {
    ...{ origin, provider, adminToken },
    scim: (line, body, headers = {}) => {
      const [method = '', path = ''] = line.split(/ (.*)/s)
      const sent = withBody('application/scim+json', body)
      return send(`${origin}/scim/v2${path}`, method, {
        ...sent,
        headers: { ...sent.headers, authorization: `Bearer ${adminToken}`, ...headers },
      })
    },
    ask: (line, token, body) => {
      const [method = '', path = ''] = line.split(/ (.*)/s)
      const sent = withBody('application/json', body)
      return send(origin + path, method, {
        ...sent,
        headers: { ...sent.headers, authorization: `Bearer ${token}` },
      })
    },
    stop: async () => {
      await dumpDataFolder(join(folder, 'data'))
      await running.stop()
      await provider.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
