/** A gateway behind a real identity provider, whose tokens end while a client is still at work. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { scratchFolder, startGateway } from '../support/gateway.ts'
import { startIdentityProvider } from '../support/identity-provider.ts'
import type { Target } from './clients.ts'

export interface IdentitySetUp extends AsyncDisposable {
  readonly target: Target
  /** Tokens that the provider has given. */
  tokensGiven(): number
}

const admin = 'an-admin-of-the-test'
const client = { id: 'engine', secret: 'engine-secret' }

const asAdmin = async (origin: string, line: string, body?: object): Promise<unknown> => {
  const [method = '', target = ''] = line.split(' ')
  const answer = await fetch(`${origin}/management/v1${target}`, {
    method,
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  if (!answer.ok) throw new Error(`${line}: ${answer.status} ${await answer.text()}`)
  return await answer.json()
}

/** The client is known by its first request, and may nothing until somebody lets it into a project. */
const letIn = async (origin: string, token: string): Promise<void> => {
  await fetch(`${origin}/management/v1/whoami`, { headers: { authorization: `Bearer ${token}` } })
  const project = (await asAdmin(origin, 'GET /project')) as { readonly 'project-id': string }
  const members = [{ type: 'user', id: `oidc~${client.id}` }]
  await asAdmin(origin, `POST /project/${project['project-id']}/members`, { members })
}

export const openIdentitySetUp = async (lifetimeSeconds: number): Promise<IdentitySetUp> => {
  await using stack = new AsyncDisposableStack()
  const provider = await startIdentityProvider({ clients: [client], lifetimeSeconds })
  stack.defer(() => provider.stop())
  const folder = await scratchFolder()
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const gateway = await startGateway({
    folder,
    env: { TEST_ADMIN: admin },
    server: {
      token: 'env:TEST_ADMIN',
      auth: { oidc: [{ uri: provider.issuer, audience: ['lakegate'], 'clock-skew-seconds': 0 }] },
    },
    // The Java kit places some tables and views in /tmp itself.
    state: {
      warehouses: [
        {
          name: 'default',
          location: `file://${path.join(folder, 'lake')}`,
          'allowed-locations': ['file:/tmp'],
        },
      ],
    },
  })
  stack.defer(async () => {
    await gateway.stop()
  })
  await letIn(gateway.origin, await provider.token())
  const owned = stack.move()
  return {
    target: {
      uri: gateway.catalog,
      warehouse: 'default',
      properties: {
        credential: `${client.id}:${client.secret}`,
        'oauth2-server-uri': provider.tokenEndpoint,
        scope: provider.scope,
        // Java renews by token exchange otherwise, which providers seldom grant; it then asks with its secret again.
        'token-exchange-enabled': 'false',
      },
    },
    tokensGiven: () => provider.asked('/token'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
